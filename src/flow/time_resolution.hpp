// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/platform/clock.hpp>
#include <holdfast/time.hpp>
#include <optional>

#include "base/time_anchor.hpp"

/// What UTC time an event happened at, decided when it is published.
///
/// 1. An event knows its powered time (since boot). An anchor of the same boot ties that to UTC: the answer
///    is exact, final, and the same at every delivery.
/// 2. Without an anchor, an event of this boot gets an estimate: the wall clock now, less the powered time
///    that has passed. It is flagged, also when the wall clock has become trusted meanwhile: the anchor that
///    follows may say something slightly different, and a time may change between deliveries only if the
///    first was flagged.
/// 3. Without an anchor, an event of an earlier boot has no time. How long the board was off is unknown.
/// 4. A result that int64 nanoseconds cannot hold is no time (a damaged row, not a clock).
namespace holdfast::flow {

struct EventTime {
  Instant since_boot;
  bool of_this_boot = false;
  std::optional<base::TimeAnchor> anchor;  ///< of the event's boot
};

struct ResolvedTime {
  std::optional<UtcTime> utc;
  bool synchronised = false;  ///< false: the consumer is told (attribute `unsynchronised`)
};

[[nodiscard]] ResolvedTime resolve_time(const EventTime& event, Instant now,
                                        const platform::WallTime& wall) noexcept;

}  // namespace holdfast::flow
