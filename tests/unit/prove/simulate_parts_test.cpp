// SPDX-License-Identifier: MIT
// What `holdfast simulate` judges by, on planted histories; its plans; its words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "prove/simulate/ledger.hpp"
#include "prove/simulate/page.hpp"
#include "prove/simulate/report.hpp"

namespace holdfast::prove {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr Epoch kEpoch{0xabc};

EventId event(std::int64_t seq) { return {kEpoch, "telemetry", seq}; }

GapRecord gap(std::int64_t first, std::int64_t last, std::int64_t missing) {
  GapRecord record;
  record.id = "gap-" + std::to_string(first);
  record.epoch = kEpoch;
  record.lane = "telemetry";
  record.first = first;
  record.last = last;
  record.missing = missing;
  record.reason = "shed";
  return record;
}

/// Seqs 1 to 10 of one device, data 101 to 110, all committed.
SimulatedLedger ten_events() {
  SimulatedLedger ledger(1);
  for (std::int64_t seq = 1; seq <= 10; ++seq)
    ledger.committed(0, event(seq), static_cast<std::uint64_t>(100 + seq));
  return ledger;
}

void apply(SimulatedLedger& ledger, std::int64_t first, std::int64_t last) {
  for (std::int64_t seq = first; seq <= last; ++seq)
    ledger.applied(event(seq), static_cast<std::uint64_t>(100 + seq));
}

TEST(SimulatedLedger, is_content_when_each_event_is_applied_or_declared) {
  SimulatedLedger ledger = ten_events();
  apply(ledger, 1, 6);
  ledger.declared(gap(7, 10, 4));
  ledger.judge();
  EXPECT_THAT(ledger.complaints(), IsEmpty());
  EXPECT_EQ(ledger.fates(0).applied, 6U);
  EXPECT_EQ(ledger.fates(0).declared.at("shed"), 4U);
}

TEST(SimulatedLedger, finds_what_was_lost) {
  SimulatedLedger ledger = ten_events();
  apply(ledger, 1, 9);
  ledger.judge();
  EXPECT_THAT(ledger.complaints(), ElementsAre(HasSubstr("G3: lost: 0000000000000abc-telemetry-10")));
  EXPECT_EQ(ledger.fates(0).lost, 1U);
}

TEST(SimulatedLedger, holds_a_sparse_record_to_its_count) {
  SimulatedLedger ledger = ten_events();
  apply(ledger, 1, 3);
  apply(ledger, 6, 6);
  ledger.declared(gap(4, 10, 6));
  ledger.judge();
  EXPECT_THAT(ledger.complaints(), IsEmpty());

  SimulatedLedger other = ten_events();
  apply(other, 1, 3);
  other.declared(gap(4, 10, 6));
  other.judge();
  EXPECT_THAT(other.complaints(), ElementsAre(HasSubstr("G3: lost: 1 of ")));
  EXPECT_EQ(other.fates(0).declared.at("shed"), 6U);
}

TEST(SimulatedLedger, finds_a_second_effect_a_false_duplicate_and_a_phantom) {
  SimulatedLedger ledger = ten_events();
  apply(ledger, 1, 1);
  apply(ledger, 1, 1);
  ledger.duplicate(event(2));
  ledger.applied(event(11), 111);
  EXPECT_THAT(ledger.complaints(), ElementsAre(HasSubstr("applied again"), HasSubstr("never applied"),
                                               HasSubstr("applied, but not committed")));
}

TEST(SimulatedLedger, takes_a_duplicate_for_the_effect_whose_outcome_was_not_known) {
  SimulatedLedger ledger = ten_events();
  ledger.perhaps_applied(event(1));
  ledger.perhaps_applied(event(2));
  ledger.duplicate(event(1));  // it was there
  apply(ledger, 2, 2);         // it was not
  EXPECT_THAT(ledger.complaints(), IsEmpty());
  EXPECT_EQ(ledger.effects(0)[1].count, 2);
  EXPECT_EQ(ledger.effects(0)[1].data, 101 ^ 102);
}

TEST(SimulatedLedger, learns_from_the_effects_what_became_of_a_commit_whose_event_never_came_again) {
  SimulatedLedger ledger = ten_events();
  apply(ledger, 1, 2);
  ledger.perhaps_applied(event(3));
  ledger.perhaps_applied(event(4));
  EXPECT_FALSE(ledger.can_be(0, 1, {3, 101 ^ 102 ^ 105}));
  EXPECT_FALSE(ledger.can_be(0, 1, {3, 101 ^ 102}));
  EXPECT_TRUE(ledger.can_be(0, 1, {3, 101 ^ 102 ^ 104}));
  EXPECT_EQ(ledger.fates(0).applied, 3U);
  EXPECT_FALSE(ledger.can_be(0, 1, {2, 101 ^ 102})) << "now it is known";
}

TEST(SimulatedLedger, finds_other_data_a_hole_in_the_seqs_and_a_second_use_of_an_id) {
  SimulatedLedger ledger = ten_events();
  ledger.applied(event(1), 7);
  ledger.published(event(2), "pump", 7);
  ledger.committed(0, event(12), 1);
  ledger.committed(0, event(5), 1);
  EXPECT_EQ(ledger.complaints_in_all(), 4U);
}

TEST(SimulatedLedger, holds_each_key_to_its_order_but_not_what_is_sent_again) {
  SimulatedLedger ledger = ten_events();
  ledger.published(event(2), "a", 102);
  ledger.published(event(1), "b", 101);  // another key
  ledger.published(event(4), "a", 104);
  ledger.published(event(2), "a", 102);  // again
  EXPECT_THAT(ledger.complaints(), IsEmpty());
  ledger.published(event(3), "a", 103);
  EXPECT_THAT(ledger.complaints(), ElementsAre(HasSubstr("G5")));
}

// What was shed in one image may still be pending in an older one, or in the twin's.
TEST(SimulatedLedger, begins_the_order_of_keys_anew_on_another_image_of_the_device) {
  SimulatedLedger ledger = ten_events();
  ledger.published(event(4), "a", 104);
  ledger.another_image(1);
  ledger.another_image(0);
  ledger.published(event(2), "a", 102);
  ledger.published(event(3), "a", 103);
  EXPECT_THAT(ledger.complaints(), IsEmpty());
  ledger.another_image(1);
  ledger.published(event(1), "a", 101);
  EXPECT_THAT(ledger.complaints(), ElementsAre(HasSubstr("G5"))) << "it was another device's image";
}

TEST(SimulatedLedger, excuses_only_what_went_with_its_image_or_with_the_brokers_data) {
  SimulatedLedger ledger = ten_events();
  apply(ledger, 1, 7);
  ledger.rolled_back(event(7));
  ledger.rolled_back(event(8));
  ledger.accepted(event(9));
  ledger.declared(gap(10, 10, 1));
  SimulatedLedger plain = ledger;
  plain.judge(true);
  EXPECT_THAT(plain.complaints(), ElementsAre(HasSubstr("telemetry-9"))) << "its device can tell";
  ledger.another_image(0);
  SimulatedLedger other = ledger;
  ledger.judge(true);
  EXPECT_THAT(ledger.complaints(), IsEmpty());
  EXPECT_EQ(ledger.fates(0).rolled_back, 1U);
  EXPECT_EQ(ledger.fates(0).forgotten, 1U);
  EXPECT_TRUE(ledger.is_rewound(0));
  other.judge(false);
  EXPECT_THAT(other.complaints(), ElementsAre(HasSubstr("telemetry-9")));
}

// Once its epoch was complete, the inbox counts a sparse record's seqs as applied.
TEST(SimulatedLedger, takes_a_duplicate_of_what_a_sparse_record_covers) {
  SimulatedLedger ledger = ten_events();
  apply(ledger, 1, 7);
  ledger.declared(gap(9, 10, 1));
  ledger.duplicate(event(9));
  EXPECT_THAT(ledger.complaints(), IsEmpty());
  ledger.duplicate(event(8));
  EXPECT_THAT(ledger.complaints(), ElementsAre(HasSubstr("never applied")));
}

TEST(SimulatedLedger, refuses_a_record_of_what_was_never_committed) {
  SimulatedLedger ledger = ten_events();
  ledger.declared(gap(9, 12, 4));
  EXPECT_THAT(ledger.complaints(), ElementsAre(HasSubstr("declared lost, but not committed")));
}

TEST(SimulatedLedger,
     takes_an_answer_about_seqs_that_never_were_for_a_guess_only_after_the_broker_lost_data) {
  SimulatedLedger ledger = ten_events();
  apply(ledger, 1, 8);
  GapRecord answer = gap(9, 12, 4);
  answer.reason = "not_retained";
  ledger.declared(answer);
  ledger.duplicate(event(9));  // it was on its way
  SimulatedLedger other = ledger;
  ledger.judge(true);
  EXPECT_THAT(ledger.complaints(), IsEmpty());
  EXPECT_EQ(ledger.fates(0).declared.at("not_retained"), 2U);
  other.judge(false);
  EXPECT_THAT(other.complaints(), ElementsAre(HasSubstr("never committed")));
}

TEST(SimulatePlan, is_the_seeds_alone_and_draws_every_trouble_sometimes) {
  std::set<Mishap> drawn;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const SimulatePlan plan = plan_simulation({seed, 10, 2, Scenario::swarm});
    const SimulatePlan again = plan_simulation({seed, 10, 2, Scenario::swarm});
    ASSERT_EQ(plan.devices.size(), 2U);
    EXPECT_EQ(plan.devices[1].period, again.devices[1].period);
    EXPECT_EQ(plan.common.size(), again.common.size());
    EXPECT_LT(plan.devices[0].troubles.size() + plan.common.size(), kTroubles);
    for (const TroublePlan& one : plan.devices[0].troubles) drawn.insert(one.trouble);
    for (const TroublePlan& one : plan.common) drawn.insert(one.trouble);
  }
  EXPECT_EQ(drawn.size(), kTroubles);
}

TEST(SimulatePlan, cuts_off_the_first_device_of_an_outage_and_gives_it_an_event_a_second) {
  const SimulatePlan plan = plan_simulation({1, 30, 2, Scenario::outage});
  EXPECT_TRUE(plan.devices[0].is_cut_off);
  EXPECT_EQ(plan.devices[0].period, std::chrono::seconds(1));
  EXPECT_EQ(plan.span / plan.devices[0].period, 2'592'000);
  EXPECT_FALSE(plan.devices[1].is_cut_off);
}

SimulateReport some_report() {
  SimulateReport report;
  report.plan = plan_simulation({9, 2, 1, Scenario::swarm});
  report.devices.push_back({"device-1", report.plan.devices[0], {}, 0, 1, 4096});
  report.devices[0].fates.committed = 3;
  report.devices[0].fates.applied = 3;
  report.story.samples.resize(1);
  return report;
}

TEST(SimulateReport, tells_a_long_story_in_part_and_says_so) {
  SimulateReport report = some_report();
  for (int i = 0; i < 3'000; ++i) report.story.note(std::chrono::seconds(i), 0, "note " + std::to_string(i));
  const std::string text = to_text(report);
  EXPECT_THAT(text, HasSubstr("note 0\n"));
  EXPECT_THAT(text, HasSubstr("... and 2968 more"));
  EXPECT_THAT(text, Not(HasSubstr("note 100\n")));
  EXPECT_THAT(text, HasSubstr("Passed: 3 events committed = 3 applied once + 0 declared lost."));
}

TEST(SimulateReport, names_the_command_that_repeats_a_failure) {
  SimulateReport report = some_report();
  report.complaints = {"G3: lost: <x>"};
  report.complaints_in_all = 2;
  EXPECT_THAT(to_text(report),
              HasSubstr("Again: holdfast simulate --seed 9 --days 2 --devices 1 --scenario swarm\n"));
  EXPECT_THAT(to_text(report), HasSubstr("... and 1 more"));
  EXPECT_THAT(to_json(report), HasSubstr("\"passed\":false"));
  EXPECT_THAT(to_page(report), HasSubstr("G3: lost: &lt;x&gt;"));
}

TEST(SimulateReport, says_times_and_lengths_as_people_do) {
  EXPECT_EQ(when(std::chrono::seconds(2 * 86'400 + 3'723)), "day 2 01:02:03");
  EXPECT_EQ(length(std::chrono::seconds(119)), "119 s");
  EXPECT_EQ(length(std::chrono::minutes(90)), "90 min");
  EXPECT_EQ(length(std::chrono::hours(60)), "2.5 d");
}

}  // namespace
}  // namespace holdfast::prove
