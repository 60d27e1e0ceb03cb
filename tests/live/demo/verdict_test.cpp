// SPDX-License-Identifier: MIT
#include "demonstration/verdict.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "evidence.hpp"

namespace holdfast::demo {
namespace {

using std::chrono::milliseconds;
using test::at_ms;
using test::good_evidence;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Verdict, has_no_complaint_when_each_event_was_applied_once_and_a_duplicate_was_suppressed) {
  const Verdict verdict = judge(good_evidence());
  EXPECT_EQ(verdict.committed, 100U);
  EXPECT_EQ(verdict.delivered, 100U);
  EXPECT_EQ(verdict.duplicates_received, 3U);
  EXPECT_THAT(verdict.complaints(), IsEmpty());
}

TEST(Verdict, reports_an_event_without_an_effect_as_lost) {
  Evidence evidence = good_evidence();
  evidence.applied.erase(evidence.applied.begin() + 41);
  const Verdict verdict = judge(evidence);
  EXPECT_EQ(verdict.delivered, 99U);
  EXPECT_EQ(verdict.lost.count, 1U);
  EXPECT_THAT(verdict.lost.first, ElementsAre("event-42"));
  EXPECT_THAT(verdict.complaints(), ElementsAre(HasSubstr("1 event was committed and never applied")));
}

TEST(Verdict, reports_an_effect_without_a_commit_as_phantom) {
  Evidence evidence = good_evidence();
  evidence.applied.push_back({"event-of-a-rolled-back-transaction", at_ms(1)});
  const Verdict verdict = judge(evidence);
  EXPECT_EQ(verdict.delivered, 100U);
  EXPECT_EQ(verdict.phantom.count, 1U);
  EXPECT_THAT(verdict.phantom.first, ElementsAre("event-of-a-rolled-back-transaction"));
  EXPECT_THAT(verdict.complaints(), ElementsAre(HasSubstr("never committed")));
}

TEST(Verdict, reports_an_event_with_two_effects_as_applied_twice) {
  Evidence evidence = good_evidence();
  evidence.applied.push_back({"event-42", at_ms(9999)});
  evidence.applied.push_back({"event-42", at_ms(10'000)});
  const Verdict verdict = judge(evidence);
  EXPECT_EQ(verdict.delivered, 100U);
  EXPECT_EQ(verdict.applied_twice.count, 1U);
  EXPECT_THAT(verdict.applied_twice.first, ElementsAre("event-42"));
  EXPECT_THAT(verdict.complaints(), ElementsAre(HasSubstr("applied more than once")));
}

TEST(Verdict, complains_of_gaps) {
  Evidence evidence = good_evidence();
  evidence.gaps = 2;
  EXPECT_THAT(judge(evidence).complaints(), ElementsAre(HasSubstr("2 missing ranges")));
}

TEST(Verdict, complains_when_no_duplicate_put_the_inbox_to_the_test) {
  Evidence evidence = good_evidence();
  for (DuplicateCount& count : evidence.duplicate_counts) count.duplicates = 0;
  EXPECT_THAT(judge(evidence).complaints(), ElementsAre(HasSubstr("No duplicate was received")));
}

TEST(Verdict, asks_for_no_duplicate_when_no_fault_was_planned) {
  Evidence evidence = good_evidence();
  for (DuplicateCount& count : evidence.duplicate_counts) count.duplicates = 0;
  evidence.faults = false;
  EXPECT_THAT(judge(evidence).complaints(), testing::IsEmpty());
}

TEST(Verdict, complains_of_duplicates_that_no_fault_explains) {
  Evidence evidence = good_evidence();
  evidence.duplicate_counts = {{at_ms(0), 0}, {at_ms(4500), 3}, {at_ms(6000), 3}, {at_ms(6100), 5}};
  const Verdict verdict = judge(evidence);
  EXPECT_EQ(verdict.duplicates_received, 5U);
  EXPECT_EQ(verdict.duplicates_stray, 2U);
  EXPECT_THAT(verdict.complaints(), ElementsAre(HasSubstr("2 events were received twice without any fault")));
}

TEST(Verdict, complains_when_there_was_nothing_to_prove) {
  EXPECT_THAT(judge(Evidence{}).complaints(),
              ElementsAre(HasSubstr("Nothing was committed"), HasSubstr("No duplicate was received")));
}

TEST(Verdict, lists_at_most_twenty_ids_and_counts_all) {
  Evidence evidence = good_evidence();
  evidence.applied.clear();
  const Verdict verdict = judge(evidence);
  EXPECT_EQ(verdict.lost.count, 100U);
  EXPECT_EQ(verdict.lost.first.size(), kIdsListedMax);
  EXPECT_TRUE(std::is_sorted(verdict.lost.first.begin(), verdict.lost.first.end()));
}

TEST(Verdict, gives_latency_by_nearest_rank_and_once_more_without_the_disturbed_events) {
  Evidence evidence = good_evidence();
  evidence.applied[44].at = evidence.committed[44].at + milliseconds(9000);  // both committed in the fault
  evidence.applied[45].at = evidence.committed[45].at + milliseconds(8000);
  const Verdict verdict = judge(evidence);
  EXPECT_EQ(verdict.latency.p50, milliseconds(10));
  EXPECT_EQ(verdict.latency.p99, milliseconds(8000));
  EXPECT_EQ(verdict.latency_calm.p50, milliseconds(10));
  EXPECT_EQ(verdict.latency_calm.p99, milliseconds(10));
}

}  // namespace
}  // namespace holdfast::demo
