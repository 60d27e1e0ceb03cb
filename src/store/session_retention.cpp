// SPDX-License-Identifier: MIT
//
// The part of a session that keeps settled events for a replay, and lets them go.
#include <algorithm>
#include <holdfast/platform/clock.hpp>

#include "store/row_cost.hpp"
#include "store/session.hpp"

namespace holdfast::store {

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

}  // namespace holdfast::store
