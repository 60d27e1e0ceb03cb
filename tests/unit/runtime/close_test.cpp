// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

struct OutboxClose : ::testing::Test {
  World world;
  Outbox& outbox = *world.outbox;

  /// Until close() has begun to refuse: it does so before it waits for anything.
  void wait_until_refusing() {
    while (outcome(outbox.write_async(adding())) != "unavailable") std::this_thread::yield();
  }
};

TEST_F(OutboxClose, completes_the_writes_that_wait) {
  Door door;
  const Ticket blocker = world.block(door);
  std::vector<Ticket> tickets;
  for (int i = 0; i < 300; ++i) tickets.push_back(outbox.write_async(adding("alarm")).value());
  std::string closed;
  std::thread closer([&] { closed = outcome(outbox.close()); });
  wait_until_refusing();
  door.open();
  closer.join();
  EXPECT_EQ(closed, "ok");
  for (const Ticket& ticket : tickets) EXPECT_TRUE(ticket.wait(world.clock.now()));
  world.close();
  world.open();
  EXPECT_EQ(world.outbox->statistics().lanes.at(0).committed_seq, 300);
}

TEST_F(OutboxClose, makes_every_later_call_unavailable) {
  ASSERT_TRUE(outbox.write(adding()));
  ASSERT_TRUE(outbox.close());
  EXPECT_EQ(outcome(outbox.write(adding())), "unavailable");
  EXPECT_EQ(outcome(outbox.write_async(adding())), "unavailable");
  EXPECT_EQ(outcome(outbox.get("lamp")), "unavailable");
  EXPECT_EQ(outcome(outbox.list("")), "unavailable");
  EXPECT_EQ(outcome(outbox.start_relay({}, world.broker.make_link())), "unavailable");
  EXPECT_EQ(outcome(outbox.flush(Instant::max())), "unavailable");  // nothing can become settled any more
  EXPECT_EQ(outbox.statistics().lanes.at(1).committed_seq, 1);      // the last figures stand
}

TEST_F(OutboxClose, may_be_called_again_and_by_several_threads_at_once) {
  world.start_relay();
  std::vector<std::string> closed(4);
  std::vector<std::thread> closers;
  for (std::string& mine : closed) closers.emplace_back([&] { mine = outcome(outbox.close()); });
  for (std::thread& closer : closers) closer.join();
  EXPECT_EQ(closed, std::vector<std::string>(4, "ok"));
  EXPECT_EQ(outcome(outbox.close()), "ok");
}

TEST_F(OutboxClose, may_run_while_other_threads_write) {
  std::vector<std::thread> writers;
  std::atomic<std::int64_t> stored = 0;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      std::string told;
      while ((told = outcome(outbox.write(adding()))) == "ok") ++stored;
      EXPECT_EQ(told, "unavailable");
    });
  }
  while (stored < 20) std::this_thread::yield();
  EXPECT_TRUE(outbox.close());
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(outbox.statistics().lanes.at(1).committed_seq, stored);
}

TEST_F(OutboxClose, ends_a_flush_that_waits) {
  ASSERT_TRUE(outbox.write(adding()));
  std::string flushed;
  std::thread flusher([&] { flushed = outcome(outbox.flush(Instant::max())); });
  ASSERT_TRUE(outbox.close());
  flusher.join();
  EXPECT_EQ(flushed, "unavailable");
}

TEST_F(OutboxClose, lets_go_of_the_store_when_the_outbox_is_destroyed) {
  ASSERT_TRUE(outbox.write(adding()));
  world.start_relay();
  world.close();
  world.open();  // aborts when the store is still held
  EXPECT_EQ(world.outbox->statistics().lanes.at(1).committed_seq, 1);
}

TEST_F(OutboxClose, waits_for_answers_in_flight_for_drain_timeout_and_keeps_what_was_not_answered) {
  world.broker.set_latency(milliseconds(1));
  RelayOptions options;
  options.drain_timeout = seconds(2);
  world.start_relay(options);
  world.run_until([&] { return outbox.statistics().relay.state == RelayState::connected; });
  world.broker.set_lose_next_acks(1'000);
  ASSERT_TRUE(outbox.write(adding()));
  world.run_until([&] { return outbox.statistics().relay.published > 0; });
  const Instant begun = world.clock.now();
  std::atomic<bool> closed = false;
  std::thread closer([&] {
    EXPECT_TRUE(outbox.close());
    closed = true;
  });
  world.run_until([&] { return closed.load(); });
  closer.join();
  EXPECT_GE(world.clock.now() - begun, seconds(2));
  EXPECT_EQ(outbox.statistics().relay.state, RelayState::stopped);
  EXPECT_EQ(outbox.statistics().lanes.at(1).backlog_events, 1);
}

TEST_F(OutboxClose, stores_the_acknowledgements_that_came_before_it) {
  world.start_relay();
  ASSERT_TRUE(outbox.write(adding()));
  world.run_until([&] { return outbox.statistics().lanes.at(1).settled_seq == 1; });
  ASSERT_TRUE(outbox.close());
  world.close();
  world.open();
  EXPECT_EQ(world.outbox->statistics().lanes.at(1).settled_seq, 1);
}

TEST_F(OutboxClose, says_goodbye_in_the_retained_status) {
  RelayOptions options;
  options.broker.url = "mqtt://broker";
  ASSERT_TRUE(outbox.start_relay(options, world.broker.make_link()));
  world.run_until([&] { return world.broker.accepted_count() == 1; });
  std::atomic<bool> closed = false;
  std::thread closer([&] {
    EXPECT_TRUE(outbox.close());
    closed = true;
  });
  world.run_until([&] { return closed.load(); });
  closer.join();
  const auto text = [&](std::size_t i) {
    const auto& payload = world.broker.accepted().at(i).payload;
    return std::string(reinterpret_cast<const char*>(payload.data()), payload.size());
  };
  ASSERT_EQ(world.broker.accepted_count(), 2U);
  EXPECT_NE(text(0).find(R"("lanes":[{"name":"alarm","backlog_events":0,)"), std::string::npos) << text(0);
  EXPECT_NE(text(1).find(R"("state":"offline","device":"device-1")"), std::string::npos) << text(1);
  EXPECT_TRUE(world.broker.wills().empty());
}

}  // namespace
}  // namespace holdfast::runtime_tests
