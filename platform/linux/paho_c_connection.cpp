// SPDX-License-Identifier: MIT
#include "linux/paho_c_connection.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include <holdfast/check.hpp>

#include "linux/paho_c_convert.hpp"

// What the owner calls, and the thread of a connection. The callbacks stand in paho_c_callbacks.cpp.
namespace holdfast::platform::linux_detail {
namespace {

/// How long a PUBACK waits for a half-written packet before it tries again.
constexpr std::chrono::milliseconds kWritePatience{5};
/// More than any packet has around its topic, its payload and its properties' texts.
constexpr std::size_t kPacketOverhead = 64;
constexpr std::size_t kPropertyOverhead = 5;

/// Paho's own destroy races with a create of another thread.
std::mutex& life_of_clients() {
  static auto& only = *new std::mutex;
  return only;
}

}  // namespace

AsyncConnection::AsyncConnection(ConnectRequest request, link_rules::BrokerAddress address, LinkMemory memory,
                                 Waker* waker, Receiver receiver)
    : request_(std::move(request)),
      address_(std::move(address)),
      memory_(memory),
      receiver_(std::move(receiver)),
      keep_alive_(memory.keep_alive_max.count() > 0
                      ? std::min(request_.broker.keep_alive, memory.keep_alive_max)
                      : request_.broker.keep_alive),
      mailbox_(waker) {
  for (Slot& slot : slots_) slot.owner = this;
}

AsyncConnection::~AsyncConnection() { end(); }

void AsyncConnection::begin() {
  install_hooks();
  thread_ = std::thread([this] { work(); });
}

bool AsyncConnection::up() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::up;
}

void AsyncConnection::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    if (lookup_) lookup_->abandon();
    bell_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  {
    const std::lock_guard lock(mutex_);
    state_ = State::down;  // what the callbacks still say is not news
    resume();
  }
  destroy();
}

// ---- the thread

void AsyncConnection::work() noexcept {
  try {
    const Time deadline = std::chrono::steady_clock::now() + request_.broker.connect_timeout;
    if (!resolve(deadline)) return;
    open(keep_alive_);
    if (!wait_connected(deadline)) return;
  } catch (const std::exception& error) {  // the owner was told that it is under way
    lost(0, error.what());
  }
  if (receiver_) serve();
}

/// False when there is nothing to connect to, or the owner has lost interest.
bool AsyncConnection::resolve(Time deadline) {
  if (is_numeric_address(address_.host)) return true;
  auto lookup = NameLookup::begin(address_.host);
  if (!lookup) {
    lost(0, "the resolver is still busy with earlier questions");
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    lookup_ = lookup;
    if (ended_) lookup->abandon();
  }
  if (!lookup->wait_until(deadline)) {
    lost(0, "the resolver has not answered within connect_timeout");
    return false;
  }
  if (lookup->addresses().empty()) {
    lost(0, "no address of \"" + address_.host + "\": " + lookup->trouble());
    return false;
  }
  // After a failure the next address, so that a dead one does not hold the device for ever.
  known_host_.emplace(address_.host, lookup->addresses()[memory_.failures % lookup->addresses().size()]);
  return true;
}

void AsyncConnection::open(std::chrono::seconds keep_alive) {
  const std::lock_guard life(life_of_clients());
  MQTTAsync_createOptions create = create_options_for(request_.broker.version);
  int rc =
      MQTTAsync_createWithOptions(&client_, paho_uri(address_).c_str(), request_.broker.client_id.c_str(),
                                  MQTTCLIENT_PERSISTENCE_NONE, nullptr, &create);
  if (rc != MQTTASYNC_SUCCESS) return lost(0, "Paho makes no client: " + std::to_string(rc));
  MQTTAsync_setCallbacks(client_, this, on_connection_lost, on_message_arrived, nullptr);
  MQTTAsync_setDisconnected(client_, this, on_disconnected);
  ConnectOptions options(request_, address_.tls, keep_alive, receiver_ != nullptr);
  options.ssl.ssl_error_context = this;
  options.paho.context = this;
  if (request_.broker.version == MqttVersion::v5) {
    options.paho.onSuccess5 = on_connect_success5;
    options.paho.onFailure5 = on_connect_failure5;
  } else {
    options.paho.onSuccess = on_connect_success;
    options.paho.onFailure = on_connect_failure;
  }
  rc = MQTTAsync_connect(client_, &options.paho);
  if (rc != MQTTASYNC_SUCCESS) lost(0, "Paho does not connect: " + std::to_string(rc));
}

/// True when the connection is up or was; false when it never will be.
bool AsyncConnection::wait_connected(Time deadline) {
  std::unique_lock lock(mutex_);
  while (true) {
    bell_.wait_until(lock, deadline, [this] { return ended_ || state_ != State::connecting; });
    if (ended_ || state_ == State::down) return false;
    if (state_ == State::up) return true;
    const bool again = state_ == State::again && std::chrono::steady_clock::now() < deadline;
    const std::chrono::seconds keep_alive = keep_alive_;
    if (!again) state_ = State::connecting;
    lock.unlock();
    if (!again) {
      lost(0, "no CONNACK within connect_timeout");
      return false;
    }
    destroy();
    lock.lock();
    state_ = State::connecting;
    inbound_.clear();  // of the first client, never acknowledged
    resume();
    lock.unlock();
    open(keep_alive);
    lock.lock();
  }
}

void AsyncConnection::serve() noexcept {
  while (true) {
    Inbound next;
    {
      std::unique_lock lock(mutex_);
      bell_.wait(lock, [this] { return ended_ || !inbound_.empty(); });
      if (ended_) return;
      if (state_ != State::up) {  // what came before the end comes again
        inbound_.clear();
        resume();
        continue;
      }
      next = std::move(inbound_.front());
      inbound_.pop_front();
      if (inbound_.size() <= kReceiveMaximum / 2) resume();
    }
    if (deliver(next.message) == Delivery::withhold) {
      withhold();
    } else if (next.puback.msgid != 0) {
      acknowledge(next.puback);
    }
  }
}

Delivery AsyncConnection::deliver(const MqttMessage& message) noexcept {
  try {
    return receiver_(message);
  } catch (...) {  // against its contract: the message is not ours to lose
    return Delivery::withhold;
  }
}

void AsyncConnection::acknowledge(const paho_shims::Puback& puback) noexcept {
  while (true) {
    {
      const paho_shims::PahoLock paho;
      if (!up() || paho_shims::send_puback(puback) != paho_shims::Sent::later) return;
    }
    std::unique_lock lock(mutex_);
    bell_.wait_for(lock, kWritePatience, [this] { return state_ != State::up; });
    if (ended_) return;  // the broker has not taken what came before it either
  }
}

void AsyncConnection::withhold() noexcept {
  const std::lock_guard lock(mutex_);
  withheld_ = true;
  inbound_.clear();
  resume();
  mailbox_.put({.kind = LinkEventKind::withheld, .token = 0, .reason = 0, .detail = {}, .grant = {}});
}

void AsyncConnection::destroy() noexcept {
  if (client_ == nullptr) return;
  const std::lock_guard life(life_of_clients());
  MQTTAsync_destroy(&client_);
}

// ---- the owner

AsyncConnection::Slot& AsyncConnection::take_slot(LinkToken token, bool publish) {
  const std::lock_guard lock(mutex_);
  for (Slot& slot : slots_) {
    if (slot.used) continue;
    slot = {this, token, true, publish};
    return slot;
  }
  HOLDFAST_CHECK(!"more answers under way than the link allows");
  return slots_[0];
}

MQTTAsync_responseOptions AsyncConnection::response_for(Slot& slot) const noexcept {
  MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
  response.context = &slot;
  if (request_.broker.version == MqttVersion::v5) {
    response.onSuccess5 = on_success5;
    response.onFailure5 = on_failure5;
  } else {
    response.onSuccess = on_success;
    response.onFailure = on_failure;
  }
  return response;
}

Result<void> AsyncConnection::handed_over(Slot& slot, int rc, const char* what) {
  if (rc == MQTTASYNC_SUCCESS) return {};
  {  // no callback comes
    const std::lock_guard lock(mutex_);
    slot.used = false;
  }
  switch (rc) {
    case MQTTASYNC_DISCONNECTED: return fail(ErrorCode::unavailable, what, "not connected");
    case MQTTASYNC_NO_MORE_MSGIDS:
    case MQTTASYNC_MAX_BUFFERED_MESSAGES: return fail(ErrorCode::busy, what, "Paho's queue is full");
    case MQTTASYNC_BAD_UTF8_STRING: return fail(ErrorCode::invalid, what, "text that is no UTF-8");
    default: return fail(ErrorCode::unavailable, what, "Paho refuses with " + std::to_string(rc));
  }
}

/// None where the few bytes of the first use might make the packet too large for the broker.
TopicAliases::Use AsyncConnection::alias_for(const MqttMessage& message) const {
  std::size_t bytes =
      kPacketOverhead + message.topic.size() + message.content_type.size() + message.payload.size();
  for (const auto& property : message.user_properties)
    bytes += kPropertyOverhead + property.first.size() + property.second.size();
  return bytes <= grant_.packet_bytes_max ? aliases_->look_up(message.topic) : TopicAliases::Use{};
}

Result<void> AsyncConnection::publish(LinkToken token, const MqttMessage& message) {
  const bool v5 = request_.broker.version == MqttVersion::v5;
  if (!aliases_)  // grant_ does not change once the connection is up
    aliases_.emplace(v5 && !memory_.aliases_rejected
                         ? std::min(request_.broker.topic_aliases, grant_.topic_aliases_max)
                         : std::uint16_t{0});
  const TopicAliases::Use use = alias_for(message);
  PropertyList properties = v5 ? properties_of(message) : PropertyList();
  if (use.alias != 0) properties.add_integer2(MQTTPROPERTY_CODE_TOPIC_ALIAS, use.alias);
  Slot& slot = take_slot(token, true);
  MQTTAsync_responseOptions response = response_for(slot);
  if (v5) response.properties = properties.view();
  const int rc = MQTTAsync_send(client_, use.known ? "" : message.topic.c_str(),
                                static_cast<int>(message.payload.size()), message.payload.data(), 1,
                                message.retain ? 1 : 0, &response);
  if (rc == MQTTASYNC_SUCCESS) aliases_->sent(message.topic);
  return handed_over(slot, rc, "publish");
}

Result<void> AsyncConnection::subscribe(LinkToken token, const std::string& filter) {
  Slot& slot = take_slot(token, false);
  MQTTAsync_responseOptions response = response_for(slot);
  return handed_over(slot, MQTTAsync_subscribe(client_, filter.c_str(), 1, &response), "subscribe");
}

}  // namespace holdfast::platform::linux_detail
