// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace holdfast::demo {

/// Below this the faults would run into each other.
inline constexpr std::chrono::seconds kDemoSecondsMin{10};
/// Above it the ledger in the store would outgrow the share of the budget that a caller may take.
inline constexpr std::chrono::seconds kDemoSecondsMax{600};

/// When the faults come, counted from the beginning of the load. The same seed and duration, the same plan.
struct Plan {
  std::chrono::milliseconds outage_at;    ///< the broker is killed
  std::chrono::milliseconds outage_for;   ///< and started again
  std::chrono::milliseconds kill_at;      ///< the device process is killed
  std::chrono::milliseconds down_for;     ///< and started again
  std::chrono::milliseconds hold_broker;  ///< how long events pile up in flight before the one kill
  std::chrono::milliseconds hold_device;  ///< and before the other
};

[[nodiscard]] Plan make_plan(std::uint64_t seed, std::chrono::seconds duration);

}  // namespace holdfast::demo
