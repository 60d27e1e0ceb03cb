// SPDX-License-Identifier: MIT
//
// The part of a session that gives up events when it is told to, or when their time is over: each loss with its gap
// record, in the transaction that needs the room.
#include <algorithm>
#include <holdfast/platform/clock.hpp>

#include "store/row_cost.hpp"
#include "store/session.hpp"

namespace holdfast::store {

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

}  // namespace holdfast::store
