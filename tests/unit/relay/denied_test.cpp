// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "relay/answer.hpp"
#include "unit/relay/world.hpp"

/// Topics that the broker does not let us publish to.
namespace holdfast::relay::test {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::Eq;
using testing::IsEmpty;

RelayOptions patience(std::chrono::seconds time) {
  RelayOptions options;
  options.denied_patience = time;
  return options;
}

// A broker with an ACL, and how often it was asked for what it forbids.
struct Acl {
  explicit Acl(World& world) {
    world.broker.set_answer([this](const MqttMessage& message) -> std::uint8_t {
      attempts.push_back(seq_of(message));
      if (!denied.contains(message.topic)) return 0;
      ++refusals;
      return kNotAuthorised;
    });
  }
  std::set<std::string> denied;
  std::size_t refusals = 0;
  std::vector<std::int64_t> attempts;  // seqs of lane 1
};

TEST(RelayDenied, other_topics_of_the_lane_go_on) {
  World world;
  Acl acl(world);
  acl.denied = {topic_of("shut")};
  for (int i = 0; i < 300; ++i) world.commit_key(i % 3 == 0 ? "shut" : "open");
  world.run_for(seconds(5));
  EXPECT_EQ(world.accepted_seqs().size(), 200U);
  EXPECT_EQ(world.backlog.pending(1), 100U);
  EXPECT_LE(acl.refusals, 64U) << "a window of them, and then none";
  EXPECT_EQ(world.relay->statistics().topics_denied, 1U);
  EXPECT_THAT(world.relay->statistics().alarms, ElementsAre(RelayAlarm::topics_denied));
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

TEST(RelayDenied, it_is_probed_with_one_event_at_a_time_at_longer_and_longer_intervals) {
  World world;
  Acl acl(world);
  acl.denied = {topic_of("k")};
  world.commit();
  world.run_for(seconds(5));
  world.commit_many(300);
  world.run_for(hours(6));
  EXPECT_GE(acl.refusals, 6U * 4) << "never more than 15 min apart";
  EXPECT_LE(acl.refusals, 6U * 8 + 15) << "7.5 min apart on average, after the first few";
  EXPECT_EQ(*std::max_element(acl.attempts.begin(), acl.attempts.end()), 1) << "the lowest one";
  EXPECT_LE(world.steps, 2000U);
}

TEST(RelayDenied, once_the_probe_is_acknowledged_the_topic_goes_on_in_order) {
  World world;
  Acl acl(world);
  acl.denied = {topic_of("shut")};
  for (int i = 0; i < 600; ++i) world.commit_key(i % 2 == 0 ? "shut" : "open");
  world.run_for(minutes(10));
  acl.denied.clear();
  acl.attempts.clear();
  EXPECT_TRUE(world.run_until_settled(minutes(16)));
  EXPECT_EQ(acl.attempts.size(), 300U) << "what was acknowledged is not sent again";
  EXPECT_TRUE(std::is_sorted(acl.attempts.begin(), acl.attempts.end()));
  EXPECT_THAT(world.relay->statistics().alarms, IsEmpty());
  EXPECT_EQ(world.relay->statistics().republished, acl.refusals) << "and those that were refused";
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

TEST(RelayDenied, after_the_patience_its_events_are_quarantined_and_declared) {
  World world(1, patience(hours(1)));
  Acl acl(world);
  acl.denied = {topic_of("shut")};
  for (int i = 0; i < 30; ++i) world.commit_key(i % 3 == 0 ? "shut" : "open");
  world.run_for(minutes(59));
  EXPECT_TRUE(world.backlog.quarantined().empty());
  EXPECT_EQ(world.backlog.pending(1), 10U);
  world.run_for(minutes(2));
  EXPECT_EQ(world.backlog.quarantined().at(1).size(), 10U);
  EXPECT_EQ(world.pending() + world.backlog.pending_control(), 0U);
  EXPECT_EQ(world.backlog.refusals().back().reason, kNotAuthorised);
  EXPECT_EQ(world.relay->statistics().quarantined, 10U);
  world.run_for(minutes(16));
  EXPECT_THAT(world.relay->statistics().alarms, IsEmpty()) << "nothing waits for it any more";
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

TEST(RelayDenied, reconnects_do_not_renew_the_patience) {
  World world(1, patience(hours(1)));
  Acl acl(world);
  acl.denied = {topic_of("k")};
  world.commit_many(3);
  for (int i = 0; i < 13; ++i) {
    world.run_for(minutes(5));
    world.broker.kill_connections(0x8B);
  }
  EXPECT_TRUE(world.run_until_settled(minutes(2)));
  EXPECT_EQ(world.backlog.quarantined().at(1).size(), 3U);
}

TEST(RelayDenied, without_patience_they_are_quarantined_at_once_and_a_probe_finds_the_topic_open_again) {
  World world(1, patience(seconds(0)));
  Acl acl(world);
  acl.denied = {topic_of("k")};
  world.commit_many(100);
  EXPECT_TRUE(world.run_until_settled(seconds(20)));
  EXPECT_EQ(world.backlog.quarantined().at(1).size(), 100U);
  acl.denied.clear();
  world.commit_many(20);
  world.run_for(minutes(20));
  world.commit_many(20);
  EXPECT_TRUE(world.run_until_settled(minutes(20)));
  EXPECT_GE(world.backlog.settled().at(1).size(), 20U);
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

TEST(RelayDenied, with_a_full_quarantine_the_topic_waits_and_the_others_go_on) {
  World world(1, patience(minutes(1)));
  Acl acl(world);
  acl.denied = {topic_of("shut")};
  world.backlog.set_quarantine_full(true);
  for (int i = 0; i < 100; ++i) world.commit_key("shut");
  world.run_for(minutes(30));
  for (int i = 0; i < 100; ++i) world.commit_key("open");
  world.run_for(seconds(5));
  EXPECT_EQ(world.backlog.pending(1), 100U);
  EXPECT_THAT(world.relay->statistics().alarms,
              ElementsAre(RelayAlarm::topics_denied, RelayAlarm::quarantine_full));
  EXPECT_LE(world.backlog.refusals().size(), 64U * 60) << "a window of them per pause";
  world.backlog.set_quarantine_full(false);
  EXPECT_TRUE(world.run_until_settled(minutes(31)));
  EXPECT_EQ(world.backlog.quarantined().at(1).size(), 100U);
  EXPECT_THAT(world.relay->statistics().alarms, testing::Not(testing::Contains(RelayAlarm::quarantine_full)));
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

TEST(RelayDenied, a_span_after_the_oldest_waiting_event_the_lane_stops_until_the_topic_opens) {
  World world;
  Acl acl(world);
  acl.denied = {topic_of("shut")};
  const auto first = world.commit_key("shut");
  for (int i = 0; i < 6000; ++i) world.commit_key("open");
  world.run_for(minutes(1));
  EXPECT_EQ(world.accepted_seqs().size(), limits::kSpanMax - 1);
  EXPECT_EQ(world.accepted_seqs().back(), first + static_cast<std::int64_t>(limits::kSpanMax) - 1);
  const auto steps = world.steps;
  world.run_for(hours(1));
  EXPECT_LE(world.steps, steps + 200U) << "it does not spin";
  acl.denied.clear();
  EXPECT_TRUE(world.run_until_settled(minutes(16)));
}

TEST(RelayDenied, more_denied_topics_than_fit_pause_the_lane_and_lose_nothing) {
  World world;
  Acl acl(world);
  for (int i = 0; i < 200; ++i) acl.denied.insert(topic_of("shut" + std::to_string(i)));
  for (int i = 0; i < 200; ++i) world.commit_key("shut" + std::to_string(i));
  world.commit_key("open");
  world.run_for(hours(1));
  EXPECT_EQ(world.relay->statistics().topics_denied, limits::kParkedTopicsMax);
  EXPECT_GE(world.backlog.pending(1), 200U);
  EXPECT_LE(acl.refusals, 64U * 300);
  acl.denied.clear();
  EXPECT_TRUE(world.run_until_settled(hours(1)));
  EXPECT_TRUE(world.backlog.quarantined().empty());
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

TEST(RelayDenied, a_relay_that_is_shut_out_of_two_lanes_serves_the_third) {
  World world(3);
  Acl acl(world);
  acl.denied = {topic_of("k", 1), topic_of("k", 2)};
  for (LaneNumber lane = 1; lane <= 3; ++lane) world.commit_many(200, lane);
  world.run_for(seconds(5));
  EXPECT_THAT(world.backlog.pending(3), Eq(0U));
  EXPECT_EQ(world.pending(), 400U);
}

TEST(RelayHeld, a_key_is_counted_while_it_is_held_and_is_no_denied_topic) {
  RelayOptions options;
  options.lanes = {{"lane1", Ordering::strict, AfterRefusal::hold}};
  World world(1, options);
  world.broker.set_answer(
      [](const MqttMessage& message) -> std::uint8_t { return message.topic.ends_with("/bad") ? 0x99 : 0; });
  for (int i = 0; i < 6; ++i) world.commit_key(i % 2 == 0 ? "bad" : "good");
  world.run_for(seconds(5));
  EXPECT_EQ(world.relay->statistics().keys_held, 1U);
  EXPECT_EQ(world.relay->statistics().topics_denied, 0U);
  EXPECT_THAT(world.relay->statistics().alarms, IsEmpty());
  world.broker.set_answer({});
  EXPECT_TRUE(world.run_until_settled(minutes(20)));
  EXPECT_EQ(world.relay->statistics().keys_held, 0U);
}

}  // namespace
}  // namespace holdfast::relay::test
