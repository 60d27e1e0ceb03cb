// SPDX-License-Identifier: MIT
// The kernel loses packets between device, broker and backend: TCP sends them again, late, and the relay must neither
// lose an event nor take a slow network for a dead one for ever.
#include <gtest/gtest.h>

#include "live/chaos/lossy_network.hpp"
#include "live/e2e/world.hpp"

namespace holdfast::e2e {
namespace {

constexpr int kEvents = 40;

class PacketLoss : public testing::Test {
 protected:
  PacketLoss() : backend_(broker_.url()), device_(broker_.url()) {
    device_.options.ack_timeout = 2s;
    device_.options.broker.connect_timeout = 5s;
    backend_.start(broker_);
    device_.boot();
    device_.write(kEvents);
    EXPECT_TRUE(device_.flush());
  }

  void expect_all_arrive() {
    EXPECT_TRUE(device_.flush());
    EXPECT_TRUE(backend_.applied_all(device_));
    EXPECT_EQ(backend_.applied().size(), std::size_t{2 * kEvents});
    backend_.stop();
    backend_.expect_order_and_completeness();
  }

  LossyNetwork network_;  // before whatever uses it
  Mosquitto broker_;
  Backend backend_;
  Device device_;
};

TEST_F(PacketLoss, one_packet_in_ten_costs_time_and_nothing_else) {
  network_.lose(broker_.port(), 10);
  device_.write(kEvents);
  EXPECT_TRUE(eventually([&] { return network_.lost_packets() > 0; }));
  EXPECT_TRUE(device_.flush(120s));
  network_.heal();
  expect_all_arrive();
}

// Nothing comes through, and nobody is told: a cable that was pulled.
TEST_F(PacketLoss, a_network_that_loses_everything_is_given_up_and_found_again) {
  network_.lose(broker_.port(), 100);
  device_.write(kEvents);
  EXPECT_TRUE(eventually([&] { return device_.relay().ack_timeouts > 0; }));
  EXPECT_EQ(device_.backlog(), kEvents);
  EXPECT_GT(network_.lost_packets(), 0U);
  network_.heal();
  expect_all_arrive();
}

}  // namespace
}  // namespace holdfast::e2e
