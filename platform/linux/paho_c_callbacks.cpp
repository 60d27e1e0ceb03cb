// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstring>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "linux/paho_c_connection.hpp"
#include "linux/paho_c_convert.hpp"

// What Paho calls, always under its mutex. Each puts a record somewhere and rings. They may allocate a line of
// detail or the copy of a message, where Paho has allocated more already.
namespace holdfast::platform::linux_detail {
namespace {

/// Received and not yet seen by the receiver. Reading stops at kReceiveMaximum; what TLS has decrypted by then (16 KiB)
/// comes all the same.
constexpr std::size_t kInboundMax = 4096;
constexpr int kSubackFailure = 0x80;  // the only one that 3.1.1 has

/// From which nothing is read for now.
struct PausedSockets {
  std::mutex mutex;
  std::vector<int> list;
};

PausedSockets& paused_sockets() {
  static auto& only = *new PausedSockets;  // never destroyed: Paho's threads may outlive static objects
  return only;
}

[[nodiscard]] bool is_paused(int socket) noexcept {
  PausedSockets& paused = paused_sockets();
  const std::lock_guard lock(paused.mutex);
  return std::find(paused.list.begin(), paused.list.end(), socket) != paused.list.end();
}

/// Whose message callback ran last on this thread: its PUBACK comes next.
thread_local AsyncConnection* arriving_at = nullptr;

/// No memory: no detail.
[[nodiscard]] std::string reason_string_of(const MQTTProperties& properties) noexcept {
  try {
    return reason_string(properties);
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace

void AsyncConnection::install_hooks() {
  static const bool once = [] {
    MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
    MQTTAsync_global_init(&options);  // the static archive makes its mutexes only here
    paho_shims::install({&on_puback_due, &KnownHost::address_of, &is_paused, &on_tls_trouble});
    return true;
  }();
  static_cast<void>(once);
}

// ---- the beginning

void AsyncConnection::on_connect_success(void* context, MQTTAsync_successData* data) noexcept {
  const MQTTProperties none = MQTTProperties_initializer;
  static_cast<AsyncConnection*>(context)->connected(none, data->alt.connect.sessionPresent != 0);
}

void AsyncConnection::on_connect_success5(void* context, MQTTAsync_successData5* data) noexcept {
  static_cast<AsyncConnection*>(context)->connected(data->properties, data->alt.connect.sessionPresent != 0);
}

void AsyncConnection::connected(const MQTTProperties& properties, bool session_present) noexcept {
  const ConnectGrant grant = grant_of(properties, session_present);
  const std::lock_guard lock(mutex_);
  if (state_ != State::connecting) return;
  if (!session_present_) session_present_ = session_present;
  const std::chrono::seconds asked{grant.server_keep_alive_s.value_or(0)};
  if (asked.count() > 0 && asked < keep_alive_) {
    keep_alive_ = asked;
    state_ = State::again;
  } else {
    state_ = State::up;
    grant_ = grant;
    grant_.session_present = *session_present_;
    grant_.keeps_server_keep_alive = true;
    if (keep_alive_ < request_.broker.keep_alive)  // we have bowed to it, so the broker says nothing now
      grant_.server_keep_alive_s = static_cast<std::uint16_t>(keep_alive_.count());
    mailbox_.put({.kind = LinkEventKind::connected, .token = 0, .reason = 0, .detail = {}, .grant = grant_});
  }
  bell_.notify_all();
}

void AsyncConnection::on_connect_failure(void* context, MQTTAsync_failureData* data) noexcept {
  auto* self = static_cast<AsyncConnection*>(context);
  if (data == nullptr) return self->connect_failed(0, nullptr);
  self->connect_failed(connack_reason(data->code, MqttVersion::v3_1_1), data->message);
}

void AsyncConnection::on_connect_failure5(void* context, MQTTAsync_failureData5* data) noexcept {
  auto* self = static_cast<AsyncConnection*>(context);
  if (data == nullptr) return self->connect_failed(0, nullptr);
  // Paho 1.3.12 tells the reason in the code, 1.3.15 in the reason code.
  const int reason = data->reasonCode >= 0x80 ? static_cast<int>(data->reasonCode) : data->code;
  self->connect_failed(connack_reason(reason, MqttVersion::v5), data->message);
}

void AsyncConnection::connect_failed(std::int32_t reason, const char* message) noexcept {
  try {
    std::string tls;
    {
      const std::lock_guard lock(mutex_);
      tls = tls_trouble_;
    }
    if (reason != 0) return lost(reason, "refused by CONNACK");
    if (!tls.empty()) return lost(0, "TLS: " + tls);
    lost(0, message == nullptr ? "no connection" : "no connection: " + one_line(message));
  } catch (const std::exception&) {  // no memory for the words
    lost(reason, {});
  }
}

void AsyncConnection::on_tls_trouble(void* context, const char* text) noexcept {
  auto* self = static_cast<AsyncConnection*>(context);
  const std::lock_guard lock(self->mutex_);
  if (!self->tls_trouble_.empty()) return;
  try {
    self->tls_trouble_ = one_line(text);
  } catch (const std::exception&) {  // no memory for the words
    self->tls_trouble_.clear();
  }
}

// ---- the end

void AsyncConnection::on_connection_lost(void* context, char* /*cause: always none*/) noexcept {
  static_cast<AsyncConnection*>(context)->lost(0, "the connection broke");
}

void AsyncConnection::on_disconnected(void* context, MQTTProperties* properties,
                                      MQTTReasonCodes reason) noexcept {
  auto* self = static_cast<AsyncConnection*>(context);
  self->lost(static_cast<std::int32_t>(reason),
             properties == nullptr ? std::string() : reason_string_of(*properties));
}

void AsyncConnection::lost(std::int32_t reason, std::string detail) noexcept {
  const std::lock_guard lock(mutex_);
  if (state_ == State::down || (state_ == State::again && reason == 0)) return;
  const bool was_up = std::exchange(state_, State::down) == State::up;
  resume();  // the number of the socket may be another's soon
  bell_.notify_all();
  if (ended_) return;
  mailbox_.put({.kind = was_up ? LinkEventKind::disconnected : LinkEventKind::connect_failed,
                .token = 0,
                .reason = reason >= 0x80 ? reason : 0,
                .detail = std::move(detail),
                .grant = {}});
}

// ---- answers

void AsyncConnection::on_success(void* context, MQTTAsync_successData* /*data*/) noexcept {
  Slot& slot = *static_cast<Slot*>(context);
  slot.owner->answer(slot, slot.publish ? LinkEventKind::acknowledged : LinkEventKind::subscribed, 0);
}

void AsyncConnection::on_success5(void* context, MQTTAsync_successData5* /*data*/) noexcept {
  on_success(context, nullptr);
}

void AsyncConnection::on_failure(void* context, MQTTAsync_failureData* data) noexcept {
  Slot& slot = *static_cast<Slot*>(context);
  if (slot.publish || data == nullptr || data->code != kSubackFailure) return slot.owner->unanswered(slot);
  slot.owner->answer(slot, LinkEventKind::subscribe_refused, kSubackFailure);
}

void AsyncConnection::on_failure5(void* context, MQTTAsync_failureData5* data) noexcept {
  Slot& slot = *static_cast<Slot*>(context);
  const auto reason = data == nullptr ? 0 : static_cast<std::int32_t>(data->reasonCode);
  if (reason < 0x80) return slot.owner->unanswered(slot);
  slot.owner->answer(slot, slot.publish ? LinkEventKind::refused : LinkEventKind::subscribe_refused, reason,
                     reason_string_of(data->properties));
}

void AsyncConnection::answer(Slot& slot, LinkEventKind kind, std::int32_t reason,
                             std::string detail) noexcept {
  const std::lock_guard lock(mutex_);
  slot.used = false;
  if (state_ != State::up || ended_) return;
  mailbox_.put(
      {.kind = kind, .token = slot.token, .reason = reason, .detail = std::move(detail), .grant = {}});
}

/// Trouble of the connection, or the client is being destroyed.
void AsyncConnection::unanswered(Slot& slot) noexcept {
  {
    const std::lock_guard lock(mutex_);
    slot.used = false;
  }
  lost(0, "the connection broke");
}

// ---- messages

int AsyncConnection::on_message_arrived(void* context, char* topic, int topic_size,
                                        MQTTAsync_message* message) noexcept {
  auto* self = static_cast<AsyncConnection*>(context);
  arriving_at = message->qos == 0 ? nullptr : self;
  self->arriving_.reset();
  try {
    if (self->receiver_) {
      const std::size_t size = topic_size > 0 ? static_cast<std::size_t>(topic_size) : std::strlen(topic);
      Inbound inbound{message_of({topic, size}, *message), {}};
      if (message->qos == 0) {
        self->receive(std::move(inbound), paho_shims::socket_of_message());
      } else {
        self->arriving_ = std::move(inbound);
      }
    }
  } catch (const std::exception&) {  // no memory for the copy: no PUBACK, so it comes again
    self->lost(0, "no memory for a received message");
  }
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

void AsyncConnection::on_puback_due(const paho_shims::Puback& puback) noexcept {
  AsyncConnection* self = std::exchange(arriving_at, nullptr);
  if (self == nullptr || !self->arriving_) return;
  self->arriving_->puback = puback;
  self->receive(std::move(*self->arriving_), puback.socket);
  self->arriving_.reset();
}

void AsyncConnection::receive(Inbound inbound, int socket) noexcept {
  bool full = false;
  try {
    const std::lock_guard lock(mutex_);
    if (withheld_ || ended_) return;
    full = inbound_.size() >= kInboundMax;
    if (full && inbound.puback.msgid == 0) return;  // QoS 0 promises nothing
    if (!full) inbound_.push_back(std::move(inbound));
    if (inbound_.size() >= kReceiveMaximum) pause(socket);
    bell_.notify_all();
  } catch (const std::exception&) {
    full = true;
  }
  if (full) lost(0, "the broker sends more than can be held");
}

void AsyncConnection::pause(int socket) {
  if (paused_socket_ >= 0 || state_ != State::up) return;
  PausedSockets& paused = paused_sockets();
  const std::lock_guard lock(paused.mutex);
  paused.list.push_back(socket);
  paused_socket_ = socket;
}

void AsyncConnection::resume() noexcept {
  if (paused_socket_ < 0) return;
  PausedSockets& paused = paused_sockets();
  const std::lock_guard lock(paused.mutex);
  std::erase(paused.list, std::exchange(paused_socket_, -1));
}

}  // namespace holdfast::platform::linux_detail
