// SPDX-License-Identifier: MIT
#include "runtime/handover.hpp"

namespace holdfast::runtime {

platform::Delivery Handover::offer(const MqttMessage& message, Duration wait_max) {
  {
    const std::lock_guard lock(mutex_);
    message_ = message;
    stage_ = Stage::offered;
  }
  consumer_.wake();
  const Instant deadline = saturating_add(clock_.now(), wait_max);
  for (;;) {
    const bool rung = clock_.wait_until(deadline, verdict_bell_);
    const std::lock_guard lock(mutex_);
    if (stage_ == Stage::answered || !rung) {
      const bool answered = stage_ == Stage::answered;
      stage_ = Stage::empty;
      return answered ? verdict_ : platform::Delivery::withhold;
    }
  }
}

std::optional<MqttMessage> Handover::take() {
  const std::lock_guard lock(mutex_);
  if (stage_ != Stage::offered) return std::nullopt;
  stage_ = Stage::taken;
  return std::move(message_);
}

void Handover::answer(platform::Delivery verdict) {
  {
    const std::lock_guard lock(mutex_);
    if (stage_ != Stage::taken) return;  // it was too late: the link has withheld the message
    verdict_ = verdict;
    stage_ = Stage::answered;
  }
  verdict_bell_.wake();
}

}  // namespace holdfast::runtime
