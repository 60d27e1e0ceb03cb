// SPDX-License-Identifier: MIT
#pragma once

#include <MQTTAsync.h>

#include <cstdint>
#include <string>
#include <string_view>

#include <holdfast/platform/link.hpp>

#include "common/link_rules.hpp"

/// What both links read of Paho's C structures alike. Those that return text may throw std::bad_alloc.
namespace holdfast::platform::linux_detail {

[[nodiscard]] int paho_version(MqttVersion version) noexcept;
[[nodiscard]] std::string paho_uri(const link_rules::BrokerAddress& address);

/// Fills in what the properties of a PUBLISH say.
void read_properties(const MQTTProperties& properties, MqttMessage& message);
/// From the CONNACK; the protocol's own limits where it says nothing.
[[nodiscard]] ConnectGrant grant_of(const MQTTProperties& properties, bool session_present);
/// The Reason String, one line of at most 200 bytes; empty: none.
[[nodiscard]] std::string reason_string(const MQTTProperties& properties);
/// `text` as one line of at most 200 bytes.
[[nodiscard]] std::string one_line(std::string_view text);
/// A CONNACK's reason as MQTT 5 names it, from what Paho calls a code; 0 when the network failed.
[[nodiscard]] std::int32_t connack_reason(int code, MqttVersion version) noexcept;

/// Of a publish or a subscription, which is answered with it.
[[nodiscard]] bool is_answer(LinkEventKind kind) noexcept;

}  // namespace holdfast::platform::linux_detail
