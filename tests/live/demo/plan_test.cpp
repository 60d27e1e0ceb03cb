// SPDX-License-Identifier: MIT
#include "demonstration/plan.hpp"

#include <gmock/gmock.h>

namespace holdfast::demo {
namespace {

TEST(Plan, is_the_same_for_the_same_seed_and_another_for_another) {
  const std::chrono::seconds duration{36};
  EXPECT_EQ(make_plan(1, duration).outage_at, make_plan(1, duration).outage_at);
  EXPECT_EQ(make_plan(1, duration).kill_at, make_plan(1, duration).kill_at);
  EXPECT_NE(make_plan(1, duration).outage_at, make_plan(2, duration).outage_at);
}

TEST(Plan, keeps_the_faults_apart_and_within_the_load) {
  for (const std::chrono::seconds duration : {kDemoSecondsMin, std::chrono::seconds(36), kDemoSecondsMax}) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
      const Plan plan = make_plan(seed, duration);
      EXPECT_GE(plan.outage_at, std::chrono::seconds(2)) << seed;
      EXPECT_GT(plan.kill_at, plan.outage_at + plan.outage_for + std::chrono::seconds(1)) << seed;
      EXPECT_LT(plan.kill_at + plan.down_for, duration) << seed;
    }
  }
}

}  // namespace
}  // namespace holdfast::demo
