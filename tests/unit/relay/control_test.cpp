// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/relay/world.hpp"

namespace holdfast::relay::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

EpochRecord epoch_record() { return {Epoch{7}, std::nullopt, {}, "created"}; }

GapRecord gap_record(std::int64_t seq) {
  const std::string id = Epoch{7}.text() + "-lane1-gap-" + std::to_string(seq);
  return {id, Epoch{7}, "lane1", seq, seq, 1, 20, "quarantined"};
}

std::vector<std::string> topics(const World& world) {
  std::vector<std::string> topics;
  for (const MqttMessage& message : world.broker.accepted()) topics.push_back(message.topic);
  return topics;
}

constexpr const char* kEventTopic = "holdfast/device-1/lane1/k";
constexpr const char* kEpochTopic = "holdfast/device-1/~epoch";
constexpr const char* kGapTopic = "holdfast/device-1/~gap";

TEST(RelayControl, the_epoch_record_is_the_first_publish_of_the_first_connection) {
  World world;
  world.commit();
  world.backlog.commit_control(gap_record(9));
  world.backlog.commit_control(epoch_record());
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_THAT(topics(world), ElementsAre(kEpochTopic, kGapTopic, kEventTopic));
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

TEST(RelayControl, a_record_is_settled_only_when_it_is_acknowledged) {
  World world;
  world.backlog.commit_control(epoch_record());
  world.broker.set_lose_next_acks(1);
  world.commit();
  world.run_for(seconds(10));
  EXPECT_EQ(world.backlog.pending_control(), 1U);
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_THAT(topics(world), ElementsAre(kEpochTopic, kEventTopic, kEpochTopic));
}

TEST(RelayControl, records_go_before_events_on_every_connection) {
  World world;
  world.broker.set_latency(milliseconds(100));
  world.backlog.commit_control(epoch_record());
  world.commit_many(3);
  world.run_until_connected();
  world.run_for(milliseconds(150));  // published, not yet answered
  ASSERT_EQ(world.pending(), 3U);
  const auto before = world.broker.accepted_count();
  world.broker.kill_connections(0);
  EXPECT_TRUE(world.run_until_settled());
  ASSERT_GT(world.broker.accepted_count(), before);
  EXPECT_EQ(topics(world)[before], kEpochTopic);
}

TEST(RelayControl, each_connection_asks_once_for_the_epochs_record_that_the_broker_may_have_lost) {
  World world;
  world.backlog.commit_control(epoch_record());
  world.commit();
  EXPECT_TRUE(world.run_until_settled());
  world.backlog.commit_control(gap_record(9));
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_EQ(world.backlog.announcements(), 1U);
  world.broker.kill_connections(0);
  world.commit();
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_EQ(world.backlog.announcements(), 2U);
}

TEST(RelayControl, a_gap_record_goes_before_later_events_that_are_not_yet_published) {
  RelayOptions options;
  options.window_events = 1;
  World world(1, options);
  world.run_until_connected();
  world.commit_many(3);
  world.run_for(Duration{0});             // the first is in flight, the others have been read ahead
  world.clock.advance(milliseconds(10));  // its answer waits for the relay
  world.store_is_slow = true;             // the events could overtake, if they were let
  world.backlog.commit_control(gap_record(9));
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_THAT(topics(world), ElementsAre(kEventTopic, kGapTopic, kEventTopic, kEventTopic));
}

TEST(RelayControl, a_record_in_flight_is_not_published_twice_when_another_one_comes) {
  World world;
  world.broker.set_latency(milliseconds(100));
  world.backlog.commit_control(epoch_record());
  world.run_until_connected();
  world.run_for(milliseconds(50));
  world.backlog.commit_control(gap_record(9));
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_THAT(topics(world), ElementsAre(kEpochTopic, kGapTopic));
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

TEST(RelayControl, a_refused_record_is_kept_and_does_not_stop_the_events) {
  World world;
  std::size_t tries = 0;
  world.broker.set_answer([&](const MqttMessage& message) -> std::uint8_t {
    if (message.topic != kEpochTopic) return 0;
    tries += 1;
    return 0x87;
  });
  world.backlog.commit_control(epoch_record());
  world.commit_many(100);
  world.run_for(seconds(5));
  EXPECT_EQ(world.pending(), 0U);
  world.run_for(minutes(30));
  EXPECT_EQ(world.backlog.pending_control(), 1U);
  EXPECT_GT(tries, 10U);
  EXPECT_LT(tries, 120U);

  world.broker.set_answer({});
  EXPECT_TRUE(world.run_until_settled());
}

}  // namespace
}  // namespace holdfast::relay::test
