// SPDX-License-Identifier: MIT
#include "flow/pressure.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <utility>
#include <vector>

namespace holdfast::flow {
namespace {

constexpr std::uint64_t kPages = 1000;  // one page is a tenth of a per cent

Pressure after(std::initializer_list<std::uint64_t> used) {
  PressureGauge gauge;
  for (const auto pages : used) (void)gauge.look({pages, kPages});
  return gauge.state();
}

PressureSample trouble(std::uint64_t used) { return {used, kPages, true, false}; }
PressureSample committed(std::uint64_t used) { return {used, kPages, false, true}; }

TEST(Pressure, an_empty_store_is_normal_and_says_so) {
  PressureGauge gauge;
  EXPECT_EQ(gauge.reason(), "not measured yet");
  EXPECT_EQ(gauge.look({120, kPages}), Pressure::normal);
  EXPECT_EQ(gauge.reason(), "used 12 % of 1,000 pages: normal");
  EXPECT_EQ(gauge.pages_over(), 0U);
}

TEST(Pressure, each_state_is_entered_at_its_mark_and_not_before) {
  EXPECT_EQ(after({599}), Pressure::normal);
  EXPECT_EQ(after({600}), Pressure::conserve);
  EXPECT_EQ(after({799}), Pressure::conserve);
  EXPECT_EQ(after({800}), Pressure::shed);
  EXPECT_EQ(after({919}), Pressure::shed);
  EXPECT_EQ(after({920}), Pressure::protect);
  EXPECT_EQ(after({969}), Pressure::protect);
  EXPECT_EQ(after({970}), Pressure::emergency);
  EXPECT_EQ(after({1200}), Pressure::emergency);
}

TEST(Pressure, each_state_is_left_below_its_mark_and_not_at_it) {
  EXPECT_EQ(after({600, 500}), Pressure::conserve);
  EXPECT_EQ(after({600, 499}), Pressure::normal);
  EXPECT_EQ(after({800, 700}), Pressure::shed);
  EXPECT_EQ(after({800, 699}), Pressure::conserve);
  EXPECT_EQ(after({920, 850}), Pressure::protect);
  EXPECT_EQ(after({920, 849}), Pressure::shed);
}

TEST(Pressure, one_look_falls_through_all_states_that_it_may_leave) {
  EXPECT_EQ(after({920, 690}), Pressure::conserve);
  EXPECT_EQ(after({920, 100}), Pressure::normal);
}

TEST(Pressure, a_full_store_leaves_the_emergency_with_room_and_a_commit) {
  PressureGauge gauge;
  // This commit filled the store: it is no sign of recovery.
  EXPECT_EQ(gauge.look(committed(970)), Pressure::emergency);
  EXPECT_EQ(gauge.reason(), "used 97 % of 1,000 pages: emergency until below 92 % and a commit succeeds");
  EXPECT_EQ(gauge.look({100, kPages}), Pressure::emergency);
  EXPECT_EQ(gauge.reason(), "used 10 % of 1,000 pages: emergency until a commit succeeds");
  EXPECT_EQ(gauge.look(committed(920)), Pressure::emergency);
  EXPECT_EQ(gauge.reason(), "used 92 % of 1,000 pages: emergency until below 92 %");
  EXPECT_EQ(gauge.look({919, kPages}), Pressure::protect) << "the commit was seen one look ago";
}

TEST(Pressure, an_io_error_is_an_emergency_however_empty_the_store_is) {
  PressureGauge gauge;
  EXPECT_EQ(gauge.look(trouble(100)), Pressure::emergency);
  EXPECT_EQ(gauge.reason(), "an I/O error, used 10 % of 1,000 pages: emergency until a commit succeeds");
  EXPECT_EQ(gauge.pages_over(), 0U);
  EXPECT_EQ(gauge.look({100, kPages}), Pressure::emergency);
  EXPECT_EQ(gauge.look(committed(100)), Pressure::normal);
  EXPECT_EQ(gauge.reason(), "used 10 % of 1,000 pages: normal");
}

TEST(Pressure, a_commit_of_the_same_look_is_no_proof_after_an_io_error) {
  PressureGauge gauge;
  EXPECT_EQ(gauge.look({100, kPages, true, true}), Pressure::emergency);
  EXPECT_EQ(gauge.look({100, kPages}), Pressure::emergency);
  EXPECT_EQ(gauge.look(committed(100)), Pressure::normal);
}

TEST(Pressure, an_io_error_during_an_emergency_asks_for_another_commit) {
  PressureGauge gauge;
  (void)gauge.look({980, kPages});
  (void)gauge.look(committed(980));
  (void)gauge.look(trouble(980));
  EXPECT_EQ(gauge.look({500, kPages}), Pressure::emergency);
  EXPECT_EQ(gauge.look(committed(500)), Pressure::conserve);
}

TEST(Pressure, the_reason_has_the_figures) {
  PressureGauge gauge;
  (void)gauge.look({10'800, 13'000});
  EXPECT_EQ(gauge.reason(), "used 83 % of 13,000 pages: shed until below 70 %");
  (void)gauge.look({2'500'000, 4'000'000});
  EXPECT_EQ(gauge.reason(), "used 62 % of 4,000,000 pages: conserve until below 50 %");
  (void)gauge.look({950, 999});
  EXPECT_EQ(gauge.reason(), "used 95 % of 999 pages: protect until below 85 %");
}

TEST(Pressure, pages_over_reach_just_below_the_mark) {
  PressureGauge gauge;
  (void)gauge.look({800, kPages});
  EXPECT_EQ(gauge.pages_over(), 101U) << "at 700 pages the state would stay, and ask for nothing";
  (void)gauge.look({930, kPages});
  EXPECT_EQ(gauge.pages_over(), 81U);
  (void)gauge.look({1000, kPages});
  EXPECT_EQ(gauge.pages_over(), 81U);
}

// The table once more, independent of the gauge's.
constexpr std::array<std::pair<Pressure, std::pair<unsigned, unsigned>>, 4> kTable{
    {{Pressure::conserve, {60, 50}},
     {Pressure::shed, {80, 70}},
     {Pressure::protect, {92, 85}},
     {Pressure::emergency, {97, 92}}}};

bool at_or_over(const PressureSample& sample, unsigned percent) {
  return sample.used_pages * 100 >= sample.capacity_pages * percent;
}

rc::Gen<PressureSample> any_sample() {
  const auto rarely = rc::gen::map(rc::gen::inRange(0, 8), [](int n) { return n == 0; });
  const auto sample = [](std::uint64_t capacity, std::uint64_t permille, bool trouble, bool commit) {
    return PressureSample{capacity * permille / 1000, capacity, trouble, commit};
  };
  return rc::gen::apply(sample, rc::gen::inRange<std::uint64_t>(1, 100'000),
                        rc::gen::inRange<std::uint64_t>(0, 1100), rarely, rc::gen::arbitrary<bool>());
}

void look_at_all(PressureGauge& gauge, const std::vector<PressureSample>& samples) {
  for (const auto& sample : samples) (void)gauge.look(sample);
}

rc::Gen<std::vector<PressureSample>> any_history() {
  return rc::gen::container<std::vector<PressureSample>>(any_sample());
}

RC_GTEST_PROP(PressureProperty, the_state_is_never_outside_its_marks, ()) {
  PressureGauge gauge;
  bool commit_missing = false;  // since the emergency began
  for (const auto& sample : *any_history()) {
    const Pressure before = gauge.state();
    const Pressure now = gauge.look(sample);
    if (sample.committed) commit_missing = false;
    if (sample.trouble || (now == Pressure::emergency && before != now)) commit_missing = true;
    if (sample.trouble) RC_ASSERT(now == Pressure::emergency);
    for (const auto& [state, marks] : kTable) {
      if (at_or_over(sample, marks.first)) RC_ASSERT(now >= state);
      const bool held = state == Pressure::emergency && commit_missing;
      if (!at_or_over(sample, marks.second) && !held && now != Pressure::emergency) RC_ASSERT(now < state);
    }
    if (now == Pressure::emergency) RC_ASSERT(commit_missing || at_or_over(sample, 92));
    if (now > before && !sample.trouble) {
      RC_ASSERT(at_or_over(sample, kTable[static_cast<std::size_t>(now) - 1].second.first));
    }
    if (now < before) {
      RC_ASSERT(!at_or_over(sample, kTable[static_cast<std::size_t>(now)].second.second));
      RC_ASSERT(before != Pressure::emergency || !commit_missing);
    }
  }
}

RC_GTEST_PROP(PressureProperty, every_state_has_an_exit, ()) {
  PressureGauge gauge;
  look_at_all(gauge, *any_history());
  RC_ASSERT(gauge.look(committed(0)) == Pressure::normal);
  RC_ASSERT(gauge.pages_over() == 0U);
}

// The use swings by less than the narrowest band (5 %): the state may change once, and then it stays.
RC_GTEST_PROP(PressureProperty, a_store_that_hovers_does_not_flap, ()) {
  PressureGauge gauge;
  look_at_all(gauge, *any_history());
  const auto middle = *rc::gen::inRange<std::uint64_t>(25, 1000);
  const auto swings = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, 49));
  // Whatever the history has left open is settled by the first looks.
  (void)gauge.look(committed(middle));
  (void)gauge.look(committed(middle));
  int changes = 0;
  Pressure last = gauge.state();
  for (const auto swing : swings) {
    const Pressure now = gauge.look(committed(middle - 24 + swing));
    changes += now == last ? 0 : 1;
    last = now;
  }
  RC_ASSERT(changes <= 1);
}

RC_GTEST_PROP(PressureProperty, shedding_what_is_over_leaves_the_state, ()) {
  PressureGauge gauge;
  look_at_all(gauge, *any_history());
  const auto sample = *any_sample();
  const Pressure state = gauge.look(sample);
  const std::uint64_t over = gauge.pages_over();
  RC_PRE(state >= Pressure::shed);
  RC_ASSERT(over <= sample.used_pages);
  const PressureSample relieved{sample.used_pages - over, sample.capacity_pages, false, true};
  if (over > 1) {
    PressureGauge short_of_it = gauge;
    RC_ASSERT(short_of_it.look({relieved.used_pages + 1, relieved.capacity_pages, false, true}) == state);
  }
  RC_ASSERT(gauge.look(relieved) < state);
}

}  // namespace
}  // namespace holdfast::flow
