// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/relay/world.hpp"
#include "wire/json.hpp"

namespace holdfast::relay::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr UtcTime kThursday = std::chrono::sys_days{std::chrono::year{2026} / 11 / 26};
constexpr const char* kStatusTopic = "holdfast/device-1/~status";

Statistics figures() {
  Statistics statistics;
  statistics.store.newest_epoch = Epoch{0xabc};
  LaneStatistics& lane = statistics.lanes.emplace_back();
  lane.name = "lane1";
  lane.backlog_events = 12;
  lane.oldest_age = seconds(90);
  lane.lost_events_ever = 3;
  return statistics;
}

struct PresenceWorld : World {
  explicit PresenceWorld(RelayOptions options = {}) : World(1, std::move(options), 1, as_is, figures) {}
  static LinkPtr as_is(LinkPtr link) { return link; }

  std::vector<std::string> statuses() const {
    std::vector<std::string> texts;
    for (const MqttMessage& message : broker.accepted())
      if (message.topic == kStatusTopic) texts.push_back(text_of(message));
    return texts;
  }
  static std::string text_of(const MqttMessage& message) {
    return {reinterpret_cast<const char*>(message.payload.data()), message.payload.size()};
  }
};

TEST(Presence, a_status_is_retained_and_says_who_since_when_and_how_far_behind) {
  PresenceWorld world;
  world.clock.set_wall({kThursday, true});
  world.run_for(seconds(2));
  ASSERT_THAT(world.broker.accepted(), SizeIs(1));
  const MqttMessage& status = world.broker.accepted()[0];
  EXPECT_EQ(status.topic, kStatusTopic);
  EXPECT_TRUE(status.retain);
  EXPECT_EQ(status.content_type, "application/json");
  const std::string text = world.statuses()[0];
  ASSERT_TRUE(wire::parse_json(text)) << text;
  EXPECT_THAT(
      text,
      testing::StartsWith(
          R"({"state":"online","device":"device-1","epoch":"0000000000000abc","since":"2026-11-26T00:00:0)"));
  EXPECT_THAT(text, HasSubstr(R"("lanes":[{"name":"lane1","backlog_events":12,"oldest_age_s":90,)"));
  EXPECT_THAT(text, HasSubstr(R"("lost_events_ever":3)"));
  EXPECT_THAT(text, HasSubstr(R"("alarms":[])"));
}

TEST(Presence, without_a_trusted_clock_there_are_no_times) {
  PresenceWorld world;
  world.clock.set_wall({UtcTime{}, false});
  world.run_for(seconds(2));
  ASSERT_THAT(world.statuses(), SizeIs(1));
  EXPECT_THAT(world.statuses()[0], HasSubstr(R"("since":null,"at":null)"));
}

TEST(Presence, comes_again_every_period_and_at_every_connection) {
  PresenceWorld world;
  world.run_for(minutes(5) + seconds(1));
  EXPECT_THAT(world.statuses(), SizeIs(6));
  world.broker.kill_connections(0);
  world.run_for(seconds(2));
  EXPECT_THAT(world.statuses(), SizeIs(7));
  EXPECT_THAT(world.statuses().back(), HasSubstr(R"("connects":2,"disconnects":1)"));
}

TEST(Presence, the_will_says_lost_and_a_clean_end_says_closed) {
  PresenceWorld world;
  world.run_for(seconds(2));
  world.broker.kill_connections(0);
  ASSERT_THAT(world.broker.wills(), SizeIs(1));
  EXPECT_TRUE(world.broker.wills()[0].retain);
  EXPECT_EQ(PresenceWorld::text_of(world.broker.wills()[0]),
            R"({"state":"offline","device":"device-1","epoch":"0000000000000abc","reason":"lost"})");
  world.run_for(seconds(2));
  world.relay->begin_drain(world.clock.now());
  world.run_for(seconds(3));
  EXPECT_TRUE(world.relay->drained());
  EXPECT_EQ(world.statuses().back(),
            R"({"state":"offline","device":"device-1","epoch":"0000000000000abc","reason":"closed"})");
  EXPECT_THAT(world.broker.wills(), SizeIs(1)) << "not after a clean end";
}

TEST(Presence, the_last_word_of_a_connection_window_says_window) {
  RelayOptions options;
  options.connection_windows = {"0 2 * * * for 1"};
  PresenceWorld world(options);
  world.clock.set_wall({kThursday + std::chrono::hours(2), true});
  world.run_for(minutes(2));
  EXPECT_THAT(world.statuses().back(), HasSubstr(R"("state":"offline")"));
  EXPECT_THAT(world.statuses().back(), HasSubstr(R"("reason":"window")"));
  EXPECT_THAT(world.broker.wills(), SizeIs(0));
}

TEST(Presence, tells_of_alarms_when_they_change) {
  PresenceWorld world;
  world.run_until_connected();
  world.broker.kill_connections(0x8E);
  world.run_for(seconds(1));
  world.run_until_connected();
  world.run_for(seconds(1));
  EXPECT_THAT(world.statuses().back(), HasSubstr(R"("alarms":["duplicate_identity"])"));
  world.run_for(seconds(63));
  EXPECT_THAT(world.statuses().back(), HasSubstr(R"("alarms":[])"));
}

TEST(Presence, tells_of_topics_that_are_denied_until_they_are_not) {
  PresenceWorld world;
  world.run_until_connected();
  world.broker.set_answer(refusing(1, {1}, 0x87));
  world.commit();
  world.run_for(seconds(3));
  EXPECT_THAT(world.statuses().back(), HasSubstr(R"("alarms":["topics_denied"])"));
  world.broker.set_answer({});
  EXPECT_TRUE(world.run_until_settled(minutes(10)));
  world.run_for(seconds(3));
  EXPECT_THAT(world.statuses().back(), HasSubstr(R"("alarms":[])"));
}

TEST(Presence, a_refused_status_disturbs_no_event_and_is_tried_rarely) {
  PresenceWorld world;
  std::size_t refused = 0;
  world.broker.set_answer([&](const MqttMessage& message) -> std::uint8_t {
    if (message.topic != kStatusTopic) return 0;
    ++refused;
    return 0x87;
  });
  for (int i = 0; i < 60; ++i) {
    world.commit();
    world.run_for(minutes(1));
    ASSERT_EQ(world.pending(), 0U);
  }
  EXPECT_EQ(world.relay->statistics().disconnects, 0U);
  EXPECT_GT(refused, 10U);
  EXPECT_LE(refused, 61U);
}

TEST(Presence, it_does_not_reset_the_delay_while_an_event_kills_each_connection) {
  PresenceWorld world;
  world.broker.set_answer([&](const MqttMessage& message) -> std::uint8_t {
    if (message.topic != kStatusTopic) world.broker.kill_connections(0x80);  // after the answers on their way
    return 0;
  });
  world.commit();
  world.run_for(minutes(30));
  EXPECT_LT(world.broker.connects(), 130U) << "30 s apart on average, although each status is acknowledged";
  EXPECT_THAT(world.relay->statistics().alarms, Not(testing::Contains(RelayAlarm::duplicate_identity)));
}

TEST(Presence, a_broker_that_retains_nothing_gets_none) {
  PresenceWorld world;
  platform::ConnectGrant grant;
  grant.retain_available = false;
  world.broker.set_grant(grant);
  world.commit();
  world.run_for(minutes(3));
  EXPECT_THAT(world.statuses(), SizeIs(0));
  EXPECT_EQ(world.pending(), 0U);
}

TEST(Presence, a_broker_that_refuses_the_retained_will_is_asked_without_it) {
  PresenceWorld world;
  world.broker.set_refuse_connect(0x9A);
  world.run_for(seconds(1));
  world.broker.set_refuse_connect(0);
  world.commit();
  world.run_for(seconds(10));
  EXPECT_EQ(world.pending(), 0U);
  world.broker.kill_connections(0);
  EXPECT_THAT(world.broker.wills(), SizeIs(0));
}

TEST(Presence, can_be_turned_off) {
  RelayOptions options;
  options.presence = false;
  PresenceWorld world(options);
  world.run_for(minutes(3));
  EXPECT_THAT(world.statuses(), SizeIs(0));
  EXPECT_EQ(world.relay->step(world.clock.now()), Instant::max());
}

TEST(Presence, an_idle_relay_wakes_only_for_the_next_status) {
  PresenceWorld world;
  world.run_for(seconds(5));
  const Instant next = world.relay->step(world.clock.now());
  EXPECT_GT(next, world.clock.now() + seconds(50));
  EXPECT_LE(next, world.clock.now() + seconds(60));
  const auto before = world.steps;
  world.run_for(minutes(10));
  EXPECT_LT(world.steps - before, 50U);
}

TEST(Presence, is_none_of_the_traffic_that_is_counted) {
  PresenceWorld world;
  world.commit_many(3);
  world.run_for(minutes(2));
  EXPECT_EQ(world.relay->statistics().published, 3U);
  EXPECT_EQ(world.relay->statistics().acknowledged, 3U);
}

TEST(Presence, goes_out_although_a_backlog_fills_the_window) {
  RelayOptions options;
  options.window_events = 1;
  PresenceWorld world(options);
  world.broker.set_latency(milliseconds(100));
  world.commit_many(2000);
  world.run_for(minutes(2) + seconds(1));
  EXPECT_GT(world.pending(), 0U);
  EXPECT_THAT(world.statuses(), SizeIs(3));
}

}  // namespace
}  // namespace holdfast::relay::test
