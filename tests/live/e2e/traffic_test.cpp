// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "live/e2e/world.hpp"

namespace holdfast::e2e {
namespace {

void write_from_threads(Device& device, int threads, int events_each) {
  std::vector<std::thread> writers;
  for (int i = 0; i < threads; ++i)
    writers.emplace_back([&device, events_each] { device.write(events_each); });
  for (std::thread& writer : writers) writer.join();
}

/// Mosquitto drops what it has acknowledged when more than 1,000 messages wait for a consumer: not these tests' subject.
[[nodiscard]] MosquittoOptions keeps_everything() { return {.extra = "max_queued_messages 0\n"}; }

TEST(Traffic, two_thousand_events_of_four_threads_are_applied_once_and_in_order) {
  Mosquitto broker(keeps_everything());
  Backend backend(broker.url());
  backend.start(broker);
  Device device(broker.url());
  device.boot();
  write_from_threads(device, 4, 500);
  EXPECT_TRUE(device.flush());
  EXPECT_EQ(device.backlog(), 0);
  EXPECT_TRUE(backend.applied_all(device));
  EXPECT_EQ(backend.applied().size(), 2000U);
  EXPECT_EQ(device.relay().republished, 0U);
  backend.stop();
  backend.expect_order_and_completeness();
}

TEST(Traffic, mqtt_3_1_1_carries_the_same_events) {
  Mosquitto broker;
  Backend backend(broker.url());
  backend.options.broker.version = MqttVersion::v3_1_1;
  backend.start(broker);
  Device device(broker.url());
  device.options.broker.version = MqttVersion::v3_1_1;
  device.boot();
  device.write(60);
  EXPECT_TRUE(device.flush());
  EXPECT_TRUE(backend.applied_all(device));
  backend.stop();
  backend.expect_order_and_completeness();
}

TEST(Traffic, user_and_password_are_told_to_the_broker) {
  MosquittoOptions options;
  options.users = {{"device", "secret"}};
  Mosquitto broker(options);
  Device device(broker.url());
  device.options.broker.user = "device";
  device.options.broker.password = "secret";
  device.boot();
  device.write(5);
  EXPECT_TRUE(device.flush());
}

TEST(Traffic, a_wrong_password_is_visible_and_loses_nothing) {
  MosquittoOptions options;
  options.users = {{"device", "secret"}};
  Mosquitto broker(options);
  Device device(broker.url());
  device.options.broker.user = "device";
  device.options.broker.password = "guessed";
  device.boot();
  device.write(5);
  ASSERT_TRUE(eventually([&] { return device.relay().connect_failures > 0; }));
  EXPECT_TRUE(device.relay().last_reason == 0x86 || device.relay().last_reason == 0x87)
      << device.relay().last_reason;
  EXPECT_EQ(device.relay().last_error.find("guessed"), std::string::npos);
  EXPECT_FALSE(device.flush(0s));
  device.shut_down();

  device.options.broker.password = "secret";
  device.boot();
  EXPECT_EQ(device.backlog(), 5);
  EXPECT_TRUE(device.flush());
}

// The consumer's thread ends the connection while the link's thread hands it message after message.
TEST(Traffic, a_consumer_that_stops_under_full_traffic_neither_hangs_nor_loses) {
  Mosquitto broker(keeps_everything());
  Backend backend(broker.url());
  backend.start(broker);
  Device device(broker.url());
  device.boot();
  std::atomic<bool> enough = false;
  std::thread writer([&] {
    while (!enough) device.write(10);
  });
  for (int stops = 0; stops < 4; ++stops) {
    const std::size_t before = backend.applied().size();
    EXPECT_TRUE(eventually([&] { return backend.applied().size() > before + 30; }));
    backend.stop();
    backend.start(broker);
  }
  enough = true;
  writer.join();
  EXPECT_TRUE(device.flush());
  EXPECT_TRUE(backend.applied_all(device));
  backend.stop();
  backend.expect_order_and_completeness();
}

}  // namespace
}  // namespace holdfast::e2e
