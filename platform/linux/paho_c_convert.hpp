// SPDX-License-Identifier: MIT
#pragma once

#include <MQTTAsync.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/platform/link.hpp>

#include "linux/paho_common.hpp"

/// Between our values and those of Paho's C API. These may throw std::bad_alloc.
namespace holdfast::platform::linux_detail {

/// What a receiving connection lets the broker have unacknowledged (Receive Maximum of MQTT 5).
inline constexpr std::uint16_t kReceiveMaximum = 64;

/// Properties that point into our own texts. Paho copies them in every call that takes them, so that nothing here is
/// allocated by Paho, which would have to free it before its last client ends.
class PropertyList {
 public:
  void add_byte(MQTTPropertyCodes code, std::uint8_t value);
  void add_integer2(MQTTPropertyCodes code, std::uint16_t value);
  void add_integer4(MQTTPropertyCodes code, std::uint32_t value);
  void add_text(MQTTPropertyCodes code, std::string_view value);
  void add_pair(std::string_view name, std::string_view value);
  /// Points into this object.
  [[nodiscard]] MQTTProperties view() noexcept;

 private:
  [[nodiscard]] MQTTProperty& add(MQTTPropertyCodes code);

  std::vector<MQTTProperty> list_;
};

/// All that a message carries but topic, payload and retain.
[[nodiscard]] PropertyList properties_of(const MqttMessage& message);
[[nodiscard]] MqttMessage message_of(std::string_view topic, const MQTTAsync_message& message);

[[nodiscard]] MQTTAsync_createOptions create_options_for(MqttVersion version);

/// The options of a connect, with all that they point to. Only while `request` lives.
class ConnectOptions {
 public:
  ConnectOptions(const ConnectRequest& request, bool tls, std::chrono::seconds keep_alive, bool receives);
  ConnectOptions(const ConnectOptions&) = delete;
  ConnectOptions& operator=(const ConnectOptions&) = delete;

  MQTTAsync_connectOptions paho = MQTTAsync_connectOptions_initializer;
  MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;

 private:
  void fill_tls(const TlsOptions& tls);
  void fill_will(const MqttMessage& message, bool v5);

  MQTTAsync_willOptions will_ = MQTTAsync_willOptions_initializer;
  PropertyList connect_list_;
  PropertyList will_list_;
  MQTTProperties connect_properties_ = MQTTProperties_initializer;
  MQTTProperties will_properties_ = MQTTProperties_initializer;
};

}  // namespace holdfast::platform::linux_detail
