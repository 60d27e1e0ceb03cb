// SPDX-License-Identifier: MIT
#include "prove/crash/rig.hpp"

#include "prove/crash/ledger.hpp"

namespace holdfast::prove {

Variation variation_of(std::uint64_t seed) noexcept {
  return {(seed & 1U) != 0, (seed & 2U) != 0, (seed & 4U) != 0};
}

Rig::Rig() { clock.set_wall({UtcTime(std::chrono::hours(24 * 365 * 56)), true}); }

StoreOptions Rig::options(const Variation& variation) const {
  StoreOptions options;
  options.path = kProvePath;
  options.device = "device-1";
  LaneOptions alarm{.name = std::string(kLaneNames[0]), .priority = 0};
  alarm.guaranteed_bytes = 32 * 1024;
  const WhenFull bulk = variation.thins ? WhenFull::thin : WhenFull::keep_latest;
  options.lanes = {alarm,
                   {.name = std::string(kLaneNames[1]), .priority = 1, .when_full = WhenFull::drop_oldest},
                   {.name = std::string(kLaneNames[2]), .priority = 1, .when_full = bulk}};
  options.budget_bytes = kProveBudgetBytes;
  options.footprint = variation.growing ? Footprint::growing : Footprint::constant;
  options.growth_bytes = 64 * 1024;
  options.min_free_bytes = 0;
  options.retention_bytes = variation.retains ? 64 * 1024 : 0;
  options.vfs = disk.vfs();
  return options;
}

}  // namespace holdfast::prove
