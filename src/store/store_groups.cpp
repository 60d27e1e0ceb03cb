// SPDX-License-Identifier: MIT
//
// The part of the store that commits groups of writes, and finds out what became of a commit that failed.
#include <algorithm>
#include <holdfast/check.hpp>

#include "store/closure.hpp"
#include "store/store.hpp"

namespace holdfast::store {

/// The Transaction that a write closure sees.
class Store::Writing final : public Transaction {
 public:
  explicit Writing(Store& store) : store_(store) {}

  [[nodiscard]] Result<std::optional<StateEntry>> get(std::string_view key) const override {
    return store_.session_->get(key);
  }
  [[nodiscard]] Result<std::vector<StateEntry>> list(std::string_view prefix, std::string_view after,
                                                     std::size_t entries_max) const override {
    return store_.session_->list(prefix, after, entries_max);
  }
  [[nodiscard]] sqlite3* sql() const override {
    store_.session_->watch_callers_sql();
    return store_.session_->handle();
  }

  Result<std::int64_t> put(std::string_view key, std::span<const std::byte> value,
                           std::string_view content_type) override {
    if (auto done = take_bytes(value.size()); !done) return tl::unexpected<Error>(done.error());
    return store_.session_->put(key, value, content_type);
  }
  Result<bool> erase(std::string_view key) override { return store_.session_->erase(key); }

  Result<EventId> add(const Event& event) override {
    if (receipt_.events.size() >= limits::kWriteEventsMax) {
      return fail(ErrorCode::too_large, "add event",
                  "more than " + std::to_string(limits::kWriteEventsMax) + " events in one write");
    }
    if (auto done = take_bytes(event.data.size()); !done) return tl::unexpected<Error>(done.error());
    auto id = store_.session_->add(event);
    if (id) receipt_.events.push_back(*id);
    return id;
  }

  [[nodiscard]] Receipt take_receipt() { return std::move(receipt_); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  Result<void> take_bytes(std::size_t bytes) {
    bytes_ += bytes;
    const std::uint64_t most = store_.session_->layout().group_bytes;
    if (bytes_ <= most) return {};
    return fail(ErrorCode::too_large, "write",
                "more than " + std::to_string(most) + " bytes in one write; divide it into several");
  }

  Store& store_;
  Receipt receipt_;
  std::size_t bytes_ = 0;
};

// --- group commit ---

std::size_t Store::commit_group(std::span<WriteJob> jobs) {
  HOLDFAST_CHECK(!jobs.empty());
  const std::size_t ran = run_group(jobs);
  mend_for(jobs.first(ran));
  for (const WriteJob& job : jobs.first(ran)) {
    ++(job.outcome ? counters_.writes_committed : counters_.writes_failed);
  }
  return ran;
}

std::size_t Store::run_group(std::span<WriteJob> jobs) {
  if (counters_.degraded || !have_session()) {
    jobs[0].outcome = no_service();
    return 1;
  }
  if (jobs.size() == 1) {
    run_alone(jobs[0]);
    return 1;
  }
  if (const std::size_t ran = run_bare(jobs); ran > 0) return ran;
  if (auto begun = begin_group(); !begun) {
    jobs[0].outcome = tl::unexpected<Error>(begun.error());
    return 1;
  }
  bool intact = true;
  std::size_t ran = run_jobs(jobs, intact);
  const auto wanted = session_->take_wanted();
  if (intact && !wanted.empty()) {
    const auto made = make_room(wanted);
    if (made && *made) ran = run_jobs(jobs.first(ran), intact);
    if (!made) {
      for (WriteJob& job : jobs.first(ran)) job.outcome = tl::unexpected<Error>(made.error());
      return ran;
    }
  }
  if (intact) {
    const bool some_want = !session_->take_wanted().empty();
    finish(jobs.first(ran));
    if (some_want) run_the_refused_alone(jobs.first(ran));
    return ran;
  }
  // SQLITE_FULL, OR ROLLBACK, a closure that changes too much and the like ended the transaction under everyone. The
  // last one to run has its error, and it is the others' turn again.
  session_->roll_back();
  ++counters_.groups_split;
  for (WriteJob& job : jobs.first(ran - 1)) run_alone(job);
  if (jobs[ran - 1].outcome || session_ == nullptr) return ran;
  if (jobs[ran - 1].outcome.error().code == ErrorCode::too_large)
    run_alone(jobs[ran - 1]);  // others took part
  return ran;
}

// Almost always every caller of a group succeeds, and then none of them needs a savepoint, which is a fifth of what an
// event costs. If one fails after all, everything is rolled back and the group runs again with savepoints, as do the
// next kCarefulGroups. Returns how many jobs have their outcome; 0: none.
std::size_t Store::run_bare(std::span<WriteJob> jobs) {
  if (careful_groups_ > 0) {
    --careful_groups_;
    return 0;
  }
  if (auto begun = begin_group(); !begun) {
    jobs[0].outcome = tl::unexpected<Error>(begun.error());
    return 1;
  }
  std::size_t ran = 0;
  while (ran < jobs.size() && has_room_in_group()) {
    WriteJob& job = jobs[ran++];
    job.outcome = run_job(job);
    if (job.outcome) continue;
    session_->roll_back();
    careful_groups_ = kCarefulGroups;
    return 0;
  }
  finish(jobs.first(ran));
  return ran;
}

bool Store::has_room_in_group() const {
  return group_events_ < options_.group_events_max && group_bytes_ < session_->layout().group_bytes;
}

std::size_t Store::run_jobs(std::span<WriteJob> jobs, bool& intact) {
  std::size_t ran = 0;
  while (intact && ran < jobs.size() && has_room_in_group()) {
    run_in_savepoint(jobs[ran++]);
    intact = session_->in_transaction() && !session_->overflowed();
  }
  return ran;
}

// Acknowledgements come first in a commit: at the budget, deleting after inserting would live-lock. If they
// cannot be stored they wait, and the producers begin without them.
Result<void> Store::begin_group() {
  group_events_ = group_bytes_ = 0;
  if (auto fits = keep_wal_bounded(); !fits) return fits;
  if (auto begun = session_->begin(); !begun) return begun;
  look_at_pressure();
  Result<void> done;
  if (settled_is_worth_a_ride()) done = session_->store_settled();
  if (done) done = relieve();
  if (done) return done;
  session_->roll_back();
  return session_->begin();
}

bool Store::settled_is_worth_a_ride() const {
  const std::size_t most = gauge_.state() >= Pressure::shed ? 1 : kRideEventsMin;
  return session_->unstored() >= most || session_->anchor_due();
}

void Store::run_alone(WriteJob& job) {
  for (int attempt = 0; attempt < kRoomTries; ++attempt) {
    if (counters_.degraded || !have_session()) {  // a commit of the same group may have failed before
      job.outcome = no_service();
      return;
    }
    if (attempt == 0) {
      if (auto begun = begin_group(); !begun) {
        job.outcome = tl::unexpected<Error>(begun.error());
        return;
      }
    }
    job.outcome = run_job(job);
    if (job.outcome) return finish(std::span(&job, 1));
    auto wanted = session_->take_wanted();
    // A write of many events asks for one at a time: the second try makes room for more of them.
    if (attempt > 0) {
      for (Wanted& want : wanted) want.bytes = std::max(want.bytes, session_->layout().block_bytes);
    }
    const bool may_try = attempt + 1 < kRoomTries && !wanted.empty();
    const auto made = may_try ? make_room(wanted) : Result<bool>(false);
    if (made && *made) continue;
    session_->count_refused();
    session_->roll_back();
    return;
  }
}

void Store::run_in_savepoint(WriteJob& job) {
  if (auto done = session_->savepoint(); !done) {
    job.outcome = tl::unexpected<Error>(done.error());
    session_->roll_back_to_savepoint();
    return;
  }
  job.outcome = run_job(job);
  if (job.outcome) {
    const auto done = session_->release();
    if (done) return;
    job.outcome = tl::unexpected<Error>(done.error());
  }
  session_->roll_back_to_savepoint();
}

Result<Receipt> Store::run_job(WriteJob& job) {
  if (!job.idempotency_key.empty()) {
    auto known = session_->first_answer(job.idempotency_key);
    if (!known) return tl::unexpected<Error>(known.error());
    if (*known) return std::move(**known);
  }
  auto receipt = run_body(*job.body);
  job.room_may_come = !receipt && session_->refused_by_blocking();
  if (!receipt || job.idempotency_key.empty()) return receipt;
  auto done = session_->remember_answer(job.idempotency_key, *receipt);
  if (!done) return tl::unexpected<Error>(done.error());
  return receipt;
}

Result<Receipt> Store::run_body(const WriteBody& body) {
  Writing writing(*this);
  session_->enter_closure();
  session_->fence().enter_closure(Fence::Access::caller_writes);
  Result<void> done = run_closure([&] { return body(writing); });
  const auto clean = session_->fence().leave_closure();
  if (done && !clean) done = clean;
  const auto bounded = session_->check_closure();
  if (!bounded && (done || session_->overflowed())) done = bounded;
  if (done && !session_->in_transaction()) {
    done = fail(ErrorCode::invalid, "write", "a statement of the closure ended the transaction");
  }
  if (!done) return tl::unexpected<Error>(done.error());
  Receipt receipt = writing.take_receipt();
  group_events_ += receipt.events.size();
  group_bytes_ += writing.bytes();
  return receipt;
}

void Store::finish(std::span<WriteJob> jobs) {
  session_->count_refused();
  const bool any =
      std::any_of(jobs.begin(), jobs.end(), [](const WriteJob& job) { return job.outcome.has_value(); });
  if (!any) {
    session_->roll_back();
    return;
  }
  if (auto done = session_->commit(); !done) {
    resolve_failed_commit(jobs, done.error());
    return;
  }
  count_committed();
}

void Store::count_committed() {
  commit_news_ = true;
  ++counters_.groups_committed;
  counters_.events_committed += group_events_;
  counters_.event_bytes_committed += group_bytes_;
  counters_.group_events_largest = std::max<std::uint64_t>(counters_.group_events_largest, group_events_);
  if (!epoch_known_ && session_->stored_epoch()) {
    epoch_known_ = true;
    control_news_ = true;
  }
}

// --- a failed COMMIT ---

tl::unexpected<Error> commit_failed(Error error) {
  if (error.code == ErrorCode::io_error || error.code == ErrorCode::full) {
    error.code = ErrorCode::outcome_unknown;
    error.hint = error.native == SQLITE_FULL ? "the file system has no room" : error.hint;
    error.hint += "; look whether it was done";
  }
  return tl::unexpected<Error>(std::move(error));
}

void Store::resolve_failed_commit(std::span<WriteJob> jobs, const Error& error) {
  std::optional<EventId> witness;  // one transaction: any of its events speaks for all
  for (const WriteJob& job : jobs) {
    if (job.outcome && !job.outcome->events.empty()) witness = job.outcome->events.front();
  }
  session_->roll_back();
  if (error.code != ErrorCode::full) count_trouble();
  const bool looked = reopen();
  if (session_) look_at_pressure();
  if (looked && witness && session_->has_event(*witness)) {
    count_committed();
    return;
  }
  Error told = error;
  told.where = "commit";
  if (!looked || !witness) {
    ++counters_.commits_unknown;
    told.code = ErrorCode::outcome_unknown;
    told.hint = error.hint + "; look whether it is there before writing it again";
  } else if (error.code == ErrorCode::full) {
    told.code = ErrorCode::disk_full;  // the budget speaks up in a statement; at COMMIT it is the file system
  }
  const bool nothing_happened = looked && witness.has_value();
  if (nothing_happened && error.code == ErrorCode::full && !std::exchange(running_again_, true)) {
    for (WriteJob& job : jobs) {
      if (job.outcome) run_alone(job);
    }
    running_again_ = false;
    return;
  }
  for (WriteJob& job : jobs) {
    if (!job.outcome) continue;
    job.outcome = tl::unexpected<Error>(told);
  }
}

// A checkpoint that fails for good must not let the WAL grow past its provision: no further commit then.
Result<void> Store::keep_wal_bounded() {
  const Layout& layout = session_->layout();
  if (session_->wal_pages() + layout.group_pages < layout.wal_frames) return {};
  auto moved = session_->restart_wal();
  ++(moved ? counters_.checkpoints : counters_.checkpoint_failures);
  return moved;
}

// Room was made once for all of them, and was not enough for these.
void Store::run_the_refused_alone(std::span<WriteJob> jobs) {
  for (WriteJob& job : jobs) {
    if (!job.outcome && job.outcome.error().code == ErrorCode::full) run_alone(job);
  }
}

}  // namespace holdfast::store
