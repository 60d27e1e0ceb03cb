// SPDX-License-Identifier: MIT
#include "relay/parked_topics.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace holdfast::relay {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = ParkedTopics::Kind;
using Verdict = ParkedTopics::Verdict;

constexpr Instant kNow{hours(1)};
constexpr flow::BackoffRange kPause{Duration::zero(), seconds(30), minutes(15)};
constexpr std::uint64_t kLongest = 30'000'000'000;  // 30 s: the upper end of the first pause

ParkedTopics::Event event(std::int64_t seq, TextHash topic = 1, TextHash key = 0) {
  return {seq, topic, key};
}

TEST(ParkedTopics, other_topics_are_sent) {
  ParkedTopics parked(kPause, hours(24));
  EXPECT_EQ(parked.reached(event(1), kNow), Verdict::send);
  EXPECT_TRUE(parked.park(Kind::topic, event(1), kNow, kLongest));
  EXPECT_EQ(parked.reached(event(2, 1), kNow), Verdict::wait);
  EXPECT_EQ(parked.reached(event(3, 2), kNow), Verdict::send);
}

TEST(ParkedTopics, when_it_is_due_the_lowest_waiting_event_is_the_one_probe) {
  ParkedTopics parked(kPause, hours(24));
  EXPECT_TRUE(parked.park(Kind::topic, event(5), kNow, kLongest));
  parked.waits(event(7), kNow);
  EXPECT_EQ(parked.due(kNow + seconds(29)), std::nullopt);
  EXPECT_EQ(parked.next_due(false), kNow + seconds(30));
  const Instant due = kNow + seconds(30);
  ASSERT_EQ(parked.due(due), 5);
  EXPECT_EQ(parked.reached(event(7), due), Verdict::wait) << "5 is lower";
  parked.went_back_to(4);
  EXPECT_EQ(parked.reached(event(5), due), Verdict::probe);
  parked.probing(event(5));
  EXPECT_EQ(parked.reached(event(7), due), Verdict::wait) << "one probe at a time";
}

TEST(ParkedTopics, an_acknowledged_probe_gives_the_event_to_go_back_to) {
  ParkedTopics parked(kPause, hours(24));
  EXPECT_TRUE(parked.park(Kind::topic, event(5), kNow, 0));
  parked.went_back_to(4);
  parked.probing(event(5));
  parked.waits(event(7), kNow);
  parked.waits(event(9), kNow);
  EXPECT_EQ(parked.acknowledged(event(5)), 7);
  EXPECT_TRUE(parked.empty());
}

TEST(ParkedTopics, patience_counts_from_the_first_refusal_and_a_disconnect_does_not_renew_it) {
  ParkedTopics parked(kPause, hours(1));
  EXPECT_TRUE(parked.park(Kind::topic, event(5), kNow, kLongest));
  parked.disconnected();
  EXPECT_TRUE(parked.park(Kind::topic, event(5), kNow + minutes(59), kLongest));
  EXPECT_EQ(parked.reached(event(6), kNow + minutes(59)), Verdict::wait);
  EXPECT_EQ(parked.due(kNow + minutes(60)), 5);
  EXPECT_EQ(parked.reached(event(6), kNow + minutes(60)), Verdict::give_up);
}

TEST(ParkedTopics, a_given_up_topic_is_still_probed) {
  ParkedTopics parked(kPause, seconds(0));
  EXPECT_TRUE(parked.park(Kind::topic, event(1), kNow, kLongest));
  EXPECT_TRUE(parked.is_given_up(event(1), kNow));
  parked.went_back_to(0);
  EXPECT_EQ(parked.reached(event(2), kNow + seconds(30)), Verdict::probe);
}

TEST(ParkedTopics, without_a_place_for_what_is_given_up_it_waits_and_is_not_asked_again_at_once) {
  ParkedTopics parked(kPause, seconds(0));
  EXPECT_TRUE(parked.park(Kind::topic, event(1), kNow, kLongest));
  parked.went_back_to(0);
  EXPECT_TRUE(parked.has_no_place(event(1), kNow, kLongest));
  EXPECT_EQ(parked.reached(event(2), kNow + seconds(1)), Verdict::wait);
  EXPECT_EQ(parked.due(kNow + seconds(1)), std::nullopt);
}

TEST(ParkedTopics, a_key_is_never_given_up) {
  ParkedTopics parked(kPause, seconds(0));
  EXPECT_TRUE(parked.park(Kind::key, event(1, 1, 8), kNow, kLongest));
  EXPECT_FALSE(parked.is_given_up(event(1, 1, 8), kNow + hours(10'000)));
  EXPECT_EQ(parked.reached(event(2, 1, 8), kNow), Verdict::wait);
  EXPECT_EQ(parked.reached(event(2, 1, 9), kNow), Verdict::send);
}

TEST(ParkedTopics, there_is_a_bound_of_them) {
  ParkedTopics parked(kPause, hours(24));
  for (TextHash topic = 0; topic < limits::kParkedTopicsMax; ++topic)
    EXPECT_TRUE(parked.park(Kind::topic, event(1, topic), kNow, 0));
  EXPECT_FALSE(parked.park(Kind::topic, event(1, 1000), kNow, 0));
  EXPECT_TRUE(parked.park(Kind::topic, event(2, 3), kNow, 0)) << "it is one of them";
}

TEST(ParkedTopics, a_topic_without_waiting_events_is_forgotten_when_its_time_comes) {
  ParkedTopics parked(kPause, hours(24));
  EXPECT_TRUE(parked.park(Kind::topic, event(1), kNow, kLongest));
  parked.disconnected();  // and the event was shed meanwhile
  parked.forget_idle(kNow + seconds(29));
  EXPECT_EQ(parked.count(ParkedTopics::Kind::topic), 1U);
  EXPECT_EQ(parked.next_due(true), kNow + seconds(30));
  parked.forget_idle(kNow + seconds(30));
  EXPECT_TRUE(parked.empty());
}

// A lane that is walked through again and again, as LaneFeed does it, over topics that open and close.
RC_GTEST_PROP(ParkedTopicsProperty, one_probe_at_a_time_and_the_order_of_a_topic_is_kept, ()) {
  constexpr std::int64_t kEvents = 60;
  constexpr TextHash kTopics = 4;
  ParkedTopics parked(kPause, hours(10'000));
  Instant now = kNow;
  std::map<TextHash, bool> open;
  std::map<TextHash, std::int64_t> last_sent;
  std::vector<bool> done(kEvents + 1, false);

  const auto topic_of = [](std::int64_t seq) { return static_cast<TextHash>(seq) % kTopics; };
  const int rounds = *rc::gen::inRange(1, 200);
  for (int round = 0; round < rounds; ++round) {
    open[*rc::gen::inRange<TextHash>(0, kTopics)] = *rc::gen::arbitrary<bool>();
    parked.went_back_to(0);
    for (std::int64_t seq = 1; seq <= kEvents; ++seq) {
      if (done[static_cast<std::size_t>(seq)]) continue;
      const auto e = event(seq, topic_of(seq));
      const Verdict verdict = parked.reached(e, now);
      RC_ASSERT(verdict != Verdict::give_up);
      if (verdict == Verdict::wait) {
        parked.waits(e, now);
        continue;
      }
      if (verdict == Verdict::probe) {
        parked.probing(e);
        RC_ASSERT(parked.reached(event(seq + 4, e.topic), now) == Verdict::wait);
      }
      RC_ASSERT(seq > last_sent[e.topic]);
      if (open[e.topic]) {
        done[static_cast<std::size_t>(seq)] = true;
        last_sent[e.topic] = seq;
        (void)parked.acknowledged(e);
        RC_ASSERT(parked.reached(event(seq + 4, e.topic), now) == Verdict::send);
      } else {
        RC_ASSERT(parked.park(Kind::topic, e, now, *rc::gen::arbitrary<std::uint64_t>()));
        RC_ASSERT(parked.next_due(false) - now <= minutes(15));
      }
    }
    now += seconds(*rc::gen::inRange(0, 600));
  }
  for (TextHash topic = 0; topic < kTopics; ++topic) open[topic] = true;
  now += minutes(15);
  parked.went_back_to(0);
  for (std::int64_t seq = 1; seq <= kEvents; ++seq) {
    if (done[static_cast<std::size_t>(seq)]) continue;
    RC_ASSERT(parked.reached(event(seq, topic_of(seq)), now) != Verdict::wait);
    (void)parked.acknowledged(event(seq, topic_of(seq)));
  }
  RC_ASSERT(parked.empty());
}

}  // namespace
}  // namespace holdfast::relay
