// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/event.hpp>
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
  std::uint64_t wal_pages = 0;  ///< frames in the WAL after the last commit
  std::uint64_t database_bytes = 0;
  std::uint64_t free_bytes = 0;  ///< of database_bytes
  std::uint64_t budget_bytes = 0;
  bool degraded = false;  ///< reads only, after an I/O error that reopening did not cure
};

enum class RelayState : std::uint8_t { stopped = 0, connecting = 1, connected = 2, backing_off = 3 };
[[nodiscard]] std::string_view to_string(RelayState state) noexcept;

struct RelayStatistics {
  RelayState state = RelayState::stopped;
  std::uint64_t connects = 0;  ///< successful ones
  std::uint64_t connect_failures = 0;
  std::uint64_t disconnects = 0;  ///< connections lost or dropped
  std::uint64_t published = 0;    ///< PUBLISH packets handed to the link, repeats included
  std::uint64_t republished = 0;  ///< of them, for a seq published before in this process
  std::uint64_t acknowledged = 0;
  std::uint64_t refused = 0;  ///< answers >= 0x80
  std::uint64_t quarantined = 0;
  std::uint64_t ack_timeouts = 0;
  std::uint64_t in_flight_events = 0;
  std::uint64_t in_flight_bytes = 0;
  std::uint64_t window_events = 0;  ///< now: the smaller of the option and the broker's Receive Maximum
  std::int32_t last_reason = 0;     ///< of the last failed connect, disconnect or refusal
  std::string last_error;           ///< one line, no secret
  std::optional<Instant> last_ack_at;
};

struct Statistics {
  StoreStatistics store;
  RelayStatistics relay;
  std::vector<LaneStatistics> lanes;  ///< in priority order
};

}  // namespace holdfast
