// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <holdfast/cloud_event.hpp>
#include <holdfast/platform/sim.hpp>
#include <memory>
#include <string>
#include <vector>

#include "relay/relay.hpp"
#include "unit/relay/memory_backlog.hpp"

namespace holdfast::relay::test {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// One relay, one scripted broker, virtual time. Lanes are numbered from 1, named lane1, lane2 ..., and each
/// has a lower priority than the one before.
class World {
 public:
  using LinkPtr = std::unique_ptr<platform::Link>;
  using Wrap = std::function<LinkPtr(LinkPtr)>;
  explicit World(
      std::size_t lanes = 1, RelayOptions options = {}, std::uint64_t seed = 1,
      const Wrap& wrap = [](LinkPtr link) { return link; }, FiguresSource figures = {},
      std::size_t relay_number = 0, std::size_t relays = 1);

  /// Commits an event with at least `bytes` of data, which name the event.
  std::int64_t commit(LaneNumber lane = 1, std::size_t bytes = 20);
  /// The key names the topic as well.
  std::int64_t commit_key(const std::string& key, LaneNumber lane = 1, std::size_t bytes = 20);
  void commit_many(std::size_t count, LaneNumber lane = 1, std::size_t bytes = 20);

  /// Lets time pass, stepping the relay whenever it, the broker or the backlog has something to do.
  void run_for(Duration time);
  void run_until_connected();
  /// Until nothing is pending, at most for `time`; false when the time was not enough.
  bool run_until_settled(Duration time = minutes(30));

  /// Ids of the messages the broker took, control records too.
  [[nodiscard]] std::vector<std::string> accepted_ids() const;
  /// Seqs of the lane's events the broker took, repeats included.
  [[nodiscard]] std::vector<std::int64_t> accepted_seqs(LaneNumber lane = 1) const;
  [[nodiscard]] std::size_t pending() const;

  platform::sim::VirtualClock clock;
  platform::sim::ScriptedBroker broker{clock};
  platform::Waker waker;
  RelayMailbox mailbox{waker};
  MemoryBacklog backlog{mailbox};
  platform::sim::SeededEntropy entropy;
  LinkPtr link;
  std::unique_ptr<Relay> relay;
  bool store_is_slow = false;  ///< true: one answer per millisecond; false: at once
  std::size_t steps = 0;
  std::size_t steps_most_per_instant = 0;

 private:
  Instant settle_down();

  std::size_t lanes_;
  std::int64_t committed_ = 0;
};

/// 5 for "<epoch>-lane1-5"; 0 for other lanes, for control records and for a status.
[[nodiscard]] std::int64_t seq_of(const std::string& id, LaneNumber lane);
[[nodiscard]] std::int64_t seq_of(const MqttMessage& message, LaneNumber lane = 1);

[[nodiscard]] std::string topic_of(const std::string& key, LaneNumber lane = 1);

/// Takes everything but events of `lane` with these seqs.
[[nodiscard]] std::function<std::uint8_t(const MqttMessage&)> refusing(LaneNumber lane,
                                                                       std::vector<std::int64_t> seqs,
                                                                       std::uint8_t reason);

}  // namespace holdfast::relay::test
