// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/fetch_order.hpp"
#include "store/replay.hpp"
#include "store/stored_event.hpp"

/// What the relay asks of the store. Every call returns at once; answers come later through RelayMailbox,
/// from whichever thread owns the store. The simulation calls the store directly and answers before
/// returning. Calls take effect in the order in which they were made: a fetch leaves out what was settled
/// before it, also when that is not durable yet, and so does fetch_control().
namespace holdfast::relay {

using store::ControlRecord;
using store::LaneNumber;
using store::StoredEvent;

using FetchRequest = store::FetchOrder;

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
  store::ShareLease lease = {};  ///< a relay that has lost it judges nothing
};

struct RefusalReply {
  LaneNumber lane = 0;
  std::int64_t seq = 0;
  bool quarantined =
      false;  ///< false with Refusal::final: the quarantine is full, or the lease is lost; it stays
};

/// Settled events once more.
struct ReplayFetch {
  std::optional<store::ReplayQuestion> question;  ///< absent: the requeued ones of the quarantine
  store::RequeuedPlace after;                     ///< of those, begin above it
};

struct ReplayReply {
  std::vector<StoredEvent> events;
  std::vector<GapRecord> gone;       ///< why others do not come; stored nowhere
  std::optional<EpochRecord> epoch;  ///< for a consumer who asks below where the epoch began
  std::int64_t end_seq = 0;          ///< answered up to here
  store::RequeuedPlace end;          ///< the same, of requeued ones
  bool more = false;
};

class Backlog {
 public:
  virtual ~Backlog() = default;
  /// One outstanding fetch per lane.
  virtual void fetch(const FetchRequest& request) = 0;
  /// Asks for all unacknowledged records (bounded by the store). `announce`, on a new connection: also for the newest
  /// epoch's, acknowledged or not. One outstanding.
  virtual void fetch_control(bool announce) = 0;
  /// The broker has acknowledged these events. Durable within StoreOptions::settle_delay_max.
  virtual void settle(std::vector<Settlement> settled) = 0;
  virtual void settle_control(std::int64_t number, bool is_gap) = 0;
  /// Answered when `final`.
  virtual void refuse(Refusal refusal) = 0;
  /// One outstanding. What it gives is not pinned: a row that is purged meanwhile is `not_retained` when asked again.
  virtual void fetch_replay(const ReplayFetch& request) = 0;
  /// The broker has acknowledged a requeued event: it leaves the quarantine.
  virtual void settle_requeued(Settlement event) = 0;
  /// A requeued event is refused for good: it stays in quarantine.
  virtual void refuse_requeued(Refusal refusal) = 0;
  /// Unpins all rows of all lanes that this relay has fetched: the connection is gone, and everything unsettled is pending again.
  virtual void release() = 0;
  /// With several relays: answered by a grant. One outstanding.
  virtual void claim(const store::ShareClaim& claim) = 0;
  /// By the relay that carries the records, once all that it was told of by the `news`-th notice are acknowledged, or
  /// refused for now: if there was no later one, events of the other relays may go.
  virtual void records_through(std::uint64_t news) = 0;
};

}  // namespace holdfast::relay
