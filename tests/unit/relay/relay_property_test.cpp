// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "relay/answer.hpp"
#include "unit/relay/tap.hpp"
#include "unit/relay/world.hpp"
#include "wire/records.hpp"

/// Random misfortune, then recovery: acknowledgements that come late, never, or as refusals. Whatever happened on the
/// way, in the end:
///
/// 1. Every event was taken by the broker or quarantined, and only a final refusal quarantines (G3).
/// 2. Nothing was settled that the broker had not taken.
/// 3. Ordering::lane (lane 1): the relay sent the lane's events for the first time in commit order, once a topic was
///    denied those of each topic (G5).
/// 4. Ordering::strict (lanes 2 and 3): whenever an event was sent, all earlier ones of its key were settled (G5).
///    AfterRefusal::pass: the gap records of the quarantined ones among them had been sent before. AfterRefusal::hold:
///    none was quarantined.
/// 5. An id always carried the same data (G4).
/// 6. The relay kept the rules of Backlog, and never spun.
namespace holdfast::relay::test {
namespace {

constexpr std::size_t kLanes = 3;
constexpr LaneNumber kLaneOrder = 1;
constexpr LaneNumber kHold = 3;

RelayOptions two_strict_lanes(RelayOptions options) {
  options.lanes = {{"lane2", Ordering::strict, AfterRefusal::pass},
                   {"lane3", Ordering::strict, AfterRefusal::hold}};
  return options;
}

// What was sent and what the broker said to it. It refuses as it is told.
class Witness {
 public:
  Witness(RelayOptions options, std::uint64_t seed, FiguresSource figures)
      : world(
            kLanes, two_strict_lanes(std::move(options)), seed,
            [this](World::LinkPtr inner) {
              return std::make_unique<Tap>(std::move(inner), [this](const MqttMessage& m) { sent(m); });
            },
            std::move(figures)) {
    world.broker.set_answer([this](const MqttMessage& message) { return answer(message); });
  }
  void refuse_next(std::size_t after, std::uint8_t reason) {
    after_ = after;
    reason_ = reason;
  }
  void behave() { reason_ = 0; }
  void commit(std::size_t count, LaneNumber lane) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto key = std::to_string(*rc::gen::inRange(0, 5));
      keys_[lane].push_back(key);
      world.commit_key(key, lane);
    }
  }

  std::map<LaneNumber, std::set<std::int64_t>> taken;
  std::vector<std::string> complaints;
  World world;

 private:
  static LaneNumber lane_of(const std::string& id) {
    for (LaneNumber lane = 1; lane <= static_cast<LaneNumber>(kLanes); ++lane) {
      if (seq_of(id, lane) > 0) return lane;
    }
    return 0;  // a record
  }

  void sent(const MqttMessage& message) {
    if (message.topic.ends_with("/~status")) return;
    const auto event = decode_cloud_event(message).value();
    const auto known = data_.try_emplace(event.id, event.data);
    if (known.first->second != event.data) complaints.push_back(event.id + " changed its data");
    if (message.topic.ends_with("/~gap")) return sent_gap(event);
    const LaneNumber lane = lane_of(event.id);
    if (lane == 0) return;
    const auto seq = seq_of(event.id, lane);
    if (lane == kLaneOrder) {
      if (known.second) check_first(message.topic, seq, event.id);
    } else {
      check_earlier_of_key(lane, seq, event.id);
    }
  }
  void sent_gap(const CloudEvent& event) {
    const auto gap = wire::read_gap(event).value();
    declared_[gap.lane].insert(gap.first);
  }

  void check_first(const std::string& topic, std::int64_t seq, const std::string& id) {
    std::int64_t& last = last_first_[denied_ ? topic : std::string()];
    const std::int64_t others = denied_ ? 0 : last_first_[topic];
    if (seq < std::max(last, others)) complaints.push_back(id + " was overtaken");
    last = std::max(last, seq);
    last_first_[topic] = std::max(last_first_[topic], seq);
  }

  void check_earlier_of_key(LaneNumber lane, std::int64_t seq, const std::string& id) {
    const auto has = [&](const MemoryBacklog::SeqsOfLane& seqs, std::int64_t s) {
      return seqs.contains(lane) && seqs.at(lane).contains(s);
    };
    const auto& keys = keys_.at(lane);
    for (std::int64_t s = 1; s < seq; ++s) {
      if (keys.at(static_cast<std::size_t>(s - 1)) != keys.at(static_cast<std::size_t>(seq - 1))) continue;
      const bool quarantined = has(world.backlog.quarantined(), s);
      if (!quarantined && !has(world.backlog.settled(), s))
        complaints.push_back(id + " was sent before " + std::to_string(s) + " was settled");
      if (quarantined && !declared_["lane" + std::to_string(lane)].contains(s))
        complaints.push_back(id + " was sent before the gap record of " + std::to_string(s));
    }
  }

  std::uint8_t next_reason() {
    if (reason_ == 0 || after_-- != 0) return 0;
    return std::exchange(reason_, std::uint8_t{0});
  }

  std::uint8_t answer(const MqttMessage& message) {
    if (message.topic.ends_with("/~status")) return next_reason();
    const auto id = decode_cloud_event(message).value().id;
    const LaneNumber lane = lane_of(id);
    if (lane == 0) return 0;
    const std::uint8_t reason = next_reason();
    if (reason == 0) taken[lane].insert(seq_of(id, lane));
    if (reason == kNotAuthorised && lane == kLaneOrder) denied_ = true;
    return reason;
  }

  std::map<std::string, std::vector<std::byte>> data_;
  std::map<LaneNumber, std::vector<std::string>> keys_;     // by seq - 1
  std::map<std::string, std::int64_t> last_first_;          // by topic; of the lane: ""
  std::map<std::string, std::set<std::int64_t>> declared_;  // by lane's name: gap records sent
  bool denied_ = false;
  std::size_t after_ = 0;
  std::uint8_t reason_ = 0;
};

void mishap(Witness& witness) {
  World& world = witness.world;
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
    case 8: return witness.commit(*rc::gen::inRange<std::size_t>(1, 80), *rc::gen::inRange<LaneNumber>(1, 4));
    default:
      return witness.refuse_next(
          *rc::gen::inRange<std::size_t>(0, 5),
          *rc::gen::elementOf(std::vector<std::uint8_t>(std::begin(kReasons), std::end(kReasons))));
  }
}

void recover(Witness& witness) {
  World& world = witness.world;
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
  options.presence_period = seconds(*rc::gen::inRange(10, 90));
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

RC_GTEST_PROP(RelayProperty, every_event_arrives_and_in_order_whatever_happens_on_the_way, ()) {
  const bool presence = *rc::gen::arbitrary<bool>();
  Witness witness(any_options(), *rc::gen::arbitrary<std::uint64_t>(),
                  presence ? [] { return Statistics{}; } : FiguresSource{});
  World& world = witness.world;
  world.broker.set_grant(any_grant());
  const int rounds = *rc::gen::inRange(1, 18);
  for (int round = 0; round < rounds; ++round) {
    for (const LaneNumber lane : lanes()) witness.commit(*rc::gen::inRange<std::size_t>(0, 30), lane);
    mishap(witness);
    world.run_for(milliseconds(*rc::gen::inRange(0, 3000)));
    for (const LaneNumber lane : lanes()) {
      if (!world.backlog.settled().contains(lane)) continue;
      for (const auto seq : world.backlog.settled().at(lane)) RC_ASSERT(witness.taken[lane].contains(seq));
    }
  }
  recover(witness);
  for (int i = 0; i < 12 * 60 && world.pending() + world.backlog.pending_control() > 0; ++i)
    world.run_for(seconds(10));
  RC_ASSERT(world.pending() + world.backlog.pending_control() == 0U);

  RC_ASSERT(witness.complaints == std::vector<std::string>());
  RC_ASSERT(world.backlog.breaches().empty());
  RC_ASSERT(!world.backlog.quarantined().contains(kHold));
  for (const auto& refusal : world.backlog.refusals()) {
    const bool for_good = action_for(refusal.reason) == RefusalAction::quarantine;
    RC_ASSERT(refusal.final == (for_good && refusal.lane != kHold));
  }
  RC_ASSERT(world.steps_most_per_instant < 200U);
}

}  // namespace
}  // namespace holdfast::relay::test
