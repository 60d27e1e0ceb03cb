// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace holdfast {

/// Powered time since boot, suspend included (CLOCK_BOOTTIME). It has no now(): only platform::Clock reads
/// clocks, so that virtual time reaches everything.
struct BootClock {
  using duration = std::chrono::duration<std::int64_t, std::nano>;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};

/// A moment of this boot. Everything that waits, expires or backs off counts in these.
using Instant = BootClock::time_point;
using Duration = BootClock::duration;

/// Wall clock, UTC, nanoseconds since 1970 as int64 (good until 2262). Never used to order or deduplicate.
using UtcTime =
    std::chrono::time_point<std::chrono::system_clock, std::chrono::duration<std::int64_t, std::nano>>;

/// `from + by`, but never past the last representable instant.
[[nodiscard]] constexpr Instant saturating_add(Instant from, Duration by) noexcept {
  return by > Duration::zero() && from > Instant::max() - by ? Instant::max() : from + by;
}

}  // namespace holdfast
