// SPDX-License-Identifier: MIT
#include "relay/commands.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::relay {

Commands::Commands(std::string device, const std::string& topic_prefix, std::string secret, bool enabled)
    : device_(std::move(device)),
      topic_(topic_prefix + '/' + device_ + "/~command"),
      secret_(std::move(secret)),
      enabled_(enabled) {}

bool Commands::wants_subscription(Instant now) const noexcept {
  return enabled_ && state_ == State::none && (!paused_until_ || now >= *paused_until_);
}

void Commands::answered() noexcept {
  state_ = State::answered;
  deaths_ = 0;
}

void Commands::disconnected(Instant now) noexcept {
  if (state_ == State::asked && ++deaths_ >= kSubscribeDeathsMax) {
    deaths_ = 0;
    paused_until_ = saturating_add(now, kSubscribePause);
  }
  state_ = State::none;
}

Result<std::optional<ResendRequest>> Commands::read(const MqttMessage& message, Instant now,
                                                    const platform::WallTime& wall) {
  auto request = decode_resend(message, device_, secret_);
  if (!request) return tl::unexpected<Error>(request.error());
  if (!secret_.empty() && wall.trusted) {
    const Duration age = wall.utc - request->issued;
    if (age > kCommandAgeMax || age < -kCommandAgeMax)
      return fail(ErrorCode::denied, "resend request", "it is too old, or from the future");
  }
  if (std::find(ids_.begin(), ids_.end(), request->id) != ids_.end()) return std::optional<ResendRequest>();
  while (!taken_at_.empty() && now - taken_at_.front() >= std::chrono::minutes(1)) taken_at_.pop_front();
  if (taken_at_.size() >= static_cast<std::size_t>(kCommandsPerMinute))
    return fail(ErrorCode::busy, "resend request", "too many in a minute");
  taken_at_.push_back(now);
  ids_.push_back(request->id);
  if (ids_.size() > kCommandIdsMax) ids_.pop_front();
  return std::optional(std::move(*request));
}

}  // namespace holdfast::relay
