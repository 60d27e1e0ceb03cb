// SPDX-License-Identifier: MIT
#include <deque>
#include <utility>

#include <holdfast/check.hpp>

#include "broker.hpp"
#include "common/link_rules.hpp"

namespace holdfast::platform::sim {
namespace {

constexpr std::size_t kOtherEventsMax = 4;  // connected or connect_failed, withheld, disconnected, one spare

[[nodiscard]] bool is_answer(LinkEventKind kind) noexcept {
  return kind == LinkEventKind::acknowledged || kind == LinkEventKind::refused ||
         kind == LinkEventKind::subscribed || kind == LinkEventKind::subscribe_refused;
}

/// idle -> connecting -> up -> down -> idle: connect(), CONNACK, loss, drop(). drop() leads from everywhere
/// to idle; a failed CONNACK leads from connecting to down.
class ScriptedLink final : public Link, private ClientEnd {
 public:
  explicit ScriptedLink(std::shared_ptr<BrokerCore> core) : core_(std::move(core)) {}
  ~ScriptedLink() override { ScriptedLink::drop(); }
  ScriptedLink(const ScriptedLink&) = delete;
  ScriptedLink& operator=(const ScriptedLink&) = delete;

  void set_waker(Waker* waker) override {
    const BrokerCore::Turn turn(*core_);
    waker_ = waker;
  }
  void set_receiver(Receiver receiver) override {
    const BrokerCore::Turn turn(*core_);
    receiver_ = std::move(receiver);
  }
  [[nodiscard]] Result<void> connect(const ConnectRequest& request) override;
  [[nodiscard]] Result<void> publish(LinkToken token, const MqttMessage& message) override;
  [[nodiscard]] Result<void> subscribe(LinkToken token, const std::string& filter) override;
  [[nodiscard]] std::size_t poll(std::span<LinkEvent> events) override;
  void drop() override;

 private:
  enum class State : std::uint8_t { idle, connecting, up, down };

  struct Arrived {
    std::uint64_t delivery = 0;
    MqttMessage message;
  };

  void on_connack(std::int32_t reason, const ConnectGrant& grant) override;
  void on_connect_timeout() override;
  void on_puback(LinkToken token, std::uint8_t reason) override;
  void on_suback(LinkToken token, std::uint8_t reason) override;
  void on_publish(std::uint64_t delivery, const MqttMessage& message) override;
  void on_lost(std::int32_t reason, const std::string& detail) override;

  [[nodiscard]] Result<void> may_send(const char* what) const;
  void put(LinkEvent event);
  void go_down(LinkEventKind kind, std::int32_t reason, std::string detail);
  [[nodiscard]] bool deliver_one();
  void deliver();

  std::shared_ptr<BrokerCore> core_;
  Waker* waker_ = nullptr;
  Receiver receiver_;
  State state_ = State::idle;
  std::shared_ptr<Connection> connection_;
  std::size_t unanswered_ = 0;   // publishes and subscribes whose answer poll() has not handed out
  std::size_t on_the_wire_ = 0;  // publishes without a PUBACK: what Receive Maximum bounds
  std::size_t quota_ = 0;
  bool withheld_ = false;
  std::deque<LinkEvent> events_;
  std::deque<Arrived> arrived_;
};

Result<void> ScriptedLink::connect(const ConnectRequest& request) {
  const BrokerCore::Turn turn(*core_);
  if (state_ != State::idle)
    return fail(ErrorCode::invalid, "connect", "the last connection has not been dropped");
  if (auto address = link_rules::check_request(request, receiver_ != nullptr); !address)
    return tl::unexpected(address.error());
  state_ = State::connecting;
  connection_ = core_->connect(*this, request);
  return {};
}

Result<void> ScriptedLink::may_send(const char* what) const {
  if (state_ != State::up) return fail(ErrorCode::unavailable, what, "not connected");
  if (unanswered_ >= kLinkPublishesMax) return fail(ErrorCode::busy, what, "too many wait for their answer");
  return {};
}

Result<void> ScriptedLink::publish(LinkToken token, const MqttMessage& message) {
  const BrokerCore::Turn turn(*core_);
  if (auto good = link_rules::check_message(message); !good) return good;
  if (auto ready = may_send("publish"); !ready) return ready;
  ++unanswered_;
  ++on_the_wire_;
  MqttMessage sent = message;
  if (!connection_->is_v5()) sent = {message.topic, message.payload, {}, {}, {}, false, message.retain};
  core_->publish(connection_, token, sent, on_the_wire_ > quota_);
  return {};
}

Result<void> ScriptedLink::subscribe(LinkToken token, const std::string& filter) {
  const BrokerCore::Turn turn(*core_);
  if (!receiver_) return fail(ErrorCode::invalid, "subscribe", "set a receiver first");
  if (auto good = link_rules::check_filter(filter); !good) return good;
  if (auto ready = may_send("subscribe"); !ready) return ready;
  ++unanswered_;
  core_->subscribe(connection_, token, filter);
  return {};
}

std::size_t ScriptedLink::poll(std::span<LinkEvent> events) {
  deliver();
  const BrokerCore::Turn turn(*core_);
  std::size_t count = 0;
  for (; count < events.size() && !events_.empty(); ++count) {
    events[count] = std::move(events_.front());
    events_.pop_front();
    if (is_answer(events[count].kind)) --unanswered_;
  }
  return count;
}

/// The receiver runs outside of the mutex: it may wait for another thread that uses the clock or the broker.
bool ScriptedLink::deliver_one() {
  Arrived next;
  std::shared_ptr<Connection> from;
  {
    const BrokerCore::Turn turn(*core_);
    if (arrived_.empty() || withheld_ || !receiver_) return false;
    next = std::move(arrived_.front());
    arrived_.pop_front();
    from = connection_;
  }
  const Delivery verdict = receiver_(next.message);
  const BrokerCore::Turn turn(*core_);
  if (verdict == Delivery::acknowledge) {
    core_->acknowledge(from, next.delivery);
    return true;
  }
  withheld_ = true;
  arrived_.clear();
  put({.kind = LinkEventKind::withheld, .token = 0, .reason = 0, .detail = {}, .grant = {}});
  return false;
}

void ScriptedLink::deliver() {
  for (std::size_t count = 0; count < kLinkPublishesMax; ++count)
    if (!deliver_one()) return;
  if (waker_ != nullptr) waker_->wake();  // perhaps more: in the next poll
}

void ScriptedLink::drop() {
  const BrokerCore::Turn turn(*core_);
  if (connection_ && connection_->client != nullptr) core_->disconnect(connection_);
  state_ = State::idle;
  connection_.reset();
  unanswered_ = on_the_wire_ = quota_ = 0;
  withheld_ = false;
  events_.clear();
  arrived_.clear();
}

// ---- what the broker sends

void ScriptedLink::put(LinkEvent event) {
  HOLDFAST_CHECK(events_.size() < kLinkPublishesMax + kOtherEventsMax);
  events_.push_back(std::move(event));
  if (waker_ != nullptr) waker_->wake();
}

void ScriptedLink::go_down(LinkEventKind kind, std::int32_t reason, std::string detail) {
  state_ = State::down;
  connection_->client = nullptr;
  arrived_.clear();
  put({.kind = kind, .token = 0, .reason = reason, .detail = std::move(detail), .grant = {}});
}

void ScriptedLink::on_connack(std::int32_t reason, const ConnectGrant& grant) {
  if (reason != 0) return go_down(LinkEventKind::connect_failed, reason, "refused by CONNACK");
  state_ = State::up;
  quota_ = grant.receive_maximum;
  put({.kind = LinkEventKind::connected, .token = 0, .reason = 0, .detail = {}, .grant = grant});
}

void ScriptedLink::on_connect_timeout() {
  if (state_ == State::connecting) go_down(LinkEventKind::connect_failed, 0, "no CONNACK in time");
}

void ScriptedLink::on_puback(LinkToken token, std::uint8_t reason) {
  --on_the_wire_;
  const auto kind = reason < 0x80 ? LinkEventKind::acknowledged : LinkEventKind::refused;
  put({.kind = kind, .token = token, .reason = reason, .detail = {}, .grant = {}});
}

void ScriptedLink::on_suback(LinkToken token, std::uint8_t reason) {
  const bool granted = reason < 0x80;
  const auto kind = granted ? LinkEventKind::subscribed : LinkEventKind::subscribe_refused;
  put({.kind = kind, .token = token, .reason = granted ? 0 : reason, .detail = {}, .grant = {}});
}

void ScriptedLink::on_publish(std::uint64_t delivery, const MqttMessage& message) {
  if (withheld_) return;
  arrived_.push_back({delivery, message});
  if (waker_ != nullptr) waker_->wake();
}

void ScriptedLink::on_lost(std::int32_t reason, const std::string& detail) {
  go_down(state_ == State::connecting ? LinkEventKind::connect_failed : LinkEventKind::disconnected, reason,
          detail);
}

}  // namespace

std::unique_ptr<Link> make_scripted_link(std::shared_ptr<BrokerCore> core) {
  return std::make_unique<ScriptedLink>(std::move(core));
}

}  // namespace holdfast::platform::sim
