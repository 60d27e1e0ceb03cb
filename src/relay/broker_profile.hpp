// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/mqtt_message.hpp>
#include <holdfast/options.hpp>
#include <holdfast/result.hpp>
#include <optional>
#include <string>

#include "flow/throttle.hpp"

/// What a broker allows beyond what it says in its CONNACK.
///
/// 1. What only makes us slower or later is adjusted: the window, the rate, the keep alive.
/// 2. What the broker would refuse for ever is an error when the relay starts: the shape of the topics, the size of the
///    events, the client id, TLS.
/// 3. What depends on the single event (a long key, data that grow as base64 on 3.1.1) is looked at before it is sent;
///    such an event goes to the quarantine without touching the wire.
/// 4. A quota per second is kept for every second, wherever it begins: nine tenths of it with a burst of a tenth of a
///    second. AWS drops what is above, without a word.
namespace holdfast::relay {

/// 0: no limit beyond MQTT's and ours.
struct ProfileLimits {
  std::size_t payload_bytes_max = 0;
  std::size_t packet_bytes_max = 0;
  std::size_t topic_bytes_max = 0;
  std::size_t topic_slashes_max = 0;
  std::size_t client_id_bytes_max = 0;
  std::size_t unanswered_max = 0;
  std::size_t unanswered_bytes_max = 0;
  std::uint64_t publishes_per_s = 0;
  std::uint64_t bytes_per_s = 0;
  std::chrono::seconds keep_alive_min{0};
  std::chrono::seconds keep_alive_max{0};
  bool tls = false;  ///< required
};

[[nodiscard]] const ProfileLimits& limits_of(BrokerProfile profile) noexcept;

/// What is configured beside RelayOptions.
struct Publishing {
  std::string device;
  std::string topic_prefix;
  std::string topic_template;
  std::size_t event_data_bytes_max = 0;
};

/// `invalid`, and the hint says which limit of which broker.
[[nodiscard]] Result<void> check_profile(const RelayOptions& options, const Publishing& publishing);

/// Window and keep alive within the limits.
[[nodiscard]] RelayOptions within_profile(RelayOptions options);

/// The option's rate and the profile's.
[[nodiscard]] flow::Throttle throttle_for(const RelayOptions& options);

/// Why this broker would not take a message, and the reason code it would use.
struct ProfileRefusal {
  std::int32_t reason = 0;
  std::string detail;
};
[[nodiscard]] std::optional<ProfileRefusal> refused_by_profile(BrokerProfile profile,
                                                               const MqttMessage& message,
                                                               std::size_t packet_bytes);

}  // namespace holdfast::relay
