// SPDX-License-Identifier: MIT
// A real outbox on the default link, a network that fails, a real Mosquitto, a real inbox: once the network is healed
// the backlog drains, nothing is lost, nothing is out of order, each event is applied once.
#include <gtest/gtest.h>

#include "demonstration/proxy.hpp"
#include "live/e2e/world.hpp"

namespace holdfast::e2e {
namespace {

using demo::Direction;
using demo::NetworkFault;
using demo::Proxy;

constexpr int kRounds = 3;
constexpr int kEvents = 40;  // each costs a flush at either end, and disks may be slow

class Chaos : public testing::Test {
 protected:
  Chaos() : proxy_(Proxy::start(broker_.port()).value()), backend_(broker_.url()), device_(proxy_->url()) {
    device_.options.ack_timeout = 1s;
    device_.options.broker.connect_timeout = 3s;  // two clients in one process: Paho may need 1.1 s
    device_.options.broker.keep_alive = 5s;
    backend_.start(broker_);
    device_.boot();
    device_.write(kEvents);
    EXPECT_TRUE(device_.flush());
  }

  /// The relay has lost its connection, or could not make one, more often than `before`.
  [[nodiscard]] bool noticed(std::uint64_t before) const {
    return eventually([&] { return troubles() > before; });
  }
  [[nodiscard]] std::uint64_t troubles() const {
    const RelayStatistics relay = device_.relay();
    return relay.disconnects + relay.connect_failures;
  }
  [[nodiscard]] std::uint64_t duplicates() const { return backend_.consumer->statistics().inbox.duplicates; }

  /// The network is healed.
  void expect_all_arrive() {
    device_.write(kEvents);
    EXPECT_TRUE(device_.flush());
    EXPECT_EQ(device_.backlog(), 0);
    EXPECT_TRUE(backend_.applied_all(device_));
    backend_.stop();
    backend_.expect_order_and_completeness();
  }

  Mosquitto broker_;
  std::unique_ptr<Proxy> proxy_;
  Backend backend_;
  Device device_;
};

TEST_F(Chaos, a_network_that_is_down_costs_nothing) {
  const std::uint64_t before = troubles();
  proxy_->set(NetworkFault::down);
  device_.write(kEvents);
  EXPECT_TRUE(noticed(before + 2));  // the connection, and an attempt to make another
  EXPECT_EQ(device_.backlog(), kEvents);
  proxy_->heal();
  expect_all_arrive();
}

TEST_F(Chaos, connections_cut_while_events_are_in_flight_cost_nothing) {
  for (int cut = 0; cut < kRounds; ++cut) {
    proxy_->delay(200ms);  // long enough to catch events in flight
    device_.write(kEvents / kRounds);
    ASSERT_TRUE(eventually([&] { return device_.relay().in_flight_events > 0; }));
    const std::uint64_t before = troubles();
    proxy_->cut();
    proxy_->heal();
    EXPECT_TRUE(noticed(before));
  }
  EXPECT_TRUE(device_.flush());
  EXPECT_GT(device_.relay().republished, 0U);
  expect_all_arrive();
}

TEST_F(Chaos, resets_while_events_are_in_flight_cost_nothing) {
  for (int reset = 0; reset < kRounds; ++reset) {
    proxy_->delay(200ms);  // long enough to catch events in flight
    device_.write(kEvents / kRounds);
    ASSERT_TRUE(eventually([&] { return device_.relay().in_flight_events > 0; }));
    const std::uint64_t before = troubles();
    proxy_->reset();
    proxy_->heal();
    EXPECT_TRUE(noticed(before));
  }
  EXPECT_TRUE(device_.flush());
  EXPECT_GT(device_.relay().republished, 0U);
  expect_all_arrive();
}

// No end is told: only the relay's own watch over acknowledgements finds out.
TEST_F(Chaos, a_half_open_connection_is_given_up_after_ack_timeout_and_costs_nothing) {
  proxy_->set(NetworkFault::half_open);
  device_.write(kEvents);
  EXPECT_TRUE(eventually([&] { return device_.relay().ack_timeouts > 0; }));
  EXPECT_TRUE(
      eventually([&] { return device_.relay().connect_failures > 0; }));  // CONNECT gets no answer either
  EXPECT_GT(proxy_->counts().swallowed_bytes, 0U);
  EXPECT_EQ(device_.backlog(), kEvents);
  proxy_->heal();
  expect_all_arrive();
}

TEST_F(Chaos, a_packet_of_the_device_that_is_cut_in_the_middle_costs_nothing) {
  for (std::uint64_t cut = 1; cut <= kRounds; ++cut) {
    ASSERT_TRUE(eventually([&] { return device_.relay().state == RelayState::connected; }));
    const std::uint64_t before = troubles();
    proxy_->truncate(Direction::to_broker);
    device_.write(kEvents / kRounds);
    EXPECT_TRUE(noticed(before));
    EXPECT_TRUE(eventually([&] { return proxy_->counts().truncated >= cut; }));
  }
  expect_all_arrive();
}

// The broker has taken the events and says so, but its word does not arrive whole: they are sent again.
TEST_F(Chaos, an_answer_of_the_broker_that_is_cut_in_the_middle_costs_a_duplicate_and_nothing_else) {
  for (std::uint64_t cut = 1; cut <= kRounds; ++cut) {
    ASSERT_TRUE(eventually([&] { return device_.relay().state == RelayState::connected; }));
    const std::uint64_t before = troubles();
    proxy_->truncate(Direction::to_client);
    device_.write(kEvents / kRounds);
    EXPECT_TRUE(noticed(before));
    EXPECT_TRUE(eventually([&] { return proxy_->counts().truncated >= cut; }));
  }
  EXPECT_TRUE(device_.flush());
  EXPECT_TRUE(eventually([&] { return duplicates() > 0; }));
  expect_all_arrive();
}

TEST_F(Chaos, a_slow_network_delivers_and_does_not_look_like_a_dead_one) {
  const std::uint64_t before = troubles();
  proxy_->delay(150ms);
  device_.write(kEvents);
  EXPECT_TRUE(device_.flush());
  EXPECT_EQ(troubles(), before);
  EXPECT_EQ(device_.relay().republished, 0U);
  proxy_->heal();
  expect_all_arrive();
}

// Slower than the relay waits for an answer: it reconnects again and again, and gets through once the network does.
TEST_F(Chaos, a_network_slower_than_ack_timeout_costs_duplicates_and_nothing_else) {
  proxy_->delay(700ms);
  device_.write(kEvents);
  EXPECT_TRUE(eventually([&] { return device_.relay().ack_timeouts > 0; }));
  proxy_->heal();
  EXPECT_TRUE(device_.flush());
  EXPECT_TRUE(eventually([&] { return duplicates() > 0; }));
  expect_all_arrive();
}

}  // namespace
}  // namespace holdfast::e2e
