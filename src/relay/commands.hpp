// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <holdfast/mqtt_message.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/records.hpp>
#include <holdfast/result.hpp>
#include <optional>
#include <string>

/// What others may ask of the device, on {prefix}/{device}/~command. Two small decisions: whether to subscribe on this
/// connection, and whether a request is taken.
///
/// Who may ask is the broker's business: its access rules say who may publish to that topic. With a secret the request
/// must also carry a MAC made with it, and be fresh: issued within kCommandAgeMax of our clock, when that is trusted. An
/// id is answered once, as far as the newest kCommandIdsMax are remembered; a repeat costs traffic and nothing else.
/// At most kCommandsPerMinute are taken in a minute.
///
/// Some brokers close the connection when a subscription is not allowed. So when kSubscribeDeathsMax connections in a
/// row end before the SUBACK, the next one is tried without, and so for kSubscribePause.
namespace holdfast::relay {

inline constexpr std::chrono::minutes kCommandAgeMax{15};
inline constexpr std::size_t kCommandIdsMax = 256;
inline constexpr int kCommandsPerMinute = 30;
inline constexpr int kSubscribeDeathsMax = 3;
inline constexpr std::chrono::hours kSubscribePause{1};
inline constexpr std::size_t kCommandBytesMax = 16 * 1024;  ///< a larger message is not looked at

class Commands {
 public:
  /// `enabled`: the link has a receiver for them.
  Commands(std::string device, const std::string& topic_prefix, std::string secret, bool enabled);

  [[nodiscard]] const std::string& topic() const noexcept { return topic_; }

  // The subscription of one connection after another.
  [[nodiscard]] bool wants_subscription(Instant now) const noexcept;
  void asked() noexcept { state_ = State::asked; }
  /// Granted, refused, or impossible: it is not asked for again on this connection.
  void answered() noexcept;
  void disconnected(Instant now) noexcept;

  /// nullopt: it was answered already. `invalid`, `denied` (MAC, or not fresh), `busy` (too many in a minute).
  [[nodiscard]] Result<std::optional<ResendRequest>> read(const MqttMessage& message, Instant now,
                                                          const platform::WallTime& wall);

 private:
  enum class State : std::uint8_t { none, asked, answered };

  std::string device_;
  std::string topic_;
  std::string secret_;
  bool enabled_;
  State state_ = State::none;
  int deaths_ = 0;
  std::optional<Instant> paused_until_;
  std::deque<std::string> ids_;   // the newest last
  std::deque<Instant> taken_at_;  // of the last minute
};

}  // namespace holdfast::relay
