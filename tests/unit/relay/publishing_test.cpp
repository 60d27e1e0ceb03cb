// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "unit/relay/world.hpp"

namespace holdfast::relay::test {
namespace {

using testing::IsEmpty;

std::vector<std::int64_t> one_to(std::int64_t last) {
  std::vector<std::int64_t> seqs(static_cast<std::size_t>(last));
  std::iota(seqs.begin(), seqs.end(), 1);
  return seqs;
}

TEST(RelayPublishing, publishes_in_commit_order_and_settles_what_was_acknowledged) {
  World world;
  world.commit_many(500);
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_EQ(world.accepted_seqs(), one_to(500));
  EXPECT_EQ(world.backlog.settled().at(1).size(), 500U);
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
  EXPECT_EQ(world.relay->statistics().acknowledged, 500U);
  EXPECT_EQ(world.relay->statistics().republished, 0U);
}

TEST(RelayPublishing, settles_nothing_before_the_acknowledgement) {
  World world;
  world.broker.set_latency(seconds(1));
  world.commit_many(10);
  world.run_until_connected();
  world.run_for(milliseconds(1900));  // the events are at the broker, its answers are on their way
  ASSERT_EQ(world.broker.accepted_count(), 10U);
  EXPECT_TRUE(world.backlog.settled().empty());
  world.run_for(seconds(1));
  EXPECT_EQ(world.pending(), 0U);
}

TEST(RelayPublishing, the_window_bounds_what_is_in_flight) {
  World world;
  world.broker.set_latency(milliseconds(200));
  world.commit_many(200);
  for (int i = 0; i < 100; ++i) {
    world.run_for(milliseconds(10));
    EXPECT_LE(world.relay->statistics().in_flight_events, 64U);
  }
  EXPECT_EQ(world.relay->statistics().published, 64U);
}

TEST(RelayPublishing, follows_the_receive_maximum_of_the_broker) {
  World world;
  platform::ConnectGrant grant;
  grant.receive_maximum = 10;
  world.broker.set_grant(grant);
  world.broker.set_latency(milliseconds(20));
  world.commit_many(100);
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_EQ(world.relay->statistics().window_events, 10U);
  EXPECT_EQ(world.relay->statistics().disconnects, 0U) << "the broker disconnects whoever exceeds it";
}

TEST(RelayPublishing, the_byte_window_bounds_what_is_in_flight) {
  World world;
  world.broker.set_latency(milliseconds(100));
  world.commit_many(30, 1, 60'000);
  for (int i = 0; i < 300; ++i) {
    world.run_for(milliseconds(10));
    EXPECT_LE(world.relay->statistics().in_flight_bytes, 256U * 1024);
  }
  EXPECT_EQ(world.pending(), 0U);
}

TEST(RelayPublishing, an_event_larger_than_the_byte_window_goes_alone) {
  RelayOptions options;
  options.window_bytes = 1000;
  World world(1, options);
  world.broker.set_latency(milliseconds(50));
  world.commit_many(3, 1, 20'000);
  for (int i = 0; i < 100; ++i) {
    world.run_for(milliseconds(10));
    EXPECT_LE(world.relay->statistics().in_flight_events, 1U);
  }
  EXPECT_EQ(world.pending(), 0U);
}

TEST(RelayPublishing, slides_past_a_lost_acknowledgement) {
  World world;
  world.broker.set_lose_next_acks(1);
  world.commit_many(300);
  world.run_for(seconds(10));
  EXPECT_EQ(world.pending(), 1U) << "the one without an answer";
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_EQ(world.relay->statistics().ack_timeouts, 1U);
  auto expected = one_to(300);
  expected.push_back(1);
  EXPECT_EQ(world.accepted_seqs(), expected);
}

TEST(RelayPublishing, what_was_not_acknowledged_is_published_again_in_order_with_the_same_ids) {
  World world;
  world.broker.set_latency(milliseconds(100));
  world.commit_many(100);
  world.run_until_connected();
  world.run_for(milliseconds(150));  // the first window is at the broker, its answers are on their way
  const auto before = world.accepted_ids();
  const auto settled_before = world.backlog.settled();
  ASSERT_FALSE(before.empty());
  world.broker.kill_connections(0);
  EXPECT_TRUE(world.run_until_settled());

  const auto seqs = world.accepted_seqs();
  const std::vector<std::int64_t> again(seqs.begin() + static_cast<std::ptrdiff_t>(before.size()),
                                        seqs.end());
  EXPECT_TRUE(std::is_sorted(again.begin(), again.end()));
  EXPECT_EQ(again.size(), 100 - (settled_before.empty() ? 0 : settled_before.at(1).size()));
  const auto ids = world.accepted_ids();
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 100U);
  EXPECT_GT(world.relay->statistics().republished, 0U);
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

TEST(RelayPublishing, acknowledgements_that_come_together_with_the_disconnect_are_settled) {
  World world;
  world.run_until_connected();
  world.commit_many(5);
  world.run_for(Duration{0});
  world.clock.advance(milliseconds(10));  // the relay's thread is late
  world.broker.kill_connections(0);
  world.clock.advance(milliseconds(10));
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_EQ(world.accepted_seqs(), one_to(5));
  EXPECT_EQ(world.relay->statistics().disconnects, 1U);
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

TEST(RelayPublishing, during_an_outage_nothing_is_pinned) {
  World world;
  world.broker.set_latency(milliseconds(100));
  world.commit_many(100);
  world.run_until_connected();
  ASSERT_GT(world.backlog.pinned(), 0U);
  world.broker.set_up(false);
  world.run_for(seconds(1));
  EXPECT_EQ(world.backlog.pinned(), 0U);
}

TEST(RelayPublishing, a_commit_wakes_it_and_an_empty_lane_is_not_polled) {
  World world;
  world.run_for(seconds(1));
  const auto fetches = world.backlog.fetches();
  const auto steps = world.steps;
  world.run_for(std::chrono::hours(24));
  EXPECT_EQ(world.backlog.fetches(), fetches);
  EXPECT_LE(world.steps, steps + 5);
  world.commit();
  world.run_for(milliseconds(10));
  EXPECT_EQ(world.pending(), 0U);
}

TEST(RelayPublishing, work_per_step_and_fetch_does_not_grow_with_the_backlog) {
  World world(2);
  world.broker.set_up(false);
  world.commit_many(3000, 1);
  world.commit_many(3000, 2);
  world.run_for(seconds(5));
  EXPECT_EQ(world.backlog.fetches(), 0U) << "without a connection nothing is held in memory";
  world.broker.set_up(true);
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_LE(world.backlog.events_fetched_most(), kAheadEventsMax);
  EXPECT_LE(world.backlog.fetches(), 2 * 3000 / (kAheadEventsMax / 2) + 4);
  EXPECT_LE(world.steps_most_per_instant, 10U);
}

TEST(RelayPublishing, acknowledgements_are_settled_in_batches) {
  World world;
  world.commit_many(1000);
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_LE(world.backlog.settle_calls(), 100U);
}

TEST(RelayPublishing, a_lower_lane_keeps_its_share_while_a_better_one_is_busy) {
  World world(2);
  world.broker.set_up(false);
  world.run_for(milliseconds(600));
  world.commit_many(800, 1);
  world.commit_many(100, 2);
  world.broker.set_up(true);
  EXPECT_TRUE(world.run_until_settled());
  const auto& accepted = world.broker.accepted();
  std::size_t lower = 0;
  for (std::size_t i = 0; i < 800; ++i) lower += seq_of(accepted[i], 2) > 0 ? 1U : 0U;
  EXPECT_EQ(lower, 100U);
}

}  // namespace
}  // namespace holdfast::relay::test
