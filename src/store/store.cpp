// SPDX-License-Identifier: MIT
#include "store/store.hpp"

#include <algorithm>
#include <exception>
#include <holdfast/check.hpp>
#include <holdfast/platform/clock.hpp>

#include "store/backup.hpp"
#include "store/opening.hpp"

namespace holdfast::store {
namespace {

class SessionReader final : public Reader {
 public:
  explicit SessionReader(Session& session) : session_(session) {}
  [[nodiscard]] Result<std::optional<StateEntry>> get(std::string_view key) const override {
    return session_.get(key);
  }
  [[nodiscard]] Result<std::vector<StateEntry>> list(std::string_view prefix, std::string_view after,
                                                     std::size_t entries_max) const override {
    return session_.list(prefix, after, entries_max);
  }
  [[nodiscard]] sqlite3* sql() const override { return session_.handle(); }

 private:
  Session& session_;
};

tl::unexpected<Error> no_service() {
  return fail(ErrorCode::io_error, "use the store",
              "it had I/O errors and is not usable now; see the kernel's log, then restart");
}

tl::unexpected<Error> threw(const char* what) {
  return fail(ErrorCode::invalid, "run the closure", std::string("it threw an exception: ") + what);
}

}  // namespace

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

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options, PlatformView platform) {
  auto opened = open_session(options, platform, "opened");
  if (!opened) return tl::unexpected<Error>(opened.error());
  std::unique_ptr<Store> store(new Store(options, platform, std::move(opened->session)));
  store->note_set_aside(opened->set_aside);
  return store;
}

Store::Store(const StoreOptions& options, PlatformView platform, std::unique_ptr<Session> session)
    : options_(options), platform_(platform), device_(session->device()), session_(std::move(session)) {
  if (session_->was_unclean()) begin_check();
  look_at_pressure();
}

Store::~Store() = default;

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
  Result<void> done;
  session_->enter_closure();
  session_->fence().enter_closure(Fence::Access::caller_writes);
  try {
    done = body(writing);
  } catch (const std::exception& e) {
    done = threw(e.what());
  } catch (...) {
    done = threw("of an unknown type");
  }
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

// A full disk is no trouble of this kind: it passes when somebody makes room.
void Store::count_trouble() {
  const Instant now = platform_.clock.now();
  trouble_news_ = true;
  if (last_trouble_ && now - *last_trouble_ < kTroubleSpan) counters_.degraded = true;
  last_trouble_ = now;
}

bool Store::reopen() {
  purged_before_ += session_->rows_purged();
  written_before_ += session_->bytes_written();
  backup_.reset();  // it reads through the connection that goes
  memory_ = session_->memory();
  session_.reset();  // the connection must be gone before the file is opened again
  return open_again();
}

bool Store::open_again() {
  last_opening_ = platform_.clock.now();
  StoreOptions options = options_;
  options.create = false;  // a file that has vanished is not replaced by an empty one
  auto opened = open_session(options, platform_, "reopened", std::exchange(damaged_, false));
  if (!opened) return false;
  session_ = std::move(opened->session);
  note_set_aside(opened->set_aside);
  session_->adopt(memory_);
  epoch_known_ = false;
  control_news_ = true;
  if (session_->was_unclean()) begin_check();
  return true;
}

void Store::note_set_aside(const std::optional<SetAside>& aside) {
  if (!aside) return;
  counters_.rows_damaged += static_cast<std::uint64_t>(aside->report.rows_lost);
  set_aside_ = "the store was damaged and set aside as " + aside->damaged_path + ": " +
               std::to_string(aside->report.rows_saved) + " events saved, " +
               std::to_string(aside->report.rows_lost) + " declared lost";
}

bool Store::have_session() {
  if (session_) return true;
  if (closed_ || platform_.clock.now() - last_opening_ < kReopenPause) return false;
  return open_again();
}

// --- reading ---

Result<void> Store::read(const ReadBody& body) {
  if (!have_session()) return no_service();
  if (auto begun = session_->begin_read(); !begun) return begun;
  const SessionReader reader(*session_);
  Result<void> done;
  session_->fence().enter_closure(Fence::Access::caller_reads);
  try {
    done = body(reader);
  } catch (const std::exception& e) {
    done = threw(e.what());
  } catch (...) {
    done = threw("of an unknown type");
  }
  const auto clean = session_->fence().leave_closure();
  session_->end_read();
  if (!done) (void)mend_if_damaged(done.error());  // for the next one: this closure has run
  return done ? clean : done;
}

std::vector<LaneRecord> Store::lanes() const {
  return session_ ? session_->lanes() : std::vector<LaneRecord>();
}

std::vector<Watermark> Store::watermarks() const {
  return session_ ? session_->watermarks() : std::vector<Watermark>();
}

StoreStatistics Store::statistics() {
  StoreStatistics statistics = counters_;
  statistics.device = device_;
  statistics.pressure = gauge_.state();
  statistics.pressure_reason = gauge_.reason();
  statistics.check_running = !check_.empty();
  statistics.rows_purged = purged_before_;
  statistics.bytes_written = written_before_;
  if (!session_) {
    statistics.degraded = true;
    return statistics;
  }
  statistics.newest_epoch = session_->newest_epoch();
  refresh(statistics);
  session_->add_figures(statistics);
  if (!set_aside_.empty()) statistics.warning = set_aside_;
  return statistics;
}

void Store::refresh(StoreStatistics& statistics) const {
  statistics.writes_committed = counters_.writes_committed;
  statistics.writes_failed = counters_.writes_failed;
  statistics.events_committed = counters_.events_committed;
  statistics.event_bytes_committed = counters_.event_bytes_committed;
  statistics.groups_committed = counters_.groups_committed;
  statistics.group_events_largest = counters_.group_events_largest;
  statistics.groups_split = counters_.groups_split;
  statistics.commits_unknown = counters_.commits_unknown;
  statistics.settle_commits = counters_.settle_commits;
  statistics.checkpoints = counters_.checkpoints;
  statistics.checkpoint_failures = counters_.checkpoint_failures;
  statistics.rows_checked = counters_.rows_checked;
  statistics.rows_damaged = counters_.rows_damaged;
  if (statistics.pressure != gauge_.state()) {
    statistics.pressure = gauge_.state();
    statistics.pressure_reason = gauge_.reason();
  }
  statistics.check_running = !check_.empty();
  statistics.degraded = counters_.degraded || !session_;
  if (!session_) return;
  statistics.rows_purged = purged_before_ + session_->rows_purged();
  statistics.bytes_written = written_before_ + session_->bytes_written();
  statistics.wal_pages = session_->wal_pages();
  if (const auto epoch = session_->stored_epoch()) statistics.epoch = statistics.newest_epoch = epoch;
}

std::vector<LaneStatistics> Store::lane_statistics() {
  return session_ ? session_->lane_statistics() : std::vector<LaneStatistics>();
}

}  // namespace holdfast::store
