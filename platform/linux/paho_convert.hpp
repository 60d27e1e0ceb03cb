// SPDX-License-Identifier: MIT
#pragma once

#include <mqtt/async_client.h>

#include <cstdint>
#include <string>

#include <holdfast/platform/link.hpp>

#include "linux/paho_common.hpp"

/// Between our values and Paho's. All of these may throw mqtt::exception and std::bad_alloc.
namespace holdfast::platform::linux_detail {

[[nodiscard]] mqtt::create_options create_options_for(MqttVersion version);

/// Fills `options` in place. A copy of Paho C++ 1.2.0's connect options keeps a pointer to the original's
/// properties, so the object that is passed to connect() must be this one, and must outlive the connecting.
void fill_connect_options(mqtt::connect_options& options, const ConnectRequest& request, bool tls);

[[nodiscard]] mqtt::message_ptr to_paho(const MqttMessage& message, MqttVersion version);
[[nodiscard]] MqttMessage from_paho(const mqtt::message& message);

[[nodiscard]] ConnectGrant grant_of(const mqtt::connect_response& response);

/// The reason of a failed token as MQTT 5 names it; 0 when the network failed. Paho tells a CONNACK's reason
/// in the return code and a PUBACK's in the reason code, and 3.1.1 has CONNACK codes of its own.
[[nodiscard]] std::int32_t failure_reason(const mqtt::token& token, MqttVersion version);

}  // namespace holdfast::platform::linux_detail
