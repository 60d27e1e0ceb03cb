// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "relay/answer.hpp"
#include "unit/relay/world.hpp"

/// Random misfortune, then recovery. Whatever happened on the way, in the end:
///
/// 1. Every event was taken by the broker or quarantined, and only a final refusal quarantines (G3).
/// 2. Nothing was settled that the broker had not taken.
/// 3. The broker saw each lane's events for the first time in commit order (G5).
/// 4. An id always carried the same data (G4).
/// 5. The relay kept the rules of Backlog, and never spun.
namespace holdfast::relay::test {
namespace {

constexpr std::size_t kLanes = 3;

// What the broker saw. It refuses as it is told.
class Witness {
 public:
  explicit Witness(World& world) : world_(world) {
    world.broker.set_answer([this](const MqttMessage& message) { return answer(message); });
  }
  void refuse_next(std::size_t after, std::uint8_t reason) {
    after_ = after;
    reason_ = reason;
  }
  void behave() { reason_ = 0; }

  std::map<LaneNumber, std::vector<std::int64_t>> firsts;
  std::map<LaneNumber, std::set<std::int64_t>> taken;
  bool id_changed_its_data = false;

 private:
  std::uint8_t answer(const MqttMessage& message) {
    if (message.topic.ends_with("/~status")) return next_reason();
    const auto event = decode_cloud_event(message).value();
    const auto known = data_.try_emplace(event.id, event.data);
    if (known.first->second != event.data) id_changed_its_data = true;
    const std::uint8_t reason = next_reason();
    for (LaneNumber lane = 1; lane <= static_cast<LaneNumber>(kLanes); ++lane) {
      const auto seq = seq_of(event.id, lane);
      if (seq == 0) continue;
      if (known.second) firsts[lane].push_back(seq);
      if (reason == 0) taken[lane].insert(seq);
    }
    return reason;
  }

  std::uint8_t next_reason() {
    if (reason_ == 0 || after_-- != 0) return 0;
    return std::exchange(reason_, std::uint8_t{0});
  }

  World& world_;
  std::map<std::string, std::vector<std::byte>> data_;
  std::size_t after_ = 0;
  std::uint8_t reason_ = 0;
};

void mishap(World& world, Witness& witness) {
  static constexpr std::uint8_t kReasons[] = {0x80, 0x83, 0x87, 0x90, 0x95, 0x97, 0x99};
  switch (*rc::gen::inRange(0, 12)) {
    case 0: return world.broker.kill_connections(0);
    case 1: return world.broker.kill_connections(*rc::gen::element(0x8E, 0x8B, 0x95));
    case 2: return world.broker.set_lose_next_acks(*rc::gen::inRange<std::size_t>(1, 4));
    case 3: return world.broker.set_silent(*rc::gen::arbitrary<bool>());
    case 4: return world.broker.set_latency(milliseconds(*rc::gen::inRange(0, 300)));
    case 5: return world.broker.set_up(*rc::gen::arbitrary<bool>());
    case 6: return world.backlog.set_quarantine_full(*rc::gen::arbitrary<bool>());
    case 7: world.store_is_slow = *rc::gen::arbitrary<bool>(); return;
    case 8:
      return world.commit_many(*rc::gen::inRange<std::size_t>(1, 80), *rc::gen::inRange<LaneNumber>(1, 4));
    default:
      return witness.refuse_next(
          *rc::gen::inRange<std::size_t>(0, 5),
          *rc::gen::elementOf(std::vector<std::uint8_t>(std::begin(kReasons), std::end(kReasons))));
  }
}

void recover(World& world, Witness& witness) {
  witness.behave();
  world.broker.set_up(true);
  world.broker.set_silent(false);
  world.broker.set_lose_next_acks(0);
  world.broker.set_latency(milliseconds(5));
  world.backlog.set_quarantine_full(false);
  world.store_is_slow = false;
}

// Any relay: with and without presence, with any rate, window and patience, woken or polling.
RelayOptions any_options() {
  RelayOptions options;
  options.presence_period = seconds(*rc::gen::inRange(1, 90));
  options.events_per_s_max = *rc::gen::element<std::uint64_t>(0, 0, 30, 500);
  options.bytes_per_s_max = *rc::gen::element<std::uint64_t>(0, 0, 5000);
  options.window_events = *rc::gen::element<std::size_t>(64, 64, 1, 5);
  options.stall_timeout = seconds(*rc::gen::inRange(21, 120));
  options.poll_interval = milliseconds(*rc::gen::element(0, 0, 0, 700));
  return options;
}

platform::ConnectGrant any_grant() {
  platform::ConnectGrant grant;
  grant.receive_maximum = *rc::gen::element<std::uint16_t>(65'535, 20, 1);
  grant.retain_available = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) grant.server_keep_alive_s = *rc::gen::inRange<std::uint16_t>(0, 30);
  return grant;
}

std::set<LaneNumber> lanes() { return {1, 2, 3}; }

RC_GTEST_PROP(RelayProperty, every_event_arrives_whatever_happens_on_the_way, ()) {
  const bool presence = *rc::gen::arbitrary<bool>();
  World world(
      kLanes, any_options(), *rc::gen::arbitrary<std::uint64_t>(), [](auto link) { return link; },
      presence ? [] { return Statistics{}; } : FiguresSource{});
  world.broker.set_grant(any_grant());
  Witness witness(world);
  std::map<LaneNumber, std::int64_t> last;
  const int rounds = *rc::gen::inRange(1, 25);
  for (int round = 0; round < rounds; ++round) {
    for (const LaneNumber lane : lanes()) world.commit_many(*rc::gen::inRange<std::size_t>(0, 30), lane);
    mishap(world, witness);
    world.run_for(milliseconds(*rc::gen::inRange(0, 3000)));
    for (const LaneNumber lane : lanes()) {
      if (!world.backlog.settled().contains(lane)) continue;
      for (const auto seq : world.backlog.settled().at(lane)) RC_ASSERT(witness.taken[lane].contains(seq));
    }
  }
  recover(world, witness);
  RC_ASSERT(world.run_until_settled(std::chrono::hours(2)));

  for (const LaneNumber lane : lanes()) {
    const auto& firsts = witness.firsts[lane];
    RC_ASSERT(std::is_sorted(firsts.begin(), firsts.end()));
  }
  RC_ASSERT(!witness.id_changed_its_data);
  RC_ASSERT(world.backlog.breaches().empty());
  for (const auto& refusal : world.backlog.refusals()) {
    RC_ASSERT(refusal.final == (action_for(refusal.reason) == RefusalAction::quarantine));
  }
  RC_ASSERT(world.steps_most_per_instant < 200U);
}

}  // namespace
}  // namespace holdfast::relay::test
