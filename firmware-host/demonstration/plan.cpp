// SPDX-License-Identifier: MIT
#include "demonstration/plan.hpp"

#include <holdfast/platform/sim.hpp>

namespace holdfast::demo {

Plan make_plan(std::uint64_t seed, std::chrono::seconds duration) {
  using std::chrono::milliseconds;
  platform::sim::SeededEntropy entropy(seed);
  const auto between = [&entropy](std::int64_t low, std::int64_t high) {
    const auto span = static_cast<std::uint64_t>(high - low + 1);
    return milliseconds(low + static_cast<std::int64_t>(entropy.next() % span));
  };
  const std::int64_t whole = milliseconds(duration).count();
  Plan plan{};
  // Thousandths of the load: time before the outage to see the calm, time after each fault to recover.
  plan.outage_at = between(whole * 220 / 1000, whole * 300 / 1000);
  plan.outage_for = between(whole * 130 / 1000, whole * 180 / 1000);
  plan.kill_at = between(whole * 660 / 1000, whole * 740 / 1000);
  plan.down_for = between(500, 1500);
  plan.hold_broker = between(50, 300);
  plan.hold_device = between(50, 300);
  return plan;
}

}  // namespace holdfast::demo
