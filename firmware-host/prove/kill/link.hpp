// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string_view>

#include <holdfast/platform/link.hpp>

#include "prove/kill/plan.hpp"

namespace holdfast::prove {

inline constexpr std::string_view kKillEventType = "com.example.reading.v1";

/// Ends this process with SIGKILL at the point of its plan. Any thread may pass a point.
class Reaper {
 public:
  /// Point random_time: a thread of its own waits and kills, whatever the others do.
  explicit Reaper(const Death& death);
  /// The process has no death of its own.
  Reaper() = default;
  void pass(KillPoint point);

 private:
  KillPoint point_ = KillPoint::random_time;
  std::atomic<unsigned> passings_left_{0};
};

/// A link with points to die at: each event passes three of them on its way. All contenders have it before the same
/// real link. Records, statuses and other messages pass freely.
class KillLink final : public platform::Link {
 public:
  KillLink(std::unique_ptr<platform::Link> link, Reaper& reaper) : link_(std::move(link)), reaper_(reaper) {}

  void set_waker(platform::Waker* waker) override { link_->set_waker(waker); }
  void set_receiver(platform::Receiver receiver) override { link_->set_receiver(std::move(receiver)); }
  Result<void> connect(const platform::ConnectRequest& request) override { return link_->connect(request); }
  Result<void> publish(platform::LinkToken token, const MqttMessage& message) override;
  Result<void> subscribe(platform::LinkToken token, const std::string& filter) override {
    return link_->subscribe(token, filter);
  }
  std::size_t poll(std::span<platform::LinkEvent> events) override;
  void drop() override;

 private:
  std::unique_ptr<platform::Link> link_;
  Reaper& reaper_;
  std::set<platform::LinkToken> in_flight_;  // events without an answer, at most kLinkPublishesMax
};

}  // namespace holdfast::prove
