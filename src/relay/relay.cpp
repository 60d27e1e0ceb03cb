// SPDX-License-Identifier: MIT
#include "relay/relay.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <utility>

namespace holdfast::relay {
namespace {

using flow::ConnectionFailure;
using platform::LinkEvent;
using platform::LinkEventKind;

constexpr std::int32_t kBadUserNameOrPassword = 0x86;
constexpr std::int32_t kNotAuthorised = 0x87;
constexpr std::int32_t kSessionTakenOver = 0x8E;
constexpr std::int32_t kQosNotSupported = 0x9B;

ConnectionFailure failed_connect(std::int32_t reason) noexcept {
  const bool refused = reason == kBadUserNameOrPassword || reason == kNotAuthorised;
  return refused ? ConnectionFailure::credentials : ConnectionFailure::ordinary;
}

ConnectionFailure lost_connection(std::int32_t reason) noexcept {
  return reason == kSessionTakenOver ? ConnectionFailure::takeover : ConnectionFailure::ordinary;
}

RelaySetup with_client_id(RelaySetup setup) {
  if (setup.options.broker.client_id.empty()) setup.options.broker.client_id = setup.device;
  return setup;
}

}  // namespace

Relay::Relay(RelaySetup setup, platform::Link& link, Backlog& backlog, RelayMailbox& mailbox,
             const platform::Clock& clock, platform::Entropy& entropy)
    : options_(with_client_id(setup).options),
      link_(link),
      mailbox_(mailbox),
      clock_(clock),
      entropy_(entropy),
      publisher_(std::move(setup), link, backlog, clock, entropy, statistics_),
      backoff_(options_),
      deadline_(saturating_add(clock.now(), backoff_.first(entropy.next()))) {
  HOLDFAST_CHECK(check_options(options_).has_value());
  statistics_.state = RelayState::backing_off;
}

Instant Relay::step(Instant now) {
  if (drained()) return Instant::max();
  publisher_.take(mailbox_.take(), now);
  take_answers(now);
  publisher_.settle();
  act(now);
  return next_call();
}

void Relay::take_answers(Instant now) {
  answers_left_ = false;
  if (is(RelayState::backing_off)) return;
  const std::size_t count = link_.poll(answers_);
  // What follows in this batch after the connection was given up belongs to it: nobody waits for it any more.
  for (std::size_t i = 0; i < count && !is(RelayState::backing_off); ++i) take(answers_[i], now);
  answers_left_ = count == answers_.size();
}

void Relay::take(const LinkEvent& event, Instant now) {
  switch (event.kind) {
    case LinkEventKind::connected:
      HOLDFAST_CHECK(is(RelayState::connecting));
      if (event.grant.qos_max < 1) {
        return lose(ConnectionFailure::ordinary, kQosNotSupported, "the broker does not support QoS 1");
      }
      statistics_.state = RelayState::connected;
      statistics_.connects += 1;
      connected_at_ = now;
      return publisher_.begin(event.grant);
    case LinkEventKind::connect_failed:
      HOLDFAST_CHECK(is(RelayState::connecting));
      return lose(failed_connect(event.reason), event.reason, event.detail);
    case LinkEventKind::disconnected: return lose(lost_connection(event.reason), event.reason, event.detail);
    case LinkEventKind::acknowledged:
      publisher_.acknowledged(event.token, now);
      return backoff_.acknowledged(now - connected_at_);
    case LinkEventKind::refused: return publisher_.refused(event, now);
    case LinkEventKind::subscribed:
    case LinkEventKind::subscribe_refused:
    case LinkEventKind::withheld: HOLDFAST_CHECK(!"the relay does not subscribe");
  }
}

void Relay::act(Instant now) {
  if (drain_until_) {
    const bool unanswered = is(RelayState::connected) && publisher_.oldest_sent_at().has_value();
    if (!unanswered || now >= *drain_until_) stop();
    return;
  }
  switch (statistics_.state) {
    case RelayState::backing_off:
      if (now >= deadline_) connect(now);
      return;
    case RelayState::connecting:
      if (now >= deadline_)
        lose(ConnectionFailure::ordinary, 0, "the broker did not answer the CONNECT in time");
      return;
    case RelayState::connected: return work(now);
    case RelayState::stopped: return;
  }
}

void Relay::connect(Instant now) {
  statistics_.state = RelayState::connecting;
  deadline_ = saturating_add(now, options_.broker.connect_timeout + kConnectMargin);
  platform::ConnectRequest request;
  request.broker = options_.broker;
  if (const auto begun = link_.connect(request); !begun) {
    lose(ConnectionFailure::ordinary, begun.error().native, begun.error().text());
  }
}

void Relay::work(Instant now) {
  const auto oldest = publisher_.oldest_sent_at();
  if (oldest && now >= saturating_add(*oldest, options_.ack_timeout)) {
    statistics_.ack_timeouts += 1;
    return lose(ConnectionFailure::ordinary, 0, "the broker did not acknowledge a publish in time");
  }
  publisher_.fetch(now);
  if (const auto fed = publisher_.feed(now); !fed) {
    lose(ConnectionFailure::ordinary, fed.error().native, fed.error().text());
  }
}

void Relay::lose(ConnectionFailure failure, std::int32_t reason, std::string detail) {
  (is(RelayState::connected) ? statistics_.disconnects : statistics_.connect_failures) += 1;
  statistics_.last_reason = reason;
  statistics_.last_error = std::move(detail);
  statistics_.state = RelayState::backing_off;
  publisher_.end();
  link_.drop();
  deadline_ = saturating_add(clock_.now(), backoff_.failed(failure, entropy_.next()));
}

void Relay::begin_drain(Instant now) {
  if (!drain_until_) drain_until_ = saturating_add(now, options_.drain_timeout);
}

void Relay::stop() {
  publisher_.end();
  link_.drop();
  statistics_.state = RelayState::stopped;
}

Instant Relay::next_call() const {
  if (drained()) return Instant::max();
  if (answers_left_) return Instant::min();
  if (drain_until_) return *drain_until_;
  if (!is(RelayState::connected)) return deadline_;
  const auto oldest = publisher_.oldest_sent_at();
  const Instant watchdog = oldest ? saturating_add(*oldest, options_.ack_timeout) : Instant::max();
  return std::min(publisher_.next_call(), watchdog);
}

RelayStatistics Relay::statistics() const {
  RelayStatistics statistics = statistics_;
  if (const auto& window = publisher_.window()) {
    statistics.in_flight_events = window->events();
    statistics.in_flight_bytes = window->bytes();
    statistics.window_events = window->events_allowed();
  }
  return statistics;
}

}  // namespace holdfast::relay
