// SPDX-License-Identifier: MIT
//
// A CloudEvent in an MQTT message, in both modes: first byte even, structured, and the rest is the payload; odd,
// binary, with user properties, content type and payload. What is accepted can be sent in both versions and arrives as
// the same; and everything that reads events can read it.
#include <holdfast/check.hpp>
#include <holdfast/cloud_event.hpp>

#include "fuzz/input.hpp"
#include "program/event_text.hpp"
#include "wire/identity.hpp"
#include "wire/json.hpp"
#include "wire/records.hpp"

namespace holdfast {
namespace {

constexpr std::array<const char*, 12> kNames = {"id",       "source",      "type", "specversion",
                                                "subject",  "time",        "data", "epoch",
                                                "sequence", "traceparent", "a",    "datacontenttype"};
constexpr std::array<const char*, 5> kStructured = {
    "application/cloudevents+json", "", "application/cloudevents",
    "application/cloudevents+json; charset=utf-8", "Application/CloudEvents+JSON"};

MqttMessage message_of(fuzz::Input& in) {
  MqttMessage message;
  const std::uint8_t mode = in.byte();
  message.topic = "holdfast/device-1/telemetry/a";
  message.payload_is_utf8 = (mode & 2U) != 0;
  if ((mode & 1U) == 0) {
    message.content_type = kStructured[(mode >> 2U) % kStructured.size()];
  } else {
    message.content_type = in.text();
    const std::size_t properties = in.byte() % 80;
    for (std::size_t i = 0; i < properties && !in.empty(); ++i) {
      const std::uint8_t name = in.byte();
      std::string own = name < kNames.size() ? kNames[name] : in.text();
      message.user_properties.emplace_back(std::move(own), in.text());
    }
  }
  message.payload = fuzz::copy_of(in.rest());
  return message;
}

void send_again(const CloudEvent& event) {
  for (const MqttVersion version : {MqttVersion::v5, MqttVersion::v3_1_1}) {
    const auto message = encode_cloud_event(event, "holdfast/device-1/telemetry/a", version, 5);
    if (!message && message.error().code == ErrorCode::too_large) continue;
    HOLDFAST_CHECK(message.has_value());
    const auto again = decode_cloud_event(*message);
    HOLDFAST_CHECK(again.has_value());
    CloudEvent expected = event;
    // The JSON format has a default for it.
    if (version == MqttVersion::v3_1_1 && again->content_type != expected.content_type)
      expected.content_type = "application/json";
    HOLDFAST_CHECK(*again == expected);
  }
}

}  // namespace

HOLDFAST_FUZZ_TARGET(cloud_event) {
  fuzz::Input in(input);
  const auto event = decode_cloud_event(message_of(in));
  if (!event) return;
  send_again(*event);
  const auto position = wire::stream_position(*event);
  if (position && *position) HOLDFAST_CHECK((*position)->seq > 0);
  (void)wire::read_gap(*event);
  (void)wire::read_epoch(*event);
  HOLDFAST_CHECK(program::event_line(*event).size() <= 5000);
  HOLDFAST_CHECK(wire::parse_json(program::event_json(*event), {.depth_max = 64}).has_value());
}

}  // namespace holdfast
