// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <holdfast/consumer.hpp>
#include <memory>
#include <optional>

#include "flow/backoff.hpp"
#include "prove/simulate/world.hpp"
#include "runtime/asker.hpp"

namespace holdfast::prove {

/// A consumer as holdfast::Consumer is one, without its thread: subscribes, applies through the product's inbox,
/// acknowledges after the commit, and asks devices again for what is missing if its options say so.
class Backend final : public Actor {
 public:
  /// `options.broker.client_id` names its session, `options.filters` are subscribed. It looks for what is missing as often as
  /// the consumer does, but not more often than each `look_period`.
  Backend(Surroundings around, InboxOptions inbox, ConsumerOptions options, Duration look_period = {});

  /// An error: the inbox did not open, and it does not run.
  [[nodiscard]] Result<void> boot();
  void crash();
  /// The next message's effect is committed, then the process dies before the acknowledgement.
  void crash_after_next_commit(bool crash = true) { crash_next_ = crash; }
  [[nodiscard]] bool running() const noexcept { return booted_ != nullptr; }
  [[nodiscard]] Inbox& inbox() { return *booted_->inbox; }
  [[nodiscard]] std::uint64_t resend_requests() const noexcept { return resend_requests_; }

  [[nodiscard]] Instant step() override;
  [[nodiscard]] bool called() override;

  Effect effect = [](const CloudEvent&, sqlite3*) -> Result<void> { return {}; };
  std::function<void(const CloudEvent&, const ApplyOutcome&)> observer = [](const CloudEvent&,
                                                                            const ApplyOutcome&) {};
  /// The inbox failed; the process dies with it. Default: that is a mistake, and aborts.
  std::function<void(const CloudEvent&, const Error&)> on_failure;

 private:
  struct Booted {
    Booted(std::unique_ptr<Inbox> opened, const Surroundings& around, const ConsumerOptions& options);
    std::unique_ptr<Inbox> inbox;
    platform::Waker waker;
    std::unique_ptr<platform::Link> link;
    runtime::Asker asker;
    flow::Backoff backoff;
    bool connected = false;
    bool connecting = false;
    bool dies = false;
    Instant connect_at;
    Instant look_at = Instant::min();
    platform::LinkToken last_token = 1'000;
  };
  platform::Delivery receive(const MqttMessage& message);
  void take(const platform::LinkEvent& event);
  void connect();

  Surroundings around_;
  InboxOptions inbox_options_;
  ConsumerOptions options_;
  Duration look_period_;
  bool crash_next_ = false;
  bool called_ = false;
  std::uint64_t resend_requests_ = 0;
  std::unique_ptr<Booted> booted_;
};

}  // namespace holdfast::prove
