// SPDX-License-Identifier: MIT
#include "relay/relay.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <utility>

#include "relay/alarms.hpp"
#include "relay/answer.hpp"
#include "relay/broker_profile.hpp"

namespace holdfast::relay {
namespace {

using flow::ConnectionFailure;
using platform::LinkEvent;
using platform::LinkEventKind;

constexpr std::int32_t kBadUserNameOrPassword = 0x86;
constexpr std::int32_t kSessionTakenOver = 0x8E;
constexpr std::int32_t kQosNotSupported = 0x9B;

constexpr std::int32_t kRetainNotSupported = 0x9A;

bool is_credentials(std::int32_t reason) noexcept {
  return reason == kBadUserNameOrPassword || reason == kNotAuthorised;
}

RelaySetup prepared(RelaySetup setup) {
  if (setup.options.broker.client_id.empty()) setup.options.broker.client_id = setup.device;
  setup.options = options_of(setup.relay, setup.relays, std::move(setup.options));
  setup.options = within_profile(std::move(setup.options));
  return setup;
}

}  // namespace

RelayOptions options_of(std::size_t relay, std::size_t relays, RelayOptions options) {
  const auto part = [&](std::uint64_t rate) {
    return rate == 0 ? 0 : std::max<std::uint64_t>(1, rate / relays);  // 0: no limit
  };
  options.events_per_s_max = part(options.events_per_s_max);
  options.bytes_per_s_max = part(options.bytes_per_s_max);
  if (relay == 0) return options;
  options.broker.client_id += "-" + std::to_string(relay + 1);
  options.presence = options.commands = false;
  return options;
}

Relay::Relay(const RelaySetup& setup, platform::Link& link, Backlog& backlog, RelayMailbox& mailbox,
             const platform::Clock& clock, platform::Entropy& entropy)
    : options_(prepared(setup).options),
      link_(link),
      backlog_(backlog),
      mailbox_(mailbox),
      clock_(clock),
      entropy_(entropy),
      publisher_(prepared(setup), link, backlog, clock, entropy, statistics_),
      shares_(setup.relay, setup.relays, options_.lease_term),
      backoff_(options_),
      stall_watch_(options_.stall_timeout),
      deadline_(saturating_add(clock.now(), backoff_.first(entropy.next()))) {
  HOLDFAST_CHECK(check_options(options_).has_value());
  windows_ = *flow::ConnectionWindows::parse(options_.connection_windows);
  windows_due_ = windows_.none() ? Instant::max() : Instant::min();
  statistics_.state = RelayState::backing_off;
  statistics_.shares = shares_.lease().held.count();
}

Instant Relay::step(Instant now) {
  if (drained()) return Instant::max();
  auto mail = mailbox_.take();
  if (polls()) mail.committed.clear();
  for (auto& grant : mail.grants) shares_.accept(std::move(grant), now);
  if (mail.shares_moved) shares_.look();
  publisher_.take(std::move(mail), now);
  take_answers(now);
  publisher_.settle();
  act(now);
  publisher_.mind_alarms();
  stall_watch_.observe(sends_ ? publisher_.activity(now) : flow::StallWatch::State::still, now);
  mailbox_.set_requests(publisher_.requests());
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
    case LinkEventKind::connected: return take_connected(event.grant, now);
    case LinkEventKind::connect_failed: return take_failed_connect(event);
    case LinkEventKind::disconnected:
      publisher_.died(event.reason);
      return lose(judge_loss(event.reason, now), event.reason, event.detail);
    case LinkEventKind::acknowledged:
      if (publisher_.acknowledged(event.token, now)) got_through(now);
      return;
    case LinkEventKind::refused: return take_refused(event, now);
    case LinkEventKind::subscribed:
    case LinkEventKind::subscribe_refused: return publisher_.subscribed(event);
    case LinkEventKind::withheld: HOLDFAST_CHECK(!"the relay withholds nothing");
  }
}

void Relay::take_connected(const platform::ConnectGrant& grant, Instant now) {
  HOLDFAST_CHECK(is(RelayState::connecting));
  if (grant.qos_max < 1)
    return lose(ConnectionFailure::ordinary, kQosNotSupported, "the broker does not support QoS 1");
  if (lower_keep_alive(grant)) return rest(Duration{0});
  set_alarm(statistics_, RelayAlarm::credentials_refused, false);
  statistics_.state = RelayState::connected;
  statistics_.connects += 1;
  const auto ours = options_.broker.keep_alive.count();
  const auto theirs = grant.server_keep_alive_s.value_or(0);
  statistics_.keep_alive_s =
      static_cast<std::uint16_t>(theirs == 0 ? ours : std::min<decltype(ours)>(ours, theirs));
  connected_at_ = now;
  got_through_ = false;
  if (polls()) poll_at_ = now;
  shares_.look();
  publisher_.begin(grant, now);
}

// A link that goes on with our value would lose the connection at one and a half times the broker's. A zero turns the
// keep alive off at the broker.
bool Relay::lower_keep_alive(const platform::ConnectGrant& grant) {
  const std::chrono::seconds theirs{grant.server_keep_alive_s.value_or(0)};
  const auto wanted = std::max(theirs, kKeepAliveMin);
  if (grant.keeps_server_keep_alive || keep_alive_lowered_) return false;
  if (theirs.count() == 0 || wanted >= options_.broker.keep_alive) return false;
  options_.broker.keep_alive = wanted;
  keep_alive_lowered_ = true;
  return true;
}

void Relay::take_failed_connect(const LinkEvent& event) {
  HOLDFAST_CHECK(is(RelayState::connecting));
  short_lives_.failed_to_connect();
  const bool refused = is_credentials(event.reason);
  if (refused) set_alarm(statistics_, RelayAlarm::credentials_refused, true);
  if (event.reason == kRetainNotSupported) publisher_.presence().not_retained();
  lose(refused ? ConnectionFailure::credentials : ConnectionFailure::ordinary, event.reason, event.detail);
}

ConnectionFailure Relay::judge_loss(std::int32_t reason, Instant now) {
  const bool dies_young = short_lives_.ended(now - connected_at_, got_through_, reason == 0);
  if (reason != kSessionTakenOver && !dies_young) return ConnectionFailure::ordinary;
  statistics_.takeovers += 1;
  set_alarm(statistics_, RelayAlarm::duplicate_identity, true);
  return ConnectionFailure::takeover;
}

void Relay::take_refused(const LinkEvent& event, Instant now) {
  stall_watch_.refused(now);
  publisher_.refused(event, now);
}

void Relay::got_through(Instant now) {
  got_through_ = true;
  keep_alive_lowered_ = false;
  stall_watch_.acknowledged(now);
  set_alarm(statistics_, RelayAlarm::stalled, false);
  backoff_.acknowledged(now - connected_at_);
}

void Relay::act(Instant now) {
  if (drain_until_) return leave(*drain_until_, "closed", now);
  mind_windows(now);
  if (leave_until_) return leave(*leave_until_, "window", now);
  switch (statistics_.state) {
    case RelayState::backing_off:
      if (!statistics_.outside_window && now >= deadline_) connect(now);
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
  request.will = publisher_.presence().will();
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
  if (stall_watch_.gives_up(now)) {
    statistics_.stalls += 1;
    if (stall_watch_.stalled()) set_alarm(statistics_, RelayAlarm::stalled, true);
    return lose(ConnectionFailure::ordinary, 0, "events wait, and the broker acknowledges nothing");
  }
  mind_alarms(now);
  if (now >= poll_at_) {
    publisher_.look();
    poll_at_ = saturating_add(now, options_.poll_interval);
  }
  mind_shares(now);
  if (!sends_) return;
  publisher_.fetch(now);
  if (const auto fed = publisher_.feed(now); !fed) {
    publisher_.died(0);
    lose(ConnectionFailure::ordinary, fed.error().native, fed.error().text());
  }
}

// What is in flight may be answered meanwhile; nothing new is sent without a lease.
void Relay::mind_shares(Instant now) {
  if (shares_.alone()) return;
  const ShareSet before = shares_.lease().held;
  if (const auto change = shares_.take_change(publisher_.quiet())) {
    const ShareSet held = change->lease.held;
    statistics_.shares = held.count();
    statistics_.leases_taken += (held & ~before).count();
    statistics_.leases_lost += (before & ~held).count();
    publisher_.drain(*change);
  }
  if (const auto claim = shares_.next_claim(now, publisher_.quiet())) backlog_.claim(*claim);
  sends_ = shares_.may_send(now);
}

void Relay::lose(ConnectionFailure failure, std::int32_t reason, std::string detail) {
  (is(RelayState::connected) ? statistics_.disconnects : statistics_.connect_failures) += 1;
  statistics_.last_reason = reason;
  statistics_.last_error = std::move(detail);
  rest(backoff_.failed(failure, entropy_.next()));
}

void Relay::rest(Duration delay) {
  statistics_.state = RelayState::backing_off;
  statistics_.keep_alive_s = 0;
  leave_until_.reset();
  publisher_.end();
  link_.drop();
  deadline_ = saturating_add(clock_.now(), delay);
}

// A connection that outlives the longest takeover delay has no rival: that one would have come back by then.
void Relay::mind_alarms(Instant now) {
  if (now - connected_at_ > backoff_.takeover_max())
    set_alarm(statistics_, RelayAlarm::duplicate_identity, false);
}

void Relay::mind_windows(Instant now) {
  if (now < windows_due_) return;
  const platform::WallTime wall = clock_.wall();
  const Duration left = wall.trusted ? windows_.next_change(wall.utc) - wall.utc : Duration{kWindowLook};
  windows_due_ = saturating_add(now, std::min<Duration>(left, kWindowLook));
  const bool outside = wall.trusted && !windows_.open(wall.utc);
  if (outside == statistics_.outside_window) return;
  statistics_.outside_window = outside;
  if (outside) return begin_rest(now);
  // All devices have the same windows: they come in one after another, in the first tenth of it.
  const flow::BackoffRange spread{Duration{0}, std::min<Duration>(left / 10, options_.backoff_max),
                                  Duration::max()};
  if (is(RelayState::backing_off))
    deadline_ = saturating_add(now, flow::Backoff(spread).next(entropy_.next()));
}

void Relay::begin_rest(Instant now) {
  if (is(RelayState::connected))
    leave_until_ = saturating_add(now, options_.drain_timeout);
  else if (is(RelayState::connecting))
    rest(Duration{0});
}

// Sends nothing more but a last word; what is in flight may be answered.
void Relay::leave(Instant until, std::string_view reason, Instant now) {
  if (is(RelayState::connected) && now < until) {
    const auto said = publisher_.say_goodbye(reason, now);
    if (said && publisher_.oldest_sent_at()) return;
  }
  if (drain_until_) return stop();
  if (is(RelayState::connected)) statistics_.disconnects += 1;
  rest(backoff_.first(entropy_.next()));
}

void Relay::begin_drain(Instant now) {
  if (!drain_until_) drain_until_ = saturating_add(now, options_.drain_timeout);
}

void Relay::stop() {
  statistics_.keep_alive_s = 0;
  publisher_.end();
  link_.drop();
  statistics_.state = RelayState::stopped;
}

Instant Relay::next_call() const {
  if (drained()) return Instant::max();
  if (answers_left_) return Instant::min();
  if (drain_until_) return *drain_until_;
  if (is(RelayState::backing_off) && statistics_.outside_window) return windows_due_;
  if (!is(RelayState::connected)) return std::min(deadline_, windows_due_);
  if (leave_until_) return *leave_until_;
  const auto oldest = publisher_.oldest_sent_at();
  const Instant watchdog = oldest ? saturating_add(*oldest, options_.ack_timeout) : Instant::max();
  const bool rival = has_alarm(statistics_, RelayAlarm::duplicate_identity);
  const Instant alone =
      rival ? saturating_add(connected_at_, backoff_.takeover_max() + Duration{1}) : Instant::max();
  return std::min({sends_ ? publisher_.next_call() : Instant::max(), shares_.next_call(), watchdog,
                   windows_due_, poll_at_, stall_watch_.due_at(), alone});
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
