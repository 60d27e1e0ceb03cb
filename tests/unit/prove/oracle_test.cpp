// SPDX-License-Identifier: MIT
#include "prove/crash/oracle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::prove {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::size_t kTelemetry = 1;
const Epoch kEpoch{7};

/// Three events of telemetry, told durable at operations 10, 20 and 30; each has set the state to its number.
Ledger told() {
  Ledger ledger;
  for (std::int64_t seq = 1; seq <= 3; ++seq) {
    const auto end = static_cast<std::size_t>(seq) * 10;
    const auto number = static_cast<std::uint64_t>(seq);
    const ToldWrite write{{{kTelemetry, seq, kEpoch, number}}, {{"key", number}}};
    ledger.steps.push_back({Phase::writing, end - 10, end, ledger.ends, ledger.state, {write}, true});
    ledger.committed(write);
  }
  return ledger;
}

/// A sound store with so many of them.
Observation seen(std::int64_t events) {
  Observation observation;
  auto& lane = observation.lanes[kTelemetry];
  lane.committed = lane.backlog = events;
  for (std::int64_t seq = 1; seq <= events; ++seq)
    lane.pending.push_back({kTelemetry, seq, kEpoch, static_cast<std::uint64_t>(seq)});
  if (events > 0) observation.state = {{"key", static_cast<std::uint64_t>(events)}};
  observation.next = {{{0, 1, Epoch{8}, 1}}, {}};
  EpochRecord record{Epoch{8}, std::nullopt, {}, "opened"};
  if (events > 0) {
    record.parent = kEpoch;
    record.parent_ends = {{"telemetry", events}};
  }
  observation.epochs = {record};
  return observation;
}

std::vector<std::string> complaints(const Observation& observation, std::size_t point,
                                    const Ledger& ledger = told()) {
  return judge(observation, ledger, point).complaints;
}

TEST(Oracle, is_content_with_what_was_told_durable_and_with_or_without_what_was_in_progress) {
  EXPECT_THAT(complaints(seen(3), 30), IsEmpty());
  EXPECT_THAT(complaints(seen(2), 25), IsEmpty());
  EXPECT_THAT(complaints(seen(3), 25), IsEmpty());
  EXPECT_EQ(judge(seen(3), told(), 25).writes, 1U);
  EXPECT_EQ(judge(seen(2), told(), 25).writes, 0U);
  EXPECT_TRUE(judge(seen(2), told(), 25).any_in_progress);
  EXPECT_FALSE(judge(seen(2), told(), 20).any_in_progress);
}

TEST(Oracle, misses_a_write_that_was_told_durable) {
  EXPECT_THAT(complaints(seen(2), 30), ElementsAre(StartsWith("G2: written and told durable")));
}

TEST(Oracle, misses_a_write_that_it_was_told_of_and_that_never_was) {
  Ledger ledger = told();
  const ToldWrite lie{{{0, 1, kEpoch, 99}}, {}};
  ledger.steps.push_back({Phase::writing, 30, 40, ledger.ends, ledger.state, {lie}, true});
  ledger.committed(lie);
  EXPECT_THAT(complaints(seen(3), 40, ledger), ElementsAre(HasSubstr("alarm 1 to 1")));
}

TEST(Oracle, sees_an_event_that_was_never_committed) {
  EXPECT_THAT(complaints(seen(3), 20), ElementsAre(StartsWith("G1: there, but never committed")));
}

TEST(Oracle, sees_state_without_its_event_and_an_event_without_its_state) {
  Observation observation = seen(2);
  observation.state["key"] = 3;
  EXPECT_THAT(complaints(observation, 25), ElementsAre(StartsWith("G1: the state is not that")));
  observation = seen(3);
  observation.state["key"] = 2;
  EXPECT_THAT(complaints(observation, 25), ElementsAre(StartsWith("G1: a part of a write")));
}

TEST(Oracle, sees_an_event_that_is_nowhere) {
  Observation observation = seen(3);
  auto& lane = observation.lanes[kTelemetry];
  lane.pending.erase(lane.pending.begin());
  lane.backlog = 2;
  EXPECT_THAT(complaints(observation, 30), ElementsAre(StartsWith("G3: telemetry 1 is neither")));
  Ledger acknowledged = told();
  acknowledged.acknowledged = {{kTelemetry, 1, 30}};
  EXPECT_THAT(complaints(observation, 30, acknowledged), IsEmpty());
  observation.gaps = {{"", kEpoch, "telemetry", 1, 1, 1, 0, "shed"}};
  EXPECT_THAT(complaints(observation, 30), IsEmpty());
  observation.gaps.clear();
  lane.quarantined = {1};
  EXPECT_THAT(complaints(observation, 30), IsEmpty());
}

TEST(Oracle, sees_an_event_that_was_declared_lost_and_comes_back) {
  Ledger ledger = told();
  ledger.declared = {{{"", kEpoch, "telemetry", 2, 2, 1, 0, "shed"}, 30}};
  EXPECT_THAT(complaints(seen(3), 30, ledger),
              ElementsAre("G3: telemetry 2 was declared lost and is pending"));
}

TEST(Oracle, sees_a_quarantined_event_that_is_gone_unless_an_operator_gave_it_up) {
  Observation observation = seen(3);
  auto& lane = observation.lanes[kTelemetry];
  lane.pending.erase(lane.pending.begin());
  lane.backlog = 2;
  observation.gaps = {{"", kEpoch, "telemetry", 1, 1, 1, 0, "quarantined"}};
  Ledger ledger = told();
  ledger.quarantined = {{kTelemetry, 1, 21, 22}};
  EXPECT_THAT(complaints(observation, 30, ledger),
              ElementsAre("G2: telemetry 1 was quarantined and is not in the quarantine"));
  ledger.quarantined[0].discarded = 30;
  EXPECT_THAT(complaints(observation, 30, ledger), testing::SizeIs(1)) << "nothing was done about it yet";
  ledger.quarantined[0].discarded = 29;
  EXPECT_THAT(complaints(observation, 30, ledger), IsEmpty());
  ledger.quarantined[0] = {kTelemetry, 1, 0, 0, SIZE_MAX, true};
  EXPECT_THAT(complaints(observation, 0, ledger), testing::Not(testing::Contains(StartsWith("G2"))));
}

TEST(Oracle, sees_other_bytes_under_an_id_and_a_wrong_order) {
  Observation observation = seen(3);
  observation.lanes[kTelemetry].pending[1].data = 99;
  EXPECT_THAT(complaints(observation, 30), ElementsAre(StartsWith("G4: telemetry 2 is not the event")));
  observation = seen(3);
  std::swap(observation.lanes[kTelemetry].pending[0], observation.lanes[kTelemetry].pending[1]);
  EXPECT_THAT(complaints(observation, 30), ElementsAre(StartsWith("G5:")));
}

TEST(Oracle, sees_stored_acknowledgements_that_were_forgotten) {
  Ledger ledger = told();
  ledger.cursors = {{kTelemetry, 1, 30}};
  EXPECT_THAT(complaints(seen(3), 30, ledger), ElementsAre(StartsWith("G2: acknowledgements of telemetry")));
}

TEST(Oracle, sees_an_id_that_comes_again_and_an_epoch_with_a_wrong_past) {
  Observation observation = seen(3);
  observation.next.events[0].epoch = kEpoch;
  EXPECT_THAT(complaints(observation, 30), testing::Contains(StartsWith("G4: an epoch came again")));
  observation = seen(3);
  observation.epochs[0].parent_ends[0].last = 2;
  EXPECT_THAT(complaints(observation, 30), ElementsAre(HasSubstr("ended at telemetry 2")));
  observation = seen(3);
  observation.next.events[0].seq = 3;
  EXPECT_THAT(complaints(observation, 30), ElementsAre(StartsWith("G4: the next event")));
}

TEST(Oracle, sees_a_store_that_does_not_open_is_damaged_or_grows_over_its_budget) {
  Observation observation = seen(3);
  observation.warning = "set aside";
  observation.file_bytes = kProveBudgetBytes + 1;
  EXPECT_THAT(complaints(observation, 30), ElementsAre("G9: set aside", StartsWith("G6:")));
  observation = {};
  observation.refused = "corrupt";
  EXPECT_THAT(complaints(observation, 30), ElementsAre("G9: it does not open: corrupt"));
}

}  // namespace
}  // namespace holdfast::prove
