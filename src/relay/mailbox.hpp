// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/platform/clock.hpp>
#include <mutex>
#include <vector>

#include "relay/backlog.hpp"

namespace holdfast::relay {

/// Where the store's answers wait for the relay's next step. Bounded by the rules of Backlog: one fetch per
/// lane, one control fetch, one refusal per event in flight; commits are only noted as the highest seq per
/// lane.
class RelayMailbox {
 public:
  struct Contents {
    std::vector<FetchReply> fetched;
    std::vector<RefusalReply> refusals;
    std::vector<std::vector<ControlRecord>> control;  ///< at most one reply
    std::vector<Settlement> committed;                ///< highest durable seq of lanes with new events
    bool control_pending = false;                     ///< new gap or epoch records were committed
  };

  /// `waker` is rung after every put; it must outlive the mailbox.
  explicit RelayMailbox(platform::Waker& waker) : waker_(waker) {}

  void put(FetchReply reply);
  void put(RefusalReply reply);
  void put(std::vector<ControlRecord> records);
  void committed(LaneNumber lane, std::int64_t seq);
  void control_committed();

  /// Takes everything that waits.
  [[nodiscard]] Contents take();

 private:
  platform::Waker& waker_;
  std::mutex mutex_;
  Contents contents_;
};

}  // namespace holdfast::relay
