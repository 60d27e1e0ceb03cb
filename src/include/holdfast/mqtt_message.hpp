// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace holdfast {

enum class MqttVersion : std::uint8_t { v3_1_1 = 4, v5 = 5 };

using UserProperty = std::pair<std::string, std::string>;

/// One MQTT application message, as published or received. Over 3.1.1 only topic, payload, retain exist.
struct MqttMessage {
  std::string topic;
  std::vector<std::byte> payload;
  std::string content_type;                   ///< empty: none
  std::vector<UserProperty> user_properties;  ///< in wire order, names may repeat
  std::optional<std::uint32_t> expiry_s;      ///< Message Expiry Interval, seconds
  bool payload_is_utf8 = false;               ///< Payload Format Indicator
  bool retain = false;
  friend bool operator==(const MqttMessage&, const MqttMessage&) = default;
};

}  // namespace holdfast
