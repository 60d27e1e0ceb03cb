// SPDX-License-Identifier: MIT
//
// What a publisher sends next: a suspect alone, records, the status, replays, events.
#include <algorithm>
#include <utility>

#include "relay/broker_profile.hpp"
#include "relay/publisher.hpp"

namespace holdfast::relay {
namespace {

constexpr const char* kDeniedForTooLong = "not authorised for longer than denied_patience";
constexpr const char* kKillsConnections = "the connection dies whenever it is sent";

}  // namespace

Result<void> Publisher::feed(Instant now) {
  turns_used_up_ = status_waits_ = false;
  throttled_until_ = Instant::max();
  subscribe(now);
  for (std::size_t turns = 0; turns < kTurnsMax; ++turns) {
    const auto result = turn(now);
    if (!result) return tl::unexpected(result.error());
    if (*result == Turn::taken) continue;
    status_waits_ = presence_.due(now, statistics_.alarms);
    return {};
  }
  turns_used_up_ = true;
  return {};
}

Result<Publisher::Turn> Publisher::turn(Instant now) {
  if (const auto suspect = suspects_.alone(now)) return send_alone(*suspect, now);
  if (suspects_.is_careful() && !in_flight_.empty()) return Turn::nothing_to_send;
  if (carries_records()) {
    if (const ControlRecord* record = control_.next()) return send_control(*record, now);
  }
  if (records_gate()) return Turn::nothing_to_send;
  if (presence_.due(now, statistics_.alarms))
    return send_status(presence_.online(statistics_, clock_.wall()), now);
  if (replay_.has_precedence()) {
    auto sent = send_replay(now);
    if (!sent || *sent == Turn::taken) return sent;
  }
  auto sent = send_event(now);
  if (sent && *sent == Turn::nothing_to_send) return send_replay(now);
  replay_.passed_by();
  return sent;
}

Result<Publisher::Turn> Publisher::send_control(const ControlRecord& record, Instant now) {
  const bool is_gap = std::holds_alternative<GapRecord>(record.record);
  const std::int64_t number = record.number;
  const auto message = to_message(record, sender_);
  const std::size_t bytes = message ? packet_bytes(*message, sender_.version) : 0;
  if (!window_->admits(bytes)) return Turn::nothing_to_send;

  control_.taken();
  const auto rejection = send(message, {InFlight::Kind::record, 0, number, is_gap, bytes, now});
  if (!rejection) return tl::unexpected(rejection.error());
  if (*rejection) {
    note(**rejection);
    control_.refused(now, entropy_.next());
  }
  return Turn::taken;
}

Result<Publisher::Turn> Publisher::send_event(Instant now) {
  flow::LaneSet ready;
  for (std::size_t i = 0; i < lanes_.size(); ++i) ready.set(i, lanes_[i].next() != nullptr);
  const auto lane = scheduler_.pick(ready);
  if (!lane) return Turn::nothing_to_send;
  if (throttled(now)) return Turn::no_room;
  const std::size_t bytes = window_bytes(*lanes_[*lane].next());
  if (!window_->admits(bytes)) return Turn::no_room;  // others wait too, or a large event never goes

  scheduler_.served(*lane, ready);
  return send_next_of(*lane, bytes, now);
}

bool Publisher::throttled(Instant now) {
  if (throttle_.is_open(now)) return false;
  throttled_until_ = throttle_.opens_at();
  return true;
}

Result<Publisher::Turn> Publisher::send_alone(const EventPlace& suspect, Instant now) {
  if (!in_flight_.empty()) return Turn::nothing_to_send;
  LaneFeed& lane = lanes_[suspect.lane];
  lane.only(suspect.seq);
  if (lane.only_is_gone()) {
    clear(suspect);
    return Turn::taken;
  }
  const StoredEvent* event = lane.next();
  if (event == nullptr) {
    fetch_of(lane, now);
    return Turn::nothing_to_send;
  }
  suspects_.sent_alone();
  return send_next_of(suspect.lane, window_bytes(*event), now);
}

Result<Publisher::Turn> Publisher::send_next_of(std::size_t lane, std::size_t bytes, Instant now) {
  LaneFeed::Taken taken = lanes_[lane].take();
  const EventPlace place{lane, taken.event.seq};
  if (taken.give_up) {
    const bool kills = suspects_.contain(place);
    refuse(place, {*taken.give_up, kills ? kKillsConnections : kDeniedForTooLong}, RefusalAction::quarantine,
           now);
    return Turn::taken;
  }
  const auto message = to_message(std::move(taken.event), lanes_[lane].name(), sender_, now, clock_.wall());
  auto rejection = send(message, {InFlight::Kind::event, lane, place.seq, false, bytes, now});
  if (!rejection) return tl::unexpected(rejection.error());
  if (*rejection) {
    refuse(place, std::move(**rejection), RefusalAction::quarantine, now);
    if (suspects_.contain(place)) clear(place);
  } else if (taken.repeated) {
    statistics_.republished += 1;
  }
  return Turn::taken;
}

Result<Publisher::Turn> Publisher::send_status(MqttMessage message, Instant now) {
  const std::size_t bytes = packet_bytes(message, sender_.version);
  if (!window_->admits(bytes)) return Turn::nothing_to_send;
  presence_.sent(now, statistics_.alarms);
  const auto rejection = send(std::move(message), {InFlight::Kind::status, 0, 0, false, bytes, now});
  if (!rejection) return tl::unexpected(rejection.error());
  if (*rejection) {
    note(**rejection);
    presence_.refused(now, entropy_.next());
  }
  return Turn::taken;
}

Result<void> Publisher::say_goodbye(std::string_view reason, Instant now) {
  if (!window_ || goodbye_said_ || !presence_.enabled()) return {};
  const auto turn = send_status(presence_.offline(reason), now);
  if (!turn) return tl::unexpected(turn.error());
  goodbye_said_ = *turn == Turn::taken;
  return {};
}

// nullopt: handed over. A rejection: it can never be sent. An error: the link does not work any more.
Result<std::optional<Publisher::Rejection>> Publisher::send(const Result<MqttMessage>& message,
                                                            InFlight publish) {
  if (!message) return Rejection{kPayloadFormatInvalid, message.error().text()};
  const std::size_t packet = packet_bytes(*message, sender_.version);
  if (packet > packet_bytes_max_) {
    return Rejection{kPacketTooLarge, "larger than the broker's Maximum Packet Size"};
  }
  if (auto refused = refused_by_profile(setup_.options.profile, *message, packet)) {
    return Rejection{refused->reason, std::move(refused->detail)};
  }
  const LinkToken token = in_flight_.new_token();
  if (const auto handed_over = link_.publish(token, *message); !handed_over) {
    switch (const Error& error = handed_over.error(); error.code) {
      case ErrorCode::invalid: return Rejection{kTopicNameInvalid, error.text()};
      case ErrorCode::too_large: return Rejection{kPacketTooLarge, error.text()};
      default: return tl::unexpected(error);
    }
  }
  window_->add(publish.bytes);
  in_flight_.add(token, publish);
  throttle_.sent(packet, publish.sent_at);
  if (publish.kind != InFlight::Kind::status) statistics_.published += 1;
  return std::nullopt;
}

}  // namespace holdfast::relay
