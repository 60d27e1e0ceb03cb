// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/cloud_event.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/link.hpp>
#include <mutex>
#include <optional>

namespace holdfast::runtime {

/// One message on its way from the link's thread to the consumer's, and the verdict on its way back. The
/// link's thread waits here, bounded, because the broker is told `acknowledge` when its callback returns.
class Handover {
 public:
  /// `consumer` is rung when a message is there.
  Handover(platform::Clock& clock, platform::Waker& consumer) : clock_(clock), consumer_(consumer) {}

  /// The link's thread: hands `message` over and waits for the verdict; `withhold` when there is none in
  /// time.
  [[nodiscard]] platform::Delivery offer(const MqttMessage& message, Duration wait_max);

  /// The consumer's thread: the message that waits, if any. It stays valid until answer() or until its time
  /// is up.
  [[nodiscard]] std::optional<MqttMessage> take();
  void answer(platform::Delivery verdict);

 private:
  enum class Stage : unsigned char { empty, offered, taken, answered };
  platform::Clock& clock_;
  platform::Waker& consumer_;
  platform::Waker verdict_bell_;
  std::mutex mutex_;
  Stage stage_ = Stage::empty;
  MqttMessage message_;
  platform::Delivery verdict_ = platform::Delivery::withhold;
};

}  // namespace holdfast::runtime
