// SPDX-License-Identifier: MIT
//
// A session's transactions, and what can be seen of it.
#include "store/session.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <holdfast/platform/clock.hpp>

#include "store/migrations.hpp"
#include "store/wal.hpp"

namespace holdfast::store {

int Session::on_wal(void* self, sqlite3* /*db*/, const char* /*schema*/, int pages) noexcept {
  auto* session = static_cast<Session*>(self);
  const auto now = static_cast<std::uint64_t>(pages);
  session->bytes_written_ += (now - std::min(now, session->wal_pages_)) * kWalFrameBytes;
  session->wal_pages_ = now;
  return SQLITE_OK;
}

Result<void> Session::restart_wal() {
  const auto moved = store::restart_wal(connection_);
  if (!moved) return tl::unexpected<Error>(moved.error());
  bytes_written_ += *moved * kPageBytes;
  wal_pages_ = 0;
  return {};
}

// --- transactions ---

// Into what is there already: there is a mark per caller, and it should cost no allocation.
void Session::mark(Mark& mark) const {
  HOLDFAST_CHECK(lanes_.size() <= mark.heads.size());
  for (std::size_t i = 0; i < lanes_.size(); ++i) mark.heads[i] = lanes_[i].head;
  mark.epoch_stored = epoch_.has_value();
  mark.state_bytes = state_.bytes();
  mark.table_pages = table_pages_;
}

void Session::restore(const Mark& mark) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i].head = mark.heads[i];
  state_.restore_bytes(mark.state_bytes);
  table_pages_ = mark.table_pages;
  if (epoch_.has_value() && !mark.epoch_stored) {
    epoch_.reset();
    // If this fails, the epochs in memory are the ones before: the next ensure_epoch() reports the trouble.
    (void)epochs_.reload();
    boot_ = epochs_.boot_number(boot_id_);
  }
  state_.restore_bytes(mark.state_bytes);
  texts_.rolled_back();
}

Result<void> Session::begin() {
  mark(transaction_mark_);
  refused_.clear();
  wanted_.clear();
  paid_.fill(0);
  overflowed_ = false;
  auto done = begin_.run();
  if (!done) return done;
  done = mark_unclean();
  if (!done) roll_back();
  return done;
}

Result<void> Session::begin_read() { return begin_read_.run(); }

void Session::end_read() {
  if (in_transaction()) (void)connection_.execute("ROLLBACK");
}

Result<void> Session::savepoint() {
  mark(savepoint_mark_);
  return savepoint_.run();
}

Result<void> Session::release() { return release_.run(); }

void Session::roll_back_to_savepoint() {
  if (in_transaction()) {
    const bool undone = connection_.execute("ROLLBACK TO hf_caller").has_value() && release().has_value();
    if (!undone) roll_back();
  }
  restore(savepoint_mark_);
}

namespace {

template <class Item>
void erase_front(std::vector<Item>& numbers, std::size_t count) {
  numbers.erase(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace

Result<void> Session::commit() {
  if (auto done = commit_.run(); !done) return done;
  for (Lane& lane : lanes_) {
    lane.durable = lane.head;
    if (lane.staged) lane.record = *std::exchange(lane.staged, std::nullopt);
    rows_purged_ += static_cast<std::uint64_t>(lane.staged_low_seq - lane.low_seq);
    lane.low_seq = lane.staged_low_seq;
    lane.low_bytes = lane.staged_low_bytes;
    for (const Hole& hole : lane.staged_holes) lane.settled.settle_hole(hole);
    lane.hulls.insert(lane.hulls.end(), lane.staged_hulls.begin(), lane.staged_hulls.end());
    lane.shed_events += std::exchange(lane.staged_shed_events, 0);
    lane.staged_holes.clear();
    lane.staged_hulls.clear();
    std::erase_if(lane.hulls, [&](const Hull& hull) { return hull.last <= lane.settled.cursor(); });
  }
  losses_.committed();
  erase_front(acknowledged_epochs_, std::exchange(staged_epochs_, 0));
  erase_front(acknowledged_gaps_, std::exchange(staged_gaps_, 0));
  erase_front(acknowledged_requeued_, std::exchange(staged_requeued_, 0));
  anchor_staged_ = false;
  if (std::exchange(unclean_staged_, false)) {
    marked_unclean_ = true;
    record_.clean = false;
  }
  record_.table_pages = table_pages_;
  epoch_durable_ = epoch_.has_value();
  if (epoch_durable_) record_.restored = false;
  return {};
}

void Session::roll_back() {
  if (in_transaction()) (void)connection_.execute("ROLLBACK");
  restore(transaction_mark_);
  for (Lane& lane : lanes_) {
    lane.staged.reset();
    lane.staged_low_seq = lane.low_seq;
    lane.staged_low_bytes = lane.low_bytes;
    lane.staged_holes.clear();
    lane.staged_hulls.clear();
    lane.staged_shed_events = 0;
  }
  staged_epochs_ = staged_gaps_ = staged_requeued_ = 0;
  unclean_staged_ = false;
  if (std::exchange(anchor_staged_, false)) (void)epochs_.reload();
  (void)losses_.rolled_back();
}

// The first commit of an opening says that it writes; close() takes it back.
Result<void> Session::mark_unclean() {
  if (marked_unclean_) return {};
  auto done = record_.clean ? store_table_.set_clean(false) : Result<void>();
  unclean_staged_ = done.has_value();
  return done;
}

Result<void> Session::mark_clean() {
  auto done = store_table_.set_clean(true);
  // Page 1 goes along, so that the WAL holds a second copy of what says that the file is ours (set_aside.hpp).
  if (done) done = connection_.execute("PRAGMA user_version=" + std::to_string(kSchemaVersion));
  if (done) record_.clean = true;
  return done;
}

// --- looking ---

Session::Lane* Session::find(LaneNumber number) noexcept {
  const auto found =
      std::find_if(lanes_.begin(), lanes_.end(), [&](const Lane& l) { return l.record.lane == number; });
  return found == lanes_.end() ? nullptr : &*found;
}

Session::Lane* Session::find(std::string_view name) noexcept {
  const auto index = index_of(name);
  return index ? &lanes_[*index] : nullptr;
}

std::optional<std::size_t> Session::index_of(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i].record.options.name == name) return i;
  }
  return std::nullopt;
}

const LaneRecord* Session::find_record(LaneNumber number) const noexcept {
  for (const Lane& lane : lanes_) {
    if (lane.record.lane == number) return &lane.record;
  }
  for (const LaneRecord& record : retired_) {
    if (record.lane == number) return &record;
  }
  return nullptr;
}

bool Session::has_event(const EventId& id) {
  Lane* lane = find(std::string_view(id.lane));
  if (lane == nullptr) return false;
  const auto number = lane->rows.epoch_of(id.seq);
  return number && number->has_value() && epochs_.find(**number) == id.epoch;
}

std::optional<Epoch> Session::stored_epoch() const {
  if (!epoch_durable_) return std::nullopt;
  return minted_;
}

std::vector<LaneRecord> Session::lanes() const {
  std::vector<LaneRecord> records;
  for (const Lane& lane : lanes_) {
    records.push_back(lane.record);
    records.back().cursor = lane.settled.cursor();
  }
  return records;
}

namespace {

// Rows of a lane that are neither settled nor given up.
std::int64_t backlog_events(std::int64_t last_seq, const Settled& settled, std::int64_t lost_above) noexcept {
  return last_seq - settled.cursor() - static_cast<std::int64_t>(settled.rows_above()) - lost_above;
}

}  // namespace

std::vector<Watermark> Session::watermarks() const {
  std::vector<Watermark> marks;
  marks.reserve(lanes_.size());
  for (const Lane& lane : lanes_) {
    const std::int64_t lost_above = lane.record.lost_events - lane.events_below();
    marks.push_back({lane.record.lane, lane.durable.last_seq, lane.settled.cursor(),
                     backlog_events(lane.durable.last_seq, lane.settled, lost_above)});
  }
  return marks;
}

std::vector<LaneMemory> Session::memory() const {
  std::vector<LaneMemory> memory;
  for (const Lane& lane : lanes_) {
    memory.push_back({{lane.record.lane, lane.record.options.name, lane.durable.last_seq},
                      lane.settled,
                      lane.lost_events_below,
                      lane.lost_bytes_below,
                      lane.pins,
                      lane.rejected_events,
                      lane.shed_events});
  }
  return memory;
}

void Session::adopt(const std::vector<LaneMemory>& memory) {
  for (const LaneMemory& before : memory) {
    Lane* lane = find(before.known.lane);
    if (lane == nullptr) continue;
    HOLDFAST_CHECK(lane->durable.last_seq >= before.known.last_seq);
    lane->rejected_events = before.rejected_events;
    lane->shed_events = before.shed_events;
    lane->settled = before.settled;
    lane->lost_events_below = before.lost_events_below;
    lane->lost_bytes_below = before.lost_bytes_below;
    // A shed whose commit was in doubt may have happened after all: the file's gaps say so.
    lane->hulls.clear();
    (void)settle_declared(*lane);
    lane->pins = before.pins;
  }
}

std::vector<LaneStatistics> Session::lane_statistics() {
  std::vector<LaneStatistics> all;
  const Instant now = platform_.clock.now();
  const std::vector<Watermark> marks = watermarks();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    LaneStatistics s;
    s.name = lane.record.options.name;
    s.committed_seq = marks[i].committed_seq;
    s.settled_seq = marks[i].settled_seq;
    s.backlog_events = marks[i].backlog_events;
    const auto settled_bytes = lane.rows.total_bytes_below_next(s.settled_seq);
    const std::int64_t total = lane.durable.total_bytes;
    if (s.backlog_events > 0 && settled_bytes) {
      const std::int64_t lost_above = lane.record.lost_bytes - lane.bytes_below();
      s.backlog_bytes = std::max<std::int64_t>(total - settled_bytes->value_or(total) - lost_above, 0);
    }
    const auto quarantined =
        losses_.quarantined() == 0 ? Result<std::int64_t>(0) : losses_.quarantined_of(lane.record.lane);
    s.quarantined_events = quarantined.value_or(0);
    s.lost_events_ever = lane.record.lost_events;
    s.lost_bytes_ever = lane.record.lost_bytes;
    s.retained_events = std::max<std::int64_t>(lane.record.cursor - lane.low_seq + 1, 0);
    s.retained_bytes = static_cast<std::int64_t>(retained_bytes(lane));
    s.rejected_events = lane.rejected_events;
    s.shed_events = lane.shed_events;
    s.paused = lane.record.paused;
    if (s.backlog_events > 0) {
      const auto oldest = lane.rows.committed_after(s.settled_seq);
      if (oldest && oldest->has_value() && (*oldest)->boot == boot_)
        s.oldest_age = now - (*oldest)->since_boot;
    }
    all.push_back(std::move(s));
  }
  return all;
}

void Session::add_figures(StoreStatistics& statistics) {
  statistics.budget_bytes = record_.budget_bytes;
  statistics.reserve_bytes = layout_.reserve_pages * kPageBytes;
  statistics.growing = record_.growing;
  statistics.file_system = file_system_;
  statistics.warning = warning_;
  statistics.wal_pages = wal_pages_;
  statistics.state_bytes = static_cast<std::uint64_t>(state_.bytes());
  statistics.tables_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(table_pages_, 0)) * kPageBytes;
  const auto now = room();
  if (!now) return;
  statistics.database_bytes = now->pages * kPageBytes;
  statistics.free_bytes = now->free * kPageBytes;
}

}  // namespace holdfast::store
