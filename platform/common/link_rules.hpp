// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include <holdfast/platform/link.hpp>

#include "base/text.hpp"

/// What every link refuses before anything is sent, so that all links refuse alike.
namespace holdfast::platform::link_rules {

inline constexpr std::size_t kClientIdBytesMax = 64;
inline constexpr std::size_t kCredentialBytesMax = 65'535;  ///< MQTT: a 16-bit length
inline constexpr std::size_t kFilterBytesMax = 1024;
inline constexpr std::uint16_t kTopicAliasesMax = 64;
inline constexpr std::size_t kPublishBytesMax =
    16 * 1024 * 1024;  ///< far above limits, far below MQTT's 256 MiB

/// Where a broker is. `host` has no brackets.
struct BrokerAddress {
  std::string host;
  std::uint16_t port = 1883;
  bool tls = false;

  [[nodiscard]] std::string authority() const {
    const bool bracketed = host.find(':') != std::string::npos;
    return (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }
};

[[nodiscard]] inline bool is_host(std::string_view host) noexcept {
  if (host.empty() || host.size() > 253) return false;
  return host.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_") ==
         std::string_view::npos;
}

[[nodiscard]] inline bool is_ipv6_literal(std::string_view host) noexcept {
  return host.find(':') != std::string_view::npos &&
         host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

/// `mqtt://host[:port]` or `mqtts://host[:port]`; an IPv6 address stands in brackets. No user, path or query.
[[nodiscard]] inline Result<BrokerAddress> parse_url(std::string_view url) {
  const auto refuse = [&](std::string hint) {
    return fail(ErrorCode::invalid, "broker URL \"" + std::string(url) + '"', std::move(hint));
  };
  if (url.find('@') != std::string_view::npos)
    return fail(ErrorCode::invalid, "broker URL", "a URL carries no user or password; set them as options");
  BrokerAddress address;
  if (url.starts_with("mqtts://")) {
    address.tls = true;
    address.port = 8883;
    url.remove_prefix(8);
  } else if (url.starts_with("mqtt://")) {
    url.remove_prefix(7);
  } else {
    return refuse("write mqtt://host[:port] or mqtts://host[:port]");
  }
  std::string_view port;
  if (url.starts_with('[')) {
    const std::size_t end = url.find(']');
    if (end == std::string_view::npos) return refuse("the bracket of the IPv6 address is not closed");
    address.host = url.substr(1, end - 1);
    port = url.substr(end + 1);
    if (!is_ipv6_literal(address.host)) return refuse("what stands in brackets is no IPv6 address");
  } else {
    const std::size_t colon = url.find(':');
    address.host = url.substr(0, colon);
    if (colon != std::string_view::npos) port = url.substr(colon);
    if (!is_host(address.host)) return refuse("no host name; an IPv6 address stands in brackets");
  }
  if (port.empty()) return address;
  if (port.front() != ':') return refuse("after the host comes :port or nothing");
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size() || address.port == 0)
    return refuse("the port is no number from 1 to 65535");
  return address;
}

[[nodiscard]] inline bool is_mqtt_text(std::string_view text, std::size_t bytes_max = 65'535) noexcept {
  return text.size() <= bytes_max && text.find('\0') == std::string_view::npos && base::is_utf8(text);
}

/// Topic, texts and size of a message; the payload is free.
[[nodiscard]] inline Result<void> check_message(const MqttMessage& message) {
  if (!base::is_topic(message.topic)) return fail(ErrorCode::invalid, "publish", "no topic that MQTT allows");
  if (!is_mqtt_text(message.content_type)) return fail(ErrorCode::invalid, "publish", "bad content type");
  std::size_t bytes = message.topic.size() + message.content_type.size() + message.payload.size();
  for (const auto& [name, value] : message.user_properties) {
    if (!is_mqtt_text(name) || !is_mqtt_text(value))
      return fail(ErrorCode::invalid, "publish", "a user property is no UTF-8 text");
    bytes += name.size() + value.size();
  }
  if (bytes > kPublishBytesMax) return fail(ErrorCode::too_large, "publish", "the message is above 16 MiB");
  return {};
}

/// `+` stands alone in a level, `#` alone in the last one (MQTT 5, section 4.7.1).
[[nodiscard]] inline Result<void> check_filter(std::string_view filter) {
  const auto refuse = [](std::string hint) { return fail(ErrorCode::invalid, "subscribe", std::move(hint)); };
  if (filter.empty() || !is_mqtt_text(filter, kFilterBytesMax))
    return refuse("no topic filter that MQTT allows");
  for (std::size_t at = 0; at < filter.size(); ++at) {
    if (filter[at] != '+' && filter[at] != '#') continue;
    const bool begins_level = at == 0 || filter[at - 1] == '/';
    const bool ends_level = at + 1 == filter.size() || (filter[at] == '+' && filter[at + 1] == '/');
    if (!begins_level || !ends_level)
      return refuse("a wildcard stands alone in its level, # in the last one");
  }
  return {};
}

/// Everything in a request that can be wrong by itself; the address on success.
[[nodiscard]] inline Result<BrokerAddress> check_request(const ConnectRequest& request, bool has_receiver) {
  const auto refuse = [](std::string hint) { return fail(ErrorCode::invalid, "connect", std::move(hint)); };
  const BrokerOptions& broker = request.broker;
  if (broker.client_id.empty() || !is_mqtt_text(broker.client_id, kClientIdBytesMax))
    return refuse("client_id needs 1 to 64 bytes of UTF-8");
  if (!is_mqtt_text(broker.user) || broker.password.size() > kCredentialBytesMax)
    return refuse("user or password is longer than 65535 bytes, or the user is no UTF-8 text");
  if (!broker.password.empty() && !broker.password_file.empty())
    return refuse("password and password_file are both set");
  const bool has_password = !broker.password.empty() || !broker.password_file.empty();
  if (broker.user.empty() && has_password && broker.version == MqttVersion::v3_1_1)
    return refuse("MQTT 3.1.1 allows no password without a user");
  if (broker.topic_aliases > kTopicAliasesMax) return refuse("topic_aliases is 0 to 64");
  if (broker.keep_alive < std::chrono::seconds(5) || broker.keep_alive > std::chrono::seconds(1160))
    return refuse("keep_alive is 5 to 1160 s");
  if (broker.connect_timeout < std::chrono::milliseconds(1) ||
      broker.connect_timeout > std::chrono::minutes(5))
    return refuse("connect_timeout is 1 ms to 5 min");
  if (!request.clean_start && !has_receiver)
    return refuse("a kept session delivers at once: set a receiver first");
  if (request.session_expiry.count() < 0 || request.session_expiry.count() > UINT32_MAX)
    return refuse("session_expiry is 0 to 4294967295 s");
  if (request.will) {
    if (auto good = check_message(request.will->message); !good) return tl::unexpected(good.error());
  }
  return parse_url(broker.url);
}

}  // namespace holdfast::platform::link_rules
