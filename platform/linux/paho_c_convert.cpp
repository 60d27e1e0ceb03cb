// SPDX-License-Identifier: MIT
#include "linux/paho_c_convert.hpp"

namespace holdfast::platform::linux_detail {
namespace {

/// Paho's structure is not const, but it only reads.
[[nodiscard]] MQTTLenString paho_text(std::string_view text) noexcept {
  return {static_cast<int>(text.size()), const_cast<char*>(text.data())};
}

[[nodiscard]] const char* or_null(const std::string& text) noexcept {
  return text.empty() ? nullptr : text.c_str();
}

}  // namespace

MQTTProperty& PropertyList::add(MQTTPropertyCodes code) {
  MQTTProperty property{};
  property.identifier = code;
  return list_.emplace_back(property);
}

void PropertyList::add_byte(MQTTPropertyCodes code, std::uint8_t value) { add(code).value.byte = value; }
void PropertyList::add_integer2(MQTTPropertyCodes code, std::uint16_t value) {
  add(code).value.integer2 = value;
}
void PropertyList::add_integer4(MQTTPropertyCodes code, std::uint32_t value) {
  add(code).value.integer4 = value;
}
void PropertyList::add_text(MQTTPropertyCodes code, std::string_view value) {
  add(code).value.data = paho_text(value);
}
void PropertyList::add_pair(std::string_view name, std::string_view value) {
  MQTTProperty& property = add(MQTTPROPERTY_CODE_USER_PROPERTY);
  property.value.data = paho_text(name);
  property.value.value = paho_text(value);
}

MQTTProperties PropertyList::view() noexcept {
  const int count = static_cast<int>(list_.size());
  return {count, count, 0, list_.data()};
}

PropertyList properties_of(const MqttMessage& message) {
  PropertyList list;
  if (message.payload_is_utf8) list.add_byte(MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR, 1);
  if (message.expiry_s) list.add_integer4(MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, *message.expiry_s);
  if (!message.content_type.empty()) list.add_text(MQTTPROPERTY_CODE_CONTENT_TYPE, message.content_type);
  for (const auto& property : message.user_properties) list.add_pair(property.first, property.second);
  return list;
}

MqttMessage message_of(std::string_view topic, const MQTTAsync_message& message) {
  MqttMessage result;
  result.topic = topic;
  const auto* payload = static_cast<const std::byte*>(message.payload);
  if (message.payloadlen > 0) result.payload.assign(payload, payload + message.payloadlen);
  result.retain = message.retained != 0;
  read_properties(message.properties, result);
  return result;
}

MQTTAsync_createOptions create_options_for(MqttVersion version) {
  MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
  options.MQTTVersion = paho_version(version);
  // The default of 100 would count also what is under way while connected.
  options.maxBufferedMessages = static_cast<int>(2 * kLinkPublishesMax + 16);
  options.sendWhileDisconnected = 0;
  options.deleteOldestMessages = 0;
  options.allowDisconnectedSendAtAnyTime = 0;
  return options;
}

ConnectOptions::ConnectOptions(const ConnectRequest& request, bool tls, std::chrono::seconds keep_alive,
                               bool receives) {
  const BrokerOptions& broker = request.broker;
  const bool v5 = broker.version == MqttVersion::v5;
  paho.MQTTVersion = paho_version(broker.version);
  paho.automaticReconnect = 0;
  paho.retryInterval = 0;
  paho.maxInflight = 65'535;  // our own window is the flow control; Paho's would stall for seconds
  paho.keepAliveInterval = static_cast<int>(keep_alive.count());
  // Ours is exact and ends first (Paho looks at its own every 3 s).
  paho.connectTimeout =
      static_cast<int>(std::chrono::ceil<std::chrono::seconds>(broker.connect_timeout).count()) + 5;
  paho.username = or_null(broker.user);
  if (!broker.password.empty())
    paho.binarypwd = {static_cast<int>(broker.password.size()), broker.password.data()};
  if (tls) fill_tls(broker.tls);
  if (request.will) fill_will(request.will->message, v5);
  if (!v5) {
    paho.cleansession = request.clean_start ? 1 : 0;
    return;
  }
  paho.cleansession = 0;
  paho.cleanstart = request.clean_start ? 1 : 0;
  if (!request.clean_start)
    connect_list_.add_integer4(MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
                               static_cast<std::uint32_t>(request.session_expiry.count()));
  if (receives) connect_list_.add_integer2(MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, kReceiveMaximum);
  connect_properties_ = connect_list_.view();
  paho.connectProperties = &connect_properties_;
}

void ConnectOptions::fill_tls(const TlsOptions& tls) {
  ssl.trustStore = or_null(tls.ca_file);
  ssl.keyStore = or_null(tls.certificate_file);
  ssl.privateKey = or_null(tls.private_key_file);
  ssl.enableServerCertAuth = tls.verify_server ? 1 : 0;
  ssl.verify = tls.verify_server ? 1 : 0;  // the host name; off by default in Paho
  paho.ssl = &ssl;
}

void ConnectOptions::fill_will(const MqttMessage& message, bool v5) {
  will_.topicName = message.topic.c_str();
  will_.payload = {static_cast<int>(message.payload.size()), message.payload.data()};
  if (message.payload.empty()) will_.message = "";
  will_.retained = message.retain ? 1 : 0;
  will_.qos = 1;
  paho.will = &will_;
  if (!v5) return;
  will_list_ = properties_of(message);
  will_properties_ = will_list_.view();
  paho.willProperties = &will_properties_;
}

}  // namespace holdfast::platform::linux_detail
