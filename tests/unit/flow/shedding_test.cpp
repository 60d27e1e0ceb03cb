// SPDX-License-Identifier: MIT
#include "flow/shedding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <holdfast/limits.hpp>
#include <limits>
#include <numeric>
#include <ostream>
#include <set>
#include <string>

namespace holdfast::flow {

bool operator==(const ShedStep& a, const ShedStep& b) { return a.lane == b.lane && a.bytes == b.bytes; }

void PrintTo(const ShedStep& step, std::ostream* out) {
  *out << "lane " << step.lane << " gives " << step.bytes;
}

// How rapidcheck prints a counterexample.
void showValue(const LaneLoad& lane, std::ostream& out) {
  out << "{lane " << lane.lane << " priority " << lane.priority << " policy "
      << static_cast<int>(lane.when_full) << " guaranteed " << lane.guaranteed_bytes << " max "
      << lane.max_bytes << " backlog " << lane.backlog_bytes << " droppable " << lane.droppable_bytes << '}';
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Lanes = std::vector<LaneLoad>;

constexpr std::uint64_t kCapacity = 1000;
constexpr std::array kStates{Pressure::normal, Pressure::conserve, Pressure::shed, Pressure::protect,
                             Pressure::emergency};

LaneLoad lane(std::size_t number, int priority, WhenFull when_full, std::uint64_t backlog) {
  LaneLoad load;
  load.lane = number;
  load.priority = priority;
  load.when_full = when_full;
  load.backlog_bytes = backlog;
  load.droppable_bytes = backlog;
  return load;
}

LaneLoad with_guarantee(LaneLoad load, std::uint64_t bytes) {
  load.guaranteed_bytes = bytes;
  return load;
}

LaneLoad with_max(LaneLoad load, std::uint64_t bytes) {
  load.max_bytes = bytes;
  return load;
}

LaneLoad with_droppable(LaneLoad load, std::uint64_t bytes) {
  load.droppable_bytes = bytes;
  return load;
}

Admission admit_first(Pressure pressure, const Lanes& all, std::uint64_t event_bytes) {
  return admit(pressure, all.front(), all, kCapacity, event_bytes);
}

// --- shares ---------------------------------------------------------------------------------------------

TEST(Share, is_the_guarantee_and_an_equal_part_of_the_rest) {
  const Lanes all{with_guarantee(lane(0, 0, WhenFull::block, 0), 100), lane(1, 1, WhenFull::thin, 0),
                  lane(2, 2, WhenFull::thin, 0)};
  EXPECT_EQ(share_of(all[0], all, kCapacity), 400U);
  EXPECT_EQ(share_of(all[1], all, kCapacity), 300U);
}

TEST(Share, is_the_guarantee_alone_when_guarantees_take_everything) {
  const Lanes all{with_guarantee(lane(0, 0, WhenFull::block, 0), 700),
                  with_guarantee(lane(1, 1, WhenFull::thin, 0), 700)};
  EXPECT_EQ(share_of(all[0], all, kCapacity), 700U);
}

// --- admission ------------------------------------------------------------------------------------------

TEST(Admission, without_pressure_only_the_maximum_of_a_lane_counts) {
  const auto full = [](WhenFull policy) { return Lanes{with_max(lane(0, 1, policy, 90), 100)}; };
  for (const Pressure calm : {Pressure::normal, Pressure::conserve}) {
    EXPECT_EQ(admit_first(calm, full(WhenFull::block), 10), Admission::admit);
    EXPECT_EQ(admit_first(calm, full(WhenFull::block), 11), Admission::refuse);
    EXPECT_EQ(admit_first(calm, full(WhenFull::reject), 11), Admission::refuse);
    EXPECT_EQ(admit_first(calm, full(WhenFull::drop_oldest), 11), Admission::make_room);
    EXPECT_EQ(admit_first(calm, full(WhenFull::keep_latest), 11), Admission::make_room);
    EXPECT_EQ(admit_first(calm, full(WhenFull::thin), 11), Admission::make_room);
    EXPECT_EQ(admit_first(calm, {lane(0, 1, WhenFull::block, 5000)}, 5000), Admission::admit);
  }
}

TEST(Admission, an_event_larger_than_its_lane_is_refused_before_anything_is_dropped_for_it) {
  const Lanes all{with_max(lane(0, 1, WhenFull::drop_oldest, 90), 100)};
  EXPECT_EQ(admit_first(Pressure::normal, all, 100), Admission::make_room);
  EXPECT_EQ(admit_first(Pressure::normal, all, 101), Admission::refuse);
}

TEST(Admission, a_lane_above_a_maximum_that_was_lowered_does_not_grow) {
  const auto own = [](WhenFull policy) { return Lanes{with_max(lane(0, 1, policy, 200), 100)}; };
  EXPECT_EQ(admit_first(Pressure::normal, own(WhenFull::thin), 50), Admission::make_room);
  EXPECT_EQ(admit_first(Pressure::normal, own(WhenFull::thin), 150), Admission::refuse)
      << "it could drop as much, and would still be too large for the lane";
  EXPECT_EQ(admit_first(Pressure::normal, own(WhenFull::block), 0), Admission::refuse);
}

TEST(Admission, a_lane_that_drops_refuses_when_too_much_of_it_is_in_flight) {
  const LaneLoad full = with_max(lane(0, 1, WhenFull::drop_oldest, 100), 100);
  EXPECT_EQ(admit_first(Pressure::normal, {with_droppable(full, 10)}, 10), Admission::make_room);
  EXPECT_EQ(admit_first(Pressure::normal, {with_droppable(full, 9)}, 10), Admission::refuse);
}

TEST(Admission, shed_holds_every_lane_to_its_share) {
  const auto beside = [](LaneLoad own) { return Lanes{own, lane(1, 2, WhenFull::thin, 0)}; };  // share: 500
  EXPECT_EQ(admit_first(Pressure::shed, beside(lane(0, 0, WhenFull::block, 400)), 100), Admission::admit);
  EXPECT_EQ(admit_first(Pressure::shed, beside(lane(0, 0, WhenFull::block, 401)), 100), Admission::refuse);
  EXPECT_EQ(admit_first(Pressure::shed, beside(lane(0, 0, WhenFull::reject, 700)), 1), Admission::refuse);
  EXPECT_EQ(admit_first(Pressure::shed, beside(lane(0, 0, WhenFull::thin, 700)), 1), Admission::make_room);
}

TEST(Admission, protect_holds_lower_lanes_to_their_guarantee_and_leaves_the_highest_alone) {
  const Lanes all{lane(0, 0, WhenFull::block, 900), with_guarantee(lane(1, 1, WhenFull::block, 40), 50),
                  with_guarantee(lane(2, 2, WhenFull::drop_oldest, 45), 50)};
  EXPECT_EQ(admit(Pressure::protect, all[0], all, kCapacity, 50), Admission::admit);
  EXPECT_EQ(admit(Pressure::protect, all[1], all, kCapacity, 10), Admission::admit);
  EXPECT_EQ(admit(Pressure::protect, all[1], all, kCapacity, 11), Admission::refuse);
  EXPECT_EQ(admit(Pressure::protect, all[2], all, kCapacity, 10), Admission::make_room);
}

TEST(Admission, an_emergency_is_for_the_highest_lanes_within_their_own_quota) {
  const auto above = [](LaneLoad own) {
    return Lanes{own, with_guarantee(lane(1, 1, WhenFull::drop_oldest, 0), 100)};
  };
  const LaneLoad alarm = lane(0, 0, WhenFull::block, 90);
  EXPECT_EQ(admit_first(Pressure::emergency, above(alarm), 5000), Admission::admit) << "the pages decide";
  EXPECT_EQ(admit_first(Pressure::emergency, above(with_guarantee(alarm, 100)), 10), Admission::admit);
  EXPECT_EQ(admit_first(Pressure::emergency, above(with_guarantee(alarm, 100)), 11), Admission::refuse);
  EXPECT_EQ(admit_first(Pressure::emergency, above(with_max(with_guarantee(alarm, 50), 100)), 10),
            Admission::admit);
  const Lanes all = above(alarm);
  EXPECT_EQ(admit(Pressure::emergency, all[1], all, kCapacity, 1), Admission::refuse);
  EXPECT_EQ(admit(Pressure::emergency, all[1], all, kCapacity, 0), Admission::refuse) << "a row is no data";
}

TEST(Admission, lanes_of_one_priority_are_all_the_highest) {
  const Lanes all{lane(0, 3, WhenFull::block, 400), lane(1, 3, WhenFull::block, 400)};
  for (const auto& each : all) {
    EXPECT_EQ(admit(Pressure::protect, each, all, kCapacity, 200), Admission::admit);
    EXPECT_EQ(admit(Pressure::emergency, each, all, kCapacity, 200), Admission::admit);
  }
}

// --- plans ----------------------------------------------------------------------------------------------

TEST(PlanShed, there_is_nothing_to_do_before_shed) {
  const Lanes all{lane(0, 1, WhenFull::drop_oldest, 5000)};
  EXPECT_THAT(plan_shed(Pressure::normal, all, kCapacity, 100), IsEmpty());
  EXPECT_THAT(plan_shed(Pressure::conserve, all, kCapacity, 100), IsEmpty());
}

TEST(PlanShed, the_lowest_lane_gives_first_and_only_down_to_its_share) {
  const Lanes all{lane(7, 1, WhenFull::drop_oldest, 600), lane(9, 2, WhenFull::thin, 560)};  // share: 500
  EXPECT_THAT(plan_shed(Pressure::shed, all, kCapacity, 50), ElementsAre(ShedStep{9, 50}));
  EXPECT_THAT(plan_shed(Pressure::shed, all, kCapacity, 100), ElementsAre(ShedStep{9, 60}, ShedStep{7, 40}));
  EXPECT_THAT(plan_shed(Pressure::shed, all, kCapacity, 9000),
              ElementsAre(ShedStep{9, 60}, ShedStep{7, 100}));
}

TEST(PlanShed, protect_and_emergency_go_on_down_to_the_guarantee) {
  const Lanes all{lane(0, 1, WhenFull::drop_oldest, 300),
                  with_guarantee(lane(1, 2, WhenFull::keep_latest, 300), 100)};
  for (const Pressure pressure : {Pressure::protect, Pressure::emergency}) {
    EXPECT_THAT(plan_shed(pressure, all, kCapacity, 250), ElementsAre(ShedStep{1, 200}, ShedStep{0, 50}));
  }
}

TEST(PlanShed, lanes_that_refuse_give_nothing) {
  const Lanes all{lane(0, 1, WhenFull::drop_oldest, 900), lane(1, 2, WhenFull::block, 900),
                  lane(2, 3, WhenFull::reject, 900)};
  EXPECT_THAT(plan_shed(Pressure::protect, all, kCapacity, 5000), ElementsAre(ShedStep{0, 900}));
}

TEST(PlanShed, events_in_flight_stay) {
  const Lanes all{with_droppable(lane(0, 1, WhenFull::drop_oldest, 900), 30),
                  with_droppable(lane(1, 2, WhenFull::thin, 900), 0)};
  EXPECT_THAT(plan_shed(Pressure::protect, all, kCapacity, 5000), ElementsAre(ShedStep{0, 30}));
}

TEST(PlanShed, of_equals_the_one_furthest_above_its_floor_gives_first) {
  const Lanes all{lane(0, 1, WhenFull::drop_oldest, 200), lane(1, 1, WhenFull::drop_oldest, 300),
                  with_guarantee(lane(2, 1, WhenFull::drop_oldest, 350), 250)};
  EXPECT_THAT(plan_shed(Pressure::protect, all, kCapacity, 550),
              ElementsAre(ShedStep{1, 300}, ShedStep{0, 200}, ShedStep{2, 50}));
}

TEST(PlanShed, of_lanes_alike_the_one_with_the_smaller_number_gives_first) {
  const Lanes all{lane(4, 1, WhenFull::drop_oldest, 200), lane(3, 1, WhenFull::drop_oldest, 200)};
  EXPECT_THAT(plan_shed(Pressure::protect, all, kCapacity, 10), ElementsAre(ShedStep{3, 10}));
}

TEST(PlanRoom, a_lane_takes_from_lower_ones_then_from_itself_and_never_from_a_higher_one) {
  const Lanes all{lane(0, 0, WhenFull::drop_oldest, 100), lane(1, 1, WhenFull::drop_oldest, 100),
                  lane(2, 2, WhenFull::drop_oldest, 100)};
  EXPECT_THAT(plan_room(all, 1, 1000), ElementsAre(ShedStep{2, 100}, ShedStep{1, 100}));
  EXPECT_THAT(plan_room(all, 0, 250), ElementsAre(ShedStep{2, 100}, ShedStep{1, 100}, ShedStep{0, 50}));
}

TEST(PlanRoom, a_lane_that_blocks_takes_from_lower_ones_and_not_from_itself) {
  const Lanes all{lane(0, 0, WhenFull::block, 100), lane(1, 1, WhenFull::thin, 100)};
  EXPECT_THAT(plan_room(all, 0, 1000), ElementsAre(ShedStep{1, 100}));
}

TEST(PlanRoom, guarantees_hold_also_without_a_single_page_left) {
  const Lanes all{with_guarantee(lane(0, 0, WhenFull::drop_oldest, 100), 80),
                  with_guarantee(lane(1, 1, WhenFull::drop_oldest, 100), 100)};
  EXPECT_THAT(plan_room(all, 0, 1000), ElementsAre(ShedStep{0, 20}));
}

// --- survivors ------------------------------------------------------------------------------------------

TEST(Survivors, keep_latest_keeps_the_newest_row_of_each_key) {
  const std::vector<std::string_view> keys{"a", "b", "a", "", "c", "b", ""};
  EXPECT_THAT(survivors_of_keep_latest(keys), ElementsAre(false, false, true, false, true, true, true));
  EXPECT_THAT(survivors_of_keep_latest({}), IsEmpty());
}

TEST(Survivors, thin_keeps_every_second_row_and_the_newest) {
  EXPECT_THAT(survivors_of_thin(5), ElementsAre(true, false, true, false, true));
  EXPECT_THAT(survivors_of_thin(4), ElementsAre(false, true, false, true));
  EXPECT_THAT(survivors_of_thin(1), ElementsAre(true));
  EXPECT_THAT(survivors_of_thin(0), IsEmpty());
}

// --- properties -----------------------------------------------------------------------------------------

rc::Gen<LaneLoad> any_lane() {
  const auto size = [] { return rc::gen::inRange<std::uint64_t>(0, 1500); };
  const auto or_none = [](auto gen) {
    return rc::gen::oneOf(rc::gen::just<std::uint64_t>(0), std::move(gen));
  };
  const auto build = [](int priority, int policy, std::uint64_t guaranteed, std::uint64_t max,
                        std::uint64_t backlog, std::uint64_t pinned) {
    LaneLoad load = lane(0, priority, static_cast<WhenFull>(policy), backlog);
    load.guaranteed_bytes = guaranteed;
    load.max_bytes = max;
    load.droppable_bytes = backlog - std::min(backlog, pinned);
    return load;
  };
  return rc::gen::apply(build, rc::gen::inRange(0, 4), rc::gen::inRange(0, 5),
                        or_none(rc::gen::inRange<std::uint64_t>(0, 300)), or_none(size()), size(),
                        or_none(size()));
}

// 1 to limits::kLanesMax lanes with names that are no indexes.
rc::Gen<Lanes> any_lanes() {
  const auto some = rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, limits::kLanesMax + 1),
                                    [](auto count) { return rc::gen::container<Lanes>(count, any_lane()); });
  return rc::gen::map(some, [](Lanes all) {
    for (std::size_t at = 0; at < all.size(); ++at) all[at].lane = 100 - at;
    return all;
  });
}

rc::Gen<std::uint64_t> any_bytes() { return rc::gen::inRange<std::uint64_t>(0, 4000); }

const LaneLoad& lane_of(const Lanes& all, std::size_t number) {
  return *std::find_if(all.begin(), all.end(), [&](const LaneLoad& each) { return each.lane == number; });
}

bool drops(const LaneLoad& load) {
  return load.when_full == WhenFull::drop_oldest || load.when_full == WhenFull::keep_latest ||
         load.when_full == WhenFull::thin;
}

bool is_highest(const Lanes& all, const LaneLoad& load) {
  return std::all_of(all.begin(), all.end(),
                     [&](const LaneLoad& each) { return each.priority >= load.priority; });
}

std::uint64_t sum_of(const std::vector<ShedStep>& steps) {
  return std::accumulate(steps.begin(), steps.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const ShedStep& step) { return sum + step.bytes; });
}

std::uint64_t may_give(const LaneLoad& load, std::uint64_t floor) {
  if (!drops(load)) return 0;
  return std::min(load.droppable_bytes, load.backlog_bytes - std::min(load.backlog_bytes, floor));
}

// What holds for every plan, whoever asked.
void check_steps(const std::vector<ShedStep>& steps, const Lanes& all, std::uint64_t asked) {
  std::set<std::size_t> seen;
  int last_priority = std::numeric_limits<int>::max();
  for (const auto& step : steps) {
    const LaneLoad& giver = lane_of(all, step.lane);
    RC_ASSERT(seen.insert(step.lane).second);
    RC_ASSERT(drops(giver));
    RC_ASSERT(step.bytes >= 1U);
    RC_ASSERT(step.bytes <= giver.droppable_bytes);
    RC_ASSERT(giver.backlog_bytes - step.bytes >= giver.guaranteed_bytes);
    RC_ASSERT(giver.priority <= last_priority);
    last_priority = giver.priority;
  }
  RC_ASSERT(sum_of(steps) <= asked);
}

// A higher lane gives only when every lower one has given all it may.
void check_lower_lanes_are_exhausted(const std::vector<ShedStep>& steps, const Lanes& all,
                                     const std::function<std::uint64_t(const LaneLoad&)>& floor) {
  if (steps.empty()) return;
  const int last = lane_of(all, steps.back().lane).priority;
  for (const auto& each : all) {
    if (each.priority <= last || may_give(each, floor(each)) == 0) continue;
    const auto step =
        std::find_if(steps.begin(), steps.end(), [&](const ShedStep& s) { return s.lane == each.lane; });
    RC_ASSERT(step != steps.end());
    RC_ASSERT(step->bytes == may_give(each, floor(each)));
  }
}

RC_GTEST_PROP(ShareProperty, all_shares_fit_and_none_is_below_its_guarantee, ()) {
  const Lanes all = *any_lanes();
  const auto capacity = *any_bytes();
  std::uint64_t guarantees = 0;
  std::uint64_t shares = 0;
  for (const auto& each : all) {
    guarantees += each.guaranteed_bytes;
    shares += share_of(each, all, capacity);
    RC_ASSERT(share_of(each, all, capacity) >= each.guaranteed_bytes);
  }
  RC_ASSERT(shares <= std::max(capacity, guarantees));
  if (capacity >= guarantees) RC_ASSERT(shares + all.size() > capacity);  // only the rounding is lost
}

RC_GTEST_PROP(AdmissionProperty, what_is_admitted_is_within_every_bound_that_applies, ()) {
  const Lanes all = *any_lanes();
  const auto capacity = *any_bytes();
  const auto event = *any_bytes();
  for (const Pressure pressure : kStates) {
    for (const auto& each : all) {
      const Admission answer = admit(pressure, each, all, capacity, event);
      // make_room lets in as much as it takes away.
      const std::uint64_t freed =
          answer == Admission::make_room ? std::min(event, each.droppable_bytes) : std::uint64_t{0};
      if (answer == Admission::make_room) RC_ASSERT(drops(each));
      if (answer == Admission::refuse) continue;
      const std::uint64_t after = each.backlog_bytes - freed + event;
      const auto holds = [&](std::uint64_t bound) { return after <= std::max(bound, each.backlog_bytes); };
      if (each.max_bytes > 0) RC_ASSERT(holds(each.max_bytes));
      if (pressure == Pressure::shed) RC_ASSERT(holds(share_of(each, all, capacity)));
      if (pressure < Pressure::protect) continue;
      if (!is_highest(all, each)) RC_ASSERT(pressure == Pressure::protect && holds(each.guaranteed_bytes));
    }
  }
}

RC_GTEST_PROP(AdmissionProperty, nothing_is_refused_without_a_bound_that_says_so, ()) {
  const Lanes all = *any_lanes();
  const auto capacity = *any_bytes();
  const auto event = *any_bytes();
  for (const auto& each : all) {
    const std::uint64_t after = each.backlog_bytes + event;
    if (each.max_bytes > 0 && after > each.max_bytes) continue;
    const auto answer = [&](Pressure pressure) { return admit(pressure, each, all, capacity, event); };
    RC_ASSERT(answer(Pressure::normal) == Admission::admit);
    RC_ASSERT(answer(Pressure::conserve) == Admission::admit);
    if (after <= share_of(each, all, capacity)) RC_ASSERT(answer(Pressure::shed) == Admission::admit);
    const bool highest = is_highest(all, each);
    if (highest || after <= each.guaranteed_bytes) RC_ASSERT(answer(Pressure::protect) == Admission::admit);
    const bool no_quota = each.max_bytes == 0 && each.guaranteed_bytes == 0;
    const bool in_quota = after <= std::max(each.max_bytes, each.guaranteed_bytes);
    if (highest && (no_quota || in_quota)) RC_ASSERT(answer(Pressure::emergency) == Admission::admit);
  }
}

RC_GTEST_PROP(PlanProperty, shedding_takes_from_the_lowest_first_and_touches_no_guarantee, ()) {
  const Lanes all = *any_lanes();
  const auto capacity = *any_bytes();
  const auto asked = *any_bytes();
  for (const Pressure pressure : kStates) {
    const auto steps = plan_shed(pressure, all, capacity, asked);
    check_steps(steps, all, asked);
    if (pressure < Pressure::shed) {
      RC_ASSERT(steps.empty());
      continue;
    }
    const auto floor = [&](const LaneLoad& each) {
      return pressure == Pressure::shed ? share_of(each, all, capacity) : each.guaranteed_bytes;
    };
    std::uint64_t available = 0;
    for (const auto& each : all) available += may_give(each, floor(each));
    for (const auto& step : steps) {
      const LaneLoad& giver = lane_of(all, step.lane);
      RC_ASSERT(giver.backlog_bytes - step.bytes >= floor(giver));
    }
    RC_ASSERT(sum_of(steps) == std::min(asked, available));
    check_lower_lanes_are_exhausted(steps, all, floor);
  }
}

RC_GTEST_PROP(PlanProperty, no_lane_evicts_a_higher_one, ()) {
  const Lanes all = *any_lanes();
  const auto asked = *any_bytes();
  const LaneLoad wanting = *rc::gen::elementOf(all);
  const auto steps = plan_room(all, wanting.lane, asked);
  check_steps(steps, all, asked);
  std::uint64_t available = 0;
  for (const auto& each : all) {
    if (each.priority >= wanting.priority) available += may_give(each, each.guaranteed_bytes);
  }
  for (const auto& step : steps) RC_ASSERT(lane_of(all, step.lane).priority >= wanting.priority);
  RC_ASSERT(sum_of(steps) == std::min(asked, available));
  check_lower_lanes_are_exhausted(steps, all, [](const LaneLoad& each) { return each.guaranteed_bytes; });
}

RC_GTEST_PROP(PlanProperty, the_order_in_which_lanes_are_listed_does_not_matter, ()) {
  Lanes all = *any_lanes();
  const auto asked = *any_bytes();
  const auto shed = plan_shed(Pressure::shed, all, kCapacity, asked);
  const auto room = plan_room(all, all.front().lane, asked);
  const std::size_t wanting = all.front().lane;
  std::reverse(all.begin(), all.end());
  RC_ASSERT(plan_shed(Pressure::shed, all, kCapacity, asked) == shed);
  RC_ASSERT(plan_room(all, wanting, asked) == room);
}

RC_GTEST_PROP(SurvivorsProperty, keep_latest_keeps_each_key_once_and_nothing_newer_of_it_goes, ()) {
  const auto keys = *rc::gen::container<std::vector<std::string>>(
      rc::gen::container<std::string>(rc::gen::inRange('a', 'c')));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  const auto stays = survivors_of_keep_latest(views);
  RC_ASSERT(stays.size() == keys.size());
  for (std::size_t row = 0; row < keys.size(); ++row) {
    const bool newest =
        std::find(keys.begin() + static_cast<std::ptrdiff_t>(row) + 1, keys.end(), keys[row]) == keys.end();
    RC_ASSERT(stays[row] == newest);
  }
}

RC_GTEST_PROP(SurvivorsProperty, thinning_again_and_again_leaves_the_newest_row, ()) {
  auto rows = *rc::gen::inRange<std::size_t>(1, limits::kPurgeRowsMax + 1);
  for (int round = 0; round < 10; ++round) {
    const auto stays = survivors_of_thin(rows);
    RC_ASSERT(stays.size() == rows);
    RC_ASSERT(stays.back());
    for (std::size_t row = 1; row < rows; ++row) RC_ASSERT(stays[row] != stays[row - 1]);
    rows = static_cast<std::size_t>(std::count(stays.begin(), stays.end(), true));
  }
  RC_ASSERT(rows == 1U);
}

}  // namespace
}  // namespace holdfast::flow
