// SPDX-License-Identifier: MIT
#pragma once

#include <MQTTAsync.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <holdfast/platform/link.hpp>

#include "common/link_rules.hpp"
#include "common/topic_aliases.hpp"
#include "linux/mailbox.hpp"
#include "linux/name_lookup.hpp"
#include "linux/paho_shims.hpp"

/// One connection on Paho MQTT C 1.3.12, the asynchronous API. platform/README.md tells why each rule is there.
///
///   1. One Paho client per attempt, destroyed in end(). MQTTAsync_destroy is the barrier: when it returns, every
///      callback has run. So nothing here asks which connection a callback belongs to. Clients are made and destroyed
///      under one mutex of the process.
///   2. Paho's callbacks run under one mutex of the whole process. They put a record somewhere and ring; they never
///      call Paho, and never wait. No lock of ours is held while Paho is called. So a call into Paho never waits for
///      a resolver, a receiver or a peer.
///   3. state: connecting -> up -> down, or connecting -> down. Entering `up` puts `connected`; entering `down` puts
///      `connect_failed` or `disconnected`; in `down` nothing more is put but `withheld`. Answers are put in `up` only.
///   4. An answer comes through the slot of its own publish. A reason >= 0x80 is a refusal; any other failure is
///      trouble of the connection, and the publish stays unanswered.
///   5. One thread of ours per connection: it asks the resolver, connects, watches connect_timeout, and then calls the
///      receiver. A received message waits in a bounded queue; its PUBACK, which Paho is kept from sending
///      (paho_shims.hpp), is sent after the receiver has returned `acknowledge`. When the queue is full, nothing more is
///      read from the socket until it is half empty.
///   6. To withhold is to send no PUBACK, for this message and for every later one of this connection.
///   7. Paho ignores Server Keep Alive, which MQTT 5 does not allow (section 3.2.2.3.14). When it is the shorter one, the
///      connection is made once more with it, before `connected` is put.
namespace holdfast::platform::linux_detail {

/// What outlives the connection, for the next one.
struct LinkMemory {
  std::chrono::seconds keep_alive_max{0};  ///< as the broker asked; 0: it did not
  std::size_t failures = 0;                ///< since the last connection: which address is tried
  bool aliases_rejected = false;           ///< the broker did not know one of its own
};

/// One owner's thread calls everything that is public.
class AsyncConnection {
 public:
  AsyncConnection(ConnectRequest request, link_rules::BrokerAddress address, LinkMemory memory, Waker* waker,
                  Receiver receiver);
  ~AsyncConnection();
  AsyncConnection(const AsyncConnection&) = delete;
  AsyncConnection& operator=(const AsyncConnection&) = delete;

  /// Begins to connect, once. Throws when there is no thread.
  void begin();
  [[nodiscard]] bool up() const;
  /// Only with fewer than kLinkPublishesMax answers not taken. May throw std::bad_alloc.
  [[nodiscard]] Result<void> publish(LinkToken token, const MqttMessage& message);
  [[nodiscard]] Result<void> subscribe(LinkToken token, const std::string& filter);
  [[nodiscard]] std::size_t take(std::span<LinkEvent> events) { return mailbox_.take(events); }
  /// Waits for a receiver that is running, sends what it has acknowledged, and destroys the client. Idempotent.
  void end();

 private:
  using Time = std::chrono::steady_clock::time_point;
  enum class State : std::uint8_t { connecting, again, up, down };  // again: rule 7
  /// What a callback gets as its context: outlives every callback, and is free again once it is answered.
  struct Slot {
    AsyncConnection* owner = nullptr;
    LinkToken token = 0;
    bool used = false;
    bool publish = false;
  };
  struct Inbound {
    MqttMessage message;
    paho_shims::Puback puback;
  };

  // On the thread of this connection.
  void work() noexcept;
  [[nodiscard]] bool resolve(Time deadline);
  void open(std::chrono::seconds keep_alive);
  [[nodiscard]] bool wait_connected(Time deadline);
  void serve() noexcept;
  [[nodiscard]] Delivery deliver(const MqttMessage& message) noexcept;
  void acknowledge(const paho_shims::Puback& puback) noexcept;
  void withhold() noexcept;
  void destroy() noexcept;

  // On the owner's thread.
  [[nodiscard]] TopicAliases::Use alias_for(const MqttMessage& message) const;
  [[nodiscard]] Slot& take_slot(LinkToken token, bool publish);
  [[nodiscard]] MQTTAsync_responseOptions response_for(Slot& slot) const noexcept;
  [[nodiscard]] Result<void> handed_over(Slot& slot, int rc, const char* what);

  // Callbacks: under Paho's mutex, on its threads (or, during destroy(), on the destroying one).
  static void on_connect_success(void* context, MQTTAsync_successData* data) noexcept;
  static void on_connect_success5(void* context, MQTTAsync_successData5* data) noexcept;
  static void on_connect_failure(void* context, MQTTAsync_failureData* data) noexcept;
  static void on_connect_failure5(void* context, MQTTAsync_failureData5* data) noexcept;
  static void on_connection_lost(void* context, char* cause) noexcept;
  static void on_disconnected(void* context, MQTTProperties* properties, MQTTReasonCodes reason) noexcept;
  static int on_message_arrived(void* context, char* topic, int topic_size,
                                MQTTAsync_message* message) noexcept;
  static void on_success(void* context, MQTTAsync_successData* data) noexcept;
  static void on_success5(void* context, MQTTAsync_successData5* data) noexcept;
  static void on_failure(void* context, MQTTAsync_failureData* data) noexcept;
  static void on_failure5(void* context, MQTTAsync_failureData5* data) noexcept;
  static void on_tls_trouble(void* context, const char* text) noexcept;
  static void on_puback_due(const paho_shims::Puback& puback) noexcept;

  void connected(const MQTTProperties& properties, bool session_present) noexcept;
  void connect_failed(std::int32_t reason, const char* message) noexcept;
  void lost(std::int32_t reason, std::string detail) noexcept;
  void answer(Slot& slot, LinkEventKind kind, std::int32_t reason, std::string detail = {}) noexcept;
  void unanswered(Slot& slot) noexcept;
  void receive(Inbound inbound, int socket) noexcept;
  void pause(int socket);  // under mutex_
  void resume() noexcept;  // likewise

  static void install_hooks();

  const ConnectRequest request_;
  const link_rules::BrokerAddress address_;
  const LinkMemory memory_;
  const Receiver receiver_;
  mutable std::mutex mutex_;
  std::condition_variable bell_;  // for the thread of this connection
  State state_ = State::connecting;
  bool ended_ = false;
  bool withheld_ = false;
  std::optional<bool> session_present_;  // of the first CONNACK
  std::chrono::seconds keep_alive_;
  ConnectGrant grant_;
  std::string tls_trouble_;
  std::array<Slot, kLinkPublishesMax> slots_;
  Mailbox mailbox_;
  std::deque<Inbound> inbound_;
  int paused_socket_ = -1;
  std::optional<Inbound> arriving_;  // between the message callback and its PUBACK; Paho's mutex guards it
  std::shared_ptr<NameLookup> lookup_;
  std::optional<KnownHost> known_host_;
  std::optional<TopicAliases> aliases_;  // the owner's; made with its first publish
  MQTTAsync client_ = nullptr;
  std::thread thread_;
};

}  // namespace holdfast::platform::linux_detail
