// SPDX-License-Identifier: MIT
#include "store/lane_table.hpp"

#include <algorithm>
#include <holdfast/limits.hpp>

#include "store/lane_rows.hpp"

namespace holdfast::store {
namespace {

constexpr std::string_view kAdd = "INSERT INTO hf_lane (lane, name, priority) SELECT ?1, ?2, ?3";
constexpr std::string_view kSetPriority = "UPDATE hf_lane SET priority = ?2 WHERE lane = ?1";
constexpr std::string_view kList =
    "SELECT lane, name, priority, cursor, cursor_bytes, lost_events FROM hf_lane ORDER BY priority, lane";
constexpr std::string_view kSetCursor = "UPDATE hf_lane SET cursor = ?2, cursor_bytes = ?3 WHERE lane = ?1";
constexpr std::string_view kAddLost = "UPDATE hf_lane SET lost_events = lost_events + ?2 WHERE lane = ?1";

}  // namespace

Result<LaneTable> LaneTable::open(Connection& connection) {
  LaneTable table;
  const auto prepared = prepare_all(connection.handle(), {{&table.add_, kAdd},
                                                          {&table.set_priority_, kSetPriority},
                                                          {&table.list_, kList},
                                                          {&table.set_cursor_, kSetCursor},
                                                          {&table.add_lost_, kAddLost}});
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  return table;
}

Result<void> LaneTable::configure(Connection& connection, const std::vector<LaneOptions>& lanes) {
  const auto stored = list();
  if (!stored) return tl::unexpected<Error>(stored.error());
  auto next = static_cast<LaneNumber>(stored->size()) + 1;
  for (const LaneOptions& lane : lanes) {
    const auto known = std::find_if(stored->begin(), stored->end(),
                                    [&](const LaneRecord& r) { return r.name == lane.name; });
    Result<void> done;
    if (known == stored->end()) {
      if (next > static_cast<LaneNumber>(limits::kLanesMax)) {
        return fail(ErrorCode::too_large, "add lane " + lane.name,
                    "a store has at most " + std::to_string(limits::kLanesMax) + " lanes");
      }
      done = add_.bind(1, next).bind(2, lane.name).bind(3, std::int64_t{lane.priority}).run();
      if (done) done = LaneRows::create(connection, next++);
    } else if (known->priority != lane.priority) {
      done = set_priority_.bind(1, known->lane).bind(2, std::int64_t{lane.priority}).run();
    }
    if (!done) return done;
  }
  return {};
}

Result<std::vector<LaneRecord>> LaneTable::list() {
  const ResetGuard guard(list_);
  std::vector<LaneRecord> lanes;
  for (;;) {
    const auto stepped = list_.step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done) return lanes;
    lanes.push_back({list_.integer(0), std::string(list_.text(1)), static_cast<int>(list_.integer(2)),
                     list_.integer(3), list_.integer(4), list_.integer(5)});
  }
}

Result<void> LaneTable::set_cursor(LaneNumber lane, std::int64_t cursor, std::int64_t cursor_bytes) {
  return set_cursor_.bind(1, lane).bind(2, cursor).bind(3, cursor_bytes).run();
}

Result<void> LaneTable::add_lost(LaneNumber lane, std::int64_t events) {
  return add_lost_.bind(1, lane).bind(2, events).run();
}

}  // namespace holdfast::store
