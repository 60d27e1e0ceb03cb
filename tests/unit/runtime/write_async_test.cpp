// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

struct OutboxWriteAsync : ::testing::Test {
  World world;
  Outbox& outbox = *world.outbox;
};

TEST_F(OutboxWriteAsync, gives_a_ticket_that_becomes_the_receipt) {
  Door door;
  const Ticket blocker = world.block(door);
  const auto ticket = outbox.write_async(adding("alarm"));
  ASSERT_TRUE(ticket);
  EXPECT_FALSE(ticket->done());
  EXPECT_FALSE(blocker.done());
  door.open();
  const WriteResult receipt = ticket->wait();
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->events[0].lane, "alarm");
  EXPECT_TRUE(ticket->done());
  EXPECT_EQ(ticket->wait()->events, receipt->events);  // as often as one likes
}

TEST_F(OutboxWriteAsync, goes_on_when_the_ticket_is_dropped) {
  Door door;
  Ticket blocker = world.block(door);
  ASSERT_TRUE(outbox.write_async(adding()));
  door.open();
  EXPECT_EQ(outbox.write(adding())->events[0].seq, 2);
}

TEST_F(OutboxWriteAsync, says_unavailable_at_the_deadline_and_the_outcome_later) {
  Door door;
  const Ticket blocker = world.block(door);
  const auto ticket = outbox.write_async(adding());
  ASSERT_TRUE(ticket);
  EXPECT_EQ(outcome(ticket->wait(world.clock.now())), "unavailable");
  WriteResult late;
  std::thread waiter([&, deadline = world.clock.now() + seconds(5)] { late = ticket->wait(deadline); });
  world.clock.advance(seconds(5));
  waiter.join();
  EXPECT_EQ(outcome(late), "unavailable");
  door.open();
  EXPECT_EQ(outcome(ticket->wait()), "ok");
}

TEST_F(OutboxWriteAsync, tells_every_thread_that_waits_on_one_ticket) {
  Door door;
  const Ticket blocker = world.block(door);
  const auto ticket = outbox.write_async(adding());
  ASSERT_TRUE(ticket);
  std::atomic<int> told = 0;
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.emplace_back([&, copy = *ticket] {
      if (copy.wait()) ++told;
    });
  }
  door.open();
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(told, 4);
}

TEST_F(OutboxWriteAsync, calls_back_once_on_the_stores_thread_before_the_ticket_is_done) {
  std::thread::id closure_thread;
  std::thread::id callback_thread;
  std::atomic<int> calls = 0;
  const auto ticket = outbox.write_async(
      [&](Transaction& t) -> Result<void> {
        closure_thread = std::this_thread::get_id();
        return t.add(event("telemetry")).map([](const EventId&) {});
      },
      [&](const WriteResult& result) {
        callback_thread = std::this_thread::get_id();
        calls += result && result->events.size() == 1 ? 1 : 100;
      });
  ASSERT_TRUE(ticket);
  ASSERT_TRUE(ticket->wait());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(callback_thread, closure_thread);
  EXPECT_NE(callback_thread, std::this_thread::get_id());
}

TEST_F(OutboxWriteAsync, calls_back_with_the_error_of_a_write_that_fails) {
  std::string told;
  const auto ticket =
      outbox.write_async([](Transaction&) -> Result<void> { return fail(ErrorCode::denied, "test"); },
                         [&](const WriteResult& result) { told = outcome(result); });
  ASSERT_TRUE(ticket);
  EXPECT_EQ(outcome(ticket->wait()), "denied");
  EXPECT_EQ(told, "denied");
}

TEST_F(OutboxWriteAsync, is_busy_when_as_many_writes_wait_as_may_wait) {
  Door door;
  const Ticket blocker = world.block(door);
  std::vector<Ticket> tickets;
  for (std::size_t i = 0; i < limits::kQueuedWritesMax; ++i) {
    auto ticket = outbox.write_async(adding());
    ASSERT_TRUE(ticket) << i;
    tickets.push_back(*ticket);
  }
  EXPECT_EQ(outcome(outbox.write_async(adding())), "busy");
  EXPECT_EQ(outcome(outbox.write(adding())), "busy");
  door.open();
  for (const Ticket& ticket : tickets) EXPECT_TRUE(ticket.wait());
  EXPECT_EQ(outcome(outbox.write(adding())), "ok");
  EXPECT_EQ(outbox.statistics().lanes.at(1).committed_seq,
            static_cast<std::int64_t>(limits::kQueuedWritesMax) + 1);
}

}  // namespace
}  // namespace holdfast::runtime_tests
