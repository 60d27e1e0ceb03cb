// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/relay/world.hpp"

namespace holdfast::relay::test {
namespace {

// A link on which nothing ever happens.
class MuteLink final : public platform::Link {
 public:
  void set_waker(platform::Waker*) override {}
  void set_receiver(platform::Receiver) override {}
  Result<void> connect(const platform::ConnectRequest& request) override {
    requests.push_back(request);
    return {};
  }
  Result<void> publish(platform::LinkToken, const MqttMessage&) override { return {}; }
  Result<void> subscribe(platform::LinkToken, const std::string&) override { return {}; }
  std::size_t poll(std::span<platform::LinkEvent>) override { return 0; }
  void drop() override { drops += 1; }

  std::vector<platform::ConnectRequest> requests;
  int drops = 0;
};

struct MuteWorld {
  explicit MuteWorld(RelayOptions options = {})
      : relay({std::move(options), "device-1", "holdfast", {}}, link, backlog, mailbox, clock, entropy) {}
  void run_for(Duration time) {
    for (const Instant end = clock.now() + time; clock.now() < end;) {
      const Instant next = std::min(relay.step(clock.now()), end);
      clock.advance(std::max(Duration{0}, next - clock.now()));
    }
  }
  platform::sim::VirtualClock clock;
  platform::Waker waker;
  RelayMailbox mailbox{waker};
  MemoryBacklog backlog{mailbox};
  platform::sim::SeededEntropy entropy{1};
  MuteLink link;
  Relay relay;
};

Duration shortest_gap(const std::vector<Instant>& times) {
  Duration shortest = Duration::max();
  for (std::size_t i = 1; i < times.size(); ++i) shortest = std::min(shortest, times[i] - times[i - 1]);
  return shortest;
}

TEST(RelayConnection, gives_up_a_link_that_never_answers) {
  MuteWorld world;
  world.run_for(seconds(14));
  EXPECT_EQ(world.link.drops, 1);
  EXPECT_EQ(world.relay.statistics().connect_failures, 1U);
  world.run_for(seconds(20));
  EXPECT_GE(world.link.requests.size(), 2U);
}

TEST(RelayConnection, the_client_id_is_the_device_unless_given) {
  MuteWorld world;
  world.run_for(seconds(1));
  ASSERT_EQ(world.link.requests.size(), 1U);
  EXPECT_EQ(world.link.requests[0].broker.client_id, "device-1");
}

TEST(RelayConnection, a_half_open_connection_is_dropped_and_replaced) {
  World world;
  world.run_for(seconds(1));
  world.broker.set_silent(true);
  world.commit_many(10);
  world.run_for(seconds(19));
  EXPECT_EQ(world.relay->statistics().state, RelayState::connected);
  world.broker.set_silent(false);
  world.run_for(seconds(3));
  EXPECT_EQ(world.pending(), 0U);
  EXPECT_EQ(world.relay->statistics().disconnects, 1U);
}

TEST(RelayConnection, the_delay_grows_while_nothing_is_acknowledged_although_connacks_come) {
  World world;
  world.broker.set_answer([&](const MqttMessage&) -> std::uint8_t {
    world.broker.kill_connections(0);
    return 0;
  });
  world.commit();
  world.run_for(minutes(30));
  const auto attempts = world.broker.connects();
  EXPECT_GT(attempts, 30U) << "never more than 60 s apart";
  EXPECT_LT(attempts, 110U) << "30 s apart on average, after the first few";

  world.broker.set_answer({});
  EXPECT_TRUE(world.run_until_settled(minutes(2)));
  world.broker.kill_connections(0);
  const Instant killed = world.clock.now();
  const auto before = world.broker.connects();
  world.run_for(milliseconds(510));
  ASSERT_EQ(world.broker.connects(), before + 1);
  EXPECT_LE(world.broker.connect_times().back() - killed, milliseconds(510))
      << "reset by the acknowledgement";
}

TEST(RelayConnection, refused_credentials_are_retried_slowly) {
  for (const std::int32_t reason : {0x86, 0x87}) {
    World world;
    world.broker.set_refuse_connect(reason);
    world.run_for(std::chrono::hours(3));
    EXPECT_GE(shortest_gap(world.broker.connect_times()), seconds(30));
    EXPECT_GE(world.broker.connects(), 18U) << "never more than 10 min apart";
    EXPECT_EQ(world.relay->statistics().last_reason, reason);
  }
}

TEST(RelayConnection, after_a_takeover_it_waits_at_least_ten_seconds) {
  World world;
  world.commit_many(5);
  for (int i = 0; i < 4; ++i) {
    world.run_for(minutes(1));
    ASSERT_EQ(world.relay->statistics().state, RelayState::connected);
    world.broker.kill_connections(0x8E);
  }
  world.run_for(minutes(2));
  EXPECT_GE(shortest_gap(world.broker.connect_times()), seconds(10));
  EXPECT_EQ(world.broker.connects(), 5U);
}

TEST(RelayConnection, a_broker_without_qos_1_gets_nothing) {
  World world;
  platform::ConnectGrant grant;
  grant.qos_max = 0;
  world.broker.set_grant(grant);
  world.commit();
  world.run_for(minutes(1));
  EXPECT_TRUE(world.broker.accepted().empty());
  EXPECT_EQ(world.relay->statistics().last_reason, 0x9B);
  EXPECT_EQ(world.relay->statistics().connects, 0U);
}

TEST(RelayDrain, lets_events_in_flight_be_acknowledged_and_sends_nothing_more) {
  World world;
  world.broker.set_latency(milliseconds(100));
  world.commit_many(200);
  world.run_until_connected();
  const auto published = world.relay->statistics().published;
  ASSERT_GT(published, 0U);
  world.relay->begin_drain(world.clock.now());
  world.run_for(seconds(1));
  EXPECT_TRUE(world.relay->drained());
  EXPECT_EQ(world.relay->statistics().published, published);
  EXPECT_EQ(world.backlog.settled().at(1).size(), published);
  EXPECT_EQ(world.broker.connections(), 0U);
  EXPECT_EQ(world.backlog.pinned(), 0U);
  EXPECT_EQ(world.relay->step(world.clock.now()), Instant::max());
}

TEST(RelayDrain, ends_at_its_timeout_when_the_broker_is_silent) {
  World world;
  world.run_for(seconds(1));
  world.broker.set_silent(true);
  world.commit_many(3);
  world.run_for(seconds(1));
  world.relay->begin_drain(world.clock.now());
  world.run_for(milliseconds(1999));
  EXPECT_FALSE(world.relay->drained());
  world.run_for(milliseconds(2));
  EXPECT_TRUE(world.relay->drained());
  EXPECT_EQ(world.pending(), 3U);
}

TEST(RelayDrain, is_immediate_without_a_connection) {
  World world;
  world.broker.set_up(false);
  world.commit();
  world.run_for(seconds(5));
  world.relay->begin_drain(world.clock.now());
  world.run_for(Duration{0});
  EXPECT_TRUE(world.relay->drained());
}

TEST(RelayOptions, zeros_and_excesses_are_refused) {
  EXPECT_TRUE(check_options({}));
  const auto broken = [](auto change) {
    RelayOptions options;
    change(options);
    return !check_options(options) && check_options(options).error().code == ErrorCode::invalid;
  };
  EXPECT_TRUE(broken([](RelayOptions& o) { o.window_events = 0; }));
  EXPECT_TRUE(broken([](RelayOptions& o) { o.window_events = 65; }));
  EXPECT_TRUE(broken([](RelayOptions& o) { o.window_bytes = 0; }));
  EXPECT_TRUE(broken([](RelayOptions& o) { o.ack_timeout = milliseconds(0); }));
  EXPECT_TRUE(broken([](RelayOptions& o) { o.backoff_min = milliseconds(0); }));
  EXPECT_TRUE(broken([](RelayOptions& o) { o.backoff_min = o.backoff_max + milliseconds(1); }));
  EXPECT_TRUE(broken([](RelayOptions& o) { o.auth_backoff_min = milliseconds(0); }));
  EXPECT_TRUE(broken([](RelayOptions& o) { o.takeover_backoff_min = milliseconds(0); }));
  EXPECT_TRUE(broken([](RelayOptions& o) { o.drain_timeout = milliseconds(-1); }));
  EXPECT_TRUE(broken([](RelayOptions& o) { o.broker.connect_timeout = milliseconds(0); }));
}

}  // namespace
}  // namespace holdfast::relay::test
