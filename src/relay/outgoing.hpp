// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <holdfast/mqtt_message.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/result.hpp>
#include <string>

#include "store/stored_event.hpp"

/// What stands in the store, as the MQTT message that carries it. Pure: time comes in.
///
/// 1. The CloudEvents id, source, sequence and epoch come from the row alone, so they are the same at every
///    delivery. So are the data bytes.
/// 2. The time is resolved by flow::resolve_time(); a guessed or absent one is flagged by the attribute
///    `unsynchronised` = "true".
/// 3. The message expiry is the event's ttl less the powered time it has waited in this boot, at least 1 s (0
///    would mean "expired"). How long a board was off is unknown, so an event of an earlier boot keeps its
///    whole ttl.
namespace holdfast::relay {

/// Whose messages they are, and in which protocol version they travel.
struct Sender {
  std::string device;
  std::string topic_prefix;
  MqttVersion version = MqttVersion::v5;
};

/// Fails when the row breaks a rule that the store checks at commit: it is damaged.
[[nodiscard]] Result<MqttMessage> to_message(store::StoredEvent event, const std::string& lane,
                                             const Sender& sender, Instant now,
                                             const platform::WallTime& wall);
[[nodiscard]] Result<MqttMessage> to_message(const store::ControlRecord& record, const Sender& sender);

/// What the in-flight window counts for an event: its data and texts, without framing.
[[nodiscard]] std::size_t window_bytes(const store::StoredEvent& event) noexcept;

/// The exact size of the PUBLISH packet at QoS 1 (MQTT 5 section 3.3, without topic alias; 3.1.1 likewise
/// without properties), to be held against the broker's Maximum Packet Size.
[[nodiscard]] std::size_t packet_bytes(const MqttMessage& message, MqttVersion version) noexcept;

}  // namespace holdfast::relay
