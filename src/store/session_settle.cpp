// SPDX-License-Identifier: MIT
//
// The part of a session that settles events: acknowledged, in quarantine, or lost; and stores how far that has come.
#include <algorithm>
#include <holdfast/check.hpp>

#include "store/session.hpp"

namespace holdfast::store {

std::size_t Session::unstored() const {
  std::size_t events =
      acknowledged_epochs_.size() + acknowledged_gaps_.size() + acknowledged_requeued_.size();
  for (const Lane& lane : lanes_) {
    events += static_cast<std::size_t>(std::max<std::int64_t>(lane.settled.cursor() - lane.record.cursor, 0));
  }
  const std::uint64_t retained = retained_bytes();
  const std::uint64_t limit = retention_limit();
  if (limit == 0) {
    for (const Lane& lane : lanes_)
      events += static_cast<std::size_t>(std::max<std::int64_t>(lane.record.cursor - lane.low_seq + 1, 0));
  } else if (retained > limit + limit / 8) {  // not row by row
    events += limits::kPurgeRowsMax;
  }
  return events;
}

Result<void> Session::store_settled() {
  for (Lane& lane : lanes_) {
    if (auto done = store_lane(lane); !done) return done;
  }
  auto done = purge_retained();
  if (done) done = store_records();
  return done ? store_anchor() : done;
}

// Only acknowledged gaps of lanes whose cursor has passed them are forgotten; see LossTable.
Result<void> Session::store_records() {
  for (const std::int64_t bits : acknowledged_epochs_) {
    if (auto done = epochs_.acknowledge(as_epoch(bits)); !done) return done;
  }
  for (const std::int64_t n : acknowledged_gaps_) {
    if (auto done = losses_.acknowledge_gap(n); !done) return done;
  }
  staged_epochs_ = acknowledged_epochs_.size();
  staged_gaps_ = acknowledged_gaps_.size();
  if (auto done = store_requeued(); !done) return done;
  if (!losses_.any_acknowledged()) return {};
  for (const Lane& lane : lanes_) {
    if (auto done = losses_.forget_gaps(lane.record.lane, lane.latest().cursor); !done) return done;
  }
  for (const LaneRecord& lane : retired_) {
    if (auto done = losses_.forget_gaps(lane.lane, lane.cursor); !done) return done;
  }
  return {};
}

Result<void> Session::store_lane(Lane& lane) {
  const std::int64_t cursor = lane.settled.cursor();
  if (cursor <= lane.latest().cursor) return {};
  const auto total = lane.rows.total_bytes_below_next(cursor);
  if (!total) return tl::unexpected<Error>(total.error());
  LaneRecord staged = lane.latest();
  staged.cursor = cursor;
  staged.cursor_bytes = total->value_or(lane.durable.total_bytes);
  staged.lost_events_below = lane.events_below();
  staged.lost_bytes_below = lane.bytes_below();
  if (auto done = lane_table_.store_progress(staged); !done) return done;
  lane.staged = staged;
  return losses_.any_failures() ? losses_.forget_failures(staged.lane, cursor) : Result<void>();
}

void Session::settle(LaneNumber number, std::int64_t seq) {
  Lane* lane = find(number);
  if (lane == nullptr) return;  // it was removed, and the loss declared
  HOLDFAST_CHECK(seq <= lane->durable.last_seq);
  lane->settled.settle(seq);
}

bool Session::is_pinned(LaneNumber number, std::int64_t seq) const noexcept {
  const auto lane = std::find_if(lanes_.begin(), lanes_.end(),
                                 [&](const Lane& each) { return each.record.lane == number; });
  return lane == lanes_.end() || seq <= std::max(lane->pins.highest(), lane->settled.cursor());
}

void Session::settle_control(std::int64_t number, bool is_gap) {
  if (!is_gap && number == announced_again_) return;  // that it was acknowledged is known
  (is_gap ? acknowledged_gaps_ : acknowledged_epochs_).push_back(number);
}

void Session::release_pins(std::size_t relay) {
  for (Lane& lane : lanes_) lane.pins.release(relay);
}

Result<std::int64_t> Session::take_shares(std::size_t relay, ShareSet shares) {
  std::int64_t token = 0;
  for (std::size_t share = 0; share < shares.size(); ++share) {
    if (!shares[share]) continue;
    auto taken = leases_.take(share, relay);
    if (!taken) return taken;
    token = std::max(token, *taken);
  }
  return token;
}

Result<void> Session::let_go_of_shares(ShareSet shares) {
  for (std::size_t share = 0; share < shares.size(); ++share) {
    if (!shares[share]) continue;
    if (auto done = leases_.let_go(share); !done) return done;
  }
  return {};
}

Result<void> Session::note_failure(const RefusalNote& note) { return losses_.note_failure(note); }

// Of a row whose own is damaged: that of a neighbour, else the newest.
Result<std::int64_t> Session::likely_epoch(Lane& lane, std::int64_t seq) {
  for (const std::int64_t neighbour : {seq - 1, seq + 1}) {
    const auto number = lane.rows.epoch_of(neighbour);
    if (!number) return tl::unexpected<Error>(number.error());
    if (number->has_value() && epochs_.find(**number)) return **number;
  }
  return epochs_.newest()->number;
}

Result<bool> Session::quarantine(const RefusalNote& note, std::string_view gap_reason, bool keep) {
  Lane* lane = find(note.lane);
  if (lane == nullptr) return fail(ErrorCode::invalid, "quarantine", "there is no such lane");
  if (keep && losses_.quarantined() >= static_cast<std::int64_t>(limits::kQuarantineRowsMax)) return false;
  std::optional<GapRow> gap;
  auto done = lane->rows.scan(note.seq - 1, 1, texts_, [&](const ReadRow& row) {
    if (row.event.seq == note.seq) {
      gap = GapRow{0,
                   row.epoch_number,
                   note.lane,
                   note.seq,
                   note.seq,
                   1,
                   static_cast<std::int64_t>(row.event.data.size()),
                   std::string(gap_reason)};
    }
    return false;
  });
  if (!done) return tl::unexpected<Error>(done.error());
  if (!gap) return fail(ErrorCode::invalid, "quarantine", "there is no such event");
  if (!epochs_.find(gap->epoch_number)) {
    const auto likely = likely_epoch(*lane, note.seq);
    if (!likely) return tl::unexpected<Error>(likely.error());
    gap->epoch_number = *likely;
  }
  if (keep) done = losses_.quarantine(connection_, note);
  if (done) done = lane->rows.erase(note.seq, note.seq);
  if (done) done = declare_loss(*lane, *gap);
  if (!done) return tl::unexpected<Error>(done.error());
  lane->staged_holes.push_back({note.seq, note.seq, gap->bytes});
  return true;
}

Result<void> Session::declare_vanished(LaneNumber number, const Hole& hole) {
  Lane* lane = find(number);
  HOLDFAST_CHECK(lane != nullptr);
  const auto epoch = likely_epoch(*lane, hole.first);
  if (!epoch) return tl::unexpected<Error>(epoch.error());
  const GapRow gap{0,          *epoch,   number, hole.first, hole.last, hole.last - hole.first + 1,
                   hole.bytes, "damaged"};
  if (auto done = declare_loss(*lane, gap); !done) return done;
  lane->staged_holes.push_back(hole);
  return {};
}

// The gap record and the lane's totals. Which seqs have no row from now on is the caller's to note.
Result<void> Session::declare_loss(Lane& lane, const GapRow& gap) {
  auto done = losses_.add_gap(gap);
  if (!done) return done;
  LaneRecord staged = lane.latest();
  staged.lost_events += gap.missing;
  staged.lost_bytes += gap.bytes;
  if (done = lane_table_.store_progress(staged); !done) return done;
  lane.staged = staged;
  return {};
}

}  // namespace holdfast::store
