// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include <holdfast/platform/sim.hpp>

namespace holdfast::platform::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(VirtualClock, moves_only_when_told) {
  VirtualClock clock;
  const Instant begun = clock.now();
  EXPECT_EQ(begun.time_since_epoch(), std::chrono::hours(1));
  clock.advance(seconds(5));
  EXPECT_EQ(clock.now() - begun, seconds(5));
}

TEST(VirtualClock, a_wall_clock_jump_leaves_now_alone) {
  VirtualClock clock;
  const Instant begun = clock.now();
  clock.set_wall({UtcTime{}, false});
  clock.advance(seconds(3));
  EXPECT_EQ(clock.wall().utc, UtcTime(seconds(3)));
  EXPECT_FALSE(clock.wall().trusted);
  EXPECT_EQ(clock.now() - begun, seconds(3));
}

TEST(VirtualClock, a_wait_takes_one_ring_and_not_two) {
  VirtualClock clock;
  Waker waker;
  waker.wake();
  waker.wake();
  EXPECT_TRUE(clock.wait_until(Instant::max(), waker));
  EXPECT_FALSE(clock.wait_until(clock.now(), waker));
}

TEST(VirtualClock, a_wait_ends_at_its_deadline_and_never_before) {
  VirtualClock clock;
  Waker waker;
  const Instant deadline = clock.now() + milliseconds(10);
  std::atomic<bool> ended{false};
  std::thread waiter([&] {
    EXPECT_FALSE(clock.wait_until(deadline, waker));
    EXPECT_GE(clock.now(), deadline);
    ended = true;
  });
  for (int step = 0; step < 9; ++step) {
    clock.advance(milliseconds(1));
    EXPECT_FALSE(ended);
  }
  clock.advance(milliseconds(1));
  waiter.join();
  EXPECT_TRUE(ended);
}

TEST(VirtualClock, a_ring_from_another_thread_ends_a_wait_for_ever) {
  VirtualClock clock;
  Waker waker;
  std::thread waiter([&] { EXPECT_TRUE(clock.wait_until(Instant::max(), waker)); });
  waker.wake();
  waiter.join();
}

TEST(VirtualClock, many_waits_and_advances_meet) {
  VirtualClock clock;
  std::vector<std::thread> waiters;
  std::atomic<int> waiting{4};
  for (int waiter = 0; waiter < 4; ++waiter)
    waiters.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        Waker waker;  // dies as soon as its wait returns
        const Instant deadline = clock.now() + milliseconds(1);
        EXPECT_FALSE(clock.wait_until(deadline, waker));
        EXPECT_GE(clock.now(), deadline);
      }
      --waiting;
    });
  while (waiting > 0) clock.advance(milliseconds(1));
  for (std::thread& waiter : waiters) waiter.join();
}

TEST(VirtualClock, a_listener_hears_every_advance_until_it_is_let_go) {
  VirtualClock clock;
  std::vector<Instant> heard;
  std::shared_ptr<void> kept = clock.on_advance([&] { heard.push_back(clock.now()); });
  clock.advance(seconds(1));
  const Instant first = clock.now();
  clock.advance(seconds(1));
  kept.reset();
  clock.advance(seconds(1));
  EXPECT_EQ(heard, (std::vector<Instant>{first, first + seconds(1)}));
}

TEST(SeededEntropy, is_split_mix_64) {
  SeededEntropy entropy(1234567);  // the reference values of the published generator
  EXPECT_EQ(entropy.next(), 6457827717110365317U);
  EXPECT_EQ(entropy.next(), 3203168211198807973U);
}

TEST(SeededSensor, repeats_itself_from_its_seed) {
  VirtualClock clock;
  const auto values = [&](std::uint64_t seed) {
    const auto sensor = make_seeded_sensor("room", "Cel", seed, clock);
    std::vector<double> read;
    for (int count = 0; count < 20; ++count) read.push_back(sensor->read().value().at(0).value);
    return read;
  };
  EXPECT_EQ(values(1), values(1));
  EXPECT_NE(values(1), values(2));
  for (const double value : values(3)) EXPECT_NEAR(value, 20, 5.2);
}

TEST(ScriptedDisk, says_what_it_was_told) {
  ScriptedDisk disk;
  EXPECT_FALSE(disk.stat("x").value().has_value());
  EXPECT_TRUE(disk.may_create_beside("x").has_value());
  disk.refuse_create = Error{ErrorCode::denied, 0, "there", "told so"};
  disk.find_file = [](const std::string& path) -> std::optional<FileInfo> {
    if (path != "x") return std::nullopt;
    return FileInfo{1, 4096, true};
  };
  EXPECT_EQ(disk.may_create_beside("x").error().code, ErrorCode::denied);
  EXPECT_EQ(disk.stat("x").value()->allocated_bytes, 4096U);
  EXPECT_FALSE(disk.stat("y").value().has_value());
}

}  // namespace
}  // namespace holdfast::platform::sim
