// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/wire/cloud_events.hpp"

namespace holdfast {
namespace {

using test::reading_event;
using test::to_bytes;
using test::verdict;

Result<MqttMessage> encode_v5(const CloudEvent& event) {
  return encode_cloud_event(event, "mytopic", MqttVersion::v5);
}

// The example of the MQTT binding, section 3.1.4, with its dots filled in.
MqttMessage binding_example() {
  MqttMessage message;
  message.topic = "mytopic";
  message.content_type = "application/json; charset=utf-8";
  message.user_properties = {{"specversion", "1.0"},
                             {"type", "com.example.someevent"},
                             {"time", "2018-04-05T03:56:24Z"},
                             {"id", "1234-1234-1234"},
                             {"source", "/mycontext/subcontext"},
                             {"datacontenttype", "application/json; charset=utf-8"},
                             {"comexampleothervalue", "5"}};
  message.payload = to_bytes("{ \"temp\": 21.5 }\n");
  return message;
}

TEST(CloudEventBinary, reads_the_example_of_the_mqtt_binding) {
  const auto event = decode_cloud_event(binding_example());
  ASSERT_TRUE(event) << event.error().text();
  EXPECT_EQ(event->id, "1234-1234-1234");
  EXPECT_EQ(event->source, "/mycontext/subcontext");
  EXPECT_EQ(event->type, "com.example.someevent");
  EXPECT_EQ(event->subject, "");
  EXPECT_EQ(event->time, "2018-04-05T03:56:24Z");
  EXPECT_EQ(event->content_type, "application/json; charset=utf-8");
  EXPECT_EQ(event->attributes, (std::vector<Attribute>{{"comexampleothervalue", "5"}}));
  EXPECT_EQ(event->data, to_bytes("{ \"temp\": 21.5 }\n"));
}

TEST(CloudEventBinary, an_event_looks_like_this) {
  const MqttMessage message =
      encode_cloud_event(reading_event(), "eo/pump-7/alarm/thermal%2Fcpu", MqttVersion::v5, 3600).value();
  EXPECT_EQ(message.topic, "eo/pump-7/alarm/thermal%2Fcpu");
  EXPECT_EQ(message.payload, reading_event().data);
  EXPECT_EQ(message.content_type, "application/senml+cbor");
  EXPECT_EQ(message.expiry_s, 3600U);
  EXPECT_FALSE(message.payload_is_utf8);
  EXPECT_FALSE(message.retain);
  const std::vector<UserProperty> expected = {
      {"specversion", "1.0"},
      {"id", "00c0ffee00c0ffee-alarm-42"},
      {"source", "urn:holdfast:pump-7/alarm"},
      {"type", "com.example.reading.v1"},
      {"subject", "thermal/cpu"},
      {"time", "2026-11-20T23:04:42.123456Z"},
      {"sequence", "00000000000000000042"},
      {"epoch", "00c0ffee00c0ffee"},
      {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}};
  EXPECT_EQ(message.user_properties, expected);
}

TEST(CloudEventBinary, an_event_survives) {
  EXPECT_EQ(decode_cloud_event(encode_v5(reading_event()).value()), reading_event());
  CloudEvent least;
  least.id = "1";
  least.source = "/";
  least.type = "t";
  EXPECT_EQ(decode_cloud_event(encode_v5(least).value()), least);
  EXPECT_EQ(encode_v5(least)->expiry_s, std::nullopt);
}

TEST(CloudEventBinary, the_content_type_wins_over_the_datacontenttype_property) {
  MqttMessage message = binding_example();
  message.content_type = "application/cbor";
  EXPECT_EQ(decode_cloud_event(message)->content_type, "application/cbor");
  message.content_type.clear();
  EXPECT_EQ(decode_cloud_event(message)->content_type, "application/json; charset=utf-8");
}

TEST(CloudEventBinary, user_properties_that_cannot_be_attributes_are_ignored) {
  MqttMessage message = binding_example();
  const auto event = decode_cloud_event(message).value();
  for (const char* name : {"X-Bridge", "$received", "trace_id", "", "\u00fc"}) {
    message.user_properties.emplace_back(name, "1");
    message.user_properties.emplace_back(name, "2");
  }
  EXPECT_EQ(decode_cloud_event(message), event);
}

TEST(CloudEventBinary, refuses_a_message_without_a_required_attribute) {
  for (const char* name : {"specversion", "id", "source", "type"}) {
    MqttMessage missing = binding_example();
    MqttMessage empty = missing;
    std::erase_if(missing.user_properties, [&](const UserProperty& p) { return p.first == name; });
    for (UserProperty& property : empty.user_properties) {
      if (property.first == name) property.second.clear();
    }
    EXPECT_EQ(verdict(decode_cloud_event(missing)), "invalid") << name;
    EXPECT_EQ(verdict(decode_cloud_event(empty)), "invalid") << name;
  }
}

TEST(CloudEventBinary, refuses_an_attribute_that_stands_twice) {
  for (const char* name :
       {"specversion", "id", "source", "type", "time", "datacontenttype", "comexampleothervalue"}) {
    MqttMessage message = binding_example();
    message.user_properties.emplace_back(name, "x");
    EXPECT_EQ(verdict(decode_cloud_event(message)), "invalid") << name;
  }
}

struct Bad {
  const char* name;
  const char* value;
};

constexpr Bad kBadValues[] = {
    {"specversion", "0.3"},
    {"specversion", "1.0.2"},
    {"id", "a\nb"},
    {"id", "\xFF"},
    {"source", "a b"},
    {"source", "urn:\u00fc"},
    {"type", "\u0085"},
    {"time", "yesterday"},
    {"time", "2018-04-05T03:56;24Z"},
    {"datacontenttype", "json"},
    {"comexampleothervalue", "\x7F"},
    {"comexampleothervalue", "\uFFFE"},
};

TEST(CloudEventBinary, refuses_values_outside_the_types) {
  for (const auto& [name, value] : kBadValues) {
    MqttMessage message = binding_example();
    message.content_type.clear();
    for (UserProperty& property : message.user_properties) {
      if (property.first == name) property.second = value;
    }
    EXPECT_EQ(verdict(decode_cloud_event(message)), "invalid") << name << ": " << value;
  }
}

TEST(CloudEventBinary, does_not_send_what_it_would_refuse) {
  const auto with = [](auto change) {
    CloudEvent event = reading_event();
    change(event);
    return verdict(encode_v5(event));
  };
  EXPECT_EQ(with([](CloudEvent&) {}), "accepted");
  EXPECT_EQ(with([](CloudEvent& e) { e.id.clear(); }), "invalid");
  EXPECT_EQ(with([](CloudEvent& e) { e.source.clear(); }), "invalid");
  EXPECT_EQ(with([](CloudEvent& e) { e.source = "a b"; }), "invalid");
  EXPECT_EQ(with([](CloudEvent& e) { e.type.clear(); }), "invalid");
  EXPECT_EQ(with([](CloudEvent& e) { e.type = std::string(1025, 't'); }), "invalid");
  EXPECT_EQ(with([](CloudEvent& e) { e.subject = "a\tb"; }), "invalid");
  EXPECT_EQ(with([](CloudEvent& e) { e.time = "now"; }), "invalid");
  EXPECT_EQ(with([](CloudEvent& e) { e.content_type = "cbor"; }), "invalid");
  EXPECT_EQ(with([](CloudEvent& e) { e.attributes[0].value = "\xC3"; }), "invalid");
  for (const char* name :
       {"", "Upper", "under_score", "id", "specversion", "datacontenttype", "data", "epoch"}) {
    EXPECT_EQ(with([&](CloudEvent& e) { e.attributes[0].name = name; }), "invalid") << name;
  }
}

TEST(CloudEventBinary, refuses_topics_that_cannot_be_published_to) {
  for (const char* topic : {"", "a/+", "#", "a\nb", "\xFF"}) {
    EXPECT_EQ(verdict(encode_cloud_event(reading_event(), topic, MqttVersion::v5)), "invalid") << topic;
  }
}

TEST(CloudEventBinary, bounds_data_and_attributes) {
  CloudEvent event = reading_event();
  event.data.resize(limits::kMessageBytesMax);
  MqttMessage message = encode_v5(event).value();
  EXPECT_EQ(verdict(decode_cloud_event(message)), "accepted");
  message.payload.emplace_back();
  EXPECT_EQ(verdict(decode_cloud_event(message)), "too_large");
  event.data.emplace_back();
  EXPECT_EQ(verdict(encode_v5(event)), "too_large");

  event = reading_event();
  while (event.attributes.size() < 64)
    event.attributes.push_back({"a" + std::to_string(event.attributes.size()), "x"});
  message = encode_v5(event).value();
  EXPECT_EQ(verdict(decode_cloud_event(message)), "accepted");
  message.user_properties.emplace_back("onemore", "x");
  EXPECT_EQ(verdict(decode_cloud_event(message)), "too_large");
  event.attributes.push_back({"onemore", "x"});
  EXPECT_EQ(verdict(encode_v5(event)), "too_large");
}

TEST(CloudEvent, finds_a_further_attribute_by_name) {
  const CloudEvent event = reading_event();
  ASSERT_NE(event.attribute("epoch"), nullptr);
  EXPECT_EQ(*event.attribute("epoch"), "00c0ffee00c0ffee");
  EXPECT_EQ(event.attribute("id"), nullptr);
}

}  // namespace
}  // namespace holdfast
