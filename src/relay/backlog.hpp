// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "store/stored_event.hpp"

/// What the relay asks of the store. Every call returns at once; answers come later through RelayMailbox,
/// from whichever thread owns the store. The simulation calls the store directly and answers before
/// returning. Calls take effect in the order in which they were made: a fetch leaves out what was settled
/// before it, also when that is not durable yet, and so does fetch_control().
namespace holdfast::relay {

using store::ControlRecord;
using store::LaneNumber;
using store::StoredEvent;

struct FetchRequest {
  LaneNumber lane = 0;
  std::int64_t after_seq = 0;
  std::size_t events_max = 0;  ///< at most limits::kFetchEventsMax
  std::size_t bytes_max = 0;   ///< data bytes; one event always fits
};

struct FetchReply {
  LaneNumber lane = 0;
  std::int64_t after_seq = 0;       ///< as asked
  std::vector<StoredEvent> events;  ///< ascending seq, unsettled ones only; pinned until settled or released
  std::int64_t end_seq = 0;         ///< everything up to it is in `events` or settled: ask after it next time
  bool more = false;                ///< there are committed rows above end_seq
};

struct Settlement {
  LaneNumber lane = 0;
  std::int64_t seq = 0;
};

struct Refusal {
  LaneNumber lane = 0;
  std::int64_t seq = 0;
  std::int32_t reason = 0;  ///< MQTT reason code
  std::string detail;
  bool final =
      false;  ///< true: quarantine it and declare the gap; false: remember the attempt, it stays pending
};

struct RefusalReply {
  LaneNumber lane = 0;
  std::int64_t seq = 0;
  bool quarantined = false;  ///< false with Refusal::final: the quarantine is full, the event stays pending
};

class Backlog {
 public:
  virtual ~Backlog() = default;
  /// One outstanding fetch per lane.
  virtual void fetch(const FetchRequest& request) = 0;
  /// Asks for all unacknowledged records (bounded by the store). One outstanding.
  virtual void fetch_control() = 0;
  /// The broker has acknowledged these events. Durable within StoreOptions::settle_delay_max.
  virtual void settle(std::vector<Settlement> settled) = 0;
  virtual void settle_control(std::int64_t row, bool is_gap) = 0;
  /// Answered when `final`.
  virtual void refuse(Refusal refusal) = 0;
  /// Unpins all fetched rows of all lanes: the connection is gone, and everything unsettled is pending again.
  virtual void release() = 0;
};

}  // namespace holdfast::relay
