// SPDX-License-Identifier: MIT
#include "broker.hpp"

namespace holdfast::platform::sim {
namespace {

[[nodiscard]] std::size_t varint_bytes(std::size_t value) noexcept {
  return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

[[nodiscard]] std::size_t property_bytes(const MqttMessage& message) noexcept {
  std::size_t bytes = message.payload_is_utf8 ? 2 : 0;
  if (message.expiry_s) bytes += 5;
  if (!message.content_type.empty()) bytes += 3 + message.content_type.size();
  for (const auto& [name, value] : message.user_properties) bytes += 5 + name.size() + value.size();
  return bytes;
}

/// Cuts the first level off `rest`; nullopt when there is none left.
[[nodiscard]] std::optional<std::string_view> next_level(std::optional<std::string_view>& rest) noexcept {
  if (!rest) return std::nullopt;
  const std::size_t slash = rest->find('/');
  const std::string_view level = rest->substr(0, slash);
  rest = slash == std::string_view::npos ? std::nullopt : std::optional(rest->substr(slash + 1));
  return level;
}

}  // namespace

bool matches(std::string_view filter, std::string_view topic) noexcept {
  if (topic.starts_with('$') && !filter.starts_with('$')) return false;
  std::optional<std::string_view> filters = filter;
  std::optional<std::string_view> topics = topic;
  for (;;) {
    const auto wanted = next_level(filters);
    if (wanted == "#") return true;  // also the level above: "a/#" matches "a"
    const auto level = next_level(topics);
    if (!wanted || !level) return !wanted && !level;
    if (wanted != "+" && wanted != level) return false;
  }
}

std::size_t publish_bytes(const MqttMessage& message, MqttVersion version) noexcept {
  std::size_t remaining = 2 + message.topic.size() + 2 + message.payload.size();
  if (version == MqttVersion::v5) {
    const std::size_t properties = property_bytes(message);
    remaining += varint_bytes(properties) + properties;
  }
  return 1 + varint_bytes(remaining) + remaining;
}

}  // namespace holdfast::platform::sim
