// SPDX-License-Identifier: MIT
#include <mqtt/async_client.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <holdfast/check.hpp>
#include <holdfast/platform/linux.hpp>

#include "common/link_rules.hpp"
#include "linux/mailbox.hpp"
#include "linux/paho_convert.hpp"

// A link on Paho MQTT C++ 1.2.0 over C 1.3.12. platform/README.md tells why each rule is there.
//
//   1. One client per connection: made in connect(), destroyed in drop(). MQTTAsync_destroy is the barrier:
//   when
//      it returns, every callback has run. So nothing here asks which connection a callback belongs to.
//   2. Paho's callbacks run under one mutex of the whole process. They put a record into the mailbox and
//   ring;
//      they never call Paho. The owner never holds a lock of ours while it calls Paho.
//   3. state: connecting -> up -> down, or connecting -> down. Entering `up` puts `connected`; entering
//   `down`
//      puts `connect_failed` or `disconnected`; in `down` nothing more is put. Answers are put in `up` only.
//   4. An answer comes from the listener of its own publish. A reason >= 0x80 is a refusal; any other failure
//   is
//      trouble of the connection, and the publish stays unanswered.
//   5. Paho sends the PUBACK when the message callback returns, and that cannot be stopped. To withhold, the
//      callback never returns. It holds Paho's mutex, so from then on (`wedged`) no link of the process calls
//      Paho any more, and the client is leaked.
namespace holdfast::platform {
namespace {

using linux_detail::Mailbox;

/// Rule 5. Never reset.
std::atomic<bool> wedged{false};

[[nodiscard]] bool is_answer(LinkEventKind kind) noexcept {
  return kind == LinkEventKind::acknowledged || kind == LinkEventKind::refused ||
         kind == LinkEventKind::subscribed || kind == LinkEventKind::subscribe_refused;
}

/// Everything that one connection is. The listener of all its tokens.
class Connection final : public mqtt::iaction_listener {
 public:
  /// Begins to connect. Throws what Paho throws.
  Connection(const ConnectRequest& request, const link_rules::BrokerAddress& address, Waker* waker,
             Receiver receiver);

  [[nodiscard]] bool up() const {
    const std::lock_guard lock(mutex_);
    return state_ == State::up;
  }
  void publish(LinkToken token, const MqttMessage& message);
  void subscribe(LinkToken token, const std::string& filter);
  [[nodiscard]] std::size_t take(std::span<LinkEvent> events) { return mailbox_.take(events); }
  [[nodiscard]] bool receives() const noexcept { return receiver_ != nullptr; }

  /// Destroys the client: the barrier of rule 1.
  void destroy() noexcept;
  /// Waits until destroy() has returned in another thread; false when a receiver withheld instead.
  [[nodiscard]] bool wait_for_end();

  void on_success(const mqtt::token& token) noexcept override;
  void on_failure(const mqtt::token& token) noexcept override;

 private:
  enum class State : std::uint8_t { connecting, up, down };
  /// What a callback gets as its context: outlives every callback, and is free again once it is answered.
  struct Slot {
    LinkToken token = 0;
    bool used = false;
  };

  [[nodiscard]] Slot& take_slot(LinkToken token);
  void free_slot(Slot& slot) noexcept;
  void on_connected(const mqtt::token& token) noexcept;
  void on_lost(std::int32_t reason, std::string detail) noexcept;
  void answer(const mqtt::token& token, LinkEventKind kind, std::int32_t reason) noexcept;
  void on_message(const mqtt::const_message_ptr& message) noexcept;
  [[nodiscard]] Delivery deliver(const mqtt::message& message) noexcept;
  [[noreturn]] void withhold() noexcept;

  const MqttVersion version_;
  const Receiver receiver_;
  mutable std::mutex mutex_;
  std::condition_variable ended_bell_;
  State state_ = State::connecting;
  bool ended_ = false;
  bool withheld_ = false;
  std::array<Slot, kLinkPublishesMax> slots_;
  Mailbox mailbox_;
  // Paho counts its allocations from the first client's creation to the last one's end, and what is freed
  // outside of that leaks: so options are made after the client and freed before it.
  std::unique_ptr<mqtt::async_client> client_;
  std::unique_ptr<mqtt::connect_options> options_;
};

Connection::Connection(const ConnectRequest& request, const link_rules::BrokerAddress& address, Waker* waker,
                       Receiver receiver)
    : version_(request.broker.version), receiver_(std::move(receiver)), mailbox_(waker) {
  client_ = std::make_unique<mqtt::async_client>(linux_detail::paho_uri(address), request.broker.client_id,
                                                 linux_detail::create_options_for(version_));
  // All handlers before connect(): set later they would take Paho's locks in the wrong order.
  client_->set_connection_lost_handler([this](const std::string& cause) { on_lost(0, cause); });
  client_->set_disconnected_handler([this](const mqtt::properties& properties, mqtt::ReasonCode reason) {
    on_lost(static_cast<std::int32_t>(reason), linux_detail::reason_string(properties));
  });
  if (receiver_)
    client_->set_message_callback([this](const mqtt::const_message_ptr& message) { on_message(message); });
  options_ = std::make_unique<mqtt::connect_options>();
  linux_detail::fill_connect_options(*options_, request, address.tls);
  client_->connect(*options_, nullptr, *this);
}

Connection::Slot& Connection::take_slot(LinkToken token) {
  const std::lock_guard lock(mutex_);
  for (Slot& slot : slots_) {
    if (slot.used) continue;
    slot = {token, true};
    return slot;
  }
  HOLDFAST_CHECK(!"more answers under way than the link allows");
  return slots_[0];
}

void Connection::free_slot(Slot& slot) noexcept {
  const std::lock_guard lock(mutex_);
  slot.used = false;
}

void Connection::publish(LinkToken token, const MqttMessage& message) {
  const mqtt::message_ptr sent = linux_detail::to_paho(message, version_);
  Slot& slot = take_slot(token);
  try {
    client_->publish(sent, &slot, *this);
  } catch (...) {
    free_slot(slot);
    throw;
  }
  // Paho has copied the properties, and its token keeps the message until after the client's end, which is
  // too late to free them.
  sent->set_properties(mqtt::properties());
}

void Connection::subscribe(LinkToken token, const std::string& filter) {
  Slot& slot = take_slot(token);
  try {
    client_->subscribe(filter, 1, &slot, *this);
  } catch (...) {
    free_slot(slot);
    throw;
  }
}

void Connection::destroy() noexcept {
  options_.reset();
  client_.reset();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  ended_bell_.notify_all();
}

bool Connection::wait_for_end() {
  std::unique_lock lock(mutex_);
  ended_bell_.wait(lock, [this] { return ended_ || withheld_; });
  return !withheld_;
}

// ---- callbacks: under Paho's mutex, on its threads (or, during destroy(), on the destroying one)

void Connection::on_success(const mqtt::token& token) noexcept {
  switch (token.get_type()) {
    case mqtt::token::Type::CONNECT: return on_connected(token);
    case mqtt::token::Type::PUBLISH: return answer(token, LinkEventKind::acknowledged, 0);
    default: break;
  }
  // A refused subscription is a success to Paho when the SUBACK itself was well-formed.
  const auto reason = static_cast<std::int32_t>(token.get_reason_code());
  answer(token, reason >= 0x80 ? LinkEventKind::subscribe_refused : LinkEventKind::subscribed,
         reason >= 0x80 ? reason : 0);
}

void Connection::on_failure(const mqtt::token& token) noexcept {
  const std::int32_t reason = linux_detail::failure_reason(token, version_);
  if (token.get_type() == mqtt::token::Type::CONNECT)
    return on_lost(reason,
                   reason != 0 ? "refused by CONNACK" : "TCP or TLS connection failed, or no CONNACK");
  if (reason == 0)
    return on_lost(0, "the connection broke");  // write error, or the client is being destroyed
  const bool published = token.get_type() == mqtt::token::Type::PUBLISH;
  answer(token, published ? LinkEventKind::refused : LinkEventKind::subscribe_refused, reason);
}

void Connection::on_connected(const mqtt::token& token) noexcept {
  LinkEvent event{.kind = LinkEventKind::connected, .token = 0, .reason = 0, .detail = {}, .grant = {}};
  try {
    event.grant = linux_detail::grant_of(token.get_connect_response());
  } catch (...) {  // no memory, or no response in the token: without the broker's limits we cannot go on
    return on_lost(0, "the CONNACK could not be read");
  }
  const std::lock_guard lock(mutex_);
  if (state_ != State::connecting) return;
  state_ = State::up;
  mailbox_.put(std::move(event));
}

void Connection::on_lost(std::int32_t reason, std::string detail) noexcept {
  const std::lock_guard lock(mutex_);
  if (state_ == State::down) return;
  const bool was_up = std::exchange(state_, State::down) == State::up;
  mailbox_.put({.kind = was_up ? LinkEventKind::disconnected : LinkEventKind::connect_failed,
                .token = 0,
                .reason = reason >= 0x80 ? reason : 0,
                .detail = std::move(detail),
                .grant = {}});
}

void Connection::answer(const mqtt::token& token, LinkEventKind kind, std::int32_t reason) noexcept {
  Slot& slot = *static_cast<Slot*>(token.get_user_context());
  const std::lock_guard lock(mutex_);
  slot.used = false;
  if (state_ != State::up) return;
  mailbox_.put({.kind = kind, .token = slot.token, .reason = reason, .detail = {}, .grant = {}});
}

void Connection::on_message(const mqtt::const_message_ptr& message) noexcept {
  if (message == nullptr) return;  // Paho C++ tells its own consumer queue of a loss in this way
  if (deliver(*message) == Delivery::withhold) withhold();
}

Delivery Connection::deliver(const mqtt::message& message) noexcept {
  try {
    return receiver_(linux_detail::from_paho(message));
  } catch (...) {  // no memory for the copy: it is not ours to lose
    return Delivery::withhold;
  }
}

void Connection::withhold() noexcept {
  wedged = true;
  {
    const std::lock_guard lock(mutex_);
    withheld_ = true;
    mailbox_.put({.kind = LinkEventKind::withheld, .token = 0, .reason = 0, .detail = {}, .grant = {}});
    ended_bell_.notify_all();
  }
  for (;;) ::pause();
}

// ---- the link

/// Keeps leaked connections reachable, for the callback that sleeps in one. One per process in practice,
/// since no link connects once wedged.
void abandon(std::shared_ptr<Connection> connection) {
  static std::mutex mutex;
  static auto& abandoned =
      *new std::vector<std::shared_ptr<Connection>>;  // never destroyed: a thread lives in it
  const std::lock_guard lock(mutex);
  abandoned.push_back(std::move(connection));
}

/// Paho 1.3.10 to 1.3.13 send plain MQTT through a proxy when these are set, also to nothing.
[[nodiscard]] const char* proxy_in_environment() noexcept {
  for (const char* name : {"http_proxy", "https_proxy"})
    if (std::getenv(name) != nullptr) return name;  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return nullptr;
}

[[nodiscard]] tl::unexpected<Error> error_of(const mqtt::exception& error, const char* where) {
  switch (error.get_return_code()) {
    case MQTTASYNC_DISCONNECTED: return fail(ErrorCode::unavailable, where, "not connected");
    case MQTTASYNC_NO_MORE_MSGIDS:
    case MQTTASYNC_MAX_BUFFERED_MESSAGES: return fail(ErrorCode::busy, where, "Paho's queue is full");
    case MQTTASYNC_BAD_UTF8_STRING: return fail(ErrorCode::invalid, where, "text that is no UTF-8");
    default: return fail(ErrorCode::unavailable, where, error.what());
  }
}

class PahoCppLink final : public Link {
 public:
  PahoCppLink() = default;
  ~PahoCppLink() override { PahoCppLink::drop(); }
  PahoCppLink(const PahoCppLink&) = delete;
  PahoCppLink& operator=(const PahoCppLink&) = delete;

  void set_waker(Waker* waker) override { waker_ = waker; }
  void set_receiver(Receiver receiver) override { receiver_ = std::move(receiver); }
  [[nodiscard]] Result<void> connect(const ConnectRequest& request) override;
  [[nodiscard]] Result<void> publish(LinkToken token, const MqttMessage& message) override;
  [[nodiscard]] Result<void> subscribe(LinkToken token, const std::string& filter) override;
  [[nodiscard]] std::size_t poll(std::span<LinkEvent> events) override;
  void drop() override;

 private:
  [[nodiscard]] Result<void> may_send(const char* what) const;
  /// Runs `call`, which hands something to Paho that will be answered.
  template <class Call>
  [[nodiscard]] Result<void> hand_over(const char* what, Call call);

  Waker* waker_ = nullptr;
  Receiver receiver_;
  std::shared_ptr<Connection> connection_;  // shared with the thread that destroys it
  std::size_t unanswered_ = 0;              // whose answer poll() has not handed out
};

Result<void> PahoCppLink::connect(const ConnectRequest& request) {
  if (connection_) return fail(ErrorCode::invalid, "connect", "the last connection has not been dropped");
  auto address = link_rules::check_request(request, receiver_ != nullptr);
  if (!address) return tl::unexpected(address.error());
  if (const char* name = proxy_in_environment(); name != nullptr)
    return fail(ErrorCode::invalid, "connect",
                std::string("unset ") + name + " for this process: Paho would send MQTT through it");
  if (wedged)
    return fail(ErrorCode::unavailable, "connect", "a receiver withheld a message: end this process");
  address->tls = address->tls || request.broker.tls.enabled;
  try {
    connection_ = std::make_shared<Connection>(request, *address, waker_, receiver_);
  } catch (const mqtt::exception& error) {
    return error_of(error, "connect");
  } catch (const std::exception& error) {
    return fail(ErrorCode::unavailable, "connect", error.what());
  }
  return {};
}

Result<void> PahoCppLink::may_send(const char* what) const {
  if (!connection_ || wedged || !connection_->up())
    return fail(ErrorCode::unavailable, what, "not connected");
  if (unanswered_ >= kLinkPublishesMax) return fail(ErrorCode::busy, what, "too many wait for their answer");
  return {};
}

template <class Call>
Result<void> PahoCppLink::hand_over(const char* what, Call call) {
  if (auto ready = may_send(what); !ready) return ready;
  try {
    call();
  } catch (const mqtt::exception& error) {
    return error_of(error, what);
  } catch (const std::exception& error) {
    return fail(ErrorCode::unavailable, what, error.what());
  }
  ++unanswered_;
  return {};
}

Result<void> PahoCppLink::publish(LinkToken token, const MqttMessage& message) {
  if (auto good = link_rules::check_message(message); !good) return good;
  return hand_over("publish", [&] { connection_->publish(token, message); });
}

Result<void> PahoCppLink::subscribe(LinkToken token, const std::string& filter) {
  if (!receiver_) return fail(ErrorCode::invalid, "subscribe", "set a receiver first");
  if (auto good = link_rules::check_filter(filter); !good) return good;
  return hand_over("subscribe", [&] { connection_->subscribe(token, filter); });
}

std::size_t PahoCppLink::poll(std::span<LinkEvent> events) {
  if (!connection_) return 0;
  const std::size_t count = connection_->take(events);
  for (std::size_t at = 0; at < count; ++at)
    if (is_answer(events[at].kind)) --unanswered_;
  return count;
}

/// With a receiver the client is destroyed by a thread of its own: the receiver may withhold while
/// MQTTAsync_destroy waits for the mutex that it then never gets.
void PahoCppLink::drop() {
  const std::shared_ptr<Connection> ending = std::exchange(connection_, nullptr);
  unanswered_ = 0;
  if (!ending) return;
  if (wedged) return abandon(ending);
  if (!ending->receives()) return ending->destroy();
  std::thread destroyer([ending] { ending->destroy(); });
  if (ending->wait_for_end()) return destroyer.join();
  abandon(ending);
  destroyer.detach();
}

}  // namespace

std::unique_ptr<Link> make_linux_link() { return std::make_unique<PahoCppLink>(); }

}  // namespace holdfast::platform
