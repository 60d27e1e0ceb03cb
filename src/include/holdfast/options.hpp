// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/limits.hpp>
#include <holdfast/mqtt_message.hpp>

namespace holdfast {

/// What a lane does when it may not grow: it is at its own maximum, or the store is under pressure and the
/// lane holds more than its share. Only settled events leave without a trace; whatever is dropped here is
/// declared in a gap record by the same commit.
enum class WhenFull : std::uint8_t {
  block = 0,        ///< the write waits until its deadline, then `full`; without a deadline at once
  reject = 1,       ///< `full` at once
  drop_oldest = 2,  ///< the oldest events make room
  keep_latest = 3,  ///< of the oldest events, only the newest of each key stays
  thin = 4,         ///< of the oldest events, every second one goes
};

/// A prioritised stream of events with a dense sequence of its own. What is set here is remembered in the
/// store, for openings that name no lanes.
struct LaneOptions {
  /// [a-z0-9_]{1,32}. Part of every message id of the lane: a renamed lane is a new lane.
  std::string name;
  /// 0 is served first and shed last. More lanes at one priority share; a lower one always keeps a small
  /// share of the link.
  int priority = 1;
  WhenFull when_full = WhenFull::block;
  /// Event data that pressure of other lanes never takes from this one. Default 0. More: less for the others;
  /// all lanes together at most half of the budget.
  std::uint64_t guaranteed_bytes = 0;
  /// Backlog of this lane, in bytes of event data, at which `when_full` applies whatever room there is.
  /// Default 0: only the budget bounds it.
  std::uint64_t max_bytes = 0;
  /// Powered time after which an event that is still in the backlog is dropped and declared (`expired`).
  /// Default 0: never. Of an earlier boot only the time since this boot began counts.
  std::chrono::seconds ttl{0};
  /// How long a write of this lane may wait for others to share its commit (WriteOptions::lane). Default 0:
  /// not at all, and it takes along whatever waits. More: fewer flushes, less flash wear, later success.
  std::chrono::milliseconds commit_delay{0};
};

/// How the budget's space is taken from the file system.
enum class Footprint : std::uint8_t {
  /// All of it when the store is made. Afterwards no operation needs space, on a full disk neither.
  constant = 0,
  /// In steps, while more than min_free_bytes stay free for others. The reserve is always there.
  growing = 1,
};

/// How far a budget is allocated: told while a store is made, grown or shrunk.
struct ProvisioningProgress {
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
};

/// The disk state (DESIGN.md 5). Ascending: each one includes what the ones before it do.
enum class Pressure : std::uint8_t { normal = 0, conserve = 1, shed = 2, protect = 3, emergency = 4 };
[[nodiscard]] std::string_view to_string(Pressure pressure) noexcept;

/// How a store is opened. The defaults suit a Raspberry Pi with an SD card.
struct StoreOptions {
  /// The database file. Its directory must exist and be writable; `<path>-wal` stands beside it. Required.
  std::string path;
  /// This device's id, [A-Za-z0-9._-]{1,64}, stored at creation; opening with another one is refused. May be
  /// empty when the store exists.
  std::string device;
  /// At least one when the store is created; later opens may add lanes and change the others' settings. A
  /// stored lane that is not named stays as it is. Empty: the lanes that are stored.
  std::vector<LaneOptions> lanes;
  /// Make the store when it is not there. false: opening a store that is not there is `invalid`.
  bool create = true;
  /// Database and WAL together. Default 0: as stored; 64 MiB for a new store. At least 1 MiB. More: longer
  /// outages are bridged. Less: less flash is taken. An existing store refuses another one: resize_store().
  std::uint64_t budget_bytes = 0;
  /// Default: as stored; constant for a new store.
  std::optional<Footprint> footprint;
  /// Footprint::growing: bytes that must stay available to others. Default 256 MiB. 0: none.
  std::uint64_t min_free_bytes = 256ULL * 1024 * 1024;
  /// Footprint::growing: how much is allocated at a time. Default 4 MiB, at least 64 KiB. More: rarer steps.
  std::uint64_t growth_bytes = 4ULL * 1024 * 1024;
  /// Most that keys and values of the state may take. Default 0: a quarter of the budget. Beyond it put() is
  /// `full`.
  std::uint64_t state_bytes_max = 0;
  /// Most that the callers' own tables and indexes may take, in whole pages. Default 0: a quarter of the
  /// budget. Beyond it a write that grows them is `full`.
  std::uint64_t tables_bytes_max = 0;
  /// Settled events that are kept for replay, in bytes of event data over all lanes. Default: a quarter of the
  /// budget. They go first under pressure, which is no loss. 0: none are kept.
  std::optional<std::uint64_t> retention_bytes;
  /// ... and for how long, in powered time of this boot. Default 0: as long as the bytes allow.
  std::chrono::seconds retention_age{0};
  /// A WAL of this many 4 KiB pages is moved into the database. Default 1,000 (4 MiB), but at most an eighth
  /// of the budget. More: rarer, longer checkpoints and less room for events; less: more flash wear. 0 is
  /// refused.
  std::uint32_t checkpoint_pages = 1000;
  /// Largest event data, 64 KiB; ceiling 1 MiB. More costs memory: a window of them may be in flight.
  std::size_t event_data_bytes_max = limits::kEventDataBytesDefault;
  /// Events of one commit, at which a group closes. Default and most 4,096. Less: shorter commits. 0 is
  /// refused.
  std::size_t group_events_max = limits::kGroupEventsMax;
  /// Settled events whose place on disk is remembered only in memory until this many are due. Default 512.
  /// More: fewer commits of their own and more duplicates after a crash. 1: each acknowledgement is a commit.
  std::size_t settle_events_max = 512;
  /// ... or until the oldest of them has waited this long. Default 1 s. 0: with the next step of the store.
  std::chrono::milliseconds settle_delay_max{1000};
  /// Topic template; {prefix} {device} {lane} {key} are replaced, the key percent-encoded, and the result is
  /// stored with the row. Control topics are {prefix}/{device}/~epoch and {prefix}/{device}/~gap.
  std::string topic_template = "{prefix}/{device}/{lane}/{key}";
  /// 1 to 128 bytes, no wildcard, no leading or trailing `/`.
  std::string topic_prefix = "holdfast";
  /// Told while open() allocates the budget, at most every 256 pages, on the opening thread. Must not throw.
  std::function<void(const ProvisioningProgress&)> on_provisioning;
  /// Told when the disk state changes, with a line that says why, by whichever thread uses the store. Must
  /// not block, throw, or call the outbox.
  std::function<void(Pressure, std::string_view why)> on_pressure;
  /// SQLite VFS name; empty: the default. Tests and the simulation set it.
  std::string vfs;
};

/// TLS for one link. Paths are PEM files.
struct TlsOptions {
  bool enabled = false;          ///< on for mqtts:// whatever this says
  std::string ca_file;           ///< empty: the system's trust store
  std::string certificate_file;  ///< client certificate, empty: none
  std::string private_key_file;  ///< empty: in certificate_file
  bool verify_server = true;     ///< certificate chain and host name; false only for tests
};

/// How to reach one broker.
struct BrokerOptions {
  std::string url;        ///< mqtt://host[:port] (1883) or mqtts://host[:port] (8883)
  std::string client_id;  ///< 1 to 64 bytes; stable, one per connection. Relay default: the device id
  std::string user;       ///< empty: none
  std::string password;   ///< never logged, never in an error
  /// Its first line is the password; read again at every connection, so it can be changed without a restart.
  /// With `password` too: invalid.
  std::string password_file;
  MqttVersion version = MqttVersion::v5;  ///< on 3.1.1 Mosquitto acknowledges what its ACL denies
  TlsOptions tls;
  std::chrono::seconds keep_alive{15};  ///< 5 to 1,160 s. Less: faster detection, more traffic
  std::chrono::milliseconds connect_timeout{10'000};
  /// Topics that may be sent by number after the first time, if the broker offers it (MQTT 5). At most 64. 0: none.
  std::uint16_t topic_aliases = 16;
};

/// In which order the events of a lane are published.
enum class Ordering : std::uint8_t {
  lane = 0,    ///< commit order, many in flight; after a refusal later ones may pass the refused one
  strict = 1,  ///< no event overtakes an unsettled earlier one of the same key, not even after a refusal
};

/// Ordering::strict: what the later events of a key do while a refused one of that key waits.
enum class AfterRefusal : std::uint8_t {
  pass = 0,  ///< once it is quarantined they go on; the gap record goes first
  hold = 1,  ///< they wait for ever: until it was acknowledged, or discarded by an operator
};

/// How one lane is drained. A lane that is not named has the defaults.
struct LaneRelayOptions {
  std::string name;
  Ordering ordering = Ordering::lane;
  AfterRefusal after_refusal = AfterRefusal::pass;
  /// With several relays: its keys are divided among them. The order of each key stays, that of the lane does not.
  /// Default: one relay drains the whole lane, in order. No effect with one relay.
  bool spread = false;
};

/// Which broker it is: its limits are checked when the relay is configured, and kept when it sends.
enum class BrokerProfile : std::uint8_t {
  generic = 0,  ///< only what the broker says in its CONNACK
  mosquitto = 1,
  emqx = 2,
  hivemq = 3,
  aws_iot = 4,
  azure_eventgrid = 5,
};
[[nodiscard]] std::string_view to_string(BrokerProfile profile) noexcept;
/// The name as to_string() gives it; nullopt: there is no such profile.
[[nodiscard]] std::optional<BrokerProfile> broker_profile(std::string_view name) noexcept;

/// How the relay drains the backlog. All bounded; a zero is refused unless it says otherwise.
struct RelayOptions {
  BrokerOptions broker;
  /// Events in flight, 1 to 64; the broker's Receive Maximum lowers it. More: throughput on a long round
  /// trip; less: fewer duplicates after a crash.
  std::size_t window_events = 64;
  /// Bytes in flight, default 256 KiB; one event is always allowed. More stalls Paho on partial writes.
  std::size_t window_bytes = 256 * 1024;
  /// A publish without an answer for so long means a half-open connection: drop it and reconnect.
  std::chrono::milliseconds ack_timeout{20'000};
  /// Full-jitter reconnect: uniform between 0 and min(max, min * 2^n); reset at the first acknowledgement.
  std::chrono::milliseconds backoff_min{500};
  std::chrono::milliseconds backoff_max{60'000};
  /// After refused credentials (CONNACK 0x86, 0x87): never faster than this, doubling to 10 min.
  std::chrono::milliseconds auth_backoff_min{30'000};
  /// After a session takeover (DISCONNECT 0x8E): never faster than this, doubling to backoff_max.
  std::chrono::milliseconds takeover_backoff_min{10'000};
  /// How long close() lets events in flight be acknowledged before it drops the connection.
  std::chrono::milliseconds drain_timeout{2'000};
  BrokerProfile profile = BrokerProfile::generic;
  /// At most limits::kLanesMax; a name that no lane has is `invalid`.
  std::vector<LaneRelayOptions> lanes;
  /// Most that is drained, by token buckets with a burst of one second. Default 0: no limit but the window. Less:
  /// a metered link, or a broker that throttles.
  std::uint64_t events_per_s_max = 0;
  std::uint64_t bytes_per_s_max = 0;  ///< of PUBLISH packets; a larger single one is sent, and paid for later
  /// When the device may be connected: cron-like, UTC. "MINUTE HOUR DAY MONTH WEEKDAY for MINUTES", such as
  /// "0 2 * * * for 30". At most 16. Empty: always. While the clock is not trusted: always, since data matter more.
  std::vector<std::string> connection_windows;
  /// How long a topic may be refused as not authorised (0x87) before its events are quarantined. Default a day: an
  /// operator can mend the access rules. 0: at once.
  std::chrono::seconds denied_patience{24 * 3600};
  /// Connections that die in a row with the same event oldest in flight, and nothing acknowledged, before that
  /// event is sent alone to see whether it is to blame. Default 3. Less: a bad network is taken for a bad event.
  unsigned suspect_deaths = 3;
  /// Events wait, and none was acknowledged for so long although connected: reconnect; when it happens again, report
  /// `stalled`. Default 2 min; above ack_timeout.
  std::chrono::milliseconds stall_timeout{120'000};
  /// Publish a retained status, with a Will that says when the device is gone.
  bool presence = true;
  std::chrono::seconds presence_period{60};  ///< between two statuses while connected
  /// Subscribe to the command topic and answer requests to send again.
  bool commands = true;
  /// Requests must carry a MAC made with this secret. Empty: whoever may publish to the command topic may ask.
  std::string command_secret;
  /// With several relays: one that has not shown up for so long loses its share of the work to another. Default
  /// 30 s, 1 s to 1 h. Less: a short outage of one connection moves work, and its unanswered events are sent twice.
  std::chrono::milliseconds lease_term{30'000};
  /// Only to be compared with: look for new events at this interval instead of being woken at commit. 0: woken.
  std::chrono::milliseconds poll_interval{0};
};

}  // namespace holdfast
