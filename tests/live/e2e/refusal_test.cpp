// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "live/e2e/world.hpp"

/// What a real Mosquitto refuses, and how the relay takes it.
namespace holdfast::e2e {
namespace {

constexpr const char* kAlarmIsShut =
    "topic readwrite holdfast/device-1/telemetry/#\n"
    "topic readwrite holdfast/device-1/~epoch\n"
    "topic readwrite holdfast/device-1/~gap\n"
    "topic readwrite holdfast/device-1/~status\n";
constexpr const char* kAllOpen = "topic readwrite holdfast/#\n";

MosquittoOptions with_acl(const std::string& acl) {
  MosquittoOptions options;
  options.acl = acl;
  return options;
}

std::int64_t backlog_of(const Device& device, const std::string& lane) {
  for (const LaneStatistics& one : device.outbox->statistics().lanes) {
    if (one.name == lane) return one.backlog_events;
  }
  return -1;
}

bool has_alarm(const Device& device, RelayAlarm alarm) {
  const auto alarms = device.relay().alarms;
  return std::find(alarms.begin(), alarms.end(), alarm) != alarms.end();
}

TEST(Refusal, a_denied_topic_waits_the_others_arrive_and_once_the_acl_is_mended_all_of_it_in_order) {
  Mosquitto broker(with_acl(kAlarmIsShut));
  Backend backend(broker.url());
  backend.start(broker);
  Device device(broker.url());
  device.boot();
  device.write(40);
  EXPECT_TRUE(eventually([&] { return backlog_of(device, "telemetry") == 0; }));
  EXPECT_TRUE(eventually([&] { return has_alarm(device, RelayAlarm::topics_denied); }));
  EXPECT_EQ(backlog_of(device, "alarm"), 20);
  EXPECT_EQ(device.relay().last_reason, 0x87);
  EXPECT_EQ(device.relay().quarantined, 0U);

  broker.set_acl(kAllOpen);
  EXPECT_TRUE(device.flush());
  EXPECT_TRUE(backend.applied_all(device));
  EXPECT_TRUE(eventually([&] { return !has_alarm(device, RelayAlarm::topics_denied); }));
  EXPECT_EQ(device.relay().disconnects, 0U);
  backend.stop();
  backend.expect_order_and_completeness();
}

TEST(Refusal, after_the_patience_denied_events_are_quarantined) {
  Mosquitto broker(with_acl(kAlarmIsShut));
  Device device(broker.url());
  device.options.denied_patience = 0s;
  device.boot();
  device.write(20);
  EXPECT_TRUE(device.flush());
  EXPECT_TRUE(eventually([&] { return device.relay().quarantined == 10; }));
}

// The protocol has no other answer, so nobody can know: src/relay/README.md warns of it.
TEST(Refusal, mqtt_3_1_1_acknowledges_what_the_acl_denies_and_the_event_is_gone) {
  Mosquitto broker(with_acl(kAlarmIsShut));
  Backend backend(broker.url());
  backend.start(broker);
  Device device(broker.url());
  device.options.broker.version = MqttVersion::v3_1_1;
  device.boot();
  device.write(20);
  EXPECT_TRUE(device.flush());
  EXPECT_EQ(device.relay().refused, 0U);
  EXPECT_FALSE(has_alarm(device, RelayAlarm::topics_denied));
  EXPECT_TRUE(eventually([&] { return backend.applied().size() == 10; }));
  backend.stop();
}

void write_large(Device& device, std::size_t bytes) {
  const std::string data(bytes, 'x');
  const auto receipt = device.outbox->write([&](Transaction& t) -> Result<void> {
    return t
        .add({.lane = "alarm",
              .key = "sensor",
              .type = "com.example.reading.v1",
              .content_type = "text/plain",
              .data = bytes_of(data)})
        .map([](const EventId&) {});
  });
  ASSERT_TRUE(receipt) << receipt.error().text();
}

TEST(Refusal, an_event_above_the_maximum_packet_size_is_quarantined_without_being_sent) {
  MosquittoOptions options;
  options.max_packet_bytes = 1000;
  Mosquitto broker(options);
  Device device(broker.url());
  device.boot();
  device.write(4);
  write_large(device, 2000);
  device.write(4);
  EXPECT_TRUE(device.flush());
  EXPECT_TRUE(eventually([&] { return device.relay().quarantined == 1; }));
  EXPECT_EQ(device.relay().disconnects, 0U);
}

// On 3.1.1 nobody tells us the limit, and the broker just hangs up: it takes a suspect to find the event.
TEST(Refusal, mqtt_3_1_1_hangs_up_on_a_large_event_and_the_suspect_is_found) {
  MosquittoOptions options;
  options.max_packet_bytes = 1000;
  Mosquitto broker(options);
  Device device(broker.url());
  device.options.broker.version = MqttVersion::v3_1_1;
  device.boot();
  write_large(device, 2000);
  device.write(10);
  EXPECT_TRUE(device.flush(120s));
  EXPECT_TRUE(eventually([&] { return device.relay().quarantined == 1; }));
  EXPECT_TRUE(eventually([&] { return device.relay().acknowledged >= 10; }));
  EXPECT_GE(device.relay().suspects, 1U);
}

TEST(Refusal, the_window_is_the_receive_maximum_and_fast_all_the_same) {
  constexpr int kEvents = 2000;
  Mosquitto broker;
  Device device(broker.url());
  device.open();
  device.write(kEvents);
  const auto begun = std::chrono::steady_clock::now();
  device.start_relay();
  std::uint64_t most = 0;
  EXPECT_TRUE(eventually([&] {
    most = std::max(most, device.relay().in_flight_events);
    return device.backlog() == 0;
  }));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  EXPECT_LE(most, 20U);
  EXPECT_EQ(device.relay().window_events, 20U);
  EXPECT_EQ(device.relay().disconnects, 0U);
  RecordProperty("events_per_s", std::to_string(kEvents / took.count()));
  EXPECT_GT(kEvents / took.count(), 40.0) << "Paho's own flow control sends one window a second: 20";
}

TEST(Refusal, another_client_with_our_id_is_not_fought) {
  Mosquitto broker;
  Device device(broker.url());
  device.options.takeover_backoff_min = 2s;
  device.boot();
  device.write(4);
  EXPECT_TRUE(device.flush());

  const auto other = platform::make_linux_link();
  platform::ConnectRequest request;
  request.broker.url = broker.url();
  request.broker.client_id = "device-1";
  ASSERT_TRUE(other->connect(request));
  EXPECT_TRUE(eventually([&] { return device.relay().disconnects == 1; }));
  EXPECT_TRUE(eventually([&] { return device.relay().connects >= 2; }));
  EXPECT_LE(device.relay().connects, 4U);
  EXPECT_EQ(device.relay().quarantined, 0U);
  other->drop();
  device.write(4);
  EXPECT_TRUE(device.flush());
}

}  // namespace
}  // namespace holdfast::e2e
