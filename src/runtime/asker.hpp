// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <holdfast/consumer.hpp>
#include <holdfast/mqtt_message.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "inbox/resend_plan.hpp"

namespace holdfast::runtime {

/// What of a device's topics is no event for a consumer: what it says about itself, and what it is told. A consumer of
/// `holdfast/#` receives them, its own requests among them.
[[nodiscard]] bool is_not_for_consumers(std::string_view topic) noexcept;

/// "holdfast" of "holdfast/pump-7/bulk/x" and pump-7: what stands before the device's level. nullopt: there is none.
[[nodiscard]] std::optional<std::string> prefix_of(std::string_view topic, std::string_view device);

/// Asks devices again for what the inbox misses. Looks every few seconds, and so rarely that looking takes at most a
/// hundredth of the time however large the inbox is. Remembers the topic prefix of at most kPrefixesMax devices, the
/// first ones; for others ConsumerOptions::resend_prefix stands in.
class Asker {
 public:
  static constexpr std::size_t kPrefixesMax = 4096;
  static constexpr std::chrono::seconds kLookPeriod{10};
  /// Requests of one look; the other devices' turn is the next one.
  static constexpr std::size_t kRequestsMax = 16;

  Asker(const ConsumerOptions& options, PlatformView platform);

  /// An event or record came on this topic.
  void note(const CloudEvent& event, const std::string& topic);
  /// When ask() is due; Instant::max(): never.
  [[nodiscard]] Instant due() const noexcept { return due_; }
  /// Looks, and hands each request to `publish`.
  void ask(const Inbox& inbox, const std::function<void(const MqttMessage&)>& publish);

 private:
  [[nodiscard]] Result<MqttMessage> request(inbox::ResendAsk ask);

  const ConsumerOptions& options_;
  PlatformView platform_;
  Duration period_;
  inbox::ResendPlan plan_;
  Instant due_;
  std::unordered_map<std::string, std::string> prefixes_;  // by device
};

}  // namespace holdfast::runtime
