// SPDX-License-Identifier: MIT
#include "linux/paho_convert.hpp"

#include <chrono>
#include <span>

namespace holdfast::platform::linux_detail {
namespace {

using mqtt::property;

[[nodiscard]] mqtt::properties properties_of(const MqttMessage& message) {
  mqtt::properties properties;
  if (message.payload_is_utf8) properties.add({property::PAYLOAD_FORMAT_INDICATOR, 1});
  if (message.expiry_s)  // Paho stores the bits of an int32 as a four byte integer
    properties.add({property::MESSAGE_EXPIRY_INTERVAL, static_cast<std::int32_t>(*message.expiry_s)});
  if (!message.content_type.empty()) properties.add({property::CONTENT_TYPE, message.content_type});
  for (const auto& [name, value] : message.user_properties)
    properties.add({property::USER_PROPERTY, name, value});
  return properties;
}

[[nodiscard]] mqtt::ssl_options tls_options_of(const TlsOptions& tls) {
  mqtt::ssl_options options;
  if (!tls.ca_file.empty()) options.set_trust_store(tls.ca_file);
  if (!tls.certificate_file.empty()) options.set_key_store(tls.certificate_file);
  if (!tls.private_key_file.empty()) options.set_private_key(tls.private_key_file);
  options.set_enable_server_cert_auth(tls.verify_server);
  options.set_verify(tls.verify_server);  // the host name; off by default in Paho
  return options;
}

}  // namespace

mqtt::create_options create_options_for(MqttVersion version) {
  mqtt::create_options options;
  options.set_mqtt_verison(paho_version(version));  // sic
  // The default of 100 would count also what is under way while connected.
  options.set_max_buffered_messages(static_cast<int>(2 * kLinkPublishesMax + 16));
  options.set_send_while_disconnected(false);
  options.set_delete_oldest_messages(false);
  return options;
}

void fill_connect_options(mqtt::connect_options& options, const ConnectRequest& request, bool tls) {
  const BrokerOptions& broker = request.broker;
  options.set_mqtt_version(paho_version(broker.version));
  options.set_automatic_reconnect(false);
  options.set_max_inflight(65'535);  // our own window is the flow control; Paho's would stall for seconds
  options.set_keep_alive_interval(static_cast<int>(broker.keep_alive.count()));
  options.set_connect_timeout(
      static_cast<int>(std::chrono::ceil<std::chrono::seconds>(broker.connect_timeout).count()));
  if (!broker.user.empty()) options.set_user_name(broker.user);
  if (!broker.password.empty()) options.set_password(broker.password);
  if (tls) options.set_ssl(tls_options_of(broker.tls));
  if (broker.version == MqttVersion::v5) {
    options.set_clean_start(request.clean_start);
    mqtt::properties properties;
    if (!request.clean_start)
      properties.add(
          {property::SESSION_EXPIRY_INTERVAL, static_cast<std::int32_t>(request.session_expiry.count())});
    options.set_properties(std::move(properties));
  } else {
    options.set_clean_session(request.clean_start);
  }
  if (request.will) options.set_will_message(*to_paho(request.will->message, broker.version));
}

mqtt::message_ptr to_paho(const MqttMessage& message, MqttVersion version) {
  auto properties = version == MqttVersion::v5 ? properties_of(message) : mqtt::properties();
  return mqtt::message::create(message.topic, message.payload.data(), message.payload.size(), 1,
                               message.retain, properties);
}

MqttMessage from_paho(const mqtt::message& message) {
  MqttMessage result;
  result.topic = message.get_topic();
  const auto payload = std::as_bytes(std::span(message.get_payload().data(), message.get_payload().size()));
  result.payload.assign(payload.begin(), payload.end());
  result.retain = message.is_retained();
  read_properties(message.get_properties().c_struct(), result);
  return result;
}

ConnectGrant grant_of(const mqtt::connect_response& response) {
  return grant_of(response.get_properties().c_struct(), response.is_session_present());
}

std::int32_t failure_reason(const mqtt::token& token, MqttVersion version) {
  constexpr int kSubackFailure = 0x80;  // the only one that 3.1.1 has
  const int code = token.get_return_code();
  if (version == MqttVersion::v3_1_1) {  // the token's reason code means nothing (it is 0xFF)
    if (token.get_type() == mqtt::token::Type::CONNECT) return connack_reason(code, version);
    return code == kSubackFailure ? code : 0;
  }
  const int reason = static_cast<int>(token.get_reason_code());
  return reason >= 0x80 ? reason : connack_reason(code, version);
}

}  // namespace holdfast::platform::linux_detail
