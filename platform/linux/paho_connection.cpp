// SPDX-License-Identifier: MIT
#include "linux/paho_connection.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <utility>

#include <holdfast/check.hpp>

#include "linux/paho_convert.hpp"

namespace holdfast::platform::linux_detail {
namespace {

std::atomic<bool> wedged_process{false};
/// How often end() looks whether a receiver of another connection has wedged the process.
constexpr std::chrono::milliseconds kWedgedPeriod{100};

}  // namespace

bool Connection::wedged() noexcept { return wedged_process; }

Connection::Connection(MqttVersion version, Waker* waker, Receiver receiver)
    : version_(version), receiver_(std::move(receiver)), mailbox_(waker) {}

// ---- calls into Paho

void Connection::begin(const ConnectRequest& request, const link_rules::BrokerAddress& address) {
  if (!receiver_) return open(request, address);
  call([this, request, address] { open(request, address); });
  worker_ = std::thread([self = shared_from_this()] { self->work(); });
}

void Connection::open(const ConnectRequest& request, const link_rules::BrokerAddress& address) {
  client_ = std::make_unique<mqtt::async_client>(paho_uri(address), request.broker.client_id,
                                                 create_options_for(version_));
  // All handlers before connect(): set later they would take Paho's locks in the wrong order.
  client_->set_connection_lost_handler([this](const std::string& cause) { on_lost(0, cause); });
  client_->set_disconnected_handler([this](const mqtt::properties& properties, mqtt::ReasonCode reason) {
    on_lost(static_cast<std::int32_t>(reason), reason_string(properties.c_struct()));
  });
  if (receiver_)
    client_->set_message_callback([this](const mqtt::const_message_ptr& message) { on_message(message); });
  options_ = std::make_unique<mqtt::connect_options>();
  fill_connect_options(*options_, request, address.tls);
  client_->connect(*options_, nullptr, *this);
}

/// Now, on the owner's thread; or soon, on the worker (rule 5).
void Connection::call(std::function<void()> paho) {
  if (!receiver_) return paho();
  const std::lock_guard lock(mutex_);
  HOLDFAST_CHECK(calls_.size() < kLinkPublishesMax + 2);
  calls_.push_back(std::move(paho));
  bell_.notify_all();
}

void Connection::work() noexcept {
  for (;;) {
    std::function<void()> next;
    {
      std::unique_lock lock(mutex_);
      bell_.wait(lock, [this] { return !calls_.empty(); });
      next = std::move(calls_.front());
      calls_.pop_front();
    }
    if (!next) break;
    try {
      next();
    } catch (const std::exception& error) {  // the owner was told that it is under way
      on_lost(0, error.what());
    }
  }
  destroy();
}

bool Connection::up() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::up;
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

void Connection::hand_over(Slot& slot, const std::function<void()>& paho) {
  call([this, &slot, paho] {
    try {
      paho();
    } catch (...) {  // then no callback comes
      const std::lock_guard lock(mutex_);
      slot.used = false;
      throw;
    }
  });
}

void Connection::publish(LinkToken token, const MqttMessage& message) {
  const mqtt::message_ptr sent = to_paho(message, version_);
  Slot& slot = take_slot(token);
  hand_over(slot, [this, sent, &slot] {
    client_->publish(sent, &slot, *this);
    // Paho has copied the properties, and its token keeps the message until after the client's end, which is
    // too late to free them.
    sent->set_properties(mqtt::properties());
  });
}

void Connection::subscribe(LinkToken token, const std::string& filter) {
  Slot& slot = take_slot(token);
  hand_over(slot, [this, filter, &slot] { client_->subscribe(filter, 1, &slot, *this); });
}

void Connection::destroy() noexcept {
  options_.reset();
  client_.reset();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  bell_.notify_all();
}

bool Connection::end() {
  if (!receiver_) {
    if (wedged()) return false;
    destroy();
    return true;
  }
  call({});
  std::unique_lock lock(mutex_);
  while (!ended_ && !withheld_ && !wedged()) bell_.wait_for(lock, kWedgedPeriod);
  const bool ended = ended_;
  lock.unlock();
  if (ended) {
    worker_.join();
  } else {
    worker_.detach();
  }
  return ended;
}

// ---- callbacks: under Paho's mutex, on its threads (or, during destroy(), on the destroying one)

void Connection::on_success(const mqtt::token& token) noexcept {
  switch (token.get_type()) {
    case mqtt::token::Type::CONNECT: return on_connected(token);
    case mqtt::token::Type::PUBLISH: return answer(token, LinkEventKind::acknowledged, 0);
    default: break;
  }
  // A refused subscription is a success to Paho when the SUBACK itself was well-formed. On 3.1.1 the token's
  // reason code means nothing.
  const auto reason = version_ == MqttVersion::v5 ? static_cast<std::int32_t>(token.get_reason_code()) : 0;
  answer(token, reason >= 0x80 ? LinkEventKind::subscribe_refused : LinkEventKind::subscribed,
         reason >= 0x80 ? reason : 0);
}

void Connection::on_failure(const mqtt::token& token) noexcept {
  const std::int32_t reason = failure_reason(token, version_);
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
    event.grant = grant_of(token.get_connect_response());
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
    return receiver_(from_paho(message));
  } catch (...) {  // no memory for the copy: it is not ours to lose
    return Delivery::withhold;
  }
}

void Connection::withhold() noexcept {
  wedged_process = true;
  {
    const std::lock_guard lock(mutex_);
    withheld_ = true;
    mailbox_.put({.kind = LinkEventKind::withheld, .token = 0, .reason = 0, .detail = {}, .grant = {}});
    bell_.notify_all();
  }
  for (;;) ::pause();
}

}  // namespace holdfast::platform::linux_detail
