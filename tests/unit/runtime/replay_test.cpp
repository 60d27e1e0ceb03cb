// SPDX-License-Identifier: MIT
//
// Quarantine, requeue, replay and resend requests through the outbox and the consumer, with their real threads.
#include <gtest/gtest.h>

#include <holdfast/consumer.hpp>
#include <holdfast/limits.hpp>

#include "runtime/asker.hpp"
#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

struct ReplayTest : ::testing::Test {
  World world;
  Outbox& outbox = *world.outbox;

  void write(int events) {
    for (int i = 0; i < events; ++i) ASSERT_TRUE(outbox.write(adding()));
  }
  RelayStatistics relay() { return outbox.statistics().relay; }
  LaneStatistics telemetry() { return outbox.statistics().lanes.at(1); }
  std::size_t events_taken() {
    std::size_t count = 0;
    for (const MqttMessage& message : world.broker.accepted())
      count += message.topic.find("/~") == std::string::npos;
    return count;
  }
  /// Events of the lane are refused for good.
  void refuse(bool on) {
    if (!on) return world.broker.set_answer({});
    world.broker.set_answer([](const MqttMessage& message) -> std::uint8_t {
      return message.topic.find("/telemetry/") == std::string::npos ? 0 : 0x99;
    });
  }
};

TEST_F(ReplayTest, an_operator_lists_requeues_and_discards_what_the_broker_refused) {
  refuse(true);
  world.start_relay();
  write(3);
  world.run_until([&] { return telemetry().quarantined_events == 3; });
  const auto page = outbox.quarantine("telemetry", 0);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->events.size(), 3U);
  EXPECT_EQ(page->events[0].reason, 0x99);

  EXPECT_EQ(outbox.requeue("telemetry", 1, 1).value(), 1U);
  world.run_until([&] { return outbox.quarantine("telemetry", 0)->events.at(0).attempts == 2; });
  EXPECT_FALSE(outbox.quarantine("telemetry", 0)->events.at(0).requeued);
  EXPECT_EQ(telemetry().quarantined_events, 3);

  refuse(false);
  EXPECT_EQ(outbox.discard("telemetry", 3, 3).value(), 1U);
  EXPECT_EQ(outbox.requeue("telemetry", 1, INT64_MAX).value(), 2U);
  world.run_until([&] { return telemetry().quarantined_events == 0; });
  EXPECT_EQ(relay().resent, 3U);
  EXPECT_EQ(events_taken(), 2U);
  EXPECT_TRUE(outbox.quarantine("telemetry", 0)->events.empty());
  EXPECT_EQ(outcome(outbox.requeue("nowhere", 1, 1)), "invalid");
  EXPECT_EQ(outcome(outbox.discard("nowhere", 1, 1)), "invalid");
}

TEST_F(ReplayTest, what_was_requeued_without_a_relay_goes_when_there_is_one) {
  refuse(true);
  world.start_relay();
  write(1);
  world.run_until([&] { return telemetry().quarantined_events == 1; });
  world.close();
  world.open();
  EXPECT_EQ(world.outbox->requeue("telemetry", 1, 1).value(), 1U);
  world.close();
  world.open();
  refuse(false);
  world.start_relay();
  world.run_until([&] { return world.outbox->statistics().lanes.at(1).quarantined_events == 0; });
  EXPECT_EQ(events_taken(), 1U);
}

TEST_F(ReplayTest, a_program_has_settled_events_sent_again) {
  EXPECT_EQ(outcome(outbox.replay({.lane = "telemetry"})), "unavailable");
  world.start_relay();
  write(5);
  world.run_until([&] { return telemetry().settled_seq == 5; });
  EXPECT_EQ(outcome(outbox.replay({.lane = "nowhere"})), "invalid");
  EXPECT_EQ(outcome(outbox.replay({.lane = "telemetry", .first_seq = 3, .last_seq = 2})), "invalid");
  ASSERT_TRUE(outbox.replay({.lane = "telemetry", .first_seq = 2, .last_seq = 4}));
  world.run_until([&] { return relay().resent == 3; });
  EXPECT_EQ(relay().resend_requests, 1U);
  world.run_until(
      [&] { return relay().acknowledged == 1 + 5 + 3; });  // with the epoch: it is answered to its end
  world.broker.set_up(false);
  world.run_until([&] { return relay().state != RelayState::connected; });
  std::size_t taken = 0;
  while (outbox.replay({.lane = "telemetry"})) ASSERT_LE(++taken, limits::kResendRequestsMax);
  EXPECT_EQ(taken, limits::kResendRequestsMax);
  EXPECT_EQ(outcome(outbox.replay({.lane = "telemetry"})), "busy");
}

// The whole way in virtual time: what the broker took reaches nobody, the consumer sees the hole, asks, and is complete.
TEST_F(ReplayTest, a_consumer_that_sees_a_hole_asks_and_gets_it) {
  ConsumerOptions options;
  options.broker.url = "mqtt://broker";
  options.broker.client_id = "backend";
  options.filters = {"holdfast/#"};
  options.session_expiry = seconds(0);
  InboxOptions inbox_options;
  inbox_options.path = world.dir / "inbox.db";
  auto consumer = Consumer::start(
                      options, world.broker.make_link(), Inbox::open(inbox_options, world.platform()).value(),
                      [](const CloudEvent&, sqlite3*) -> Result<void> { return {}; }, {}, world.platform())
                      .value();
  const auto inbox = [&] { return consumer->statistics().inbox; };
  world.run_until([&] { return consumer->statistics().state == RelayState::connected; });
  world.start_relay();
  write(2);
  world.run_until([&] { return inbox().applied == 2; });
  world.broker.set_refuse_connect(0x88);  // the consumer is away, and its session ends with the connection
  world.broker.kill_connection("backend", 0x8B);
  world.run_until([&] { return consumer->statistics().state != RelayState::connected; });
  write(3);
  world.run_until([&] { return telemetry().settled_seq == 5; });
  world.broker.set_refuse_connect(0);
  world.run_until([&] { return consumer->statistics().state == RelayState::connected; });
  const Instant subscribed = world.clock.now() + seconds(1);
  world.run_until([&] { return world.clock.now() >= subscribed; });
  const Instant begun = world.clock.now();  // the hole is seen a little later
  write(1);
  world.run_until([&] { return inbox().applied >= 3; });
  EXPECT_EQ(inbox().applied, 3U);
  world.run_until([&] { return inbox().applied == 6; });
  EXPECT_GE(world.clock.now() - begun, seconds(30)) << "a hole has to be that old";
  EXPECT_EQ(consumer->statistics().resend_requests, 1U);
  EXPECT_EQ(consumer->statistics().undecodable, 0U) << "its own request is no event";
  consumer->stop();
}

TEST(Asker, finds_the_prefix_that_stands_before_the_device) {
  using runtime::prefix_of;
  EXPECT_EQ(prefix_of("holdfast/pump-7/bulk/x", "pump-7"), "holdfast");
  EXPECT_EQ(prefix_of("plant/north/pump-7/~epoch", "pump-7"), "plant/north");
  EXPECT_EQ(prefix_of("plant/pump-77/x", "pump-7"), std::nullopt);
  EXPECT_EQ(prefix_of("pump-7/x", "pump-7"), std::nullopt);
  EXPECT_EQ(prefix_of("/pump-7/x", "pump-7"), std::nullopt);
  EXPECT_TRUE(runtime::is_not_for_consumers("holdfast/pump-7/~command"));
  EXPECT_TRUE(runtime::is_not_for_consumers("holdfast/pump-7/~status"));
  EXPECT_FALSE(runtime::is_not_for_consumers("holdfast/pump-7/~gap"));
  EXPECT_FALSE(runtime::is_not_for_consumers("holdfast/pump-7/bulk/~command/x"));
}

}  // namespace
}  // namespace holdfast::runtime_tests
