// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

struct OutboxStatistics : ::testing::Test {
  World world;
  Outbox& outbox = *world.outbox;
  LaneStatistics telemetry() { return outbox.statistics().lanes.at(1); }
};

TEST_F(OutboxStatistics, know_the_lanes_before_anything_was_written) {
  const Statistics statistics = outbox.statistics();
  ASSERT_EQ(statistics.lanes.size(), 2U);
  EXPECT_EQ(statistics.lanes[0].name, "alarm");
  EXPECT_EQ(statistics.lanes[1].name, "telemetry");
  EXPECT_EQ(statistics.store.device, "device-1");
  EXPECT_EQ(statistics.store.epoch, std::nullopt);
  EXPECT_EQ(statistics.relay.state, RelayState::stopped);
}

TEST_F(OutboxStatistics, are_right_as_soon_as_a_write_has_returned) {
  for (std::int64_t seq = 1; seq <= 50; ++seq) {
    const auto receipt = outbox.write(adding());
    ASSERT_TRUE(receipt);
    const Statistics now = outbox.statistics();
    ASSERT_EQ(now.lanes.at(1).committed_seq, seq);
    ASSERT_EQ(now.lanes.at(1).backlog_events, seq);
    ASSERT_EQ(now.store.events_committed, static_cast<std::uint64_t>(seq));
    ASSERT_EQ(now.store.epoch, receipt->events[0].epoch);
  }
}

TEST_F(OutboxStatistics, are_right_in_the_callback_of_a_write) {
  std::int64_t seen = 0;
  const auto ticket =
      outbox.write_async(adding(), [&](const WriteResult&) { seen = telemetry().committed_seq; });
  ASSERT_TRUE(ticket && ticket->wait());
  EXPECT_EQ(seen, 1);
}

TEST_F(OutboxStatistics, do_not_wait_for_a_store_that_is_busy) {
  ASSERT_TRUE(outbox.write(adding()));
  Door door;
  const Ticket blocker = world.block(door);
  EXPECT_EQ(telemetry().committed_seq, 1);  // would never return
  door.open();
  EXPECT_TRUE(blocker.wait());
}

TEST_F(OutboxStatistics, tell_bytes_and_age_of_the_backlog_a_moment_later) {
  ASSERT_TRUE(outbox.write(adding()));
  world.run_until([&] { return telemetry().backlog_bytes == 2 && telemetry().oldest_age.has_value(); });
  const Duration age = *telemetry().oldest_age;
  world.clock.advance(minutes(5));
  EXPECT_GE(*telemetry().oldest_age, age + minutes(5));
}

TEST_F(OutboxStatistics, show_an_empty_backlog_when_everything_is_acknowledged) {
  ASSERT_TRUE(outbox.write(adding()));
  world.run_until([&] { return telemetry().backlog_bytes == 2; });
  world.start_relay();
  world.run_until([&] { return telemetry().backlog_events == 0; });
  EXPECT_EQ(telemetry().settled_seq, 1);
  EXPECT_EQ(telemetry().backlog_bytes, 0);
  EXPECT_EQ(telemetry().oldest_age, std::nullopt);
}

TEST_F(OutboxStatistics, show_a_relay_whose_credentials_are_refused) {
  world.broker.set_refuse_connect(0x86);
  world.start_relay();
  ASSERT_TRUE(outbox.write(adding()));
  RelayStatistics relay;  // one look: the next one may find it connecting again
  world.run_until([&] {
    relay = outbox.statistics().relay;
    return relay.connect_failures > 0 && relay.state == RelayState::backing_off;
  });
  EXPECT_EQ(relay.last_reason, 0x86);
  EXPECT_EQ(telemetry().backlog_events, 1);
}

}  // namespace
}  // namespace holdfast::runtime_tests
