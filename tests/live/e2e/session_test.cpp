// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "live/e2e/world.hpp"

namespace holdfast::e2e {
namespace {

TEST(Session, a_consumer_that_was_away_gets_what_came_meanwhile) {
  Mosquitto broker;
  Backend backend(broker.url());
  backend.start(broker);
  Device device(broker.url());
  device.boot();
  device.write(10);
  ASSERT_TRUE(backend.applied_all(device));
  backend.stop();
  device.write(80);
  ASSERT_TRUE(device.flush());
  EXPECT_EQ(backend.applied().size(), 10U);
  backend.start(broker);
  EXPECT_TRUE(backend.applied_all(device));
  backend.stop();
  backend.expect_order_and_completeness();
}

TEST(Session, a_restarted_device_goes_on_where_it_was) {
  Mosquitto broker;
  Backend backend(broker.url());
  backend.start(broker);
  Device device(broker.url());
  for (int boots = 0; boots < 3; ++boots) {
    device.boot();
    device.write(20);
    if (boots != 1) {
      ASSERT_TRUE(device.flush());
    }
    device.shut_down();
  }
  EXPECT_TRUE(backend.applied_all(device));
  EXPECT_EQ(device.written().size(), 60U);
  backend.stop();
  backend.expect_order_and_completeness();
}

}  // namespace
}  // namespace holdfast::e2e
