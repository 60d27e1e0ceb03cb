// SPDX-License-Identifier: MIT
#include "prove/kill/plan.hpp"

#include <gtest/gtest.h>

#include <set>

#include "prove/kill/contender.hpp"

namespace holdfast::prove {
namespace {

bool same(const KillPlan& a, const KillPlan& b) {
  if (a.deaths.size() != b.deaths.size() || a.troubled_before != b.troubled_before) return false;
  for (std::size_t i = 0; i < a.deaths.size(); ++i)
    if (a.deaths[i].point != b.deaths[i].point || a.deaths[i].passing != b.deaths[i].passing ||
        a.deaths[i].after != b.deaths[i].after)
      return false;
  return a.troubled.trouble == b.troubled.trouble && a.troubled.lasts == b.troubled.lasts &&
         a.troubled.killed_in_it == b.troubled.killed_in_it;
}

TEST(KillPlan, is_the_same_for_the_same_seed_and_another_for_another) {
  EXPECT_TRUE(same(make_kill_plan(7), make_kill_plan(7)));
  EXPECT_FALSE(same(make_kill_plan(7), make_kill_plan(7 + kTroubles)));
}

TEST(KillPlan, visits_each_point_once_in_every_run_and_in_many_orders) {
  std::set<std::vector<KillPoint>> orders;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    std::vector<KillPoint> order;
    for (const Death& death : make_kill_plan(seed).deaths) {
      order.push_back(death.point);
      EXPECT_GE(death.passing, 1U);
    }
    EXPECT_EQ(std::set<KillPoint>(order.begin(), order.end()).size(), std::size_t{kKillPoints});
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 30U);
}

TEST(KillPlan, has_each_trouble_once_in_as_many_seeds_in_a_row_and_both_ends_of_it) {
  std::set<Trouble> troubles;
  std::set<bool> ends;
  std::set<std::size_t> places;
  for (std::uint64_t seed = 1000; seed < 1000 + kTroubles; ++seed)
    troubles.insert(make_kill_plan(seed).troubled.trouble);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    ends.insert(make_kill_plan(seed).troubled.killed_in_it);
    places.insert(make_kill_plan(seed).troubled_before);
  }
  EXPECT_EQ(troubles.size(), std::size_t{kTroubles});
  EXPECT_EQ(ends.size(), 2U);
  EXPECT_EQ(places.size(), std::size_t{kKillPoints} + 1);  // before each death, and after the last one
}

TEST(KillPlan, names_its_points_and_finds_them_by_name) {
  for (int i = 0; i < kKillPoints; ++i) {
    const auto point = static_cast<KillPoint>(i);
    EXPECT_EQ(kill_point(to_string(point)), point);
  }
  EXPECT_EQ(kill_point("after_lunch"), std::nullopt);
}

TEST(KillContender, is_found_by_its_name_and_by_the_source_of_its_events) {
  for (const Contender one : kAllContenders) EXPECT_EQ(contender(to_string(one)), one);
  EXPECT_EQ(contender("two-phase"), std::nullopt);
  for (const Contender one : {Contender::commit_first, Contender::publish_first})
    EXPECT_EQ(contender_of_source(naive_source(one, "kill-7")), one);
  EXPECT_EQ(contender_of_source("urn:holdfast:kill-7/telemetry"), Contender::holdfast);
}

}  // namespace
}  // namespace holdfast::prove
