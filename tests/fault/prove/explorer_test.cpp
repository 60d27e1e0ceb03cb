// SPDX-License-Identifier: MIT
// The power-cut explorer on the real store: in small, and with bugs planted that it has to find. The long run is
// `holdfast prove crash`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "prove/crash/explorer.hpp"
#include "prove/crash/images.hpp"
#include "prove/crash/observer.hpp"
#include "prove/crash/oracle.hpp"
#include "prove/crash/round.hpp"
#include "prove/crash/workload.hpp"

namespace holdfast::prove {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

std::string all_of(const CrashReport& report) {
  std::string text;
  for (const std::string& complaint : report.complaints) text += complaint + "\n";
  for (const BadState& bad : report.bad) {
    text += bad.name.text() + " (" + bad.survived + ")\n";
    for (const std::string& complaint : bad.complaints) text += "  " + complaint + "\n";
  }
  return text;
}

TEST(CrashExplorer, finds_nothing_in_the_store_and_the_same_with_any_number_of_threads) {
  CrashPlan plan;
  plan.seed = 11;
  plan.states = 150;
  const CrashReport one = explore_crashes(plan);
  EXPECT_TRUE(one.passed()) << all_of(one);
  EXPECT_GE(one.states, plan.states);
  plan.threads = 2;
  const CrashReport two = explore_crashes(plan);
  EXPECT_EQ(one.states, two.states);
  EXPECT_EQ(one.images, two.images);
  ASSERT_EQ(one.by_cut.size(), two.by_cut.size());
  for (const auto& [cut, count] : one.by_cut) {
    EXPECT_EQ(count.states, two.by_cut.at(cut).states);
    EXPECT_EQ(count.there, two.by_cut.at(cut).there);
  }
}

// One command must show a state again, whatever the thread that found it had looked at before.
TEST(CrashExplorer, sees_a_round_as_it_is_whatever_it_has_seen_before) {
  CrashPlan plan;
  plan.seed = 13;
  plan.states = 60;
  const auto hashes = [](const Round& round) {
    std::vector<std::uint64_t> all;
    for (const Round::Entry& entry : round.entries) all.push_back(entry.hash);
    return all;
  };
  RoundExplorer fresh(plan);
  RoundExplorer used(plan);
  (void)used.explore(1);
  const Round round = fresh.explore(3);
  EXPECT_GE(round.entries.size(), plan.states);
  EXPECT_EQ(hashes(used.explore(3)), hashes(round));
}

// What synchronous=NORMAL would be: a commit that does not wait for its flush.
TEST(CrashExplorer, finds_that_commits_are_not_flushed_and_one_command_shows_it_again) {
  CrashPlan plan;
  plan.seed = 12;
  plan.states = 150;
  plan.first_round = 1;
  plan.ignored_syncs = "-wal";
  const CrashReport report = explore_crashes(plan);
  ASSERT_GT(report.bad_states, 0U);
  std::vector<std::string> complaints;
  for (const BadState& bad : report.bad)
    complaints.insert(complaints.end(), bad.complaints.begin(), bad.complaints.end());
  EXPECT_THAT(complaints, Contains(StartsWith("G2: written and told durable, but not there")));
  const BadState& first = report.bad.front();
  const auto again = explore_one(plan, first.name);
  ASSERT_TRUE(again);
  ASSERT_EQ(again->bad.size(), 1U);
  EXPECT_EQ(again->bad[0].complaints, first.complaints);
  EXPECT_EQ(again->bad[0].survived, first.survived);
}

/// Each medium in small, and a bug of the kind that this medium would bring to light.
struct MediaCase {
  Media media;
  Planted planted;
  const char* complaint;
};
class WorseMedia : public testing::TestWithParam<MediaCase> {
 protected:
  WorseMedia() {
    plan.media = GetParam().media;
    plan.seed = 5;
    plan.states = 40;
    plan.first_round = 1;
  }
  CrashPlan plan;
};

TEST_P(WorseMedia, loses_nothing_silently) {
  const CrashReport report = explore_crashes(plan);
  EXPECT_TRUE(report.passed()) << all_of(report);
  EXPECT_GE(report.states, plan.states);
  EXPECT_GT(report.drained, 0U);
}

TEST_P(WorseMedia, with_a_bug_in_how_losses_are_told_is_found_and_one_command_shows_it_again) {
  plan.planted = GetParam().planted;
  const CrashReport report = explore_crashes(plan);
  ASSERT_GT(report.bad_states, 0U);
  const BadState& first = report.bad.front();
  EXPECT_THAT(first.complaints, Contains(HasSubstr(GetParam().complaint)));
  const auto again = explore_one(plan, first.name);
  ASSERT_TRUE(again);
  ASSERT_EQ(again->bad.size(), 1U);
  EXPECT_EQ(again->bad[0].complaints, first.complaints);
}

INSTANTIATE_TEST_SUITE_P(
    CrashExplorer, WorseMedia,
    testing::Values(MediaCase{Media::lying, Planted::claims_all, "was lost silently"},
                    MediaCase{Media::rollback, Planted::repeats_epochs, "an epoch came again"},
                    MediaCase{Media::bitrot, Planted::claims_all, "was lost silently"},
                    MediaCase{Media::collateral, Planted::claims_all, "was lost silently"}),
    [](const auto& one) { return std::string(to_string(one.param.media)); });

// Rounds of special lives: a store of an older schema, another budget, a backup.
TEST(CrashExplorer, finds_nothing_while_a_store_is_migrated_resized_or_backed_up) {
  for (const auto& [round, phase] : {std::pair(std::uint64_t{2}, Phase::migrating),
                                     {std::uint64_t{4}, Phase::resizing},
                                     {std::uint64_t{6}, Phase::backing_up}}) {
    CrashPlan plan;
    plan.seed = 14;
    plan.states = 60;
    plan.first_round = round;
    const CrashReport report = explore_crashes(plan);
    EXPECT_TRUE(report.passed()) << all_of(report);
    const auto is_there = [phase = phase](const auto& cut) { return cut.first.first == phase; };
    EXPECT_TRUE(std::any_of(report.by_cut.begin(), report.by_cut.end(), is_there)) << to_string(phase);
  }
}

constexpr std::uint64_t kInboxRound = 5;

TEST(CrashExplorer, finds_nothing_in_the_inbox) {
  CrashPlan plan;
  plan.seed = 13;
  plan.states = 150;
  plan.first_round = kInboxRound;
  const CrashReport report = explore_crashes(plan);
  EXPECT_TRUE(report.passed()) << all_of(report);
  EXPECT_GE(report.states, plan.states);
  for (const auto& [cut, count] : report.by_cut) {
    EXPECT_TRUE(cut.first == Phase::applying || cut.first == Phase::opening || cut.first == Phase::closing);
  }
}

TEST(CrashExplorer, finds_that_an_inbox_does_not_wait_for_its_flushes) {
  CrashPlan plan;
  plan.seed = 13;
  plan.states = 150;
  plan.first_round = kInboxRound;
  plan.ignored_syncs = "-wal";
  const CrashReport report = explore_crashes(plan);
  ASSERT_GT(report.bad_states, 0U);
  EXPECT_THAT(report.bad.front().complaints,
              Contains(testing::AnyOf(StartsWith("G8: the effect of event"), StartsWith("G9: the inbox"))));
}

TEST(CrashExplorer, refuses_a_state_that_is_none) {
  const CrashPlan plan;
  for (const char* text : {"1.99999999.0", "1.0.1", "1.0.0+99999999.0"}) {
    const auto report = explore_one(plan, StateName::parse(text).value());
    ASSERT_FALSE(report) << text;
    EXPECT_EQ(report.error().code, ErrorCode::invalid);
  }
}

/// A recorded life and what its disk holds in the end.
class RecordedLife : public testing::Test {
 protected:
  RecordedLife() : recording(record_workload(rig, {3, Life::ordinary})), images(recording.log, 1) {
    images.move_to(images.last_point());
  }
  std::vector<std::string> complaints() {
    const Observation seen = observe(rig, images.build(0).image, {recording.variation, 99, true});
    return judge(seen, recording.ledger, images.last_point()).complaints;
  }
  Rig rig;
  Recording recording;
  CrashImages images;
};

TEST_F(RecordedLife, is_rich_and_goes_well_when_nobody_cuts_the_power) {
  EXPECT_THAT(recording.complaints, IsEmpty());
  EXPECT_GT(recording.log.operations.size(), 300U);
  EXPECT_GT(recording.ledger.events[1].size(), 5U);
  EXPECT_THAT(recording.ledger.acknowledged, Not(IsEmpty()));
  EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(RecordedLife, with_a_write_that_never_was_does_not_fit) {
  Ledger& ledger = recording.ledger;
  ledger.committed({{{0, ledger.ends[0] + 1, Epoch{1}, 1}}, {}});
  EXPECT_THAT(complaints(), Contains(StartsWith("G2: written and told durable, but not there: alarm")));
}

TEST_F(RecordedLife, with_an_acknowledgement_that_never_was_does_not_fit) {
  recording.ledger.cursors.push_back({1, 1'000'000, 0});
  EXPECT_THAT(complaints(), Contains(HasSubstr("were stored, and now end at")));
}

TEST_F(RecordedLife, with_other_state_does_not_fit) {
  recording.ledger.state["key/0"] ^= 1;
  EXPECT_THAT(complaints(), Contains(StartsWith("G1: the state is not that of its events")));
}

}  // namespace
}  // namespace holdfast::prove
