// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/event.hpp>
#include <holdfast/options.hpp>
#include <holdfast/result.hpp>
#include <holdfast/time.hpp>

/// What can be seen at any time, at a cost that does not depend on the backlog. Counts are since the opening
/// of the outbox unless they say "ever".
namespace holdfast {

/// Watermarks and totals of one lane.
struct LaneStatistics {
  std::string name;
  std::int64_t committed_seq = 0;  ///< highest durable seq
  std::int64_t settled_seq = 0;    ///< it and all below are acknowledged by the broker or declared lost
  std::int64_t backlog_events = 0;
  std::int64_t backlog_bytes = 0;       ///< data bytes
  std::int64_t quarantined_events = 0;  ///< in quarantine now
  std::int64_t lost_events_ever = 0;    ///< declared in gap records since the store was made
  std::int64_t lost_bytes_ever = 0;     ///< data bytes of them
  std::int64_t retained_events = 0;     ///< settled, and kept for replay
  std::int64_t retained_bytes = 0;
  std::uint64_t rejected_events = 0;   ///< never got a seq, because there was no room for them
  std::uint64_t shed_events = 0;       ///< dropped by policy or ttl, and declared
  bool paused = false;                 ///< not drained until it is resumed
  std::optional<Duration> oldest_age;  ///< powered time since the oldest unsettled event; absent: none, or an
                                       ///< event of an earlier boot
};

struct StoreStatistics {
  std::string device;
  std::optional<Epoch> epoch;         ///< absent until this opening commits an event
  std::optional<Epoch> newest_epoch;  ///< the same, or that of the last opening which did; absent: none ever
  std::uint64_t writes_committed = 0;
  std::uint64_t writes_failed = 0;  ///< rolled back, with an error to the caller
  std::uint64_t events_committed = 0;
  std::uint64_t event_bytes_committed = 0;
  std::uint64_t groups_committed = 0;
  std::uint64_t group_events_largest = 0;
  std::uint64_t groups_split = 0;  ///< a caller ended the group's transaction; the others ran again
  std::uint64_t commits_unknown = 0;
  std::uint64_t settle_commits = 0;  ///< commits that carried nothing but acknowledgements
  std::uint64_t rows_purged = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t checkpoint_failures = 0;
  std::uint64_t wal_pages = 0;      ///< frames in the WAL after the last commit
  std::uint64_t bytes_written = 0;  ///< to WAL and database, as handed to the file system
  std::uint64_t database_bytes = 0;
  std::uint64_t free_bytes = 0;  ///< of database_bytes
  std::uint64_t budget_bytes = 0;
  std::uint64_t reserve_bytes = 0;  ///< of the database; only acknowledgements, purges and gap records use it
  std::uint64_t state_bytes = 0;    ///< keys and values of the state
  std::uint64_t tables_bytes = 0;   ///< pages of the callers' own tables
  Pressure pressure = Pressure::normal;
  std::string pressure_reason;  ///< one line: why the disk state is what it is
  bool growing = false;         ///< Footprint::growing
  std::string file_system;      ///< "ext4"; empty: unknown
  std::string warning;          ///< what an operator should know about the place; empty: nothing
  bool check_running = false;   ///< rows are being checked after an unclean stop
  std::uint64_t rows_checked = 0;
  std::uint64_t rows_damaged = 0;  ///< set aside and declared
  bool degraded = false;           ///< reads only, after an I/O error that reopening did not cure
};

enum class RelayState : std::uint8_t { stopped = 0, connecting = 1, connected = 2, backing_off = 3 };
[[nodiscard]] std::string_view to_string(RelayState state) noexcept;

/// What an operator should look at. Ascending in code, not in weight.
enum class RelayAlarm : std::uint8_t {
  credentials_refused = 0,  ///< the broker does not accept user, password or certificate
  duplicate_identity = 1,   ///< another client takes our client id again and again
  topics_denied = 2,        ///< topics are refused as not authorised, and wait
  stalled = 3,              ///< connected, events wait, and nothing is acknowledged
  quarantine_full = 4,      ///< a refused event has no place to go; its lane waits
};
[[nodiscard]] std::string_view to_string(RelayAlarm alarm) noexcept;

struct RelayStatistics {
  RelayState state = RelayState::stopped;
  std::uint64_t connects = 0;  ///< successful ones
  std::uint64_t connect_failures = 0;
  std::uint64_t disconnects = 0;   ///< connections lost or dropped
  std::uint64_t published = 0;     ///< PUBLISH packets handed to the link, repeats included, statuses not
  std::uint64_t republished = 0;   ///< of them, for a seq published before in this process
  std::uint64_t acknowledged = 0;  ///< of them
  std::uint64_t refused = 0;       ///< answers >= 0x80
  std::uint64_t quarantined = 0;
  std::uint64_t ack_timeouts = 0;
  std::uint64_t in_flight_events = 0;
  std::uint64_t in_flight_bytes = 0;
  std::uint64_t window_events = 0;  ///< now: the smaller of the option and the broker's Receive Maximum
  std::int32_t last_reason = 0;     ///< of the last failed connect, disconnect or refusal
  std::string last_error;           ///< one line, no secret
  std::optional<Instant> last_ack_at;
  std::vector<RelayAlarm> alarms;     ///< now, ascending; empty: healthy
  std::uint64_t stalls = 0;           ///< connections given up because nothing was acknowledged
  std::uint64_t takeovers = 0;        ///< connections lost to another client with our id
  std::uint64_t topics_denied = 0;    ///< now parked
  std::uint64_t keys_held = 0;        ///< now waiting for a refused event of theirs (AfterRefusal::hold)
  std::uint64_t suspects = 0;         ///< events that were sent alone because connections died with them
  std::uint64_t resend_requests = 0;  ///< accepted
  std::uint64_t resend_refused = 0;   ///< requests: malformed, not authorised, too many
  std::uint64_t resent = 0;           ///< events sent again on request
  std::uint16_t keep_alive_s = 0;     ///< agreed with the broker, on this connection
  bool outside_window = false;        ///< not connected because of connection_windows
  std::uint64_t shares = 0;           ///< of the work that this relay drains now; one relay: 1
  std::uint64_t leases_taken = 0;     ///< shares that it took, with several relays
  std::uint64_t leases_lost = 0;      ///< shares that went to another relay
};

struct Statistics {
  StoreStatistics store;
  RelayStatistics relay;                ///< of all relays together: sums, and the state of the best one
  std::vector<RelayStatistics> relays;  ///< each of them, in the order of their links
  std::vector<LaneStatistics> lanes;    ///< in priority order
};

}  // namespace holdfast
