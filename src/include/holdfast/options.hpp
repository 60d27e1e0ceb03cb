// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/limits.hpp>
#include <holdfast/mqtt_message.hpp>

namespace holdfast {

/// A prioritised stream of events with a dense sequence of its own.
struct LaneOptions {
  /// [a-z0-9_]{1,32}. Part of every message id of the lane: a renamed lane is a new lane.
  std::string name;
  /// 0 is served first. More lanes at one priority share; a lower one always keeps a small share.
  int priority = 1;
};

/// How a store is opened. The defaults suit a Raspberry Pi with an SD card.
struct StoreOptions {
  /// The database file. Its directory must exist and be writable; `<path>-wal` stands beside it. Required.
  std::string path;
  /// This device's id, [A-Za-z0-9._-]{1,64}, stored at creation; opening with another one is refused. May be
  /// empty when the store exists.
  std::string device;
  /// At least one when the store is created; later opens may add lanes. Empty: the lanes that are stored.
  std::vector<LaneOptions> lanes;
  /// Make the store when it is not there. false: opening a store that is not there is `invalid`.
  bool create = true;
  /// Database pages allowed, in bytes (multiple of 4,096 after rounding down). Default 64 MiB, smallest 1
  /// MiB. More: longer outages are bridged. Less: less flash is taken. 0 is refused.
  std::uint64_t budget_bytes = 64ULL * 1024 * 1024;
  /// A WAL of this many 4 KiB pages is moved into the database. Default 1,000 (4 MiB). More: rarer, longer
  /// checkpoints and a larger file; less: more flash wear. 0 is refused.
  std::uint32_t checkpoint_pages = 1000;
  /// Largest event data, 64 KiB; ceiling 1 MiB. More costs memory: a window of them may be in flight.
  std::size_t event_data_bytes_max = limits::kEventDataBytesDefault;
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
  MqttVersion version = MqttVersion::v5;  ///< on 3.1.1 Mosquitto acknowledges what its ACL denies
  TlsOptions tls;
  std::chrono::seconds keep_alive{15};  ///< 5 to 1,160 s. Less: faster detection, more traffic
  std::chrono::milliseconds connect_timeout{10'000};
};

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
};

}  // namespace holdfast
