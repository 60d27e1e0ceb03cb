// SPDX-License-Identifier: MIT
//
// The part of a session that counts pages and bytes, refuses what would break a bound, and gives up events when it is
// told to.
#include <algorithm>
#include <holdfast/check.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/disk.hpp>

#include "store/provision.hpp"
#include "store/session.hpp"

namespace holdfast::store {
namespace {

// What a row takes beside its data: cell and columns, measured 90 to 130 bytes with short keys.
constexpr std::uint64_t kRowOverheadBytes = 110;
// Free pages that are asked for beyond the reserve, so that the next write need not ask again at once.
constexpr std::uint64_t kMarginPages = 16;

std::uint64_t row_bytes(std::int64_t data_bytes, std::int64_t rows) noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(data_bytes, 0)) +
         kRowOverheadBytes * static_cast<std::uint64_t>(std::max<std::int64_t>(rows, 0));
}

Result<std::uint64_t> pragma_value(Statement& pragma) {
  const ResetGuard guard(pragma);
  const auto stepped = pragma.step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  return static_cast<std::uint64_t>(pragma.integer(0));
}

}  // namespace

// --- pages ---

Result<Room> Session::room() {
  const FenceGap gap(*fence_);  // asked for inside a caller's closure, too
  const auto pages = pragma_value(page_count_);
  if (!pages) return tl::unexpected<Error>(pages.error());
  const auto free = pragma_value(freelist_count_);
  if (!free) return tl::unexpected<Error>(free.error());
  return Room{*pages, *free, std::max(page_limit_, *pages)};
}

Result<std::uint64_t> Session::used_pages() {
  const auto now = room();
  if (!now) return tl::unexpected<Error>(now.error());
  return now->used();
}

// An upper bound, 6 % high at most: what the cache holds beyond its size is dirty, and each page costs more than
// itself.
std::uint64_t Session::dirty_pages() const noexcept {
  int bytes = 0;
  int high = 0;
  if (sqlite3_db_status(handle(), SQLITE_DBSTATUS_CACHE_USED, &bytes, &high, 0) != SQLITE_OK) return 0;
  return static_cast<std::uint64_t>(std::max(bytes, 0)) / kPageBytes;
}

int Session::on_progress(void* self) noexcept {
  auto* session = static_cast<Session*>(self);
  if (session->dirty_pages() <= session->layout_.group_pages) return 0;
  session->overflowed_ = true;
  return 1;  // the statement ends with SQLITE_INTERRUPT, and the whole transaction with it
}

void Session::set_pressure(Pressure pressure, bool tight) noexcept {
  pressure_ = pressure;
  tight_ = tight;
}

// --- one closure ---

void Session::enter_closure() noexcept {
  callers_sql_ = false;
  job_lanes_.clear();
  refused_before_ = refused_.size();
}

void Session::watch_callers_sql() {
  if (callers_sql_) return;
  constexpr int kStepsBetweenLooks = 1000;  // some tens of microseconds
  callers_sql_ = true;
  own_pages_ = 0;
  pages_at_sql_ = used_pages().value_or(0);
  sqlite3_progress_handler(handle(), kStepsBetweenLooks, &Session::on_progress, this);
}

Result<void> Session::check_closure() {
  if (callers_sql_) sqlite3_progress_handler(handle(), 0, nullptr, nullptr);
  overflowed_ = overflowed_ || dirty_pages() > layout_.group_pages;
  if (overflowed_) {
    return fail(ErrorCode::too_large, "write",
                "it changes more than " + std::to_string(layout_.group_pages) +
                    " pages of 4 KiB; divide it into several writes");
  }
  if (!in_transaction() || (!callers_sql_ && !tight_)) return {};
  const auto now = room();
  if (!now) return tl::unexpected<Error>(now.error());
  if (callers_sql_) {
    if (auto done = check_tables(*now); !done) return done;
  }
  if (now->left() >= layout_.reserve_pages) return {};
  if (!job_lanes_.empty()) {
    const std::size_t highest = *std::min_element(job_lanes_.begin(), job_lanes_.end());
    want(lanes_[highest], (layout_.reserve_pages + kMarginPages - now->left()) * kPageBytes);
  }
  return no_room("the budget is used up; what is left is reserved for acknowledgements");
}

Result<void> Session::check_tables(const Room& now) {
  const auto grown = static_cast<std::int64_t>(now.used() - pages_at_sql_ - own_pages_);
  if (grown == 0) return {};
  const std::uint64_t quota =
      options_.tables_bytes_max == 0 ? record_.budget_bytes / 4 : options_.tables_bytes_max;
  const std::int64_t pages = std::max<std::int64_t>(table_pages_ + grown, 0);
  if (grown > 0 && static_cast<std::uint64_t>(pages) * kPageBytes > quota) {
    return no_room("the application's own tables have reached their quota of " + std::to_string(quota) +
                   " bytes (tables_bytes_max)");
  }
  table_pages_ = pages;
  return store_table_.set_table_pages(pages);
}

tl::unexpected<Error> Session::no_room(std::string hint) {
  for (const std::size_t lane : job_lanes_) refused_.push_back(lane);
  return fail(ErrorCode::full, "write", std::move(hint));
}

// --- one event ---

flow::LaneLoad Session::load_of(const Lane& lane, std::size_t index) const noexcept {
  const LaneRecord& record = lane.latest();
  const std::int64_t above = lane.head.total_bytes - record.cursor_bytes;
  const std::int64_t lost_above = record.lost_bytes - record.lost_bytes_below;
  const auto backlog = static_cast<std::uint64_t>(std::max<std::int64_t>(above - lost_above, 0));
  const std::int64_t first = first_droppable(lane);
  const std::int64_t span = std::max<std::int64_t>(lane.head.last_seq - lane.settled.cursor(), 1);
  const std::int64_t droppable = std::clamp<std::int64_t>(lane.head.last_seq - first + 1, 0, span);
  // In flight are some hundred rows at most: taken for as long as the others.
  const bool spent =
      record.options.when_full == WhenFull::keep_latest && lane.compacted_to >= lane.durable.last_seq;
  return {.lane = index,
          .priority = record.options.priority,
          .when_full = record.options.when_full,
          .guaranteed_bytes = record.options.guaranteed_bytes,
          .max_bytes = record.options.max_bytes,
          .backlog_bytes = backlog,
          .droppable_bytes =
              spent ? 0
                    : static_cast<std::uint64_t>(static_cast<double>(backlog) *
                                                 static_cast<double>(droppable) / static_cast<double>(span))};
}

std::vector<flow::LaneLoad> Session::loads() const {
  std::vector<flow::LaneLoad> loads;
  loads.reserve(lanes_.size());
  for (std::size_t i = 0; i < lanes_.size(); ++i) loads.push_back(load_of(lanes_[i], i));
  return loads;
}

std::uint64_t Session::event_capacity() const noexcept {
  std::uint64_t data = 0;
  std::uint64_t stored = 0;
  for (const Lane& lane : lanes_) {
    const LaneRecord& record = lane.latest();
    const std::int64_t bytes = lane.head.total_bytes - record.cursor_bytes;
    data += static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0));
    stored += row_bytes(bytes, lane.head.last_seq - record.cursor);
  }
  const std::uint64_t pages = layout_.database_pages - layout_.reserve_pages;
  const std::uint64_t others = static_cast<std::uint64_t>(std::max<std::int64_t>(table_pages_, 0)) +
                               static_cast<std::uint64_t>(state_.bytes()) / kPageBytes;
  const auto room = static_cast<double>((pages - std::min(pages, others)) * kPageBytes);
  if (stored == 0) return static_cast<std::uint64_t>(room);
  return static_cast<std::uint64_t>(room * static_cast<double>(data) / static_cast<double>(stored));
}

Result<void> Session::let_in(Lane& lane, std::uint64_t event_bytes) {
  const auto index = static_cast<std::size_t>(&lane - lanes_.data());
  if (std::find(job_lanes_.begin(), job_lanes_.end(), index) == job_lanes_.end()) job_lanes_.push_back(index);
  if (pressure_ < Pressure::shed && lane.record.options.max_bytes == 0) return {};
  const auto all = loads();
  const auto admission = flow::admit(pressure_, all[index], all, event_capacity(), event_bytes);
  if (admission == flow::Admission::admit) return {};
  if (admission == flow::Admission::make_room && paid_[index] >= event_bytes) {
    paid_[index] -= event_bytes;  // it has just dropped as much of its own
    return {};
  }
  if (admission == flow::Admission::make_room) want(lane, event_bytes);
  refused_.push_back(index);
  const std::string& name = lane.record.options.name;
  return fail(ErrorCode::full, "add event",
              "lane '" + name + "' may not grow now: it is at its maximum, or the store is under pressure (" +
                  std::string(to_string(pressure_)) + "); wait until events are acknowledged");
}

void Session::want(const Lane& lane, std::uint64_t bytes) {
  wanted_.push_back({static_cast<std::size_t>(&lane - lanes_.data()), bytes});
}

std::vector<Wanted> Session::take_wanted() { return std::exchange(wanted_, {}); }

bool Session::refused_by_blocking() const noexcept {
  return std::any_of(
      refused_.begin() + static_cast<std::ptrdiff_t>(refused_before_), refused_.end(),
      [&](std::size_t lane) { return lanes_[lane].record.options.when_full == WhenFull::block; });
}

void Session::count_refused() noexcept {
  for (const std::size_t lane : refused_) ++lanes_[lane].rejected_events;
  refused_.clear();
}

// --- giving up ---

// Above everything that may be in flight or is acknowledged.
std::int64_t Session::first_droppable(const Lane& lane) const noexcept {
  return std::max({lane.settled.cursor(), lane.pins.highest(), lane.settled.highest_row()}) + 1;
}

Result<std::uint64_t> Session::shed(std::size_t lane_index, std::uint64_t bytes) {
  Lane& lane = lanes_.at(lane_index);
  switch (lane.record.options.when_full) {
    case WhenFull::drop_oldest: return drop_oldest(lane_index, worth_dropping(lane, bytes), "shed");
    case WhenFull::keep_latest:
    case WhenFull::thin: return compact(lane);
    case WhenFull::block:
    case WhenFull::reject: return 0;
  }
  return 0;
}

// Dropping events one by one would make a commit, a gap and a second try of each: an eighth of a block at a time, or of
// the lane's maximum, but never what is guaranteed to it.
std::uint64_t Session::worth_dropping(const Lane& lane, std::uint64_t bytes) const noexcept {
  const LaneOptions& options = lane.record.options;
  std::uint64_t least = layout_.block_bytes / 8;
  if (options.max_bytes > 0) least = std::min(least, options.max_bytes / 8);
  const auto index = static_cast<std::size_t>(&lane - lanes_.data());
  const std::uint64_t backlog = load_of(lane, index).backlog_bytes;
  return std::min(std::max(bytes, least), backlog - std::min(backlog, options.guaranteed_bytes));
}

Result<std::uint64_t> Session::drop_oldest(std::size_t lane_index, std::uint64_t bytes,
                                           std::string_view reason) {
  Lane& lane = lanes_.at(lane_index);
  const std::int64_t first = staged_first(lane);
  const std::int64_t below = lane.rows.total_bytes_below_next(first - 1).value_or(std::nullopt).value_or(0);
  if (bytes == 0) return 0;
  const auto most = static_cast<std::int64_t>(std::min(bytes, layout_.block_bytes));
  const auto last = lane.rows.seq_at_bytes(first, lane.durable.last_seq, below + most);
  if (!last) return tl::unexpected<Error>(last.error());
  auto runs = lane.rows.epoch_runs(first, lane.durable.last_seq);
  if (!runs) return tl::unexpected<Error>(runs.error());
  if (runs->empty()) return 0;
  const std::int64_t end = last->value_or(runs->front().first_seq);
  return drop_rows(lane, first, end, reason);
}

Result<std::uint64_t> Session::drop_rows(Lane& lane, std::int64_t first, std::int64_t last,
                                         std::string_view reason) {
  const auto runs = lane.rows.epoch_runs(first, last);
  if (!runs) return tl::unexpected<Error>(runs.error());
  if (runs->empty()) return 0;
  const std::int64_t end = runs->back().last_seq;
  const auto below = lane.rows.total_bytes_below_next(first - 1);
  if (!below) return tl::unexpected<Error>(below.error());
  const auto total = lane.rows.total_bytes_at(end);
  if (!total) return tl::unexpected<Error>(total.error());
  std::uint64_t given_up = 0;
  for (const EpochRun& run : *runs) {
    const GapRow gap{0,        run.epoch_number, lane.record.lane,   run.first_seq, run.last_seq,
                     run.rows, run.bytes,        std::string(reason)};
    if (auto done = declare_loss(lane, gap); !done) return tl::unexpected<Error>(done.error());
    given_up += row_bytes(run.bytes, run.rows);
    lane.staged_shed_events += static_cast<std::uint64_t>(run.rows);
  }
  if (auto done = lane.rows.erase(first, end); !done) return tl::unexpected<Error>(done.error());
  paid_[static_cast<std::size_t>(&lane - lanes_.data())] += given_up;
  // Rows that were missing in between are among the holes from now on, and so are their bytes.
  std::int64_t bytes = total->value_or(0) - below->value_or(0);
  for (const auto& [from, to] : lane.settled.not_in_holes(first, end)) {
    lane.staged_holes.push_back({from, to, std::exchange(bytes, 0)});
  }
  return given_up;
}

// Several blocks may be dropped in one transaction: the next one begins above the last.
std::int64_t Session::staged_first(const Lane& lane) const noexcept {
  std::int64_t first = first_droppable(lane);
  for (const Hole& hole : lane.staged_holes) first = std::max(first, hole.last + 1);
  return first;
}

// Deleting every second row frees no page. So the block is taken out whole, and what stays is put back: it is
// packed anew.
Result<std::uint64_t> Session::compact(Lane& lane) {
  const bool keyed = lane.record.options.when_full == WhenFull::keep_latest;
  std::int64_t first = staged_first(lane);
  if (keyed) first = std::max(first, lane.compacted_to + 1);
  auto block = lane.rows.read_block(first - 1, std::min(limits::kPurgeRowsMax, block_rows()),
                                    static_cast<std::size_t>(layout_.block_bytes));
  if (!block) return tl::unexpected<Error>(block.error());
  if (block->size() < 2) {
    if (keyed) lane.compacted_to = lane.durable.last_seq;  // until new events come
    return 0;
  }
  std::vector<std::string_view> keys;
  for (const RawRow& row : *block) keys.push_back(row.key);
  const std::vector<bool> stays =
      keyed ? flow::survivors_of_keep_latest(keys) : flow::survivors_of_thin(block->size());
  const auto gone = static_cast<std::size_t>(std::count(stays.begin(), stays.end(), false));
  if (gone < block->size() / 8 + 1) {  // all different: look further on the next time
    lane.compacted_to = block->back().seq;
    return gone == 0 ? Result<std::uint64_t>(0) : rewrite(lane, *block, stays);
  }
  return rewrite(lane, *block, stays);
}

Result<std::uint64_t> Session::rewrite(Lane& lane, const std::vector<RawRow>& block,
                                       const std::vector<bool>& stays) {
  if (auto done = lane.rows.erase(block.front().seq, block.back().seq); !done)
    return tl::unexpected<Error>(done.error());
  std::vector<GapRow> gaps;
  std::uint64_t given_up = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const RawRow& row = block[i];
    if (stays[i]) {
      if (auto done = lane.rows.put_back(row); !done) return tl::unexpected<Error>(done.error());
      continue;
    }
    if (gaps.empty() || gaps.back().epoch_number != row.epoch_number) {
      gaps.push_back({0, row.epoch_number, lane.record.lane, row.seq, row.seq, 0, 0, "shed"});
    }
    gaps.back().last_seq = row.seq;
    gaps.back().missing += 1;
    gaps.back().bytes += static_cast<std::int64_t>(row.data.size());
    given_up += row_bytes(static_cast<std::int64_t>(row.data.size()), 1);
    ++lane.staged_shed_events;
  }
  paid_[static_cast<std::size_t>(&lane - lanes_.data())] += given_up;
  for (const GapRow& gap : gaps) {
    if (auto done = declare_loss(lane, gap); !done) return tl::unexpected<Error>(done.error());
    const bool sparse = gap.missing < gap.last_seq - gap.first_seq + 1;
    if (sparse) lane.staged_hulls.push_back({gap.first_seq, gap.last_seq});
    if (!sparse) lane.staged_holes.push_back({gap.first_seq, gap.last_seq, gap.bytes});
  }
  return given_up;
}

std::size_t Session::block_rows() const noexcept {
  return static_cast<std::size_t>(std::max<std::uint64_t>(layout_.block_bytes / kRowOverheadBytes, 8));
}

// --- ttl ---

std::optional<std::size_t> Session::lane_to_expire() {
  const Instant now = platform_.clock.now();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    const Duration ttl = lane.record.options.ttl;
    const std::int64_t first = first_droppable(lane);
    if (ttl == Duration::zero() || first > lane.durable.last_seq || now.time_since_epoch() < ttl) continue;
    const auto oldest = lane.rows.committed_after(first - 1);
    if (!oldest || !oldest->has_value()) continue;
    if ((*oldest)->boot != boot_ || (*oldest)->since_boot <= now - ttl) return i;
  }
  return std::nullopt;
}

Result<std::uint64_t> Session::expire(std::size_t lane_index) {
  Lane& lane = lanes_.at(lane_index);
  const std::int64_t first = first_droppable(lane);
  const Instant until = platform_.clock.now() - lane.record.options.ttl;
  const std::int64_t below = lane.rows.total_bytes_below_next(first - 1).value_or(std::nullopt).value_or(0);
  const auto bounded = lane.rows.seq_at_bytes(first, lane.durable.last_seq,
                                              below + static_cast<std::int64_t>(layout_.block_bytes));
  if (!bounded) return tl::unexpected<Error>(bounded.error());
  const auto runs = lane.rows.epoch_runs(first, lane.durable.last_seq);
  if (!runs) return tl::unexpected<Error>(runs.error());
  if (runs->empty()) return 0;
  const auto last = lane.rows.seq_committed_until(first, bounded->value_or(runs->front().first_seq),
                                                  {boot_.value_or(0), until});
  if (!last) return tl::unexpected<Error>(last.error());
  if (!last->has_value()) return 0;
  return drop_rows(lane, first, **last, "expired");
}

// --- retention ---

std::uint64_t Session::retained_bytes(const Lane& lane) const noexcept {
  const LaneRecord& record = lane.latest();
  if (lane.staged_low_seq > record.cursor) return 0;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(record.cursor_bytes - lane.staged_low_bytes, 0));
}

std::uint64_t Session::retained_bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (const Lane& lane : lanes_) bytes += retained_bytes(lane);
  return bytes;
}

std::uint64_t Session::retained_pages() const noexcept {
  std::uint64_t bytes = 0;
  for (const Lane& lane : lanes_) {
    const std::int64_t rows = lane.record.cursor - lane.low_seq + 1;
    if (rows > 0) bytes += row_bytes(static_cast<std::int64_t>(retained_bytes(lane)), rows);
  }
  return bytes / kPageBytes;
}

// Below the mark at which `conserve` is left, so that retention alone never looks like pressure.
std::uint64_t Session::retention_limit() const noexcept {
  if (pressure_ >= Pressure::conserve) return 0;
  const std::uint64_t most = layout_.database_bytes() * 45 / 100;
  return std::min(options_.retention_bytes.value_or(record_.budget_bytes / 4), most);
}

Result<void> Session::purge_retained() {
  constexpr std::size_t kRangesMax = 2;  // a fast drain settles 512 rows a commit: purging must keep up
  const std::uint64_t limit = retention_limit();
  for (std::size_t range = 0; range < kRangesMax; ++range) {
    const bool over = retained_bytes() > limit + (limit == 0 ? 0 : limit / 8);
    Lane* most = nullptr;
    for (Lane& lane : lanes_) {
      const bool has_rows = lane.staged_low_seq <= lane.latest().cursor;
      if (!has_rows || !(over || limit == 0 || is_over_age(lane))) continue;
      if (most == nullptr || retained_bytes(lane) > retained_bytes(*most)) most = &lane;
    }
    if (most == nullptr) return {};
    const auto purged = purge_lane(*most, limits::kPurgeRowsMax);
    if (!purged) return tl::unexpected<Error>(purged.error());
  }
  return {};
}

bool Session::is_over_age(Lane& lane) {
  const Duration age = options_.retention_age;
  const Instant now = platform_.clock.now();
  if (age == Duration::zero() || now.time_since_epoch() < age) return false;
  const auto oldest = lane.rows.committed_after(lane.staged_low_seq - 1);
  return oldest && oldest->has_value() && ((*oldest)->boot != boot_ || (*oldest)->since_boot <= now - age);
}

Result<bool> Session::purge_lane(Lane& lane, std::size_t rows_max) {
  const std::int64_t from = lane.staged_low_seq;
  const std::int64_t cursor = lane.latest().cursor;
  if (from > cursor) return false;
  std::int64_t to = std::min(cursor, from + static_cast<std::int64_t>(rows_max) - 1);
  const std::int64_t most = lane.staged_low_bytes + static_cast<std::int64_t>(layout_.block_bytes);
  const auto total = lane.rows.total_bytes_at(to);
  if (!total) return tl::unexpected<Error>(total.error());
  if (total->value_or(0) > most) {
    const auto bounded = lane.rows.seq_at_bytes(from, to, most);
    if (!bounded) return tl::unexpected<Error>(bounded.error());
    to = bounded->value_or(from);
  }
  if (auto done = lane.rows.erase(from, to); !done) return tl::unexpected<Error>(done.error());
  const auto below = lane.rows.total_bytes_below_next(to);
  if (!below) return tl::unexpected<Error>(below.error());
  lane.staged_low_seq = to + 1;
  lane.staged_low_bytes = below->value_or(lane.durable.total_bytes);
  return true;
}

Result<bool> Session::purge_block(std::size_t lane_index) {
  return purge_lane(lanes_.at(lane_index), limits::kPurgeRowsMax);
}

// --- growth ---

Result<bool> Session::grow() {
  if (!record_.growing || page_limit_ >= layout_.database_pages) return false;
  const std::uint64_t step = std::max<std::uint64_t>(options_.growth_bytes / kPageBytes, 16);
  const std::uint64_t wanted = std::min(page_limit_ + step, layout_.database_pages);
  const auto space = platform_.disk.space(options_.path);
  if (!space) return tl::unexpected<Error>(space.error());
  if (space->available_bytes < (wanted - page_limit_) * kPageBytes + options_.min_free_bytes) return false;
  const auto set_limit = [&](std::uint64_t pages) {
    return connection_.query_integer("PRAGMA max_page_count=" + std::to_string(pages));
  };
  if (const auto set = set_limit(wanted); !set) return tl::unexpected<Error>(set.error());
  auto done = provision_database(connection_, layout_, wanted, {});
  const auto reached = connection_.query_integer("PRAGMA page_count");
  if (!reached) return tl::unexpected<Error>(reached.error());
  page_limit_ = std::max(page_limit_, static_cast<std::uint64_t>(*reached));
  if (const auto set = set_limit(page_limit_); !set) return tl::unexpected<Error>(set.error());
  if (!done) return tl::unexpected<Error>(done.error());
  return true;
}

// --- lanes ---

Result<void> Session::set_paused(std::string_view name, bool paused) {
  Lane* lane = find(name);
  if (lane == nullptr)
    return fail(ErrorCode::invalid, "pause a lane", "there is no lane '" + std::string(name) + "'");
  auto done = lane_table_.set_paused(lane->record.lane, paused);
  if (!done) return done;
  lane->staged = lane->latest();
  lane->staged->paused = paused;
  return {};
}

bool Session::in_flight(std::size_t lane_index) const noexcept {
  const Lane& lane = lanes_.at(lane_index);
  return lane.pins.highest() > lane.settled.cursor();
}

Result<void> Session::retire(std::size_t lane_index) {
  const LaneRecord record = lanes_.at(lane_index).record;
  HOLDFAST_CHECK(record.cursor == lanes_[lane_index].durable.last_seq && lanes_.size() > 1);
  if (auto done = begin(); !done) return done;
  auto done = lane_table_.set_retired(record.lane, true);
  if (done) done = commit();
  if (!done) {
    roll_back();
    return done;
  }
  lanes_.erase(lanes_.begin() + static_cast<std::ptrdiff_t>(lane_index));
  retired_.push_back(record);
  retired_.back().retired = true;
  (void)LaneRows::drop(connection_,
                       record.lane);  // it is gone; its empty table goes with the next opening at the latest
  return {};
}

}  // namespace holdfast::store
