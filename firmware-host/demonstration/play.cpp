// SPDX-License-Identifier: MIT
//
// How a fault is made to hit events in flight, and nothing else:
//
//   broker killed   1. the device is stopped until the broker is idle. Mosquitto 2.0 acknowledges first and
//                      saves after: a kill between the two makes it forget what it acknowledged. No sender
//                      can mend that alone, and it is not what is shown here.
//                   2. the broker is stopped, the device goes on: what it publishes is in flight.
//                   3. the broker is killed, and started again later.
//   device killed   1. the broker is stopped: events pile up in flight.
//                   2. the device is stopped and the broker goes on: it takes these events and delivers them,
//                      and its acknowledgements lie in the socket of a process that does not read any more.
//                   3. the device is killed. The next device process has to send all of them again.
#include "demonstration/play.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::demo {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kFirstEventPatience{20};
constexpr seconds kIdlePatience{5};
constexpr milliseconds kIdleFor{250};  // several looks, and longer than Mosquitto's own 100 ms round
constexpr seconds kInFlightPatience{5};
constexpr milliseconds kDeliveryTime{300};  // of the 20 events that Mosquitto lets be in flight
constexpr seconds kRecoverPatience{60};
constexpr seconds kDrainPatience{45};
constexpr seconds kLoadAfterKillMin{2};
constexpr seconds kDemoSlack{180};  // above the sum of the patiences that a demo with a slow disk may use up

[[nodiscard]] Result<void> expect(const Result<bool>& watched, const char* what) {
  if (!watched) return tl::unexpected<Error>(watched.error());
  if (!*watched) return fail(ErrorCode::unavailable, "run the demo", what);
  return {};
}

}  // namespace

Play::Play(const std::optional<Plan>& plan, std::chrono::seconds duration, std::uint64_t events_per_s,
           Stage& stage, History& history, Narrator& narrator)
    : plan_(plan),
      duration_(duration),
      events_per_s_(events_per_s),
      stage_(stage),
      history_(history),
      narrator_(narrator) {}

Result<void> Play::run() {
  history_.began = stage_.now();
  stage_.give_up_at(history_.began + duration_ + kDemoSlack);
  auto played = begin();
  if (played && plan_) played = play_faults();
  return played ? end_load() : played;
}

Result<void> Play::play_faults() {
  return stage_.watch_until(history_.began + plan_->outage_at)
      .and_then([this] { return kill_broker(); })
      .and_then([this] { return stage_.watch_until(history_.began + plan_->kill_at); })
      .and_then([this] { return kill_device(); });
}

Result<void> Play::begin() {
  if (auto done = stage_.set_up(); !done) return done;
  // A device that will be killed goes on until then.
  const std::uint64_t count = plan_ ? 0 : static_cast<std::uint64_t>(duration_.count()) * events_per_s_;
  if (auto done = stage_.start_device(count); !done) return done;
  const auto first = stage_.watch(stage_.now() + kFirstEventPatience,
                                  [](const Sample& sample) { return sample.applied > 0; });
  if (auto done = expect(first, "the first event does not arrive"); !done) return done;
  history_.began = history_.samples.back().at;
  narrator_.tell(
      history_.began,
      fmt::format("broker, device and consumer run; {} events a second, each in the transaction of its "
                  "state",
                  events_per_s_));
  return {};
}

Result<void> Play::kill_broker() {
  Fault fault{.kind = FaultKind::broker_killed, .touched = stage_.now()};
  if (auto done = settle_broker(); !done) return done;
  if (auto done = fill_in_flight(plan_->hold_broker); !done) return done;
  fault.in_flight = stage_.look().in_flight;
  stage_.broker().process().kill();
  fault.killed = stage_.now();
  narrator_.tell(fault.killed,
                 fmt::format("broker killed (SIGKILL) with {} events in flight", fault.in_flight));
  if (auto done = stage_.watch_until(fault.killed + plan_->outage_for); !done) return done;
  if (auto done = stage_.broker().restart(); !done) return done;
  fault.restarted = stage_.now();
  narrator_.tell(fault.restarted, fmt::format("broker started again; {} events wait on the device's disk",
                                              stage_.look().backlog));
  return recover(fault);
}

Result<void> Play::kill_device() {
  Fault fault{.kind = FaultKind::device_killed, .touched = stage_.now()};
  stage_.broker().process().freeze();
  if (auto done = fill_in_flight(plan_->hold_device); !done) return done;
  stage_.device().freeze();
  fault.in_flight = stage_.look().in_flight;
  stage_.broker().process().thaw();
  if (auto done = stage_.watch_until(stage_.now() + kDeliveryTime); !done) return done;
  stage_.device().kill();
  fault.killed = stage_.now();
  narrator_.tell(fault.killed,
                 fmt::format("device process killed (SIGKILL) with {} events in flight", fault.in_flight));
  if (auto done = stage_.watch_until(fault.killed + plan_->down_for); !done) return done;
  const auto left = std::max<Duration>(history_.began + duration_ - stage_.now(), kLoadAfterKillMin);
  const auto count = static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(left).count()) *
                     events_per_s_ / 1000;
  if (auto done = stage_.start_device(count); !done) return done;
  fault.restarted = stage_.now();
  narrator_.tell(fault.restarted, "device process started again, on the same store");
  return recover(fault);
}

Result<void> Play::end_load() {
  const auto ended = stage_.watch(stage_.now() + duration_ + kDrainPatience,
                                  [this](const Sample&) { return !stage_.device().running(); });
  if (auto done = expect(ended, "the device does not end"); !done) return done;
  if (stage_.device().wait(milliseconds(0)) != 0)
    return fail(ErrorCode::unavailable, "run the demo", "the device process failed; see its device.log");
  narrator_.tell(stage_.now(), "load over, all events acknowledged; the device closed its store");
  return {};
}

/// Until nothing arrives at the consumer any more: then the broker has nothing to do and has saved its state.
Result<void> Play::settle_broker() {
  stage_.device().freeze();
  Sample last;
  const auto idle = stage_.watch(stage_.now() + kIdlePatience, [&last](const Sample& sample) {
    const bool moved = sample.applied != last.applied || sample.duplicates != last.duplicates;
    if (moved || last.at == Instant{}) last = sample;
    return sample.at - last.at >= kIdleFor;
  });
  stage_.broker().process().freeze();
  stage_.device().thaw();
  return expect(idle, "the broker does not come to rest");
}

Result<void> Play::fill_in_flight(milliseconds hold) {
  const auto filled = stage_.watch(stage_.now() + kInFlightPatience,
                                   [](const Sample& sample) { return sample.in_flight > 0; });
  if (auto done = expect(filled, "no event is in flight"); !done) return done;
  return stage_.watch_until(stage_.now() + hold);
}

/// Until the consumer has applied an event that was committed after the restart: what is sent again comes
/// before it, so all of that has arrived. And until it is at most half a second's load behind.
Result<void> Play::recover(Fault fault) {
  const std::uint64_t last_word = history_.samples.back().committed;  // perhaps of a process that is no more
  std::uint64_t before = 0;  // committed by the restart, or a little later; 0: not known yet
  const auto caught_up = stage_.watch(stage_.now() + kRecoverPatience, [&](const Sample& sample) {
    if (before == 0 && sample.committed > last_word) before = sample.committed;
    return before != 0 && sample.applied > before && sample.applied + events_per_s_ / 2 >= sample.committed;
  });
  fault.recovered = stage_.now();
  history_.faults.push_back(fault);
  if (auto done = expect(caught_up, "the backlog does not go away"); !done) return done;
  narrator_.tell(fault.recovered, "backlog delivered; from here on it is as before");
  return {};
}

}  // namespace holdfast::demo
