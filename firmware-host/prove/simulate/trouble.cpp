// SPDX-License-Identifier: MIT
#include "prove/simulate/trouble.hpp"

#include <algorithm>
#include <iterator>

namespace holdfast::prove {
namespace {

using platform::sim::PowerCut;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kOperationsMax =
    60;  // of a disk, until a fall at work: some commits, or a part of a checkpoint

}  // namespace

Troublemaker::Troublemaker(Cast cast, const SimulatePlan& plan, SimulatedStory& story)
    : cast_(cast),
      story_(story),
      begun_(cast.world.clock.now()),
      dice_(plan.options.seed ^ 0x7265'6b6f'6a65ULL) {
  for (std::size_t i = 0; i < plan.devices.size(); ++i) {
    for (const TroublePlan& trouble : plan.devices[i].troubles) place(trouble, i);
    if (plan.devices[i].is_cut_off) cast_.boards[i]->change_network({.reachable = false});
  }
  for (const TroublePlan& trouble : plan.common) place(trouble, kNobody);
}

void Troublemaker::place(const TroublePlan& plan, std::size_t device) {
  places_.push_back(
      {plan, device,
       begun_ + Duration(static_cast<std::int64_t>(below(static_cast<std::uint64_t>(plan.every.count())))),
       Instant(), false});
}

Duration Troublemaker::about(Duration middle) {
  const auto half = static_cast<std::uint64_t>(middle.count() / 2);
  return Duration(static_cast<std::int64_t>(half + below(2 * half + 1)));
}

PowerCut Troublemaker::a_cut() { return static_cast<PowerCut>(below(5)); }

Instant Troublemaker::step() {
  const Instant now = cast_.world.clock.now();
  Instant next = Instant::max();
  for (Place& place : places_) {
    if (place.is_on && place.until <= now) end(place);
    if (!place.is_on && place.next <= now) {
      begin(place);
      place.next = now + about(place.plan.every);
    }
    next = std::min(next, place.is_on ? place.until : place.next);
  }
  return next;
}

void Troublemaker::stop() {
  for (Place& place : places_) {
    if (place.is_on) end(place);
  }
  places_.clear();
}

void Troublemaker::begin(Place& place) {
  const Instant now = cast_.world.clock.now();
  const Mishap trouble = place.plan.trouble;
  const Duration lasts = about(place.plan.lasts);
  const bool is_fall = trouble == Mishap::kill || trouble == Mishap::power_cut ||
                       trouble == Mishap::cut_at_work || trouble == Mishap::backend_kill ||
                       trouble == Mishap::backend_unacked || trouble == Mishap::backend_cut;
  place.is_on = !is_fall && place.plan.lasts > Duration(0);
  place.until = now + lasts;
  story_.troubles.push_back({now - begun_, now + lasts - begun_, place.device, trouble});
  ++story_.counts[static_cast<std::size_t>(trouble)];
  std::string text(to_string(trouble));
  if (lasts >= seconds(1)) text += ", for " + length(lasts);
  story_.note(now - begun_, place.device, std::move(text));
  if (place.device != kNobody) {
    begin_of_device(place, lasts);
  } else if (trouble < Mishap::backend_kill) {
    begin_of_broker(place);
  } else {
    begin_of_backend(place, lasts);
  }
}

void Troublemaker::begin_of_device(const Place& place, Duration lasts) {
  Board& board = *cast_.boards[place.device];
  switch (place.plan.trouble) {
    case Mishap::kill: return board.fall({std::nullopt, lasts});
    case Mishap::power_cut: return board.fall({a_cut(), lasts});
    case Mishap::cut_at_work: {
      const auto cut = one_in(4) ? std::nullopt : std::optional(a_cut());
      return board.fall_at_work(below(kOperationsMax), {cut, lasts});
    }
    case Mishap::restart: return board.restart();
    case Mishap::refusals: return begin_refusals(board);
    case Mishap::clock_jump: {
      const auto jump = static_cast<std::int64_t>(below(24 * 3600 * 800)) - 24 * 3600 * 400;
      return board.set_clock_error(seconds(one_in(3) ? 0 : jump), one_in(2));
    }
    case Mishap::burst: return board.set_busy(true);
    case Mishap::older_image: return board.put_on_older_image();
    case Mishap::twin: return board.make_or_swap_twin();
    case Mishap::new_board: return board.put_on_new_board();
    default: return begin_of_network(place);
  }
}

void Troublemaker::begin_of_network(const Place& place) {
  Board& board = *cast_.boards[place.device];
  auto network = board.network();
  if (place.plan.trouble == Mishap::partition) network.reachable = false;
  if (place.plan.trouble == Mishap::half_open) network.silent = true;
  if (place.plan.trouble == Mishap::slow) network.extra_latency = milliseconds(50 + below(3'000));
  if (place.plan.trouble == Mishap::lossy) network.lost_per_thousand = static_cast<unsigned>(1 + below(300));
  board.change_network(network);
}

void Troublemaker::begin_refusals(Board& board) {
  // Busy, not allowed now, not authorised, quota; and for good: the topic, the payload.
  static constexpr std::uint8_t kReasons[] = {0x80, 0x83, 0x87, 0x97, 0x90, 0x99};
  board.refusal = kReasons[below(std::size(kReasons))];
  const bool is_for_good = board.refusal == 0x90 || board.refusal == 0x99;
  board.refuse_one_in = is_for_good ? 20 + below(200) : one_in(2) ? 1 : 2 + below(10);
}

void Troublemaker::begin_of_broker(const Place& place) {
  auto& broker = cast_.world.broker;
  switch (place.plan.trouble) {
    case Mishap::broker_restart:
    case Mishap::broker_wipe:
      ++broker_down_;
      broker.set_up(false);
      if (place.plan.trouble == Mishap::broker_wipe) broker.forget();
      return;
    case Mishap::broker_full: return broker.set_refuse_connect(one_in(2) ? 0x88 : 0x97);
    case Mishap::lost_acks: return broker.set_lose_next_acks(static_cast<std::size_t>(1 + below(20)));
    case Mishap::narrow: {
      platform::ConnectGrant grant;
      grant.receive_maximum = static_cast<std::uint16_t>(1 + below(80));
      return broker.set_grant(grant);
    }
    default: return broker.kill_connections(one_in(2) ? 0 : 0x8B);
  }
}

void Troublemaker::begin_of_backend(const Place& place, Duration lasts) {
  Hub& hub = cast_.hub;
  if (place.plan.trouble == Mishap::backend_kill) return hub.fall({std::nullopt, lasts});
  if (place.plan.trouble == Mishap::backend_unacked) return hub.fall_unacknowledged(lasts);
  if (one_in(2)) return hub.fall({a_cut(), lasts});
  hub.fall_at_work(below(kOperationsMax), {a_cut(), lasts});
}

void Troublemaker::end(Place& place) {
  place.is_on = false;
  if (place.device == kNobody) {
    auto& broker = cast_.world.broker;
    const bool was_down =
        place.plan.trouble == Mishap::broker_restart || place.plan.trouble == Mishap::broker_wipe;
    if (was_down && --broker_down_ == 0) broker.set_up(true);
    if (place.plan.trouble == Mishap::broker_full) broker.set_refuse_connect(0);
    if (place.plan.trouble == Mishap::narrow) broker.set_grant({});
    return;
  }
  Board& board = *cast_.boards[place.device];
  auto network = board.network();
  const platform::sim::ClientNetwork plain;
  if (place.plan.trouble == Mishap::partition) network.reachable = plain.reachable;
  if (place.plan.trouble == Mishap::half_open) network.silent = plain.silent;
  if (place.plan.trouble == Mishap::slow) network.extra_latency = plain.extra_latency;
  if (place.plan.trouble == Mishap::lossy) network.lost_per_thousand = plain.lost_per_thousand;
  if (place.plan.trouble == Mishap::refusals) board.refusal = 0;
  if (place.plan.trouble == Mishap::burst) board.set_busy(false);
  board.change_network(network);
}

}  // namespace holdfast::prove
