// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

struct OutboxFlush : ::testing::Test {
  World world;
  Outbox& outbox = *world.outbox;
};

TEST_F(OutboxFlush, succeeds_at_once_when_nothing_waits_for_the_broker) {
  EXPECT_EQ(outcome(outbox.flush(world.clock.now())), "ok");
  ASSERT_TRUE(outbox.write(
      [](Transaction& t) -> Result<void> { return t.put("lamp", bytes_of("on")).map([](std::int64_t) {}); }));
  EXPECT_EQ(outcome(outbox.flush(world.clock.now())), "ok");
}

TEST_F(OutboxFlush, is_unavailable_at_the_deadline_when_there_is_no_relay) {
  ASSERT_TRUE(outbox.write(adding()));
  std::atomic<bool> returned = false;
  std::thread flusher([&, deadline = world.clock.now() + seconds(10)] {
    EXPECT_EQ(outcome(outbox.flush(deadline)), "unavailable");
    EXPECT_GE(world.clock.now(), deadline);
    returned = true;
  });
  world.run_until([&] { return returned.load(); });
  flusher.join();
  EXPECT_EQ(outbox.statistics().lanes.at(1).backlog_events, 1);
}

TEST_F(OutboxFlush, succeeds_when_the_broker_has_acknowledged_every_lane) {
  world.start_relay();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(outbox.write(adding(i % 2 == 0 ? "alarm" : "telemetry")));
  std::atomic<bool> returned = false;
  std::thread flusher([&] {
    EXPECT_EQ(outcome(outbox.flush(Instant::max())), "ok");
    returned = true;
  });
  world.run_until([&] { return returned.load(); });
  flusher.join();
  for (const LaneStatistics& lane : outbox.statistics().lanes) EXPECT_EQ(lane.settled_seq, 10) << lane.name;
}

TEST_F(OutboxFlush, is_busy_when_too_many_threads_flush) {
  ASSERT_TRUE(outbox.write(adding()));
  const Instant deadline = world.clock.now() + seconds(1);
  std::vector<std::thread> flushers;
  for (int i = 0; i < 64; ++i) {
    flushers.emplace_back([&] {  // the probe below may have had the last place for a moment
      while (outcome(outbox.flush(deadline)) == "busy") std::this_thread::yield();
    });
  }
  while (outcome(outbox.flush(world.clock.now())) != "busy") std::this_thread::yield();
  world.clock.advance(seconds(1));
  for (std::thread& flusher : flushers) flusher.join();
  EXPECT_EQ(outcome(outbox.flush(world.clock.now())), "unavailable");
}

}  // namespace
}  // namespace holdfast::runtime_tests
