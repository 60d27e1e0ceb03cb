// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

// --- room in the queue of writes ---

struct OutboxQueue : ::testing::Test {
  World world;
  Outbox& outbox = *world.outbox;
  Door door;
  std::vector<Ticket> tickets;

  OutboxQueue() {
    tickets.push_back(world.block(door));
    for (std::size_t i = 0; i < limits::kQueuedWritesMax; ++i) {
      tickets.push_back(outbox.write_async(adding()).value());
    }
  }
  ~OutboxQueue() override {
    door.open();
    for (const Ticket& ticket : tickets) EXPECT_TRUE(ticket.wait());
  }
};

TEST_F(OutboxQueue, is_busy_at_the_deadline) {
  std::atomic<int> returned = 0;
  const Instant deadline = world.clock.now() + seconds(10);
  std::thread writer([&] {
    EXPECT_EQ(outcome(outbox.write(adding(), {.deadline = deadline})), "busy");
    ++returned;
  });
  std::thread poster([&] {
    EXPECT_EQ(outcome(outbox.write_async(adding(), {}, {.deadline = deadline})), "busy");
    ++returned;
  });
  world.run_until([&] { return returned == 2; });
  EXPECT_GE(world.clock.now(), deadline);
  writer.join();
  poster.join();
}

TEST_F(OutboxQueue, gives_a_place_to_whoever_waits_for_it) {
  std::vector<std::thread> writers;
  std::atomic<int> begun = 0;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      ++begun;
      EXPECT_EQ(outcome(outbox.write(adding(), {.deadline = Instant::max()})), "ok");
    });
  }
  while (begun < 4) std::this_thread::yield();
  door.open();
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(outbox.statistics().store.writes_committed, limits::kQueuedWritesMax + 5);
}

TEST_F(OutboxQueue, sends_those_in_line_away_when_the_outbox_closes) {
  std::atomic<bool> begun = false;
  std::thread writer([&] {
    begun = true;
    EXPECT_EQ(outcome(outbox.write(adding(), {.deadline = Instant::max()})), "unavailable");
  });
  while (!begun) std::this_thread::yield();
  std::thread closer([&] { EXPECT_TRUE(outbox.close()); });
  writer.join();  // before anything of the queue was done
  door.open();
  closer.join();
}

// --- room in the store ---

struct OutboxRoom : ::testing::Test {
  World world;
  Outbox& outbox = *world.outbox;
  const std::string block = std::string(32 * 1024, 'x');

  WriteBody big() {
    return [this](Transaction& t) -> Result<void> {
      return t.add(event("telemetry", block)).map([](const EventId&) {});
    };
  }
  std::uint64_t failures() { return outbox.statistics().store.writes_failed; }
  void fill() {
    std::string told = "ok";
    for (int i = 0; told == "ok"; ++i) {
      ASSERT_LT(i, 100);
      told = outcome(outbox.write(big()));
    }
    ASSERT_EQ(told, "full");
  }
  /// Until one more write was `full`. Only then, so that the reason to wait is there before the room is.
  void wait_for_failure(std::uint64_t before) {
    while (failures() == before) std::this_thread::yield();
  }
};

TEST_F(OutboxRoom, is_full_at_once_for_a_write_without_a_deadline) {
  fill();
  EXPECT_EQ(outcome(outbox.write(big())), "full");
  EXPECT_EQ(outcome(outbox.write_async(big())->wait()), "full");
}

TEST_F(OutboxRoom, is_full_at_the_deadline) {
  fill();
  const Instant deadline = world.clock.now() + seconds(10);
  std::atomic<bool> returned = false;
  const Ticket ticket = outbox.write_async(big(), {}, {.deadline = deadline}).value();
  std::thread writer([&] {
    EXPECT_EQ(outcome(outbox.write(big(), {.deadline = deadline})), "full");
    returned = true;
  });
  world.run_until([&] { return returned && ticket.done(); });
  EXPECT_GE(world.clock.now(), deadline);
  writer.join();
  EXPECT_EQ(outcome(ticket.wait()), "full");
}

TEST_F(OutboxRoom, is_given_to_waiting_writes_when_events_are_settled) {
  fill();
  const std::uint64_t before = failures();
  std::atomic<int> called = 0;
  const Ticket ticket =
      outbox.write_async(big(), [&](const WriteResult&) { ++called; }, {.deadline = Instant::max()}).value();
  std::atomic<bool> returned = false;
  std::thread writer([&] {
    EXPECT_EQ(outcome(outbox.write(big(), {.deadline = Instant::max()})), "ok");
    returned = true;
  });
  while (failures() < before + 2) std::this_thread::yield();
  EXPECT_FALSE(ticket.done());
  world.start_relay();
  world.run_until([&] { return returned && ticket.done(); });
  writer.join();
  EXPECT_EQ(outcome(ticket.wait()), "ok");
  EXPECT_EQ(called, 1);
  world.run_until(
      [&] { return outbox.statistics().lanes.at(1).backlog_events == 0; });  // nothing is in flight
}

TEST_F(OutboxRoom, does_not_come_any_more_when_the_outbox_closes) {
  fill();
  const std::uint64_t before = failures();
  std::thread writer([&] { EXPECT_EQ(outcome(outbox.write(big(), {.deadline = Instant::max()})), "full"); });
  wait_for_failure(before);
  EXPECT_TRUE(outbox.close());
  writer.join();
}

TEST_F(OutboxRoom, is_waited_for_while_small_writes_go_on) {
  fill();
  const std::uint64_t before = failures();
  std::thread writer([&] { EXPECT_EQ(outcome(outbox.write(big(), {.deadline = Instant::max()})), "full"); });
  wait_for_failure(before);
  EXPECT_EQ(outcome(outbox.write(
                [](Transaction& t) -> Result<void> { return t.erase("nothing").map([](bool) {}); })),
            "ok");
  EXPECT_TRUE(outbox.close());
  writer.join();
}

}  // namespace
}  // namespace holdfast::runtime_tests
