// SPDX-License-Identifier: MIT
#include "relay/lane_feed.hpp"

#include <gtest/gtest.h>

namespace holdfast::relay {
namespace {

using std::chrono::seconds;

constexpr Instant kNow{std::chrono::hours(1)};

FetchReply reply_to(const FetchRequest& request, std::int64_t last_seq, bool more = false) {
  FetchReply reply{request.lane, request.after_seq, {}, last_seq, more};
  for (std::int64_t seq = request.after_seq + 1; seq <= last_seq; ++seq) {
    StoredEvent event;
    event.lane = request.lane;
    event.seq = seq;
    event.data.resize(10);
    reply.events.push_back(std::move(event));
  }
  return reply;
}

LaneFeed lane_at(std::int64_t settled_seq) {
  LaneRules rules;
  rules.pause = {Duration::zero(), seconds(1), seconds(60)};
  return LaneFeed({1, "alarm", 0, settled_seq}, rules);
}

void fill(LaneFeed& lane, std::int64_t last_seq) {
  const auto request = lane.next_fetch(kNow);
  ASSERT_TRUE(request.has_value());
  lane.accept(reply_to(*request, last_seq));
}

TEST(LaneFeed, begins_after_the_stored_cursor) {
  LaneFeed lane = lane_at(41);
  EXPECT_EQ(lane.next_fetch(kNow)->after_seq, 41);
}

TEST(LaneFeed, asks_once_and_then_only_after_a_hint) {
  LaneFeed lane = lane_at(0);
  const auto request = lane.next_fetch(kNow);
  EXPECT_EQ(lane.next_fetch(kNow), std::nullopt) << "one fetch at a time";
  lane.accept(reply_to(*request, 0));
  EXPECT_EQ(lane.next_fetch(kNow), std::nullopt) << "the lane is empty";
  lane.committed(1);
  EXPECT_TRUE(lane.next_fetch(kNow).has_value());
}

TEST(LaneFeed, a_commit_during_a_fetch_is_not_forgotten) {
  LaneFeed lane = lane_at(0);
  const auto request = lane.next_fetch(kNow);
  lane.committed(1);
  lane.accept(reply_to(*request, 0));
  EXPECT_TRUE(lane.next_fetch(kNow).has_value());
}

TEST(LaneFeed, refills_when_half_is_used_and_never_beyond_its_bounds) {
  LaneFeed lane = lane_at(0);
  const auto first = lane.next_fetch(kNow);
  EXPECT_EQ(first->events_max, kAheadEventsMax);
  EXPECT_EQ(first->bytes_max, kAheadBytesMax);
  lane.accept(reply_to(*first, static_cast<std::int64_t>(kAheadEventsMax), true));
  for (std::size_t i = 0; i < kAheadEventsMax / 2; ++i) {
    EXPECT_EQ(lane.next_fetch(kNow), std::nullopt);
    (void)lane.take();
  }
  EXPECT_EQ(lane.next_fetch(kNow)->events_max, kAheadEventsMax / 2);
}

TEST(LaneFeed, hands_out_at_most_its_bound_of_unsettled_events) {
  LaneFeed lane = lane_at(0);
  fill(lane, 100);
  for (std::size_t i = 0; i < kUnsettledMax; ++i) (void)lane.take();
  EXPECT_EQ(lane.next(), nullptr);
  lane.acknowledged(5);
  EXPECT_EQ(lane.next()->seq, 65);
  EXPECT_EQ(lane.cursor(), 0);
}

TEST(LaneFeed, the_head_stays_within_the_span_of_the_cursor) {
  LaneFeed lane = lane_at(0);
  lane.committed(1'000'000);
  constexpr auto kSpan = static_cast<std::int64_t>(limits::kSpanMax);
  std::int64_t seq = 0;
  for (; seq < kSpan; ++seq) {
    if (const auto request = lane.next_fetch(kNow)) lane.accept(reply_to(*request, request->after_seq + 64));
    ASSERT_NE(lane.next(), nullptr) << seq;
    const auto taken = lane.take();
    if (taken.event.seq > 1) lane.acknowledged(taken.event.seq);  // all but the first
  }
  EXPECT_EQ(lane.next(), nullptr);
  lane.acknowledged(1);
  ASSERT_NE(lane.next(), nullptr);
  EXPECT_EQ(lane.next()->seq, kSpan + 1);
}

TEST(LaneFeed, an_empty_answer_is_not_asked_for_again_until_something_settles_or_commits) {
  LaneFeed lane = lane_at(0);
  lane.committed(5000);
  fill(lane, 1);
  (void)lane.take();
  const auto held_back = lane.next_fetch(kNow);
  ASSERT_EQ(held_back, std::nullopt) << "the store said that there is no more for now";
  lane.acknowledged(1);
  const auto again = lane.next_fetch(kNow);
  ASSERT_TRUE(again.has_value());
  lane.accept(reply_to(*again, 1));
  EXPECT_EQ(lane.next_fetch(kNow), std::nullopt) << "asking for ever would keep two threads busy";
  lane.committed(5001);
  EXPECT_TRUE(lane.next_fetch(kNow).has_value());
}

TEST(LaneFeed, an_answer_from_before_a_disconnect_is_thrown_away) {
  LaneFeed lane = lane_at(0);
  const auto stale = lane.next_fetch(kNow);
  lane.disconnected();
  EXPECT_EQ(lane.next_fetch(kNow), std::nullopt) << "the old one is still under way";
  lane.accept(reply_to(*stale, 10));
  EXPECT_EQ(lane.next(), nullptr);
  EXPECT_EQ(lane.next_fetch(kNow)->after_seq, 0);
}

TEST(LaneFeed, after_a_disconnect_it_begins_again_at_the_lowest_unsettled_event) {
  LaneFeed lane = lane_at(0);
  fill(lane, 10);
  for (int i = 0; i < 5; ++i) (void)lane.take();
  for (const std::int64_t seq : {1, 2, 4}) lane.acknowledged(seq);
  lane.disconnected();
  EXPECT_EQ(lane.next_fetch(kNow)->after_seq, 2);
}

TEST(LaneFeed, knows_what_it_hands_out_again) {
  LaneFeed lane = lane_at(0);
  fill(lane, 2);
  EXPECT_FALSE(lane.take().repeated);
  lane.disconnected();
  fill(lane, 2);
  EXPECT_TRUE(lane.take().repeated);
  EXPECT_FALSE(lane.take().repeated);
}

TEST(LaneFeed, after_a_refusal_it_waits_for_its_time_and_for_its_events_in_flight) {
  LaneFeed lane = lane_at(0);
  fill(lane, 10);
  for (int i = 0; i < 3; ++i) (void)lane.take();
  lane.refused(2, kNow, static_cast<std::uint64_t>(Duration(seconds(1)).count()));
  EXPECT_EQ(lane.next(), nullptr);
  EXPECT_EQ(lane.next_call(), std::nullopt) << "1 and 3 are in flight: their answers call";
  lane.acknowledged(1);
  EXPECT_EQ(lane.next_fetch(kNow + seconds(5)), std::nullopt) << "3 is in flight";
  lane.acknowledged(3);
  EXPECT_EQ(lane.next_call(), kNow + seconds(1));
  EXPECT_EQ(lane.next_fetch(kNow), std::nullopt);
  EXPECT_EQ(lane.next_fetch(kNow + seconds(1))->after_seq, 1);
}

constexpr std::uint64_t as_random(Duration wanted) { return static_cast<std::uint64_t>(wanted.count()); }

TEST(LaneFeed, refusals_during_a_pause_do_not_prolong_it) {
  LaneFeed lane = lane_at(0);
  fill(lane, 10);
  for (int i = 0; i < 3; ++i) (void)lane.take();
  lane.refused(1, kNow, as_random(seconds(1)));
  lane.refused(2, kNow, as_random(seconds(2)));
  lane.refused(3, kNow, as_random(seconds(4)));
  EXPECT_EQ(lane.next_call(), kNow + seconds(1));
}

// Takes the next event, has it refused and begins the next pass; returns how long the lane paused.
Duration refuse_next(LaneFeed& lane, Instant now) {
  lane.refused(lane.take().event.seq, now, as_random(seconds(2)));
  const Duration pause = lane.next_call().value() - now;
  const auto request = lane.next_fetch(now + pause);
  lane.accept(reply_to(request.value(), 10));
  return pause;
}

TEST(LaneFeed, pauses_grow_until_the_refused_event_is_settled) {
  LaneFeed lane = lane_at(0);
  fill(lane, 10);
  EXPECT_LE(refuse_next(lane, kNow), seconds(1));
  EXPECT_EQ(refuse_next(lane, kNow), seconds(2));
  lane.acknowledged(lane.take().event.seq);
  EXPECT_LE(refuse_next(lane, kNow), seconds(1));
}

TEST(LaneFeed, a_judged_event_is_left_out_until_the_store_has_decided) {
  LaneFeed lane = lane_at(0);
  fill(lane, 3);
  (void)lane.take();
  EXPECT_TRUE(lane.give_up(1, kNow, 0));
  lane.disconnected();
  fill(lane, 3);
  EXPECT_EQ(lane.next()->seq, 2);
  EXPECT_EQ(lane.cursor(), 0);
  lane.judged({1, 1, true}, kNow, 0);
  EXPECT_EQ(lane.cursor(), 1);
  EXPECT_EQ(lane.next()->seq, 2);
}

TEST(LaneFeed, an_event_that_did_not_fit_the_quarantine_comes_again) {
  LaneFeed lane = lane_at(0);
  fill(lane, 3);
  (void)lane.take();
  EXPECT_TRUE(lane.give_up(1, kNow, 0));
  lane.judged({1, 1, false}, kNow, 0);
  fill(lane, 3);
  EXPECT_EQ(lane.next()->seq, 1);
}

// Keys of the events from 1 on, one letter each.
void fill_keys(LaneFeed& lane, const std::string& keys) {
  const auto request = lane.next_fetch(kNow);
  ASSERT_TRUE(request.has_value());
  FetchReply reply{request->lane, request->after_seq, {}, static_cast<std::int64_t>(keys.size()), false};
  for (std::int64_t seq = request->after_seq + 1; seq <= reply.end_seq; ++seq) {
    StoredEvent event;
    event.seq = seq;
    event.key = event.topic = keys.at(static_cast<std::size_t>(seq - 1));
    reply.events.push_back(std::move(event));
  }
  lane.accept(std::move(reply));
}

LaneFeed strict_lane(AfterRefusal after_refusal = AfterRefusal::pass) {
  LaneRules rules;
  rules.pause = {Duration::zero(), seconds(1), seconds(60)};
  rules.denied_pause = {Duration::zero(), seconds(30), seconds(900)};
  rules.ordering = Ordering::strict;
  rules.after_refusal = after_refusal;
  return LaneFeed({1, "alarm", 0, 0}, rules);
}

TEST(LaneFeedStrict, one_event_of_a_key_is_in_flight_and_other_keys_overtake_it) {
  LaneFeed lane = strict_lane();
  fill_keys(lane, "aabab");
  EXPECT_EQ(lane.take().event.seq, 1);
  EXPECT_EQ(lane.take().event.seq, 3);
  EXPECT_EQ(lane.next(), nullptr);
  lane.acknowledged(3);
  EXPECT_EQ(lane.take().event.seq, 5);
  lane.acknowledged(1);
  EXPECT_EQ(lane.take().event.seq, 2);
  EXPECT_EQ(lane.cursor(), 1);
}

TEST(LaneFeedStrict, while_the_store_judges_an_event_its_key_waits) {
  LaneFeed lane = strict_lane();
  fill_keys(lane, "aab");
  (void)lane.take();
  EXPECT_TRUE(lane.give_up(1, kNow, 0));
  EXPECT_EQ(lane.take().event.seq, 3);
  EXPECT_EQ(lane.next(), nullptr);
  lane.judged({1, 1, true}, kNow, 0);
  EXPECT_EQ(lane.next()->seq, 2);
}

TEST(LaneFeedStrict, a_held_key_waits_and_is_tried_again_when_it_is_due) {
  LaneFeed lane = strict_lane(AfterRefusal::hold);
  fill_keys(lane, "aab");
  (void)lane.take();
  EXPECT_FALSE(lane.give_up(1, kNow, as_random(seconds(30))));
  EXPECT_EQ(lane.take().event.seq, 3);
  lane.acknowledged(3);
  EXPECT_EQ(lane.next(), nullptr);
  EXPECT_EQ(lane.parked(ParkedTopics::Kind::key), 1U);
  EXPECT_EQ(lane.parked(ParkedTopics::Kind::topic), 0U);
  EXPECT_EQ(lane.cursor(), 0);
  EXPECT_EQ(lane.next_call(), kNow + seconds(30));
  EXPECT_EQ(lane.next_fetch(kNow + seconds(30))->after_seq, 0);
}

TEST(LaneFeedStrict, a_pause_does_not_forget_what_was_read_and_is_below_the_refused_event) {
  LaneFeed lane = strict_lane();
  fill_keys(lane, "aab");
  (void)lane.take();
  (void)lane.take();
  lane.refused(3, kNow, 0);
  lane.acknowledged(1);
  EXPECT_EQ(lane.next_fetch(kNow)->after_seq, 1);
}

TEST(LaneFeed, goes_back_to_a_denied_topic_once_its_probe_was_acknowledged) {
  LaneRules rules;
  rules.denied_pause = {Duration::zero(), seconds(30), seconds(900)};
  LaneFeed lane({1, "alarm", 0, 0}, rules);
  fill_keys(lane, "aabab");
  (void)lane.take();
  EXPECT_TRUE(lane.denied(1, kNow, 0));
  EXPECT_EQ(lane.next_fetch(kNow)->after_seq, 0) << "due at once";
  lane.disconnected();
  FetchReply stale{1, 0, {}, 0, false};
  lane.accept(stale);
  fill_keys(lane, "aabab");
  EXPECT_EQ(lane.take().event.seq, 1);
  EXPECT_EQ(lane.take().event.seq, 3) << "2 waits behind the probe";
  EXPECT_EQ(lane.take().event.seq, 5);
  lane.acknowledged(1);
  EXPECT_EQ(lane.next_fetch(kNow)->after_seq, 1);
}

}  // namespace
}  // namespace holdfast::relay
