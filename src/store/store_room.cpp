// SPDX-License-Identifier: MIT
//
// The part of the store that decides who gives way when room is short, and does what can wait.
#include <algorithm>
#include <holdfast/platform/clock.hpp>

#include "store/backup.hpp"
#include "store/store.hpp"

namespace holdfast::store {

// At the beginning of each group, and after each commit of our own: two PRAGMAs.
void Store::look_at_pressure() {
  const auto room = session_->room();
  if (!room) return;
  const Layout& layout = session_->layout();
  const std::uint64_t retained = session_->retained_pages();
  const std::uint64_t used = room->used();
  const Pressure before = gauge_.state();
  const Pressure now = gauge_.look({.used_pages = used - std::min(used, retained),
                                    .capacity_pages = layout.database_pages,
                                    .trouble = std::exchange(trouble_news_, false),
                                    .committed = std::exchange(commit_news_, false)});
  session_->set_pressure(now, room->left() < layout.reserve_pages + layout.group_pages);
  if (now < before) room_news_ = true;
  if (now != before && options_.on_pressure) options_.on_pressure(now, gauge_.reason());
}

// In a producer's transaction: the policies give up a few blocks; the next group goes on if that is not enough.
Result<void> Store::relieve() {
  if (gauge_.pages_over() == 0) return {};
  const auto loads = session_->loads();
  const auto steps =
      flow::plan_shed(gauge_.state(), loads, session_->event_capacity(), gauge_.pages_over() * kPageBytes);
  const auto given_up = give_up(steps);
  if (!given_up) return tl::unexpected<Error>(given_up.error());
  return {};
}

Result<std::uint64_t> Store::give_up(std::span<const flow::ShedStep> steps) {
  std::uint64_t all = 0;
  std::size_t blocks = 0;
  for (const flow::ShedStep& step : steps) {
    for (std::uint64_t given = 0; given < step.bytes && blocks < kShedBlocksMax; ++blocks) {
      auto bytes = session_->shed(step.lane, step.bytes - given);
      if (!bytes) return bytes;
      if (*bytes == 0) break;
      given += *bytes;
      all += *bytes;
    }
  }
  if (all > 0) control_news_ = true;
  return all;
}

// The group found no room. It is rolled back, and what its lanes may take is taken, in a transaction that the group then
// joins. False, and nothing changed: nobody may give way.
Result<bool> Store::make_room(std::span<const Wanted> wanted) {
  std::vector<flow::ShedStep> steps;
  const auto loads = session_->loads();
  for (const Wanted& want : wanted) {
    for (const flow::ShedStep& step : flow::plan_room(loads, want.lane, want.bytes)) steps.push_back(step);
  }
  const bool settled_waits = session_->unstored() > 0;
  if (steps.empty() && !settled_waits) return false;
  session_->roll_back();
  group_events_ = group_bytes_ = 0;
  if (auto begun = session_->begin(); !begun) return tl::unexpected<Error>(begun.error());
  auto done = session_->store_settled();
  const auto given_up = done ? give_up(steps) : Result<std::uint64_t>(tl::unexpected<Error>(done.error()));
  if (given_up) return true;
  session_->roll_back();
  return tl::unexpected<Error>(given_up.error());
}

bool Store::take_room_news() { return std::exchange(room_news_, false); }

// --- what can wait ---

Result<bool> Store::keep_house() {
  auto more = keep_house_once();
  if (!more && says_damaged(more.error()) && mend()) more = keep_house_once();
  return more;
}

Result<bool> Store::keep_house_once() {
  if (!session_ || counters_.degraded) return false;
  if (const auto lane = session_->lane_to_expire()) {
    auto done = transact([&]() -> Result<void> {
      const auto given_up = session_->expire(*lane);
      if (!given_up) return tl::unexpected<Error>(given_up.error());
      return {};
    });
    if (!done) return tl::unexpected<Error>(done.error());
    control_news_ = room_news_ = true;
    return true;
  }
  const auto room = session_->room();
  if (!room) return tl::unexpected<Error>(room.error());
  if (room->left() < session_->layout().reserve_pages + session_->layout().group_pages) {
    const auto grown = session_->grow();
    if (!grown) return tl::unexpected<Error>(grown.error());
    if (*grown) {
      room_news_ = true;
      return true;
    }
  }
  if (auto relieved = relieve_alone(); !relieved || *relieved) return relieved;
  if (auto probed = probe_medium(); !probed) return tl::unexpected<Error>(probed.error());
  return check_rows();
}

// Pressure that nobody's write relieves: the producers may have stopped.
Result<bool> Store::relieve_alone() {
  look_at_pressure();
  const bool purge = gauge_.state() >= Pressure::conserve && session_->retained_pages() > 0;
  const auto steps = flow::plan_shed(gauge_.state(), session_->loads(), session_->event_capacity(),
                                     gauge_.pages_over() * kPageBytes);
  if (!purge && steps.empty()) return false;
  std::uint64_t given_up = 0;
  auto done = transact([&]() -> Result<void> {
    if (auto stored = session_->store_settled(); !stored) return stored;
    const auto given = give_up(steps);
    if (!given) return tl::unexpected<Error>(given.error());
    given_up = *given;
    return {};
  });
  if (!done) return tl::unexpected<Error>(done.error());
  room_news_ = true;
  return purge || given_up > 0;
}

// After an I/O error only the highest lane is served until a commit has succeeded; if nobody writes there, a commit of
// our own finds out. Once a round of the housekeeping at most, which the caller paces.
Result<void> Store::probe_medium() {
  if (gauge_.state() != Pressure::emergency || gauge_.pages_over() > 0) return {};
  auto done = transact([&] { return session_->touch(); });
  if (!done) return done;
  commit_news_ = true;
  look_at_pressure();
  return {};
}

// --- checking rows ---

void Store::begin_check() {
  check_.clear();
  if (!session_) return;
  for (const Watermark& mark : session_->watermarks()) {
    if (mark.committed_seq > mark.settled_seq)
      check_.push_back({mark.lane, mark.settled_seq, mark.committed_seq});
  }
}

bool Store::check_slice() {
  const auto more = check_rows();
  if (!more) check_.clear();  // the next opening, or a check that is asked for, begins again
  return more && *more;
}

Result<bool> Store::check_rows() {
  if (check_.empty()) return false;
  CheckSpan& span = check_.back();
  const auto checked = session_->check_rows(span.lane, span.after_seq, span.to_seq);
  if (!checked) return tl::unexpected<Error>(checked.error());
  counters_.rows_checked += checked->rows;
  const LaneNumber lane = span.lane;
  span.after_seq = checked->end_seq;
  if (span.after_seq >= span.to_seq) check_.pop_back();
  if (checked->damaged_seq) {
    const RefusalNote note{lane, *checked->damaged_seq, 0, "the row's checksum does not fit",
                           platform_.clock.wall().utc};
    (void)give_up_damaged(note);  // else the relay's walk comes to it
  }
  return !check_.empty();
}

Result<CheckReport> Store::end_check() {
  if (!have_session()) return fail(ErrorCode::io_error, "check the store", "the store is not usable now");
  CheckReport report{counters_.rows_checked, counters_.rows_damaged, {}};
  auto findings = session_->check_structure();
  if (!findings) return tl::unexpected<Error>(findings.error());
  report.findings = std::move(*findings);
  return report;
}

}  // namespace holdfast::store
