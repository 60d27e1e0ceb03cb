// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

constexpr milliseconds kDelay{200};

void set_delay(StoreOptions& options) {
  options.lanes.at(1).commit_delay = kDelay;
  options.group_events_max = 8;
}

struct OutboxCommitDelay : ::testing::Test {
  World world{set_delay};
  Outbox& outbox = *world.outbox;

  Ticket delayed() { return outbox.write_async(adding(), {}, {.lane = "telemetry"}).value(); }
  std::uint64_t groups() { return outbox.statistics().store.groups_committed; }
};

TEST_F(OutboxCommitDelay, lets_a_group_wait_for_its_oldest_write) {
  const Ticket first = delayed();
  world.clock.advance(kDelay / 2);
  const Ticket second = delayed();
  world.clock.advance(kDelay / 2 - milliseconds(1));
  world.settle_down();
  EXPECT_FALSE(first.done());
  world.clock.advance(milliseconds(1));
  EXPECT_TRUE(first.wait());
  EXPECT_TRUE(second.wait());
  EXPECT_EQ(groups(), 1U);
}

TEST_F(OutboxCommitDelay, ends_when_a_write_comes_that_does_not_wait) {
  const Ticket slow = delayed();
  EXPECT_EQ(outcome(outbox.write(adding("alarm"), {.lane = "alarm"})), "ok");
  EXPECT_TRUE(slow.wait());
  EXPECT_EQ(groups(), 1U);
}

TEST_F(OutboxCommitDelay, ends_when_the_group_is_full) {
  const Ticket before = delayed();
  world.clock.advance(kDelay);
  EXPECT_TRUE(before.wait());  // the store's thread has looked at the queue, and is not about to do so anyway
  std::vector<Ticket> tickets;
  for (int i = 0; i < 8; ++i) tickets.push_back(delayed());
  for (const Ticket& ticket : tickets) EXPECT_TRUE(ticket.wait());
}

TEST_F(OutboxCommitDelay, makes_a_synchronous_write_wait_too) {
  std::atomic<bool> done = false;
  const Instant begun = world.clock.now();
  std::thread writer([&] {
    EXPECT_EQ(outcome(outbox.write(adding(), {.lane = "telemetry"})), "ok");
    done = true;
  });
  world.run_until([&] { return done.load(); });
  writer.join();
  EXPECT_GE(world.clock.now() - begun, kDelay);
}

TEST_F(OutboxCommitDelay, is_none_for_a_write_that_names_no_lane) {
  EXPECT_EQ(outcome(outbox.write(adding())), "ok");
  EXPECT_TRUE(outbox.write_async(adding())->wait());
}

TEST_F(OutboxCommitDelay, is_not_waited_for_by_close) {
  const Ticket slow = delayed();
  EXPECT_TRUE(outbox.close());
  EXPECT_EQ(outcome(slow.wait()), "ok");
}

TEST_F(OutboxCommitDelay, needs_a_lane_that_exists) {
  EXPECT_EQ(outcome(outbox.write(adding(), {.lane = "bulk"})), "invalid");
  EXPECT_EQ(outcome(outbox.write_async(adding(), {}, {.lane = "bulk"})), "invalid");
}

TEST_F(OutboxCommitDelay, does_not_keep_reads_waiting) {
  const Ticket slow = delayed();
  EXPECT_EQ(outcome(outbox.get("lamp")), "ok");
  EXPECT_FALSE(slow.done());
}

TEST_F(OutboxCommitDelay, goes_with_a_key_of_at_most_64_bytes_of_utf8) {
  const auto with_key = [&](std::string_view key) {
    return outcome(outbox.write(adding(), {.idempotency_key = key}));
  };
  EXPECT_EQ(with_key(std::string(64, 'k')), "ok");
  EXPECT_EQ(with_key(std::string(65, 'k')), "invalid");
  EXPECT_EQ(with_key("\xff"), "invalid");
  EXPECT_EQ(outcome(outbox.write_async(adding(), {}, {.idempotency_key = "\xff"})), "invalid");
}

TEST(OutboxStoredCommitDelay, counts_when_the_opening_names_no_lanes) {
  bool is_first = true;
  World world{[&](StoreOptions& options) {
    if (std::exchange(is_first, false))
      set_delay(options);
    else
      options.lanes.clear();
  }};
  world.close();
  world.open();
  const Ticket delayed = world.outbox->write_async(adding(), {}, {.lane = "telemetry"}).value();
  world.clock.advance(kDelay - milliseconds(1));
  world.settle_down();
  EXPECT_FALSE(delayed.done());
  world.clock.advance(milliseconds(1));
  EXPECT_TRUE(delayed.wait());
}

}  // namespace
}  // namespace holdfast::runtime_tests
