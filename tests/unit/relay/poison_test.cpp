// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "relay/answer.hpp"
#include "unit/relay/tap.hpp"
#include "unit/relay/world.hpp"

/// Events to which a broker answers by ending the connection, and networks that end connections without a reason.
namespace holdfast::relay::test {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;

// Ends the connection, with `reason`, whenever one of these events of lane 1 comes.
void poison(World& world, std::vector<std::int64_t> seqs, std::int32_t reason = 0) {
  world.broker.set_answer(
      [&world, seqs = std::move(seqs), reason](const MqttMessage& message) -> std::uint8_t {
        const auto seq = seq_of(message);
        if (seq > 0 && std::find(seqs.begin(), seqs.end(), seq) != seqs.end())
          world.broker.kill_connections(reason);
        return 0;
      });
}

class DeadlyReason : public testing::TestWithParam<int> {};

TEST_P(DeadlyReason, an_event_that_kills_every_connection_is_quarantined_and_all_others_arrive) {
  World world(2);
  poison(world, {30}, GetParam());
  world.commit_many(100, 1);
  world.commit_many(100, 2);
  EXPECT_TRUE(world.run_until_settled(minutes(10)));
  EXPECT_THAT(world.backlog.quarantined().at(1), ElementsAre(30));
  EXPECT_EQ(world.backlog.settled().at(1).size(), 99U);
  EXPECT_EQ(world.backlog.settled().at(2).size(), 100U);
  EXPECT_LE(world.relay->statistics().suspects, 2U)
      << "the network takes acknowledgements of good ones along";
  EXPECT_EQ(world.relay->statistics().quarantined, 1U);
  EXPECT_LE(world.relay->statistics().disconnects, 6U);
  EXPECT_GE(world.backlog.refusals().back().reason, 0x80);
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(RelayPoison, DeadlyReason, testing::Values(0, 0x81, 0x83, 0x87, 0x95));

TEST(RelayPoison, while_the_suspect_is_set_aside_the_others_are_served) {
  World world;
  poison(world, {1});
  world.commit_many(50);
  while (world.relay->statistics().disconnects < 4) world.run_for(milliseconds(10));
  world.run_until_connected();
  world.run_for(seconds(5));
  EXPECT_EQ(world.backlog.settled().at(1).size(), 49U);
  EXPECT_EQ(world.backlog.pending(1), 1U);
}

TEST(RelayPoison, several_poisoned_events_are_found_one_after_the_other) {
  World world;
  poison(world, {5, 6, 40, 77});
  world.commit_many(100);
  EXPECT_TRUE(world.run_until_settled(hours(1)));
  EXPECT_THAT(world.backlog.quarantined().at(1), ElementsAre(5, 6, 40, 77));
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

TEST(RelayPoison, the_suspect_is_alone_on_the_wire) {
  std::size_t beside = 0;
  World* at = nullptr;
  World world(2, {}, 1, [&](World::LinkPtr inner) {
    return std::make_unique<Tap>(std::move(inner), [&](const MqttMessage& message) {
      const auto statistics = at->relay->statistics();
      if (statistics.disconnects != 3) return;
      if (statistics.in_flight_events > 0) ++beside;
      EXPECT_EQ(seq_of(message), 1);
    });
  });
  at = &world;
  poison(world, {1});
  world.commit_many(50, 1);
  world.commit_many(50, 2);
  while (world.relay->statistics().disconnects < 4) world.run_for(milliseconds(1));
  EXPECT_EQ(beside, 0U);
  EXPECT_EQ(world.relay->statistics().suspects, 1U);
}

TEST(RelayPoison, an_event_that_is_acknowledged_alone_is_cleared_and_all_go_on_together) {
  World world;
  int deaths = 3;
  world.broker.set_answer([&](const MqttMessage& message) -> std::uint8_t {
    if (seq_of(message) == 1 && deaths-- > 0) world.broker.kill_connections(0);
    return 0;
  });
  world.commit_many(200);
  EXPECT_TRUE(world.run_until_settled(minutes(2)));
  EXPECT_EQ(world.backlog.settled().at(1).size(), 200U);
  EXPECT_TRUE(world.backlog.quarantined().empty());
  const auto seqs = world.accepted_seqs();
  EXPECT_EQ(seqs.size(), 200U);
  EXPECT_TRUE(std::is_sorted(seqs.begin(), seqs.end()));
  EXPECT_EQ(world.relay->statistics().disconnects, 3U);
}

TEST(RelayPoison, without_another_event_to_prove_it_the_only_event_stays_pending_with_backoff) {
  World world;
  poison(world, {1});
  world.commit();
  world.run_for(hours(10));
  EXPECT_TRUE(world.backlog.quarantined().empty());
  EXPECT_EQ(world.backlog.pending(1), 1U);
  EXPECT_LE(world.broker.connects(), 10U * 120);
  world.commit();
  EXPECT_TRUE(world.run_until_settled(minutes(5)));
  EXPECT_THAT(world.backlog.quarantined().at(1), ElementsAre(1));
}

TEST(RelayPoison, acknowledgement_timeouts_are_no_deaths) {
  World world;
  world.broker.set_answer([&](const MqttMessage& message) -> std::uint8_t {
    if (seq_of(message) == 1) world.broker.set_lose_next_acks(1);
    return 0;
  });
  world.commit_many(100);
  world.run_for(hours(1));
  EXPECT_TRUE(world.backlog.quarantined().empty());
  EXPECT_EQ(world.relay->statistics().suspects, 0U);
  EXPECT_EQ(world.backlog.settled().at(1).size(), 99U) << "the others slide past it";
}

TEST(RelayPoison, a_guilty_event_that_does_not_fit_the_quarantine_is_not_sent_again) {
  World world;
  poison(world, {1});
  world.backlog.set_quarantine_full(true);
  world.commit_many(20);
  world.run_for(minutes(10));
  const auto disconnects = world.relay->statistics().disconnects;
  world.run_for(hours(1));
  EXPECT_EQ(world.relay->statistics().disconnects, disconnects);
  EXPECT_EQ(world.backlog.settled().at(1).size(), 19U);
  world.backlog.set_quarantine_full(false);
  EXPECT_TRUE(world.run_until_settled(minutes(2)));
  EXPECT_THAT(world.backlog.quarantined().at(1), ElementsAre(1));
}

TEST(RelayPoison, in_a_lane_that_holds_it_keeps_its_key_and_is_never_quarantined) {
  RelayOptions options;
  options.lanes = {{"lane1", Ordering::strict, AfterRefusal::hold}};
  World world(1, options);
  poison(world, {1});
  for (int i = 0; i < 40; ++i) world.commit_key(i % 2 == 0 ? "bad" : "good");
  world.run_for(hours(10));
  EXPECT_EQ(world.backlog.settled().at(1).size(), 20U);
  EXPECT_TRUE(world.backlog.quarantined().empty());
  EXPECT_LE(world.relay->statistics().disconnects, 10U * 8 + 20) << "15 min apart at most, 7.5 on average";
  world.broker.set_answer({});
  EXPECT_TRUE(world.run_until_settled(minutes(20)));
  EXPECT_TRUE(world.backlog.quarantined().empty());
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

// A network whose connections last for random times, whatever is sent over them.
RC_GTEST_PROP(RelayPoisonProperty, a_network_that_keeps_dying_never_quarantines, ()) {
  RelayOptions options;
  options.backoff_max = seconds(5);
  World world(2, options, *rc::gen::arbitrary<std::uint64_t>());
  platform::sim::SeededEntropy dice(*rc::gen::arbitrary<std::uint64_t>());
  const auto latency = milliseconds(*rc::gen::inRange(1, 200));
  world.broker.set_latency(latency);
  const auto life_max = static_cast<std::uint64_t>(*rc::gen::element(10, 100, 500, 2'000, 10'000, 30'000));
  for (int death = 0; death < 25; ++death) {
    world.commit_many(static_cast<std::size_t>(dice.next() % 3),
                      1 + static_cast<LaneNumber>(dice.next() % 2));
    while (world.relay->statistics().state != RelayState::connected) world.run_for(milliseconds(100));
    world.run_for(milliseconds(1 + dice.next() % life_max));
    world.broker.kill_connections(dice.next() % 4 == 0 ? 0x80 : 0);
  }
  RC_ASSERT(world.backlog.quarantined().empty());
  RC_ASSERT(world.run_until_settled(minutes(10)));
  RC_ASSERT(world.backlog.quarantined().empty());
  RC_ASSERT(world.backlog.breaches().empty());
}

// The same, with something that really is poison in it.
RC_GTEST_PROP(RelayPoisonProperty, poison_is_found_as_soon_as_connections_last_and_nothing_else_is_lost, ()) {
  World world(2, {}, *rc::gen::arbitrary<std::uint64_t>());
  const auto bad = *rc::gen::inRange<std::int64_t>(1, 20);
  poison(world, {bad});
  world.commit_many(20, 1);
  world.commit_many(20, 2);
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
    world.run_for(milliseconds(*rc::gen::inRange(1, 5000)));
    world.broker.kill_connections(0);
  }
  RC_ASSERT(world.run_until_settled(hours(1)));
  RC_ASSERT(world.backlog.quarantined().at(1) == std::set<std::int64_t>{bad});
  RC_ASSERT(!world.backlog.quarantined().contains(2));
  RC_ASSERT(world.backlog.settled().at(2).size() == 20U);
}

}  // namespace
}  // namespace holdfast::relay::test
