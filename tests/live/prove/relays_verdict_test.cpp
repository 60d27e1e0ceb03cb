// SPDX-License-Identifier: MIT
// The judge must find what is planted, and only that.
#include "prove/relays/verdict.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "relays_evidence.hpp"

namespace holdfast::prove {
namespace {

using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> complaints_with(const RelaysEvidence& evidence) {
  return judge_relays(evidence).complaints();
}

TEST(RelaysVerdict, has_no_complaint_of_a_share_that_moved_when_its_connection_died) {
  const RelaysVerdict verdict = judge_relays(good_relays_evidence());
  EXPECT_THAT(verdict.complaints(), IsEmpty());
  EXPECT_EQ(verdict.events.committed, 4U);
  EXPECT_EQ(verdict.published_again, 1U);
  EXPECT_EQ(verdict.handovers, 1U);
  EXPECT_EQ(verdict.keys, 2U);
  EXPECT_EQ(verdict.connections.at(0).published, 3U);
  EXPECT_EQ(verdict.connections.at(1).published, 2U);
  EXPECT_EQ(verdict.connections.at(1).acknowledged, 1U);
  EXPECT_EQ(verdict.connections.at(1).passes, 1U);
}

TEST(RelaysVerdict, finds_an_id_that_one_connection_published_twice_in_a_pass) {
  RelaysEvidence evidence = good_relays_evidence();
  const auto third = evidence.journal.begin() + 10;
  evidence.journal.insert(third, publishes(2, event_id(3), kKeyOfShare1));
  EXPECT_THAT(complaints_with(evidence),
              ElementsAre(AllOf(HasSubstr("twice in one pass: 1"), HasSubstr(event_id(3)))));
}

TEST(RelaysVerdict, finds_an_id_that_two_connections_published_while_both_lived) {
  RelaysEvidence evidence = good_relays_evidence();
  evidence.journal.erase(evidence.journal.begin() + 10);  // the second connection never died
  EXPECT_THAT(complaints_with(evidence), ElementsAre(HasSubstr("another connection had their share: 1")));
}

TEST(RelaysVerdict, finds_two_connections_at_one_share_also_with_different_events) {
  RelaysEvidence evidence = good_relays_evidence();
  evidence.journal.insert(evidence.journal.begin() + 6, publishes(1, event_id(3), kKeyOfShare1));
  EXPECT_THAT(judge_relays(evidence).claimed_twice.first, ElementsAre(event_id(3), event_id(3)))
      << "once when the first took it, once when the second did";
}

TEST(RelaysVerdict, finds_two_connections_at_one_lane_that_is_not_divided_whatever_the_keys) {
  RelaysEvidence evidence = good_relays_evidence();
  evidence.journal.insert(evidence.journal.begin() + 5, publishes(2, event_id(2, kWholeLane), kKeyOfShare0));
  EXPECT_THAT(judge_relays(evidence).claimed_twice.first, ElementsAre(event_id(2, kWholeLane)));
}

TEST(RelaysVerdict, sees_that_different_shares_of_one_lane_are_no_conflict) {
  RelaysEvidence evidence = good_relays_evidence();
  EXPECT_EQ(judge_relays(evidence).claimed_twice.count, 0U);  // events 1 and 2 are in flight at the same time
}

TEST(RelaysVerdict, finds_an_id_that_was_published_again_after_its_acknowledgement) {
  RelaysEvidence evidence = good_relays_evidence();
  evidence.journal.push_back(drops(1));
  evidence.journal.push_back(publishes(1, event_id(1), kKeyOfShare0));
  EXPECT_THAT(complaints_with(evidence), ElementsAre(HasSubstr("after their acknowledgement: 1")));
}

TEST(RelaysVerdict, allows_it_to_a_process_that_does_not_know_of_the_acknowledgement_any_more) {
  RelaysEvidence evidence = good_relays_evidence();
  evidence.journal.push_back(life());
  evidence.journal.push_back(publishes(1, event_id(3), kKeyOfShare1));
  EXPECT_THAT(complaints_with(evidence), IsEmpty());
}

TEST(RelaysVerdict, a_new_life_has_nothing_of_the_old_one_in_flight) {
  RelaysEvidence evidence = good_relays_evidence();
  evidence.journal.push_back(publishes(1, event_id(4), kKeyOfShare1));
  evidence.journal.push_back(life());
  evidence.journal.push_back(publishes(2, event_id(4), kKeyOfShare1));
  EXPECT_THAT(complaints_with(evidence), IsEmpty());
}

TEST(RelaysVerdict, allows_to_try_again_what_the_broker_refused_for_now) {
  RelaysEvidence evidence = good_relays_evidence();
  for (const JournalLine& line : {publishes(1, event_id(4), kKeyOfShare0), refused(1, event_id(4)),
                                  publishes(1, event_id(4), kKeyOfShare0)})
    evidence.journal.push_back(line);
  EXPECT_THAT(complaints_with(evidence), IsEmpty());
}

TEST(RelaysVerdict, what_the_link_did_not_take_was_not_published) {
  RelaysEvidence evidence = good_relays_evidence();
  const RelaysVerdict before = judge_relays(evidence);
  for (const JournalLine& line : {publishes(1, event_id(4), kKeyOfShare0), not_taken(1, event_id(4)),
                                  publishes(1, event_id(4), kKeyOfShare0)})
    evidence.journal.push_back(line);
  EXPECT_THAT(complaints_with(evidence), IsEmpty());
  EXPECT_EQ(judge_relays(evidence).published_again, before.published_again);
  for (const JournalLine& line : {life(), publishes(1, event_id(4), kKeyOfShare0), not_taken(1, event_id(4)),
                                  publishes(1, event_id(4), kKeyOfShare0)})
    evidence.journal.push_back(line);
  EXPECT_EQ(judge_relays(evidence).published_again, before.published_again + 1) << "in another life, once";
}

/// In flight of share 1 at connection 2: event 4, since 1,000 ms.
RelaysEvidence evidence_with_a_silent_holder() {
  RelaysEvidence evidence = good_relays_evidence();
  evidence.journal.push_back(at(900, connects(2)));
  evidence.journal.push_back(at(1'000, publishes(2, event_id(4), kKeyOfShare1)));
  return evidence;
}
constexpr std::int64_t kStuckAtMs = 1'000 + kStuckAfter.count();

TEST(RelaysVerdict, allows_a_connection_to_take_the_share_of_one_that_is_stuck) {
  RelaysEvidence evidence = evidence_with_a_silent_holder();
  evidence.journal.push_back(at(kStuckAtMs, publishes(1, event_id(4), kKeyOfShare1)));
  // It wakes, and hears of its own; the share is with the other one.
  evidence.journal.push_back(at(kStuckAtMs + 1, acknowledged(2, event_id(4))));
  evidence.journal.push_back(at(kStuckAtMs + 2, publishes(1, event_id(5), kKeyOfShare1)));
  EXPECT_THAT(complaints_with(evidence), IsEmpty());
  EXPECT_EQ(judge_relays(evidence).stuck, 1U);
}

TEST(RelaysVerdict, finds_a_share_that_was_taken_from_a_connection_which_is_at_work) {
  RelaysEvidence evidence = evidence_with_a_silent_holder();
  evidence.journal.push_back(at(kStuckAtMs - 1, publishes(1, event_id(4), kKeyOfShare1)));
  EXPECT_THAT(complaints_with(evidence), ElementsAre(HasSubstr("another connection had their share: 1")));
  EXPECT_EQ(judge_relays(evidence).stuck, 0U);
}

TEST(RelaysVerdict, allows_a_stuck_connection_the_one_publish_that_it_was_stuck_in) {
  RelaysEvidence evidence = evidence_with_a_silent_holder();
  evidence.journal.push_back(at(kStuckAtMs, publishes(1, event_id(4), kKeyOfShare1)));
  evidence.journal.push_back(at(kStuckAtMs + 1, publishes(2, event_id(5), kKeyOfShare1)));
  EXPECT_THAT(complaints_with(evidence), IsEmpty());
  EXPECT_EQ(judge_relays(evidence).stuck, 2U);
  evidence.journal.push_back(at(kStuckAtMs + 2, publishes(2, event_id(6), kKeyOfShare1)));
  EXPECT_THAT(complaints_with(evidence), ElementsAre(HasSubstr("another connection had their share: 1")));
}

TEST(RelaysVerdict, counts_the_handovers_of_some_lines_alone) {
  const RelaysEvidence evidence = good_relays_evidence();
  EXPECT_EQ(handovers_in(evidence.journal, 2), 1U);
  EXPECT_EQ(handovers_in(std::span(evidence.journal).first(11), 2), 0U);
}

TEST(RelaysVerdict, finds_an_event_that_came_after_a_later_one_of_its_key) {
  RelaysEvidence evidence = good_relays_evidence();
  std::swap(evidence.tables.received.at(2), evidence.tables.received.at(3));
  EXPECT_THAT(complaints_with(evidence),
              ElementsAre(AllOf(HasSubstr("after a later one of their key: 1"), HasSubstr(event_id(2)))));
}

TEST(RelaysVerdict, allows_repeats_and_other_keys_in_any_order) {
  RelaysEvidence evidence = good_relays_evidence();
  auto& received = evidence.tables.received;
  std::rotate(received.begin(), received.begin() + 1, received.end());  // event 1, of another key, comes last
  received.push_back(received.at(1));                                   // event 2 comes again, after 3
  EXPECT_THAT(complaints_with(evidence), IsEmpty());
}

TEST(RelaysVerdict, wants_a_lane_that_is_not_divided_in_order_across_its_keys) {
  RelaysEvidence evidence = good_relays_evidence();
  const std::string second = event_id(2, kWholeLane);
  evidence.journal.push_back(publishes(1, second, kKeyOfShare0));
  evidence.journal.push_back(acknowledged(1, second));
  const demo::LedgerRow row{second, Instant(std::chrono::seconds(1))};
  evidence.tables.committed.push_back(row);
  evidence.tables.applied->push_back(row);
  evidence.tables.received.insert(evidence.tables.received.begin(), row);
  EXPECT_THAT(judge_relays(evidence).out_of_order.first, ElementsAre(event_id(1, kWholeLane)));
}

TEST(RelaysVerdict, finds_a_receipt_that_no_connection_had_published) {
  RelaysEvidence evidence = good_relays_evidence();
  evidence.journal.erase(evidence.journal.begin() + 4);
  evidence.journal.erase(evidence.journal.begin() + 6);
  EXPECT_THAT(judge_relays(evidence).unclaimed.first, ElementsAre(event_id(1, kWholeLane)));
}

TEST(RelaysVerdict, finds_what_the_tables_say_too) {
  RelaysEvidence evidence = good_relays_evidence();
  evidence.tables.applied->pop_back();
  evidence.tables.applied->push_back(evidence.tables.applied->front());
  evidence.gaps = 3;
  EXPECT_THAT(complaints_with(evidence),
              ElementsAre(HasSubstr("lost: 1"), HasSubstr("applied twice: 1"), HasSubstr("misses 3 ranges")));
}

TEST(RelaysVerdict, complains_when_one_connection_did_all_the_work) {
  RelaysEvidence evidence = good_relays_evidence();
  for (JournalLine& line : evidence.journal)
    if (line.connection == 2) line.connection = 1;
  EXPECT_THAT(complaints_with(evidence),
              ElementsAre(HasSubstr("Connection 2 delivered nothing"), HasSubstr("No share changed hands")));
}

TEST(RelaysVerdict, complains_when_there_was_nothing_to_prove) {
  EXPECT_THAT(RelaysVerdict{}.complaints(),
              ElementsAre(HasSubstr("Nothing was committed"), HasSubstr("No share changed hands"),
                          HasSubstr("Nothing was published again")));
}

}  // namespace
}  // namespace holdfast::prove
