// SPDX-License-Identifier: MIT
#include "store/lane_table.hpp"

#include <algorithm>
#include <holdfast/limits.hpp>

#include "store/lane_rows.hpp"

namespace holdfast::store {
namespace {

constexpr std::string_view kAdd = "INSERT INTO hf_lane (lane, name, priority) SELECT ?1, ?2, 0";
constexpr std::string_view kSetOptions =
    "UPDATE hf_lane SET priority = ?2, when_full = ?3, guaranteed_bytes = ?4, max_bytes = ?5, ttl_s = ?6, "
    "commit_delay_ms = ?7, retired = 0 WHERE lane = ?1";
constexpr std::string_view kList =
    "SELECT lane, name, priority, when_full, guaranteed_bytes, max_bytes, ttl_s, commit_delay_ms, cursor, "
    "cursor_bytes, lost_events, lost_bytes, lost_events_below, lost_bytes_below, paused, retired "
    "FROM hf_lane ORDER BY priority, lane";
constexpr std::string_view kStoreProgress =
    "UPDATE hf_lane SET cursor = ?2, cursor_bytes = ?3, lost_events = ?4, lost_bytes = ?5, "
    "lost_events_below = ?6, lost_bytes_below = ?7 WHERE lane = ?1";
constexpr std::string_view kSetPaused = "UPDATE hf_lane SET paused = ?2 WHERE lane = ?1";
constexpr std::string_view kSetRetired = "UPDATE hf_lane SET retired = ?2 WHERE lane = ?1";

WhenFull as_when_full(std::int64_t stored) noexcept {
  return stored >= 0 && stored <= static_cast<std::int64_t>(WhenFull::thin) ? static_cast<WhenFull>(stored)
                                                                            : WhenFull::block;
}

bool same_settings(const LaneOptions& a, const LaneOptions& b) noexcept {
  return a.priority == b.priority && a.when_full == b.when_full && a.guaranteed_bytes == b.guaranteed_bytes &&
         a.max_bytes == b.max_bytes && a.ttl == b.ttl && a.commit_delay == b.commit_delay;
}

}  // namespace

Result<LaneTable> LaneTable::open(Connection& connection) {
  LaneTable table;
  const auto prepared = prepare_all(connection.handle(), {{&table.add_, kAdd},
                                                          {&table.set_options_, kSetOptions},
                                                          {&table.list_, kList},
                                                          {&table.store_progress_, kStoreProgress},
                                                          {&table.set_paused_, kSetPaused},
                                                          {&table.set_retired_, kSetRetired}});
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  return table;
}

Result<void> LaneTable::configure(Connection& connection, const std::vector<LaneOptions>& lanes) {
  for (const LaneOptions& lane : lanes) {
    const auto stored = list();
    if (!stored) return tl::unexpected<Error>(stored.error());
    LaneNumber next = 1;
    for (const LaneRecord& record : *stored) next = std::max(next, record.lane + 1);
    if (auto done = configure_lane(connection, lane, *stored, next); !done) return done;
  }
  return {};
}

Result<void> LaneTable::configure_lane(Connection& connection, const LaneOptions& options,
                                       const std::vector<LaneRecord>& stored, LaneNumber next) {
  const auto known = std::find_if(stored.begin(), stored.end(),
                                  [&](const LaneRecord& r) { return r.options.name == options.name; });
  const bool is_there = known != stored.end() && !known->retired;
  if (is_there && same_settings(known->options, options)) return {};
  const auto present = static_cast<std::size_t>(
      std::count_if(stored.begin(), stored.end(), [](const LaneRecord& r) { return !r.retired; }));
  if (!is_there &&
      (present >= limits::kLanesMax || (known == stored.end() && stored.size() >= limits::kLanesEverMax))) {
    return fail(ErrorCode::too_large, "add lane " + options.name,
                "a store has at most " + std::to_string(limits::kLanesMax) + " lanes, and " +
                    std::to_string(limits::kLanesEverMax) + " names in its life");
  }
  const LaneNumber lane = known != stored.end() ? known->lane : next;
  Result<void> done;
  if (known == stored.end()) done = add_.bind(1, lane).bind(2, options.name).run();
  if (done && !is_there) done = LaneRows::create(connection, lane);
  if (!done) return done;
  return set_options_.bind(1, lane)
      .bind(2, std::int64_t{options.priority})
      .bind(3, static_cast<std::int64_t>(options.when_full))
      .bind(4, static_cast<std::int64_t>(options.guaranteed_bytes))
      .bind(5, static_cast<std::int64_t>(options.max_bytes))
      .bind(6, static_cast<std::int64_t>(options.ttl.count()))
      .bind(7, static_cast<std::int64_t>(options.commit_delay.count()))
      .run();
}

Result<std::vector<LaneRecord>> LaneTable::list() {
  const ResetGuard guard(list_);
  std::vector<LaneRecord> lanes;
  for (;;) {
    const auto stepped = list_.step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done) return lanes;
    LaneRecord record;
    record.lane = list_.integer(0);
    record.options = {.name = std::string(list_.text(1)),
                      .priority = static_cast<int>(list_.integer(2)),
                      .when_full = as_when_full(list_.integer(3)),
                      .guaranteed_bytes = static_cast<std::uint64_t>(list_.integer(4)),
                      .max_bytes = static_cast<std::uint64_t>(list_.integer(5)),
                      .ttl = std::chrono::seconds(list_.integer(6)),
                      .commit_delay = std::chrono::milliseconds(list_.integer(7))};
    record.cursor = list_.integer(8);
    record.cursor_bytes = list_.integer(9);
    record.lost_events = list_.integer(10);
    record.lost_bytes = list_.integer(11);
    record.lost_events_below = list_.integer(12);
    record.lost_bytes_below = list_.integer(13);
    record.paused = list_.integer(14) != 0;
    record.retired = list_.integer(15) != 0;
    lanes.push_back(std::move(record));
  }
}

Result<void> LaneTable::store_progress(const LaneRecord& record) {
  return store_progress_.bind(1, record.lane)
      .bind(2, record.cursor)
      .bind(3, record.cursor_bytes)
      .bind(4, record.lost_events)
      .bind(5, record.lost_bytes)
      .bind(6, record.lost_events_below)
      .bind(7, record.lost_bytes_below)
      .run();
}

Result<void> LaneTable::set_paused(LaneNumber lane, bool paused) {
  return set_paused_.bind(1, lane).bind(2, std::int64_t{paused ? 1 : 0}).run();
}

Result<void> LaneTable::set_retired(LaneNumber lane, bool retired) {
  return set_retired_.bind(1, lane).bind(2, std::int64_t{retired ? 1 : 0}).run();
}

}  // namespace holdfast::store
