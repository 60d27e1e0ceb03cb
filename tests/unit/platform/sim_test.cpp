// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <optional>
#include <string>
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

// --- the network of one client ---

/// A client that connects, and counts what it hears.
struct Client {
  explicit Client(ScriptedBroker& broker, std::string id) : link(broker.make_link()) {
    link->set_receiver([this](const MqttMessage&) {
      ++received;
      return Delivery::acknowledge;
    });
    request.broker.url = "mqtt://broker.example";
    request.broker.client_id = std::move(id);
    request.clean_start = false;
    request.session_expiry = std::chrono::hours(1);
    EXPECT_TRUE(link->connect(request));
  }
  /// What has happened, the last of it.
  std::optional<LinkEventKind> poll() {
    std::array<LinkEvent, 16> events;
    const std::size_t count = link->poll(events);
    return count > 0 ? std::optional(events[count - 1].kind) : std::nullopt;
  }
  ConnectRequest request;
  std::unique_ptr<Link> link;
  int received = 0;
};

MqttMessage message(const char* topic) {
  MqttMessage one;
  one.topic = topic;
  return one;
}

TEST(ClientNetwork, fails_for_one_client_and_for_no_other) {
  VirtualClock clock;
  ScriptedBroker broker(clock);
  Client a(broker, "a");
  Client b(broker, "b");
  clock.advance(seconds(1));
  EXPECT_EQ(a.poll(), LinkEventKind::connected);
  EXPECT_EQ(b.poll(), LinkEventKind::connected);
  broker.set_network("a", {.reachable = false});
  clock.advance(seconds(1));
  EXPECT_EQ(a.poll(), LinkEventKind::disconnected);
  EXPECT_EQ(b.poll(), std::nullopt);
  a.link->drop();
  ASSERT_TRUE(a.link->connect(a.request));
  clock.advance(seconds(1));
  EXPECT_EQ(a.poll(), LinkEventKind::connect_failed);
  broker.set_network("a", {});
  a.link->drop();
  ASSERT_TRUE(a.link->connect(a.request));
  clock.advance(seconds(1));
  EXPECT_EQ(a.poll(), LinkEventKind::connected);
}

TEST(ClientNetwork, silent_is_found_out_by_keep_alive) {
  VirtualClock clock;
  ScriptedBroker broker(clock);
  Client a(broker, "a");
  clock.advance(seconds(1));
  EXPECT_EQ(a.poll(), LinkEventKind::connected);
  broker.set_network("a", {.silent = true});
  ASSERT_TRUE(a.link->publish(1, message("t")));
  clock.advance(seconds(20));
  EXPECT_EQ(a.poll(), std::nullopt);
  EXPECT_EQ(broker.accepted_count(), 0U);
  clock.advance(seconds(60));
  EXPECT_EQ(a.poll(), LinkEventKind::disconnected);
}

TEST(ClientNetwork, delays_and_loses_packets_that_arrive_in_the_end_in_order) {
  VirtualClock clock;
  ScriptedBroker broker(clock);
  Client a(broker, "a");
  clock.advance(seconds(1));
  EXPECT_EQ(a.poll(), LinkEventKind::connected);
  broker.set_network("a", {.extra_latency = milliseconds(500), .lost_per_thousand = 500});
  for (LinkToken token = 0; token < 10; ++token)
    ASSERT_TRUE(a.link->publish(token, message(std::to_string(token).c_str())));
  clock.advance(milliseconds(490));
  EXPECT_EQ(broker.accepted_count(), 0U);
  clock.advance(seconds(120));
  ASSERT_EQ(broker.accepted_count(), 10U);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(broker.accepted()[i].topic, std::to_string(i));
}

TEST(ScriptedBroker, throws_away_what_a_session_has_no_room_for) {
  VirtualClock clock;
  ScriptedBroker broker(clock);
  broker.set_session_messages_max(3);
  broker.set_history(false);
  Client a(broker, "a");
  Client b(broker, "b");
  clock.advance(seconds(1));
  EXPECT_EQ(a.poll(), LinkEventKind::connected);
  EXPECT_EQ(b.poll(), LinkEventKind::connected);
  ASSERT_TRUE(b.link->subscribe(1, "#"));
  clock.advance(seconds(1));
  broker.set_network("b", {.reachable = false});
  for (LinkToken token = 0; token < 5; ++token) ASSERT_TRUE(a.link->publish(token, message("t")));
  clock.advance(seconds(1));
  EXPECT_EQ(broker.dropped(), 2U);
  EXPECT_TRUE(broker.accepted().empty());
  broker.set_network("b", {});
  (void)b.poll();
  b.link->drop();
  ASSERT_TRUE(b.link->connect(b.request));
  clock.advance(seconds(1));
  (void)b.poll();
  EXPECT_EQ(b.received, 3);
}

}  // namespace
}  // namespace holdfast::platform::sim
