// SPDX-License-Identifier: MIT
//
// A publisher's life: its mail, its connections, and what it asks the store for.
#include "relay/publisher.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <utility>

#include "relay/alarms.hpp"
#include "relay/broker_profile.hpp"

namespace holdfast::relay {
namespace {

flow::BackoffRange pause_range(const RelayOptions& options) {
  return {Duration::zero(), options.backoff_min, options.backoff_max};
}

Presence::Setup presence_setup(const RelaySetup& setup) {
  const RelayOptions& options = setup.options;
  return {.device = setup.device,
          .topic_prefix = setup.topic_prefix,
          .period = options.presence_period,
          .pause = pause_range(options),
          .figures = options.presence ? setup.figures : FiguresSource{}};
}

std::vector<int> priorities_of(const std::vector<LaneSetup>& lanes) {
  std::vector<int> priorities;
  for (const LaneSetup& lane : lanes) priorities.push_back(lane.priority);
  return priorities;
}

// The others have had a connection or two before a suspect is tried again.
flow::BackoffRange suspect_pause(const RelayOptions& options) {
  return {kProofTime, 60 * options.backoff_min, options.backoff_max};
}

constexpr std::int32_t kUnspecifiedError = 0x80;

}  // namespace

Publisher::Publisher(RelaySetup setup, platform::Link& link, Backlog& backlog, const platform::Clock& clock,
                     platform::Entropy& entropy, RelayStatistics& statistics)
    : setup_(std::move(setup)),
      sender_{setup_.device, setup_.topic_prefix, setup_.options.broker.version},
      link_(link),
      backlog_(backlog),
      clock_(clock),
      entropy_(entropy),
      statistics_(statistics),
      lease_{setup_.relay, setup_.relays, setup_.relays == 1 ? store::ShareSet{1} : store::ShareSet{}, 0},
      control_(pause_range(setup_.options)),
      replay_(pause_range(setup_.options)),
      commands_(setup_.device, setup_.topic_prefix, setup_.options.command_secret,
                setup_.options.commands && setup_.receives),
      suspects_(setup_.options.suspect_deaths, suspect_pause(setup_.options)),
      scheduler_(priorities_of(setup_.lanes)),
      throttle_(throttle_for(setup_.options)),
      presence_(presence_setup(setup_)) {
  for (const LaneSetup& lane : setup_.lanes) lanes_.emplace_back(lane, rules_for(lane.name, setup_.options));
}

LaneFeed& Publisher::lane_of(LaneNumber number) {
  const auto lane =
      std::find_if(lanes_.begin(), lanes_.end(), [&](const LaneFeed& l) { return l.number() == number; });
  HOLDFAST_CHECK(lane != lanes_.end());
  return *lane;
}

void Publisher::take(RelayMailbox::Contents mail, Instant now) {
  take_replays(mail, now);
  for (const Settlement& commit : mail.committed) lane_of(commit.lane).committed(commit.seq);
  for (const RefusalReply& reply : mail.refusals) {
    LaneFeed& lane = lane_of(reply.lane);
    lane.judged(reply, now, entropy_.next());
    if (!reply.quarantined) continue;
    statistics_.quarantined += 1;
    suspects_.forget({static_cast<std::size_t>(&lane - lanes_.data()), reply.seq});
    control_.want();  // its gap record goes before what waited for it, whenever the store's notice comes
  }
  for (FetchReply& reply : mail.fetched) {
    LaneFeed& lane = lane_of(reply.lane);
    lane.accept(std::move(reply));
  }
  if (mail.look_again) look();  // after the answers: they are older
  for (auto& records : mail.control) control_.accept(std::move(records));
  if (mail.control_pending) {
    control_.want();
    control_news_ = mail.control_news;
  }
}

void Publisher::begin(const platform::ConnectGrant& grant, Instant now) {
  HOLDFAST_CHECK(!window_ && in_flight_.empty());
  const std::size_t events = std::min(
      {setup_.options.window_events, platform::kLinkPublishesMax, std::size_t{grant.receive_maximum}});
  window_.emplace(std::max<std::size_t>(1, events), setup_.options.window_bytes);
  packet_bytes_max_ = grant.packet_bytes_max;
  acknowledged_token_ = 0;
  suspects_.begun(clock_.now());
  control_.want();
  announce_ = true;
  presence_.connected(grant.retain_available, now, clock_.wall());
}

void Publisher::died(std::int32_t reason) {
  if (!window_) return;
  Suspects::Death death{reason, std::nullopt, false};
  if (const auto* oldest = in_flight_.oldest(); oldest && oldest->publish.kind == InFlight::Kind::event) {
    death.oldest = EventPlace{oldest->publish.lane, oldest->publish.number};
    death.passed = acknowledged_token_ > oldest->token;
  }
  suspects_.died(death, clock_.now(), entropy_.next());
  died_ = true;
}

void Publisher::end() {
  if (!window_) return;
  if (!std::exchange(died_, false)) suspects_.dropped(clock_.now(), entropy_.next());
  settle();
  in_flight_.clear();
  window_.reset();
  presence_.disconnected();
  turns_used_up_ = goodbye_said_ = status_waits_ = false;
  throttled_until_ = Instant::max();
  for (LaneFeed& lane : lanes_) lane.disconnected();
  leave_out_suspects();
  control_.disconnected();
  replay_.disconnected();
  commands_.disconnected(clock_.now());
  backlog_.release();
}

void Publisher::leave_out_suspects() {
  for (const Suspects::Suspect& suspect : suspects_.all()) {
    LaneFeed& lane = lanes_[suspect.event.lane];
    lane.leave_out(suspect.event.seq);
    if (!suspect.guilty) continue;
    if (lane.holds()) {
      suspects_.spare(suspect.event, denied_pause(setup_.options), clock_.now(), entropy_.next());
    } else {
      lane.condemn(suspect.event.seq, suspect.reason == 0 ? kUnspecifiedError : suspect.reason);
    }
  }
}

// It was answered, or is not to be had: it travels with the others again.
void Publisher::clear(const EventPlace& suspect) {
  suspects_.forget(suspect);
  lanes_[suspect.lane].everything();
  lanes_[suspect.lane].let_in(suspect.seq);
}

void Publisher::fetch(Instant now) {
  if (carries_records() && control_.take_fetch(now)) backlog_.fetch_control(std::exchange(announce_, false));
  if (!lease_.alone()) tell_records_through();
  if (is_first()) {
    if (const auto request = replay_.next_fetch(now)) backlog_.fetch_replay(*request);
  }
  for (LaneFeed& lane : lanes_)
    if (drains(lane)) fetch_of(lane, now);
}

void Publisher::fetch_of(LaneFeed& lane, Instant now) {
  auto request = lane.next_fetch(now);
  if (!request) return;
  request->lease = lease_;
  backlog_.fetch(*request);
}

// Some of its events, or all, may be another relay's.
bool Publisher::drains(const LaneFeed& lane) const noexcept {
  return lane.spread() ? lease_.held.any() : lease_.covers(lane.number(), false, {});
}

void Publisher::tell_records_through() {
  if (!carries_records() || !control_.through() || told_through_ == control_news_) return;
  told_through_ = control_news_;
  backlog_.records_through(control_news_);
}

bool Publisher::quiet() const noexcept {
  return control_.quiet() &&
         std::all_of(lanes_.begin(), lanes_.end(), [](const LaneFeed& lane) { return lane.quiet(); });
}

void Publisher::drain(const store::ShareGrant& grant) {
  lease_ = grant.lease;
  backlog_.release();
  for (const store::LaneCursor& cursor : grant.cursors) {
    const auto lane = std::find_if(lanes_.begin(), lanes_.end(),
                                   [&](const LaneFeed& l) { return l.number() == cursor.lane; });
    if (lane != lanes_.end()) lane->restart(cursor.settled_seq);
  }
  suspects_ = Suspects(setup_.options.suspect_deaths, suspect_pause(setup_.options));
  suspects_.begun(clock_.now());
  control_.disconnected();
  told_through_.reset();
}

Instant Publisher::next_call() const noexcept {
  if (turns_used_up_) return Instant::min();
  Instant next = std::min(throttled_until_, suspects_.next_call());
  if (carries_records()) next = std::min(next, control_.next_call().value_or(Instant::max()));
  if (is_first()) next = std::min(next, replay_.next_call().value_or(Instant::max()));
  if (!status_waits_) next = std::min(next, presence_.next_call(statistics_.alarms));
  for (const LaneFeed& lane : lanes_) next = std::min(next, lane.next_call().value_or(Instant::max()));
  return next;
}

void Publisher::look() noexcept {
  for (LaneFeed& lane : lanes_) lane.look();
}

flow::StallWatch::State Publisher::activity(Instant now) {
  using State = flow::StallWatch::State;
  if (!window_) return State::still;
  if (in_flight_.has_traffic() || (carries_records() && control_.next() != nullptr)) return State::waiting;
  const auto sendable = [](LaneFeed& lane) { return lane.next() != nullptr; };
  if (!records_gate() && throttle_.is_open(now) && std::any_of(lanes_.begin(), lanes_.end(), sendable))
    return State::waiting;
  const auto idle = [&](const LaneFeed& lane) { return !drains(lane) || lane.idle(); };
  return (!carries_records() || control_.idle()) && std::all_of(lanes_.begin(), lanes_.end(), idle)
             ? State::idle
             : State::still;
}

void Publisher::mind_alarms() {
  const auto lacks = [](const LaneFeed& lane) { return lane.lacks_quarantine(); };
  statistics_.topics_denied = statistics_.keys_held = 0;
  for (const LaneFeed& lane : lanes_) {
    statistics_.topics_denied += lane.parked(ParkedTopics::Kind::topic);
    statistics_.keys_held += lane.parked(ParkedTopics::Kind::key);
  }
  statistics_.suspects = suspects_.tried();
  set_alarm(statistics_, RelayAlarm::topics_denied, statistics_.topics_denied > 0);
  set_alarm(statistics_, RelayAlarm::quarantine_full, std::any_of(lanes_.begin(), lanes_.end(), lacks));
}

void Publisher::note(const Rejection& why) {
  statistics_.last_reason = why.reason;
  statistics_.last_error = why.detail;
}

}  // namespace holdfast::relay
