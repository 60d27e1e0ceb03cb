// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/records.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/stored_event.hpp"

namespace holdfast::store {

inline constexpr std::size_t kReplayEventsMax = 64;        ///< of one page
inline constexpr std::size_t kReplayBytesMax = 64 * 1024;  ///< data bytes of them; one event may exceed it
inline constexpr std::size_t kReplayRowsMax = 512;         ///< rows that one page looks at

/// Quarantined rows that one transaction of an operator changes: each may be as large as an event can be.
inline constexpr std::size_t kQuarantineBlockRows = 8;

/// Part of a request to send settled events again.
struct ReplayQuestion {
  std::string lane = {};
  std::optional<Epoch> epoch = {};  ///< only events of this one
  std::int64_t after_seq = 0;       ///< begins above it
  std::int64_t last_seq = 0;
  std::string key = {};  ///< empty: any
  std::optional<UtcTime> from = {};
  std::optional<UtcTime> before = {};
};

/// Everything up to end_seq is in it, or has no answer here: it waits in the backlog, or a filter excludes it.
struct ReplayPage {
  std::vector<StoredEvent> events;  ///< settled ones, ascending
  std::vector<GapRecord> gone;      ///< says why others do not come; declared nowhere else, counted nowhere
  std::optional<EpochRecord>
      epoch;                 ///< of the epoch asked for, when the question reaches below where it began
  std::int64_t end_seq = 0;  ///< ask after it next time
  bool more = false;
};

/// A quarantined event that is on its way again.
struct RequeuedPlace {
  LaneNumber lane = 0;
  std::int64_t seq = 0;
  friend auto operator<=>(const RequeuedPlace&, const RequeuedPlace&) = default;
};

}  // namespace holdfast::store
