// SPDX-License-Identifier: MIT
// The judge must find what is planted.
#include "prove/kill/verdict.hpp"

#include <gmock/gmock.h>

#include "kill_evidence.hpp"

namespace holdfast::prove {
namespace {

using test::commit_first_evidence;
using test::good_evidence;
using test::good_verdict;
using test::publish_first_evidence;
using test::row;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(KillVerdict,
     has_no_complaint_when_one_dual_write_lost_and_one_invented_an_event_and_a_duplicate_was_suppressed) {
  const KillVerdict verdict = good_verdict();
  EXPECT_THAT(verdict.complaints(), IsEmpty());
  EXPECT_EQ(verdict.holdfast.committed, 10U);
  EXPECT_EQ(verdict.holdfast.received_again.count, 1U);
  EXPECT_EQ(verdict.holdfast.applied_twice.count, 0U);
  EXPECT_EQ(verdict.commit_first.committed, 11U);
  EXPECT_THAT(verdict.commit_first.lost.first, ElementsAre("event-that-was-never-published"));
  EXPECT_EQ(verdict.publish_first.committed, 10U);
  EXPECT_THAT(verdict.publish_first.lost.first, IsEmpty());
  EXPECT_THAT(verdict.publish_first.phantom.first, ElementsAre("event-that-was-never-committed"));
}

TEST(KillVerdict, counts_what_a_consumer_without_an_inbox_received_again_as_applied_twice) {
  EXPECT_THAT(tally(commit_first_evidence()).applied_twice.first, ElementsAre("event-3"));
  EXPECT_THAT(tally(commit_first_evidence()).received_again.first, ElementsAre("event-3"));
}

TEST(KillVerdict, finds_an_event_without_an_effect_also_when_it_was_received) {
  KillEvidence evidence = good_evidence();
  evidence.applied->erase(evidence.applied->begin() + 4);
  KillVerdict verdict = good_verdict();
  verdict.holdfast = tally(evidence);
  EXPECT_THAT(verdict.holdfast.lost.first, ElementsAre("event-5"));
  EXPECT_THAT(verdict.complaints(), ElementsAre(HasSubstr("Holdfast: events lost: 1, the first event-5")));
}

TEST(KillVerdict, finds_an_effect_without_a_commit) {
  KillEvidence evidence = good_evidence();
  evidence.received.push_back(row("event-of-a-rolled-back-transaction"));
  evidence.applied->push_back(row("event-of-a-rolled-back-transaction"));
  KillVerdict verdict = good_verdict();
  verdict.holdfast = tally(evidence);
  EXPECT_EQ(verdict.holdfast.phantom.count, 1U);
  EXPECT_THAT(verdict.complaints(), ElementsAre(HasSubstr("Holdfast: events invented: 1")));
}

TEST(KillVerdict, finds_a_receipt_without_a_commit_although_it_had_no_effect) {
  KillEvidence evidence = good_evidence();
  evidence.received.push_back(row("event-of-a-rolled-back-transaction"));
  EXPECT_THAT(tally(evidence).phantom.first, ElementsAre("event-of-a-rolled-back-transaction"));
}

TEST(KillVerdict, finds_an_event_with_two_effects) {
  KillEvidence evidence = good_evidence();
  evidence.applied->push_back(row("event-3"));
  KillVerdict verdict = good_verdict();
  verdict.holdfast = tally(evidence);
  EXPECT_THAT(verdict.complaints(),
              ElementsAre(HasSubstr("Holdfast: events applied twice: 1, the first event-3")));
}

TEST(KillVerdict, complains_of_what_the_inbox_misses) {
  KillVerdict verdict = good_verdict();
  verdict.gaps = 2;
  EXPECT_THAT(verdict.complaints(), ElementsAre(HasSubstr("misses 2 ranges")));
}

TEST(KillVerdict, complains_when_no_duplicate_put_the_inbox_to_the_test) {
  KillEvidence evidence = good_evidence();
  evidence.received.pop_back();
  KillVerdict verdict = good_verdict();
  verdict.holdfast = tally(evidence);
  EXPECT_THAT(verdict.complaints(), ElementsAre(HasSubstr("no duplicate was received")));
}

TEST(KillVerdict, complains_when_the_kills_did_no_harm_to_a_dual_write_that_commits_first) {
  KillEvidence evidence = commit_first_evidence();
  evidence.committed.pop_back();
  KillVerdict verdict = good_verdict();
  verdict.commit_first = tally(evidence);
  EXPECT_THAT(verdict.complaints(), ElementsAre(HasSubstr("commits first lost and invented nothing")));
}

TEST(KillVerdict, complains_when_the_kills_did_no_harm_to_a_dual_write_that_publishes_first) {
  KillEvidence evidence = publish_first_evidence();
  evidence.received.pop_back();
  KillVerdict verdict = good_verdict();
  verdict.publish_first = tally(evidence);
  EXPECT_THAT(verdict.complaints(), ElementsAre(HasSubstr("publishes first lost and invented nothing")));
}

TEST(KillVerdict, is_content_with_a_dual_write_that_only_invented_an_event) {
  KillEvidence evidence = commit_first_evidence();
  evidence.committed.pop_back();
  evidence.received.push_back(row("invented"));
  KillVerdict verdict = good_verdict();
  verdict.commit_first = tally(evidence);
  EXPECT_THAT(verdict.complaints(), IsEmpty());
}

TEST(KillVerdict, complains_when_there_was_nothing_to_prove) {
  EXPECT_THAT(KillVerdict{}.complaints(),
              ElementsAre(HasSubstr("committed nothing"), HasSubstr("no duplicate"),
                          HasSubstr("commits first"), HasSubstr("publishes first")));
}

}  // namespace
}  // namespace holdfast::prove
