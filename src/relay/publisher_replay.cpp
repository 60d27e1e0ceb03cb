// SPDX-License-Identifier: MIT
//
// The part of the publisher that takes commands and sends settled events again.
#include <algorithm>
#include <holdfast/check.hpp>
#include <utility>

#include "relay/publisher.hpp"

namespace holdfast::relay {
namespace {

ReplayFeed::Parts parts_of(const ResendRequest& request) {
  ReplayFeed::Parts parts;
  for (const ResendRange& range : request.ranges) {
    parts.push_back({.lane = range.lane,
                     .epoch = range.epoch,
                     .after_seq = range.first - 1,
                     .last_seq = range.last,
                     .key = request.key,
                     .from = request.from,
                     .before = request.before});
  }
  return parts;
}

}  // namespace

void Publisher::take_replays(RelayMailbox::Contents& mail, Instant now) {
  statistics_.resend_refused += mail.commands_dropped;
  for (const MqttMessage& message : mail.commands) take_command(message, now);
  for (ReplayFeed::Parts& parts : mail.replays) {
    (replay_.accept(std::move(parts)) ? statistics_.resend_requests : statistics_.resend_refused) += 1;
  }
  if (mail.requeued) replay_.want_requeued();
  for (ReplayReply& reply : mail.replayed) replay_.accept(std::move(reply));
}

void Publisher::take_command(const MqttMessage& message, Instant now) {
  const auto request = commands_.read(message, now, clock_.wall());
  if (request && !*request) return;  // it came twice
  const bool taken = request && replay_.accept(parts_of(**request));
  (taken ? statistics_.resend_requests : statistics_.resend_refused) += 1;
}

// It takes a place in the window, because the link counts it like a publish.
void Publisher::subscribe(Instant now) {
  if (!commands_.wants_subscription(now) || !window_->admits(0)) return;
  const LinkToken token = in_flight_.new_token();
  commands_.asked();
  if (const auto asked = link_.subscribe(token, commands_.topic()); !asked) {
    commands_.answered();  // a connection that is going says so itself
    return;
  }
  window_->add(0);
  in_flight_.add(token, {InFlight::Kind::subscription, 0, 0, false, 0, now});
}

void Publisher::subscribed(const platform::LinkEvent& answer) {
  (void)answered(answer.token);
  commands_.answered();
  if (answer.kind == platform::LinkEventKind::subscribe_refused)
    note({answer.reason, "the broker refused the subscription to " + commands_.topic()});
}

Result<Publisher::Turn> Publisher::send_replay(Instant now) {
  const ReplayFeed::Item* item = replay_.next();
  if (item == nullptr) return Turn::nothing_to_send;
  if (throttled(now)) return Turn::no_room;
  const auto* event = std::get_if<StoredEvent>(&item->what);
  std::size_t lane = 0;
  Result<MqttMessage> message;
  std::size_t bytes = 0;
  if (event != nullptr) {
    bytes = window_bytes(*event);
    if (!window_->admits(bytes)) return Turn::no_room;
    lane = static_cast<std::size_t>(&lane_of(event->lane) - lanes_.data());
  } else {
    const auto* gap = std::get_if<GapRecord>(&item->what);
    message = to_message(
        gap != nullptr ? ControlRecord{0, *gap} : ControlRecord{0, std::get<EpochRecord>(item->what)},
        sender_);
    bytes = message ? packet_bytes(*message, sender_.version) : 0;
    if (!window_->admits(bytes)) return Turn::no_room;
  }
  ReplayFeed::Item taken = replay_.take();
  if (auto* stored = std::get_if<StoredEvent>(&taken.what)) {
    message = to_message(std::move(*stored), lanes_[lane].name(), sender_, now, clock_.wall());
    statistics_.resent += 1;
  }
  auto rejection = send(message, {InFlight::Kind::resent, lane, taken.number, false, bytes, now});
  if (!rejection) return tl::unexpected(rejection.error());
  if (*rejection) refuse_resent(taken.number, std::move(**rejection), true, now);
  return Turn::taken;
}

void Publisher::acknowledge_resent(std::int64_t number) {
  const ReplayFeed::Sent sent = replay_.acknowledged(number);
  if (sent.requeued) backlog_.settle_requeued({sent.lane, sent.key});
}

void Publisher::refuse_resent(std::int64_t number, Rejection why, bool final, Instant now) {
  note(why);
  const auto [sent, given_up] = replay_.refused(number, final, now, entropy_.next());
  if (sent.requeued && given_up)
    backlog_.refuse_requeued({sent.lane, sent.key, why.reason, std::move(why.detail), true});
}

}  // namespace holdfast::relay
