// SPDX-License-Identifier: MIT
#include "program/export_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/cloud_event.hpp>

namespace holdfast::program {
namespace {

using testing::HasSubstr;
using testing::Not;

[[nodiscard]] ArchivedEvent event_with(std::string_view content_type, std::string_view data) {
  const auto bytes = bytes_of(data);
  return {.id = {Epoch{0xabc}, "telemetry", 7},
          .key = "door",
          .type = "com.example.door.v1",
          .content_type = std::string(content_type),
          .topic = "holdfast/pi4/telemetry/door",
          .attributes = {{"traceparent", "00-1"}},
          .time = UtcTime{},
          .settled = false,
          .data = {bytes.begin(), bytes.end()}};
}

[[nodiscard]] CloudEvent read_back(const std::string& line) {
  MqttMessage message;
  message.content_type = "application/cloudevents+json";
  const auto bytes = bytes_of(line);
  message.payload.assign(bytes.begin(), bytes.end());
  return decode_cloud_event(message).value();
}

TEST(ExportText, an_event_reads_back_as_the_cloud_event_that_the_relay_sends) {
  const auto line = export_json("pi4", event_with("text/plain", "open\n\xff"));
  ASSERT_TRUE(line) << line.error().text();
  EXPECT_THAT(*line, Not(HasSubstr("\n")));
  const CloudEvent event = read_back(*line);
  EXPECT_EQ(event.id, "0000000000000abc-telemetry-7");
  EXPECT_EQ(event.source, "urn:holdfast:pi4/telemetry");
  EXPECT_EQ(event.subject, "door");
  EXPECT_EQ(event.time, "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(*event.attribute("sequence"), "00000000000000000007");
  EXPECT_EQ(*event.attribute("epoch"), "0000000000000abc");
  EXPECT_EQ(*event.attribute("traceparent"), "00-1");
  EXPECT_EQ(event.data, event_with("text/plain", "open\n\xff").data);
}

TEST(ExportText, json_stands_as_json_and_stays_on_one_line) {
  const auto line = export_json("pi4", event_with("application/json", "{\"a\":\r\n\"b\\n\"}"));
  ASSERT_TRUE(line) << line.error().text();
  EXPECT_THAT(*line, HasSubstr(R"("data":{"a":  "b\n"})"));
}

TEST(ExportText, an_event_whose_time_was_never_known_has_none) {
  ArchivedEvent event = event_with("text/plain", "x");
  event.time.reset();
  EXPECT_THAT(export_json("pi4", event).value(), Not(HasSubstr("\"time\"")));
}

}  // namespace
}  // namespace holdfast::program
