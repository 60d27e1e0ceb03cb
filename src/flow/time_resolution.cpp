// SPDX-License-Identifier: MIT
#include "flow/time_resolution.hpp"

namespace holdfast::flow {
namespace {

// utc + (to - from), or nullopt when it does not fit.
std::optional<UtcTime> shifted(UtcTime utc, Instant from, Instant to) noexcept {
  Duration::rep between = 0;
  Duration::rep result = 0;
  if (__builtin_sub_overflow(to.time_since_epoch().count(), from.time_since_epoch().count(), &between) ||
      __builtin_add_overflow(utc.time_since_epoch().count(), between, &result)) {
    return std::nullopt;
  }
  return UtcTime{UtcTime::duration{result}};
}

}  // namespace

ResolvedTime resolve_time(const EventTime& event, Instant now, const platform::WallTime& wall) noexcept {
  if (event.anchor) {
    const auto utc = shifted(event.anchor->utc, event.anchor->since_boot, event.since_boot);
    return {utc, utc.has_value()};
  }
  if (event.of_this_boot) return {shifted(wall.utc, now, event.since_boot), false};
  return {std::nullopt, false};
}

}  // namespace holdfast::flow
