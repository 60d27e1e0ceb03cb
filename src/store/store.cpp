// SPDX-License-Identifier: MIT
#include "store/store.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <holdfast/platform/clock.hpp>

#include "store/backup.hpp"
#include "store/closure.hpp"
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

}  // namespace

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
  KnownBefore before{.damaged = std::exchange(damaged_, false)};
  for (const LaneMemory& lane : memory_) before.lanes.push_back(lane.known);
  auto opened = open_session(options, platform_, "reopened", before);
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
  session_->fence().enter_closure(Fence::Access::caller_reads);
  Result<void> done = run_closure([&] { return body(reader); });
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
