// SPDX-License-Identifier: MIT
#pragma once

#include <mqtt/async_client.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <holdfast/platform/link.hpp>

#include "common/link_rules.hpp"
#include "linux/mailbox.hpp"

/// One connection on Paho MQTT C++ 1.2.0 over C 1.3.12. platform/README.md tells why each rule is there.
///
///   1. One client per connection: made in begin(), destroyed in end(). MQTTAsync_destroy is the barrier:
///      when it returns, every callback has run. So nothing here asks which connection a callback belongs to.
///   2. Paho's callbacks run under one mutex of the whole process. They put a record into the mailbox and
///      ring; they never call Paho. No lock of ours is held while Paho is called.
///   3. state: connecting -> up -> down, or connecting -> down. Entering `up` puts `connected`; entering
///      `down` puts `connect_failed` or `disconnected`; in `down` nothing more is put. Answers are put in
///      `up` only.
///   4. An answer comes from the listener of its own publish. A reason >= 0x80 is a refusal; any other
///      failure is trouble of the connection, and the publish stays unanswered.
///   5. A receiver runs inside a callback and may wait there, so all of Paho waits with it. A connection that
///      receives therefore calls Paho from a worker thread only, and its owner never waits for Paho but in
///      end().
///   6. Paho sends the PUBACK when the message callback returns, and that cannot be stopped. To withhold, the
///      callback never returns. From then on the process is wedged(): no connection calls Paho any more, and
///      the clients are leaked.
namespace holdfast::platform::linux_detail {

/// The listener of all its tokens. One owner's thread calls begin() to end(), and the constructor before.
class Connection final : public mqtt::iaction_listener, public std::enable_shared_from_this<Connection> {
 public:
  Connection(MqttVersion version, Waker* waker, Receiver receiver);

  /// Begins to connect, once. May throw what Paho throws.
  void begin(const ConnectRequest& request, const link_rules::BrokerAddress& address);
  [[nodiscard]] bool up() const;
  /// Only when up(), and with fewer than kLinkPublishesMax answers not taken. May throw what Paho throws.
  void publish(LinkToken token, const MqttMessage& message);
  void subscribe(LinkToken token, const std::string& filter);
  [[nodiscard]] std::size_t take(std::span<LinkEvent> events) { return mailbox_.take(events); }
  /// Destroys the client and returns true; or false when that is impossible, see rule 6: then this object
  /// must live as long as the process.
  [[nodiscard]] bool end();

  /// A receiver of this process has withheld a message. Never reset.
  [[nodiscard]] static bool wedged() noexcept;

  void on_success(const mqtt::token& token) noexcept override;
  void on_failure(const mqtt::token& token) noexcept override;

 private:
  enum class State : std::uint8_t { connecting, up, down };
  /// What a callback gets as its context: outlives every callback, and is free again once it is answered.
  struct Slot {
    LinkToken token = 0;
    bool used = false;
  };

  void open(const ConnectRequest& request, const link_rules::BrokerAddress& address);
  void call(std::function<void()> paho);
  void work() noexcept;
  void destroy() noexcept;

  [[nodiscard]] Slot& take_slot(LinkToken token);
  void hand_over(Slot& slot, const std::function<void()>& paho);
  void on_connected(const mqtt::token& token) noexcept;
  void on_lost(std::int32_t reason, std::string detail) noexcept;
  void answer(const mqtt::token& token, LinkEventKind kind, std::int32_t reason) noexcept;
  void on_message(const mqtt::const_message_ptr& message) noexcept;
  [[nodiscard]] Delivery deliver(const mqtt::message& message) noexcept;
  [[noreturn]] void withhold() noexcept;

  const MqttVersion version_;
  const Receiver receiver_;
  mutable std::mutex mutex_;
  std::condition_variable bell_;  // for the worker: calls_; for the owner: ended_, withheld_
  State state_ = State::connecting;
  bool ended_ = false;
  bool withheld_ = false;
  std::array<Slot, kLinkPublishesMax> slots_;
  Mailbox mailbox_;
  std::deque<std::function<void()>> calls_;  // at most the slots, begin and end; an empty one is the end
  std::thread worker_;
  // Paho counts its allocations from the first client's creation to the last one's end, and what is freed
  // outside of that leaks: so options are made after the client and freed before it.
  std::unique_ptr<mqtt::async_client> client_;
  std::unique_ptr<mqtt::connect_options> options_;
};

}  // namespace holdfast::platform::linux_detail
