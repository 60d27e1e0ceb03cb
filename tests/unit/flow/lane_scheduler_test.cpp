// SPDX-License-Identifier: MIT
#include "flow/lane_scheduler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace holdfast::flow {
namespace {

LaneSet lanes(std::initializer_list<std::size_t> members) {
  LaneSet set;
  for (const auto lane : members) set.set(lane);
  return set;
}

std::vector<std::size_t> turns(LaneScheduler& scheduler, const LaneSet& ready, int count) {
  std::vector<std::size_t> taken;
  for (int i = 0; i < count; ++i) {
    const auto lane = scheduler.pick(ready);
    if (!lane) return taken;
    scheduler.served(*lane, ready);
    taken.push_back(*lane);
  }
  return taken;
}

TEST(LaneScheduler, nobody_is_served_when_nobody_is_ready) {
  const LaneScheduler scheduler({0, 1});
  EXPECT_EQ(scheduler.pick({}), std::nullopt);
}

TEST(LaneScheduler, every_eighth_turn_belongs_to_the_lower_lane) {
  LaneScheduler scheduler({0, 1});
  EXPECT_THAT(turns(scheduler, lanes({0, 1}), 16),
              testing::ElementsAre(0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1));
}

TEST(LaneScheduler, a_lower_lane_takes_every_turn_that_nobody_better_wants) {
  LaneScheduler scheduler({0, 1});
  EXPECT_THAT(turns(scheduler, lanes({1}), 3), testing::ElementsAre(1, 1, 1));
}

TEST(LaneScheduler, lanes_of_one_priority_take_turns) {
  LaneScheduler scheduler({1, 1, 1});
  EXPECT_THAT(turns(scheduler, lanes({0, 1, 2}), 6), testing::ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST(LaneScheduler, asking_without_taking_the_turn_changes_nothing) {
  LaneScheduler scheduler({1, 1});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(scheduler.pick(lanes({0, 1})), 0U);
}

TEST(LaneScheduler, a_lane_that_waited_idle_has_no_claim_on_the_past) {
  LaneScheduler scheduler({0, 1});
  (void)turns(scheduler, lanes({0}), 100);
  EXPECT_EQ(scheduler.pick(lanes({0, 1})), 0U);
}

RC_GTEST_PROP(LaneScheduler, no_ready_lane_starves_and_the_best_keep_their_share, ()) {
  const auto priorities =
      *rc::gen::suchThat(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4)),
                         [](const auto& v) { return !v.empty() && v.size() <= limits::kLanesMax; });
  LaneScheduler scheduler(priorities);
  LaneSet all;
  for (std::size_t lane = 0; lane < priorities.size(); ++lane) all.set(lane);
  const int best = *std::min_element(priorities.begin(), priorities.end());

  std::vector<int> served(priorities.size(), 0);
  int best_served = 0;
  const int rounds = static_cast<int>(LaneScheduler::kShare * priorities.size()) * 10;
  for (const auto lane : turns(scheduler, all, rounds)) {
    served[lane] += 1;
    best_served += priorities[lane] == best ? 1 : 0;
  }
  for (const int count : served) RC_ASSERT(count >= 9);  // at least one in kShare * lanes
  RC_ASSERT(best_served >= rounds * 7 / 8);
}

}  // namespace
}  // namespace holdfast::flow
