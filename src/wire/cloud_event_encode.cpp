// SPDX-License-Identifier: MIT
// CloudEvents over MQTT, the sending side.
//
// MQTT 5, binary mode: the payload is the data; Content Type is `datacontenttype`; every other attribute is a
// user property under its own name. `datacontenttype` is not sent as a user property, and the Payload Format
// Indicator stays 0: a broker that checks it could refuse (0x99) what the application's content type allows.
//
// MQTT 3.1.1, structured mode: the payload is a JSON object. The data bytes must come out as they went in,
// so:
//   1. no data: neither `data` nor `data_base64`;
//   2. the content type is JSON and the bytes are one JSON text that our own reader accepts, without white
//      space around it: they are `data`, verbatim, and the receiver takes the member's text verbatim;
//   3. else: `data_base64`. CloudEvents prescribe it for binary data, which is what our data is.
#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "wire/base64.hpp"
#include "wire/cloud_event_rules.hpp"

namespace holdfast {
namespace {

constexpr const char* kWhere = "encode CloudEvent";

std::vector<UserProperty> binary_attributes(const CloudEvent& event) {
  std::vector<UserProperty> properties = {{"specversion", std::string(wire::kSpecVersion)},
                                          {"id", event.id},
                                          {"source", event.source},
                                          {"type", event.type}};
  if (!event.subject.empty()) properties.emplace_back("subject", event.subject);
  if (!event.time.empty()) properties.emplace_back("time", event.time);
  for (const Attribute& further : event.attributes) properties.emplace_back(further.name, further.value);
  return properties;
}

bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool can_be_spliced(std::string_view data) {
  if (data.empty() || is_json_space(data.front()) || is_json_space(data.back())) return false;
  wire::JsonLimits limits = wire::kEnvelopeLimits;
  limits.depth_max -= 1;    // the envelope's own object
  limits.items_max -= 128;  // and its attributes
  limits.depth_kept = 0;
  return wire::parse_json(data, limits).has_value();
}

void put_data(wire::JsonObjectWriter& envelope, const CloudEvent& event) {
  if (event.data.empty()) return;
  const std::string_view text(reinterpret_cast<const char*>(event.data.data()), event.data.size());
  if (wire::is_json_type(event.content_type) && can_be_spliced(text)) return envelope.raw("data", text);
  envelope.text("data_base64", wire::encode_base64(event.data));
}

std::string structured_json(const CloudEvent& event) {
  wire::JsonObjectWriter envelope;
  for (const auto& [name, value] : binary_attributes(event)) envelope.text(name, value);
  if (!event.content_type.empty()) envelope.text("datacontenttype", event.content_type);
  put_data(envelope, event);
  return std::move(envelope).finish();
}

}  // namespace

const std::string* CloudEvent::attribute(std::string_view name) const noexcept {
  const auto found =
      std::find_if(attributes.begin(), attributes.end(), [&](const Attribute& a) { return a.name == name; });
  return found == attributes.end() ? nullptr : &found->value;
}

Result<MqttMessage> encode_cloud_event(const CloudEvent& event, std::string topic, MqttVersion version,
                                       std::optional<std::uint32_t> expiry_s) {
  if (!base::is_topic(topic))
    return fail(ErrorCode::invalid, kWhere, "the topic is empty, too long or a filter");
  if (event.data.size() > limits::kMessageBytesMax)
    return fail(ErrorCode::too_large, kWhere, "data too large");
  if (auto checked = wire::check_event(event, kWhere); !checked)
    return tl::unexpected(std::move(checked.error()));

  MqttMessage message;
  message.topic = std::move(topic);
  if (version == MqttVersion::v5) {
    message.payload = event.data;
    message.content_type = event.content_type;
    message.user_properties = binary_attributes(event);
    message.expiry_s = expiry_s;
    return message;
  }
  const std::string json = structured_json(event);
  if (json.size() > limits::kMessageBytesMax) return fail(ErrorCode::too_large, kWhere, "message too large");
  const auto bytes = bytes_of(json);
  message.payload.assign(bytes.begin(), bytes.end());
  return message;
}

}  // namespace holdfast
