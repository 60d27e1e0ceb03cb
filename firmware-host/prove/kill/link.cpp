// SPDX-License-Identifier: MIT
#include "prove/kill/link.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace holdfast::prove {
namespace {

using std::chrono::milliseconds;

/// Paho writes on a thread of its own, after publish() has returned, and the broker needs a moment, too.
constexpr milliseconds kUntilSent{20};

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

[[nodiscard]] bool is_event(const MqttMessage& message) {
  return std::any_of(
      message.user_properties.begin(), message.user_properties.end(),
      [](const UserProperty& one) { return one.first == "type" && one.second == kKillEventType; });
}

}  // namespace

Reaper::Reaper(const Death& death) : point_(death.point), passings_left_(death.passing) {
  if (death.point != KillPoint::random_time) return;
  std::thread([after = death.after] {
    std::this_thread::sleep_for(after);
    die();
  }).detach();
}

void Reaper::pass(KillPoint point) {
  if (point != point_ || passings_left_ == 0) return;
  if (passings_left_.fetch_sub(1) != 1) return;
  if (point == KillPoint::before_puback) std::this_thread::sleep_for(kUntilSent);
  die();
}

Result<void> KillLink::publish(platform::LinkToken token, const MqttMessage& message) {
  const bool counts = is_event(message);
  if (counts) reaper_.pass(KillPoint::before_publish);
  auto published = link_->publish(token, message);
  if (!counts || !published) return published;
  in_flight_.insert(token);
  reaper_.pass(KillPoint::before_puback);
  return published;
}

std::size_t KillLink::poll(std::span<platform::LinkEvent> events) {
  const std::size_t count = link_->poll(events);
  for (const platform::LinkEvent& event : events.first(count)) {
    const bool answered =
        event.kind == platform::LinkEventKind::acknowledged || event.kind == platform::LinkEventKind::refused;
    if (answered && in_flight_.erase(event.token) != 0) reaper_.pass(KillPoint::before_settle);
  }
  return count;
}

void KillLink::drop() {
  link_->drop();
  in_flight_.clear();
}

}  // namespace holdfast::prove
