// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/mqtt_message.hpp>
#include <holdfast/platform/clock.hpp>
#include <mutex>
#include <optional>
#include <vector>

#include "relay/backlog.hpp"

namespace holdfast::relay {

/// Where the store's answers wait for the relay's next step. Bounded by the rules of Backlog: one fetch per
/// lane, one control fetch, one refusal per event in flight; commits are only noted as the highest seq per
/// lane. Commands and replays: limits::kResendRequestsMax each.
class RelayMailbox {
 public:
  struct Contents {
    std::vector<FetchReply> fetched;
    std::vector<RefusalReply> refusals;
    std::vector<std::vector<ControlRecord>> control;  ///< at most one reply
    std::vector<Settlement> committed;                ///< highest durable seq of lanes with new events
    bool control_pending = false;                     ///< new gap or epoch records were committed
    std::uint64_t control_news = 0;      ///< how often that has happened, of this process; 0: not told
    std::vector<ReplayReply> replayed;   ///< at most one
    std::vector<MqttMessage> commands;   ///< as they came from the broker
    std::uint64_t commands_dropped = 0;  ///< too many at once, or too large
    std::vector<std::vector<store::ReplayQuestion>> replays;  ///< that this process asks for
    bool requeued = false;                                    ///< an operator has requeued events
    std::vector<std::optional<store::ShareGrant>> grants;  ///< at most one; nullopt: it could not be stored
    bool look_again = false;                               ///< what gave nothing may give something now
    bool shares_moved = false;                             ///< another relay has taken or let go of something
  };

  /// `waker` is rung after every put; it must outlive the mailbox.
  explicit RelayMailbox(platform::Waker& waker) : waker_(waker) {}

  void put(FetchReply reply);
  void put(RefusalReply reply);
  void put(std::vector<ControlRecord> records);
  void committed(LaneNumber lane, std::int64_t seq);
  /// `news`: see Contents::control_news.
  void control_committed(std::uint64_t news = 0);
  void put(ReplayReply reply);
  /// For the link's thread.
  void put_command(const MqttMessage& message);
  /// False: limits::kResendRequestsMax wait or are being answered.
  [[nodiscard]] bool put_replay(std::vector<store::ReplayQuestion> parts);
  void requeued();
  void put(std::optional<store::ShareGrant> grant);
  void shares_moved();
  void look_again();
  /// The relay tells how many requests it has.
  void set_requests(std::size_t count);

  /// Takes everything that waits.
  [[nodiscard]] Contents take();

 private:
  platform::Waker& waker_;
  std::mutex mutex_;
  Contents contents_;
  std::size_t requests_ = 0;  // with the relay
};

}  // namespace holdfast::relay
