// SPDX-License-Identifier: MIT
//
// Consumers that know CloudEvents and MQTT, and nothing of Holdfast.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/senml.hpp>

#include "live/e2e/world.hpp"
#include "support/process.hpp"

namespace holdfast::e2e {
namespace {

using test_support::find_program;
using test_support::Process;
using ::testing::HasSubstr;

EventId write_event(Device& device, std::string_view content_type, std::span<const std::byte> data) {
  const auto receipt = device.outbox->write([&](Transaction& t) -> Result<void> {
    return t
        .add({.lane = "telemetry",
              .key = "room/1",
              .type = "com.example.reading.v1",
              .content_type = content_type,
              .data = data})
        .map([](const EventId&) {});
  });
  return receipt.value().events.at(0);
}

TEST(Foreign, mosquitto_sub_sees_the_attributes_as_user_properties_and_the_data_as_it_was) {
  Mosquitto broker;
  Process subscriber({find_program("mosquitto_sub"), "-V", "5", "-q", "1", "-h", "127.0.0.1", "-p",
                      std::to_string(broker.port()), "-t", "holdfast/device-1/telemetry/#", "-C", "1", "-F",
                      "%P %p"});
  ASSERT_TRUE(eventually([&] { return broker.log().find("Sending SUBACK") != std::string::npos; }));
  Device device(broker.url());
  device.boot();
  const EventId id = write_event(device, "text/plain", bytes_of("21.5 degrees"));
  const std::string line = subscriber.read_line(30s).value_or("");
  EXPECT_THAT(line, HasSubstr("specversion:1.0"));
  EXPECT_THAT(line, HasSubstr("id:" + id.text()));
  EXPECT_THAT(line, HasSubstr("source:urn:holdfast:device-1/telemetry"));
  EXPECT_THAT(line, HasSubstr("type:com.example.reading.v1"));
  EXPECT_THAT(line, HasSubstr("subject:room/1"));
  EXPECT_THAT(line, HasSubstr("sequence:00000000000000000001"));
  EXPECT_THAT(line, ::testing::EndsWith(" 21.5 degrees"));
  EXPECT_EQ(subscriber.wait(10s), 0);
}

TEST(Foreign, python_reads_identity_and_senml_values) {
  Mosquitto broker;
  Process python({"/usr/bin/python3", E2E_FOREIGN_CONSUMER, "127.0.0.1", std::to_string(broker.port()),
                  "holdfast/device-1/telemetry/#", "2"});
  ASSERT_EQ(python.read_line(30s), "ready") << "python3-paho-mqtt and python3-cbor2 are needed";
  Device device(broker.url());
  device.boot();
  senml::Record record;
  record.base_name = "room/1/";
  record.name = "temperature";
  record.unit = "Cel";
  record.value = 21.5;
  const auto pack = senml::encode({record}).value();
  for (const char* sequence : {"00000000000000000001", "00000000000000000002"}) {
    const EventId id = write_event(device, senml::kContentType, pack);
    const std::string line = python.read_line(30s).value_or("");
    EXPECT_THAT(line, HasSubstr("\"id\": \"" + id.text() + "\""));
    EXPECT_THAT(line, HasSubstr("\"sequence\": \"" + std::string(sequence) + "\""));
    EXPECT_THAT(line,
                HasSubstr(R"("senml": [{"bn": "room/1/", "n": "temperature", "u": "Cel", "v": 21.5}])"));
  }
  EXPECT_EQ(python.wait(10s), 0);
}

}  // namespace
}  // namespace holdfast::e2e
