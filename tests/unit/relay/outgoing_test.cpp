// SPDX-License-Identifier: MIT
#include "relay/outgoing.hpp"

#include <gtest/gtest.h>

#include <holdfast/cloud_event.hpp>

namespace holdfast::relay {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Instant kNow{hours(1)};
constexpr UtcTime kNoon{std::chrono::sys_days{std::chrono::year{2024} / 5 / 1} + hours(12)};
const Sender kSender{"device-1", "plant", MqttVersion::v5};

store::StoredEvent an_event() {
  store::StoredEvent event;
  event.lane = 1;
  event.seq = 42;
  event.epoch = Epoch{0xabcdef};
  event.key = "boiler 7";
  event.type = "com.example.reading.v1";
  event.content_type = "application/senml+cbor";
  event.topic = "plant/device-1/alarm/boiler%207";
  event.attributes = {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}};
  event.of_this_boot = true;
  event.committed_at = kNow - seconds(60);
  event.anchor = base::TimeAnchor{kNow, kNoon};
  event.data = {std::byte{1}, std::byte{2}};
  return event;
}

CloudEvent sent(store::StoredEvent event, const platform::WallTime& wall = {kNoon, true}) {
  const auto message = to_message(std::move(event), "alarm", kSender, kNow, wall);
  return decode_cloud_event(message.value()).value();
}

TEST(Outgoing, carries_the_event_as_a_cloud_event) {
  const CloudEvent event = sent(an_event());
  EXPECT_EQ(event.id, "0000000000abcdef-alarm-42");
  EXPECT_EQ(event.source, "urn:holdfast:device-1/alarm");
  EXPECT_EQ(event.type, "com.example.reading.v1");
  EXPECT_EQ(event.subject, "boiler 7");
  EXPECT_EQ(event.content_type, "application/senml+cbor");
  EXPECT_EQ(event.time, "2024-05-01T11:59:00.000000Z");
  EXPECT_EQ(*event.attribute("sequence"), "00000000000000000042");
  EXPECT_EQ(*event.attribute("epoch"), "0000000000abcdef");
  EXPECT_NE(event.attribute("traceparent"), nullptr);
  EXPECT_EQ(event.attribute("unsynchronised"), nullptr);
  EXPECT_EQ(event.data, an_event().data);
}

TEST(Outgoing, goes_to_the_topic_of_the_row) {
  EXPECT_EQ(to_message(an_event(), "alarm", kSender, kNow, {})->topic, "plant/device-1/alarm/boiler%207");
}

TEST(Outgoing, a_guessed_time_is_flagged) {
  auto event = an_event();
  event.anchor.reset();
  const CloudEvent out = sent(event, {kNoon, false});
  EXPECT_EQ(out.time, "2024-05-01T11:59:00.000000Z");
  ASSERT_NE(out.attribute("unsynchronised"), nullptr);
  EXPECT_EQ(*out.attribute("unsynchronised"), "true");
}

TEST(Outgoing, an_unknown_time_is_absent_and_flagged) {
  auto event = an_event();
  event.anchor.reset();
  event.of_this_boot = false;
  const CloudEvent out = sent(event);
  EXPECT_EQ(out.time, "");
  EXPECT_NE(out.attribute("unsynchronised"), nullptr);
}

TEST(Outgoing, two_deliveries_of_an_anchored_event_are_the_same_message) {
  const auto first = to_message(an_event(), "alarm", kSender, kNow, {kNoon, true});
  const auto second = to_message(an_event(), "alarm", kSender, kNow + hours(5), {kNoon - hours(9), false});
  EXPECT_EQ(*first, *second);
}

std::optional<std::uint32_t> expiry_of(std::uint32_t ttl_s, bool of_this_boot, Duration waited) {
  auto event = an_event();
  event.ttl_s = ttl_s;
  event.of_this_boot = of_this_boot;
  event.committed_at = kNow - waited;
  return to_message(event, "alarm", kSender, kNow, {})->expiry_s;
}

TEST(Outgoing, the_expiry_is_what_is_left_of_the_ttl) {
  EXPECT_EQ(to_message(an_event(), "alarm", kSender, kNow, {})->expiry_s, std::nullopt);
  EXPECT_EQ(expiry_of(100, true, seconds(60)), 40U);
  EXPECT_EQ(expiry_of(100, true, seconds(0)), 100U);
  EXPECT_EQ(expiry_of(100, true, seconds(100)), 1U) << "0 would mean expired";
  EXPECT_EQ(expiry_of(100, true, hours(1)), 1U);
  EXPECT_EQ(expiry_of(100, false, seconds(60)), 100U) << "powered time of another boot says nothing";
}

TEST(Outgoing, a_row_that_breaks_the_rules_is_an_error) {
  auto event = an_event();
  event.type.clear();
  EXPECT_FALSE(to_message(event, "alarm", kSender, kNow, {}).has_value());
}

TEST(Outgoing, records_go_to_their_reserved_topics) {
  const GapRecord gap{"0000000000abcdef-alarm-gap-1", Epoch{0xabcdef}, "alarm", 3, 5, 3, 60, "quarantined"};
  const EpochRecord epoch{Epoch{0xabcdef}, std::nullopt, {}, "created"};
  const auto gap_message = to_message(store::ControlRecord{1, gap}, kSender);
  const auto epoch_message = to_message(store::ControlRecord{2, epoch}, kSender);
  EXPECT_EQ(gap_message->topic, "plant/device-1/~gap");
  EXPECT_EQ(epoch_message->topic, "plant/device-1/~epoch");
  EXPECT_EQ(decode_cloud_event(*gap_message)->type, kGapType);
  EXPECT_EQ(decode_cloud_event(*epoch_message)->type, kEpochType);
}

TEST(Outgoing, packet_bytes_counts_every_byte_of_the_packet) {
  MqttMessage message;
  message.topic = "t";
  message.payload.resize(10);
  // Fixed header 2, topic 2 + 1, packet id 2, payload 10; MQTT 5 adds the property length.
  EXPECT_EQ(packet_bytes(message, MqttVersion::v3_1_1), 17U);
  EXPECT_EQ(packet_bytes(message, MqttVersion::v5), 18U);
  message.content_type = "a/b";
  message.expiry_s = 5;
  message.payload_is_utf8 = true;
  message.user_properties = {{"id", "x"}};
  // content type 3 + 3, expiry 5, payload format 2, user property 5 + 3
  EXPECT_EQ(packet_bytes(message, MqttVersion::v5), 18U + 6 + 5 + 2 + 8);
  message.payload.resize(200);  // the remaining length takes a second byte
  EXPECT_EQ(packet_bytes(message, MqttVersion::v3_1_1), 17U + 190 + 1);
}

}  // namespace
}  // namespace holdfast::relay
