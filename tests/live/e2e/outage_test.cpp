// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "live/e2e/world.hpp"

namespace holdfast::e2e {
namespace {

MosquittoOptions persistent() {
  MosquittoOptions options;
  options.persistence = true;
  return options;
}

// Killed while events are in flight. It is frozen first, so that nothing is acknowledged that it had no time to save:
// Mosquitto saves after it acknowledges.
TEST(Outage, a_broker_that_is_killed_and_restarted_costs_nothing_and_changes_no_id) {
  Mosquitto broker(persistent());
  Backend backend(broker.url());
  backend.start(broker);
  Device device(broker.url());
  device.boot();
  device.write(200);
  ASSERT_TRUE(device.flush());
  ASSERT_TRUE(backend.applied_all(device));
  broker.freeze();
  device.write(100);
  ASSERT_TRUE(eventually([&] { return device.relay().in_flight_events > 0; }));
  broker.kill();
  device.write(100);
  EXPECT_GT(device.backlog(), 0);
  broker.start();
  device.write(100);
  EXPECT_TRUE(device.flush());
  EXPECT_TRUE(backend.applied_all(device));
  EXPECT_GT(device.relay().republished, 0U);
  backend.stop();
  backend.expect_order_and_completeness();
}

TEST(Outage, close_is_bounded_and_a_later_opening_delivers_the_rest) {
  Mosquitto broker(persistent());
  Backend backend(broker.url());
  backend.start(broker);
  Device device(broker.url());
  device.boot();
  device.write(20);
  ASSERT_TRUE(device.flush());
  broker.freeze();  // half-open: worse than a broker that is gone
  device.write(200);
  ASSERT_TRUE(eventually([&] { return device.relay().in_flight_events > 0; }));
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(device.outbox->close());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 15s);  // drain_timeout, and about 10 s of Link::drop()
  EXPECT_EQ(device.backlog(), 200);
  device.shut_down();

  broker.thaw();
  device.boot();
  device.write(20);
  EXPECT_TRUE(device.flush());
  EXPECT_TRUE(backend.applied_all(device));
  EXPECT_EQ(backend.applied().size(), 240U);
  backend.stop();
  backend.expect_order_and_completeness();
}

TEST(Outage, events_that_were_written_before_the_broker_existed_are_delivered) {
  Mosquitto broker(persistent());
  Backend backend(broker.url());
  backend.start(broker);
  backend.stop();
  // It has saved the subscription by then, which it does after it has answered.
  ASSERT_TRUE(
      eventually([&] { return broker.log().find("Client backend disconnected") != std::string::npos; }));
  broker.kill();
  Device device(broker.url());
  device.boot();
  device.write(50);
  ASSERT_TRUE(eventually([&] { return device.relay().connect_failures > 0; }));
  device.shut_down();
  device.boot();  // and the device was restarted meanwhile
  broker.start();
  EXPECT_TRUE(device.flush());
  backend.start(broker);
  EXPECT_TRUE(backend.applied_all(device));
  backend.stop();
  backend.expect_order_and_completeness();
}

}  // namespace
}  // namespace holdfast::e2e
