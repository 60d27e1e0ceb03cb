// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <holdfast/platform/link.hpp>

namespace holdfast::relay::test {

/// A link that tells of every publish that the link behind it has taken, at the moment of sending.
class Tap final : public platform::Link {
 public:
  using Listener = std::function<void(const MqttMessage&)>;
  Tap(std::unique_ptr<platform::Link> inner, Listener listener)
      : inner_(std::move(inner)), listener_(std::move(listener)) {}
  void set_waker(platform::Waker* waker) override { inner_->set_waker(waker); }
  void set_receiver(platform::Receiver receiver) override { inner_->set_receiver(std::move(receiver)); }
  Result<void> connect(const platform::ConnectRequest& request) override { return inner_->connect(request); }
  Result<void> publish(platform::LinkToken token, const MqttMessage& message) override {
    auto taken = inner_->publish(token, message);
    if (taken) listener_(message);
    return taken;
  }
  Result<void> subscribe(platform::LinkToken token, const std::string& filter) override {
    return inner_->subscribe(token, filter);
  }
  std::size_t poll(std::span<platform::LinkEvent> events) override { return inner_->poll(events); }
  void drop() override { inner_->drop(); }

 private:
  std::unique_ptr<platform::Link> inner_;
  Listener listener_;
};

}  // namespace holdfast::relay::test
