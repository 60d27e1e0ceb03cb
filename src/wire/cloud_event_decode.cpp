// SPDX-License-Identifier: MIT
// CloudEvents over MQTT, the receiving side. The modes are told apart as the MQTT binding says (section 3),
// and the members of structured mode are read as the JSON format says (section 3.1.2):
//
//   datacontenttype   `data` is             the event's data
//   JSON, or absent   any JSON value        the member's text, verbatim (absent: it becomes application/json)
//   another           a string              the string's UTF-8
//                     null                  none
//                     anything else         invalid
//   any               (`data_base64`)       the bytes; an absent content type stays absent
//
// In binary mode a user property whose name cannot be an attribute's is not one (brokers and bridges add
// their own) and is ignored. In structured mode such a member is invalid.
#include <utility>

#include "wire/base64.hpp"
#include "wire/cloud_event_rules.hpp"

namespace holdfast {
namespace {

constexpr const char* kWhere = "decode CloudEvent";

using wire::JsonMember;
using wire::JsonObject;
using wire::JsonValue;

tl::unexpected<Error> invalid(std::string hint) { return fail(ErrorCode::invalid, kWhere, std::move(hint)); }

// Collects attributes by name, from either mode.
class Attributes {
 public:
  Result<void> add(std::string_view name, std::string value) {
    std::string* known = context(name);
    if (known == nullptr) {
      if (event_.attributes.size() >= wire::kFurtherAttributesMax) {
        return fail(ErrorCode::too_large, kWhere, "too many attributes");
      }
      event_.attributes.push_back({std::string(name), std::move(value)});
      return {};
    }
    if (value.empty()) return invalid(std::string(name) + " is empty");
    if (!known->empty()) return invalid(std::string(name) + " stands twice");
    *known = std::move(value);
    return {};
  }

  Result<CloudEvent> finish() && {
    if (specversion_ != wire::kSpecVersion) return invalid("specversion is not 1.0");
    if (auto checked = wire::check_event(event_, kWhere); !checked) return tl::unexpected(checked.error());
    return std::move(event_);
  }

  CloudEvent& event() { return event_; }

 private:
  std::string* context(std::string_view name) {
    if (name == "specversion") return &specversion_;
    if (name == "id") return &event_.id;
    if (name == "source") return &event_.source;
    if (name == "type") return &event_.type;
    if (name == "subject") return &event_.subject;
    if (name == "time") return &event_.time;
    if (name == "datacontenttype") return &event_.content_type;
    return nullptr;
  }

  CloudEvent event_;
  std::string specversion_;
};

Result<CloudEvent> decode_binary(const MqttMessage& message) {
  Attributes attributes;
  for (const auto& [name, value] : message.user_properties) {
    if (!wire::is_attribute_name(name)) continue;
    if (auto added = attributes.add(name, value); !added) return tl::unexpected(std::move(added.error()));
  }
  if (!message.content_type.empty()) attributes.event().content_type = message.content_type;
  attributes.event().data = message.payload;
  return std::move(attributes).finish();
}

// The canonical string of a CloudEvents type; nullopt for JSON that no attribute can be.
std::optional<std::string> attribute_text(const JsonValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.content)) return *text;
  if (const auto* boolean = std::get_if<bool>(&value.content)) return *boolean ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&value.content)) {
    const bool fits = *integer >= INT32_MIN && *integer <= INT32_MAX;
    return fits ? std::optional(std::to_string(*integer)) : std::nullopt;
  }
  return std::nullopt;
}

Result<void> take_attribute(const JsonMember& member, Attributes& attributes) {
  if (!wire::is_attribute_name(member.name)) return invalid("a member's name cannot be an attribute's");
  if (std::holds_alternative<std::nullptr_t>(member.value.content)) return {};
  auto text = attribute_text(member.value);
  if (!text) return invalid("attribute " + member.name + " is not a string, boolean or 32-bit integer");
  return attributes.add(member.name, std::move(*text));
}

std::vector<std::byte> bytes_from(std::string_view text) {
  const auto bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

// `raw` is the member's text.
Result<void> take_data(const JsonValue& value, std::string_view raw, CloudEvent& event) {
  if (event.content_type.empty()) event.content_type = wire::kJsonContentType;
  if (wire::is_json_type(event.content_type)) {
    event.data = bytes_from(raw);
    return {};
  }
  if (std::holds_alternative<std::nullptr_t>(value.content)) return {};
  const auto* text = std::get_if<std::string>(&value.content);
  if (text == nullptr) return invalid("data is no string, and datacontenttype is not JSON");
  event.data = bytes_from(*text);
  return {};
}

Result<void> take_base64(const JsonValue& value, CloudEvent& event) {
  const auto* text = std::get_if<std::string>(&value.content);
  auto bytes = text == nullptr ? std::nullopt : wire::decode_base64(*text);
  if (!bytes) return invalid("data_base64 is not Base64");
  event.data = std::move(*bytes);
  return {};
}

Result<CloudEvent> decode_structured(std::string_view json) {
  const auto document = wire::parse_json(json, wire::kEnvelopeLimits);
  if (!document) return tl::unexpected(document.error());
  const auto* members = std::get_if<JsonObject>(&document->content);
  if (members == nullptr) return invalid("the payload is not a JSON object");

  Attributes attributes;
  const JsonValue* base64 = nullptr;
  std::optional<std::size_t> data;  // number of the member
  for (std::size_t i = 0; i < members->size(); ++i) {
    const JsonMember& member = (*members)[i];
    if (member.name == "data") {
      data = i;
    } else if (member.name == "data_base64") {
      base64 = &member.value;
    } else if (auto taken = take_attribute(member, attributes); !taken) {
      return tl::unexpected(std::move(taken.error()));
    }
  }
  if (data && base64 != nullptr) return invalid("both data and data_base64");
  Result<void> taken;
  if (data) taken = take_data((*members)[*data].value, wire::raw_member(json, *data), attributes.event());
  if (base64 != nullptr) taken = take_base64(*base64, attributes.event());
  if (!taken) return tl::unexpected(std::move(taken.error()));
  return std::move(attributes).finish();
}

bool has_specversion(const MqttMessage& message) {
  for (const UserProperty& property : message.user_properties) {
    if (property.first == "specversion") return true;
  }
  return false;
}

}  // namespace

Result<CloudEvent> decode_cloud_event(const MqttMessage& message) {
  if (message.payload.size() > limits::kMessageBytesMax)
    return fail(ErrorCode::too_large, kWhere, "message too large");
  const std::string format = wire::essence(message.content_type);
  const bool implied = message.content_type.empty() && !has_specversion(message);
  if (!implied && !format.starts_with(wire::kStructuredPrefix)) return decode_binary(message);
  if (!implied && format != wire::kStructuredJson)
    return invalid("of the event formats only JSON is understood");
  return decode_structured({reinterpret_cast<const char*>(message.payload.data()), message.payload.size()});
}

}  // namespace holdfast
