// SPDX-License-Identifier: MIT
#include "program/export_text.hpp"

#include <algorithm>

#include <holdfast/cloud_event.hpp>

#include "wire/identity.hpp"
#include "wire/time_text.hpp"

namespace holdfast::program {

Result<std::string> export_json(const std::string& device, const ArchivedEvent& event) {
  CloudEvent out;
  out.id = event.id.text();
  out.source = wire::lane_source(device, event.id.lane);
  out.type = event.type;
  out.subject = event.key;
  if (event.time) out.time = wire::time_text(*event.time);
  out.content_type = event.content_type;
  out.attributes = event.attributes;
  out.attributes.push_back({std::string(wire::kSequenceAttribute), wire::sequence_text(event.id.seq)});
  out.attributes.push_back({std::string(wire::kEpochAttribute), event.id.epoch.text()});
  out.data = event.data;
  // MQTT 3.1.1 carries structured mode only, so its payload is the JSON.
  const auto message = encode_cloud_event(out, event.topic, MqttVersion::v3_1_1);
  if (!message) return tl::unexpected(message.error());
  std::string line(reinterpret_cast<const char*>(message->payload.data()), message->payload.size());
  // Inside a JSON string a line end is escaped: where one stands, it is space between values.
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

}  // namespace holdfast::program
