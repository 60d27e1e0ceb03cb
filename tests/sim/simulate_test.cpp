// SPDX-License-Identifier: MIT
// `holdfast simulate` in small: lives keep every promise, repeat themselves to the byte, and fail when a bug is planted.
#include "prove/simulate/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prove/simulate/page.hpp"
#include "prove/simulate/report.hpp"

namespace holdfast::prove {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

/// A day of few events, so that a sanitizer has time for it; the troubles are those of the seed.
SimulatePlan small_plan(std::uint64_t seed, Scenario scenario = Scenario::swarm) {
  SimulatePlan plan = plan_simulation({seed, 1, 2, scenario});
  for (DevicePlan& device : plan.devices) {
    device.period = std::max<Duration>(device.period, minutes(5));
    device.budget_bytes = std::min<std::uint64_t>(device.budget_bytes, 2 * 1024 * 1024);
  }
  plan.look_period = minutes(5);
  return plan;
}

std::string all_of(const SimulateReport& report) {
  return to_text(report) + to_json(report) + to_page(report);
}

class SimulateSeed : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SimulateSeed, keeps_every_promise) {
  const SimulateReport report = simulate(small_plan(GetParam()));
  EXPECT_TRUE(report.passed()) << to_text(report);
  const SimulatedFates all = report.total();
  EXPECT_GT(all.applied, 100U);
  EXPECT_EQ(all.committed, all.applied + all.declared_in_all() + all.rolled_back + all.forgotten);
}

INSTANTIATE_TEST_SUITE_P(Swarm, SimulateSeed, testing::Range<std::uint64_t>(3, 7),
                         [](const auto& seed) { return std::to_string(seed.param); });

TEST(Simulate, same_seed_same_bytes) {
  const SimulateReport once = simulate(small_plan(3));
  EXPECT_EQ(all_of(once), all_of(simulate(small_plan(3))));
  EXPECT_NE(to_json(once), to_json(simulate(small_plan(4))));
}

TEST(Simulate, a_device_that_sees_no_broker_sheds_and_declares_what_does_not_fit) {
  SimulatePlan plan = small_plan(1, Scenario::outage);
  DevicePlan& device = plan.devices.at(0);
  ASSERT_TRUE(device.is_cut_off);
  plan.common.clear();
  plan.devices.resize(1);
  plan.options.devices = 1;
  device.period = seconds(30);
  device.budget_bytes = 1024ULL * 1024;
  device.data_bytes = 800;
  const SimulateReport report = simulate(plan);
  EXPECT_TRUE(report.passed()) << to_text(report);
  const SimulatedFates& fates = report.devices.at(0).fates;
  EXPECT_GE(fates.committed, 2'880U);
  EXPECT_GT(fates.declared.at("shed"), 1'000U);
  EXPECT_EQ(fates.committed, fates.applied + fates.declared_in_all());
  EXPECT_LE(report.devices.at(0).peak_bytes, device.budget_bytes);
}

// --- the oracle is not blind ---

SimulatePlan plan_with(std::vector<TroublePlan> of_device, std::vector<TroublePlan> common) {
  SimulatePlan plan = small_plan(5);
  plan.devices.resize(1);
  plan.options.devices = 1;
  plan.devices[0].troubles = std::move(of_device);
  plan.common = std::move(common);
  return plan;
}

TEST(Simulate, finds_effects_that_run_twice) {
  const SimulateReport report = simulate(plan_with({}, {}), {.effect_twice = true});
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.complaints, Contains(HasSubstr("G8")));
  EXPECT_THAT(to_text(report),
              HasSubstr("Again: holdfast simulate --seed 5 --days 1 --devices 1 --scenario swarm"));
}

TEST(Simulate, finds_events_that_nobody_has_committed) {
  const SimulateReport report = simulate(plan_with({}, {}), {.phantom = true});
  EXPECT_THAT(report.complaints, Contains(HasSubstr("G1: published, but not committed")));
}

TEST(Simulate, finds_writes_that_a_power_cut_took) {
  const SimulateReport report =
      simulate(plan_with({{Mishap::power_cut, hours(1), seconds(5)}}, {}), {.lying_disk = true});
  EXPECT_THAT(report.complaints, Contains(HasSubstr("G2")));
}

TEST(Simulate, finds_holes_that_nobody_asks_for) {
  const std::vector<TroublePlan> wipes{{Mishap::broker_wipe, hours(2), minutes(20)},
                                       {Mishap::backend_kill, hours(1), minutes(30)}};
  EXPECT_THAT(simulate(plan_with({}, wipes)).complaints, IsEmpty());
  EXPECT_THAT(simulate(plan_with({}, wipes), {.no_resend = true}).complaints,
              Contains(HasSubstr("still misses")));
}

}  // namespace
}  // namespace holdfast::prove
