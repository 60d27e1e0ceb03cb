// SPDX-License-Identifier: MIT
//
// The part of the store that serves the relay, and keeps house.
#include <algorithm>
#include <holdfast/check.hpp>
#include <holdfast/platform/clock.hpp>

#include "store/backup.hpp"
#include "store/store.hpp"

namespace holdfast::store {

Result<Fetched> Store::fetch(const FetchOrder& order) {
  if (!is_current(order.lease)) {
    Fetched nothing;
    nothing.end_seq = order.after_seq;
    return nothing;
  }
  for (;;) {
    if (!have_session()) return fail(ErrorCode::io_error, "fetch events", "the store is not usable now");
    auto fetched = session_->fetch(order);
    if (fetched && fetched->vanished) {
      // Rows that nothing explains the absence of are declared, so that they neither block nor vanish silently.
      const Hole hole = *fetched->vanished;
      if (auto done = transact([&] { return session_->declare_vanished(order.lane, hole); }); !done)
        return tl::unexpected<Error>(done.error());
      counters_.rows_damaged += static_cast<std::uint64_t>(hole.last - hole.first + 1);
      control_news_ = true;
      continue;
    }
    if (!fetched && says_damaged(fetched.error()) && mend()) continue;
    if (!fetched || !fetched->damaged_seq || !fetched->events.empty()) return fetched;
    // A row that cannot be read as it was written is set aside and declared, so that it neither blocks nor
    // vanishes.
    const RefusalNote note{order.lane, *fetched->damaged_seq, 0, "the row's checksum does not fit",
                           platform_.clock.wall().utc};
    if (!give_up_damaged(note)) {
      return fail(ErrorCode::corrupt, "fetch events",
                  "event " + std::to_string(note.seq) + " is damaged and cannot be set aside now");
    }
  }
}

// Without room to keep it, what is left of it goes: it must not block the lane, and the gap record tells of it.
bool Store::give_up_damaged(const RefusalNote& note) {
  for (const bool keep : {true, false}) {
    const auto gone = give_up_event(note, "damaged", keep);
    if (gone && *gone) {
      ++counters_.rows_damaged;
      return true;
    }
    // Met by a walk over the lane and not to be found by its seq: then the tree itself is damaged.
    const bool is_lost = !gone && gone.error().code == ErrorCode::invalid;
    if (is_lost || (!gone && says_damaged(gone.error())))
      return mend();  // it is looked for again in what was saved
  }
  return false;
}

Result<std::vector<ControlRecord>> Store::control_records(bool announce) {
  if (!have_session()) return fail(ErrorCode::io_error, "fetch records", "the store is not usable now");
  auto records = session_->control_records(announce);
  if (!records && says_damaged(records.error()) && mend()) records = session_->control_records(announce);
  if (records) control_left_ = records->size() == limits::kControlRecordsMax;
  return records;
}

void Store::settle(LaneNumber lane, std::int64_t seq) {
  if (session_) {
    // One of several relays may have been stuck and lost its pins: the broker's word counts all the same.
    HOLDFAST_CHECK(leases_ || session_->is_pinned(lane, seq));
    return session_->settle(lane, seq);
  }
  // The file is not open now: the next session adopts this.
  const auto found = std::find_if(memory_.begin(), memory_.end(),
                                  [&](const LaneMemory& memory) { return memory.known.lane == lane; });
  if (found != memory_.end()) found->settled.settle(seq);
}

void Store::settle_control(std::int64_t number, bool is_gap) {
  if (control_left_) control_news_ = true;  // there is room for the next ones
  if (session_) session_->settle_control(number, is_gap);
}

void Store::release_pins(std::size_t relay) {
  if (session_) session_->release_pins(relay);
}

void Store::note_failure(const RefusalNote& note) {
  if (!have_session() || counters_.degraded) return;
  (void)transact([&] { return session_->note_failure(note); });
}

bool Store::quarantine(const RefusalNote& note) {
  const auto gone = give_up_event(note, "quarantined", true);
  return gone && *gone;
}

Result<bool> Store::give_up_event(const RefusalNote& note, std::string_view gap_reason, bool keep) {
  if (!have_session() || counters_.degraded) return false;
  bool moved = false;
  const auto done = transact([&]() -> Result<void> {
    const auto quarantined = session_->quarantine(note, gap_reason, keep);
    if (!quarantined) return tl::unexpected<Error>(quarantined.error());
    moved = *quarantined;
    return {};
  });
  if (!done) return tl::unexpected<Error>(done.error());
  control_news_ = control_news_ || moved;
  return moved;
}

Result<std::size_t> Store::store_settled(bool force) {
  if (!session_ || counters_.degraded) return 0;
  const std::size_t waiting = session_->unstored();
  const std::uint64_t purged = session_->rows_purged();
  const bool due = waiting > 0 && (force || waiting >= options_.settle_events_max);
  if (!due && !session_->anchor_due()) return waiting;
  auto done = transact([&] { return session_->store_settled(); });
  if (!done && says_damaged(done.error()) && mend())
    done = transact([&] { return session_->store_settled(); });
  if (!done) return tl::unexpected<Error>(done.error());
  ++counters_.settle_commits;
  commit_news_ = true;
  room_news_ = room_news_ || session_->rows_purged() != purged;
  return session_->unstored();
}

void Store::checkpoint_if_due() {
  if (!session_ || session_->wal_pages() < session_->layout().checkpoint_pages) return;
  checkpoint();
}

void Store::checkpoint() {
  ++(session_->restart_wal() ? counters_.checkpoints : counters_.checkpoint_failures);
}

Result<void> Store::close() {
  Result<void> done;
  // Each round purges at most limits::kPurgeRowsMax rows; what is left is purged after the next opening.
  if (auto stored = store_settled(true); !stored) done = tl::unexpected<Error>(stored.error());
  const bool sound = done && session_ && !counters_.degraded && check_.empty();
  if (sound && !session_->record().clean) {
    // The next opening reads what the WAL holds: two frames then, instead of what came since the last checkpoint.
    checkpoint();
    done = transact([&] { return session_->mark_clean(); });
  }
  backup_.reset();
  session_.reset();
  closed_ = true;
  return done;
}

bool Store::take_control_news() { return std::exchange(control_news_, false); }

}  // namespace holdfast::store
