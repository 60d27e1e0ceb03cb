// SPDX-License-Identifier: MIT
#include "store/store.hpp"

#include <algorithm>
#include <exception>
#include <holdfast/check.hpp>
#include <holdfast/platform/clock.hpp>

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
  [[nodiscard]] sqlite3* sql() const override { return store_.session_->handle(); }

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
    if (bytes_ <= limits::kGroupBytesMax) return {};
    return fail(ErrorCode::too_large, "write",
                "more than " + std::to_string(limits::kGroupBytesMax) + " bytes in one write");
  }

  Store& store_;
  Receipt receipt_;
  std::size_t bytes_ = 0;
};

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options, PlatformView platform) {
  auto session = Session::open(options, platform, "opened");
  if (!session) return tl::unexpected<Error>(session.error());
  return std::unique_ptr<Store>(new Store(options, platform, std::move(*session)));
}

Store::Store(const StoreOptions& options, PlatformView platform, std::unique_ptr<Session> session)
    : options_(options), platform_(platform), device_(session->device()), session_(std::move(session)) {}

Store::~Store() = default;

// --- group commit ---

std::size_t Store::commit_group(std::span<WriteJob> jobs) {
  HOLDFAST_CHECK(!jobs.empty());
  const std::size_t ran = run_group(jobs);
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
  if (auto begun = begin_group(); !begun) {
    jobs[0].outcome = tl::unexpected<Error>(begun.error());
    return 1;
  }
  bool intact = true;
  std::size_t ran = 0;
  while (intact && ran < jobs.size() && group_events_ < limits::kGroupEventsMax &&
         group_bytes_ < limits::kGroupBytesMax) {
    run_in_savepoint(jobs[ran++]);
    intact = session_->in_transaction();
  }
  if (intact) {
    finish(jobs.first(ran));
    return ran;
  }
  // SQLITE_FULL, OR ROLLBACK and the like ended the transaction under everyone. The last one to run has its
  // error.
  session_->roll_back();
  ++counters_.groups_split;
  for (WriteJob& job : jobs.first(ran - 1)) run_alone(job);
  return ran;
}

// Acknowledgements come first in a commit: at the budget, deleting after inserting would live-lock. If they
// cannot be stored they wait, and the producers begin without them.
Result<void> Store::begin_group() {
  group_events_ = group_bytes_ = 0;
  auto begun = session_->begin();
  if (!begun || session_->unstored() < kRideEventsMin || session_->store_settled()) return begun;
  session_->roll_back();
  return session_->begin();
}

void Store::run_alone(WriteJob& job) {
  if (counters_.degraded || !have_session()) {  // a commit of the same group may have failed before
    job.outcome = no_service();
    return;
  }
  if (auto begun = begin_group(); !begun) {
    job.outcome = tl::unexpected<Error>(begun.error());
    return;
  }
  job.outcome = run_body(*job.body);
  if (job.outcome) {
    finish(std::span(&job, 1));
  } else {
    session_->roll_back();
  }
}

void Store::run_in_savepoint(WriteJob& job) {
  if (auto done = session_->savepoint(); !done) {
    job.outcome = tl::unexpected<Error>(done.error());
    session_->roll_back_to_savepoint();
    return;
  }
  job.outcome = run_body(*job.body);
  if (job.outcome) {
    const auto done = session_->release();
    if (done) return;
    job.outcome = tl::unexpected<Error>(done.error());
  }
  session_->roll_back_to_savepoint();
}

Result<Receipt> Store::run_body(const WriteBody& body) {
  Writing writing(*this);
  Result<void> done;
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
  for (WriteJob& job : jobs) {
    if (!job.outcome) continue;
    job.outcome = tl::unexpected<Error>(told);
  }
}

// A full disk is no trouble of this kind: it passes when somebody makes room.
void Store::count_trouble() {
  const Instant now = platform_.clock.now();
  if (last_trouble_ && now - *last_trouble_ < kTroubleSpan) counters_.degraded = true;
  last_trouble_ = now;
}

bool Store::reopen() {
  purged_before_ += session_->rows_purged();
  memory_ = session_->memory();
  session_.reset();  // the connection must be gone before the file is opened again
  return open_again();
}

bool Store::open_again() {
  last_opening_ = platform_.clock.now();
  StoreOptions options = options_;
  options.create = false;  // a file that has vanished is not replaced by an empty one
  auto session = Session::open(options, platform_, "reopened");
  if (!session) return false;
  session_ = std::move(*session);
  session_->adopt(memory_);
  epoch_known_ = false;
  control_news_ = true;
  return true;
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
  statistics.budget_bytes = options_.budget_bytes == 0 ? 64ULL << 20U : options_.budget_bytes;
  statistics.rows_purged = purged_before_;
  if (!session_) {
    statistics.degraded = true;
    return statistics;
  }
  statistics.epoch = session_->stored_epoch();
  statistics.newest_epoch = session_->newest_epoch();
  statistics.rows_purged += session_->rows_purged();
  statistics.wal_pages = session_->wal_pages();
  session_->add_page_counts(statistics);
  return statistics;
}

std::vector<LaneStatistics> Store::lane_statistics() {
  return session_ ? session_->lane_statistics() : std::vector<LaneStatistics>();
}

}  // namespace holdfast::store
