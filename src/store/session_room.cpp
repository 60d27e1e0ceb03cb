// SPDX-License-Identifier: MIT
//
// The part of a session that counts pages and bytes, and refuses what would break a bound.
#include <algorithm>
#include <holdfast/platform/disk.hpp>

#include "store/provision.hpp"
#include "store/row_cost.hpp"
#include "store/session.hpp"

namespace holdfast::store {
namespace {

// Free pages that are asked for beyond the reserve, so that the next write need not ask again at once.
constexpr std::uint64_t kMarginPages = 16;

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

std::uint64_t Session::accounted_pages() const noexcept {
  auto bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(state_.bytes(), 0));
  for (const Lane& lane : lanes_)
    bytes += row_bytes(lane.head.total_bytes - lane.low_bytes, lane.head.last_seq - lane.low_seq + 1);
  return bytes / kPageBytes + static_cast<std::uint64_t>(std::max<std::int64_t>(table_pages_, 0));
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

}  // namespace holdfast::store
