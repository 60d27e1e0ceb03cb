// SPDX-License-Identifier: MIT
#include "linux/paho_common.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace holdfast::platform::linux_detail {
namespace {

constexpr std::size_t kLineMax = 200;

[[nodiscard]] std::span<const MQTTProperty> all_of(const MQTTProperties& properties) noexcept {
  return {properties.array, static_cast<std::size_t>(std::max(properties.count, 0))};
}

[[nodiscard]] std::string_view text_of(const MQTTLenString& text) noexcept {
  return text.data == nullptr ? std::string_view()
                              : std::string_view(text.data, static_cast<std::size_t>(text.len));
}

}  // namespace

int paho_version(MqttVersion version) noexcept {
  return version == MqttVersion::v5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
}

std::string paho_uri(const link_rules::BrokerAddress& address) {
  return (address.tls ? "ssl://" : "tcp://") + address.authority();
}

void read_properties(const MQTTProperties& properties, MqttMessage& message) {
  for (const MQTTProperty& one : all_of(properties)) {
    switch (one.identifier) {
      case MQTTPROPERTY_CODE_CONTENT_TYPE: message.content_type = text_of(one.value.data); break;
      case MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL: message.expiry_s = one.value.integer4; break;
      case MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR: message.payload_is_utf8 = one.value.byte == 1; break;
      case MQTTPROPERTY_CODE_USER_PROPERTY:
        message.user_properties.emplace_back(text_of(one.value.data), text_of(one.value.value));
        break;
      default: break;
    }
  }
}

ConnectGrant grant_of(const MQTTProperties& properties, bool session_present) {
  ConnectGrant grant;
  grant.session_present = session_present;
  for (const MQTTProperty& one : all_of(properties)) {
    switch (one.identifier) {
      case MQTTPROPERTY_CODE_RECEIVE_MAXIMUM: grant.receive_maximum = one.value.integer2; break;
      case MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE: grant.packet_bytes_max = one.value.integer4; break;
      case MQTTPROPERTY_CODE_MAXIMUM_QOS: grant.qos_max = one.value.byte; break;
      case MQTTPROPERTY_CODE_SERVER_KEEP_ALIVE: grant.server_keep_alive_s = one.value.integer2; break;
      case MQTTPROPERTY_CODE_RETAIN_AVAILABLE: grant.retain_available = one.value.byte != 0; break;
      case MQTTPROPERTY_CODE_TOPIC_ALIAS_MAXIMUM: grant.topic_aliases_max = one.value.integer2; break;
      default: break;
    }
  }
  return grant;
}

std::string one_line(std::string_view text) {
  std::string line(text.substr(0, kLineMax));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

std::string reason_string(const MQTTProperties& properties) {
  for (const MQTTProperty& one : all_of(properties))
    if (one.identifier == MQTTPROPERTY_CODE_REASON_STRING) return one_line(text_of(one.value.data));
  return {};
}

std::int32_t connack_reason(int code, MqttVersion version) noexcept {
  constexpr std::array<std::int32_t, 6> kConnack311 = {0, 0x84, 0x85, 0x88, 0x86, 0x87};
  if (version == MqttVersion::v3_1_1)
    return code >= 1 && code <= 5 ? kConnack311[static_cast<std::size_t>(code)] : 0;
  return code >= 0x80 && code <= 0xFF ? code : 0;
}

bool is_answer(LinkEventKind kind) noexcept {
  return kind == LinkEventKind::acknowledged || kind == LinkEventKind::refused ||
         kind == LinkEventKind::subscribed || kind == LinkEventKind::subscribe_refused;
}

}  // namespace holdfast::platform::linux_detail
