// SPDX-License-Identifier: MIT
//
// The lanes of a damaged store: which there are and what they are called, how far each was settled, and what became of every
// seq above that: saved, declared before, in quarantine, or lost and to be declared.
#include <algorithm>
#include <holdfast/limits.hpp>
#include <utility>

#include "base/text.hpp"
#include "store/salvage_impl.hpp"

namespace holdfast::store {
namespace {

// A row that does not read proves its seq when it is no farther than this above one that does.
constexpr std::int64_t kUnprovedStepMax = static_cast<std::int64_t>(limits::kGroupEventsMax);

}  // namespace

Result<void> Salvager::Impl::read_lanes(const SalvageSource& source) {
  std::map<LaneNumber, SalvagedLane> all;
  const auto whole = both_ways("SELECT * FROM hf_lane", "lane", [&](const Statement& row) -> Result<bool> {
    SalvagedLane lane;
    lane.lane = integer_of(row, "lane");
    lane.name = text_of(row, "name");
    if (lane.lane < 1 || lane.lane > static_cast<LaneNumber>(limits::kLanesEverMax)) return true;
    for (int i = 0; i < sqlite3_column_count(row.handle()); ++i) {
      if (row.is_integer(i)) lane.settings[sqlite3_column_name(row.handle(), i)] = row.integer(i);
    }
    lane.cursor = integer_of(row, "cursor", -1);
    lane.cursor_bytes = integer_of(row, "cursor_bytes", -1);
    lane.cursor_known = is_seq(lane.cursor) && is_seq(lane.cursor_bytes);
    lane.retired = integer_of(row, "retired") != 0;
    all.emplace(lane.lane, std::move(lane));
    return true;
  });
  if (!whole) return tl::unexpected<Error>(whole.error());
  if (!*whole) find("the table of lanes does not read to its end");
  for (LaneNumber number = 1; number <= static_cast<LaneNumber>(limits::kLanesEverMax); ++number) {
    if (all.contains(number)) continue;
    const auto table = lane_table(number);
    if (!table) return tl::unexpected<Error>(table.error());
    if (!table->has_value()) continue;
    all[number].lane = number;
  }
  for (const KnownLane& known : source.known) {
    SalvagedLane& lane = all[known.lane];
    lane.lane = known.lane;
    lane.known_seq = known.last_seq;
    lane.retired = false;
  }
  for (auto& [number, lane] : all) salvage.lanes.push_back(std::move(lane));
  return name_lanes(source);
}

// A name is known, or comes from the table, or its index, or the configuration.
Result<void> Salvager::Impl::name_lanes(const SalvageSource& source) {
  std::map<LaneNumber, std::string> second;
  const auto take = [&](const Statement& row) -> Result<bool> {
    second.emplace(row.integer(0), row.text(1));
    return second.size() < limits::kLanesEverMax;
  };
  const auto whole =
      both_ways("SELECT lane, name FROM hf_lane INDEXED BY sqlite_autoindex_hf_lane_1", "name", take);
  if (!whole) return tl::unexpected<Error>(whole.error());
  const auto configured = [&](const std::string& name) {
    return std::any_of(source.lanes.begin(), source.lanes.end(),
                       [&](const LaneOptions& o) { return o.name == name; });
  };
  std::map<LaneNumber, std::string> known;
  std::vector<std::string> given;
  for (const KnownLane& lane : source.known) given.push_back(known[lane.lane] = lane.name);
  for (SalvagedLane& lane : salvage.lanes) {
    if (known.contains(lane.lane)) {
      lane.name = known[lane.lane];
      continue;
    }
    std::vector<std::string> candidates = {lane.name, second[lane.lane]};
    if (!configured(candidates[0]) && configured(candidates[1])) std::swap(candidates[0], candidates[1]);
    const auto place = static_cast<std::size_t>(lane.lane - 1);
    if (place < source.lanes.size()) candidates.push_back(source.lanes[place].name);
    lane.name.clear();
    for (const std::string& name : candidates) {
      if (!lane.name.empty() || !base::is_lane_name(name)) continue;
      if (std::find(given.begin(), given.end(), name) == given.end()) lane.name = name;
    }
    given.push_back(lane.name);
    if (lane.name.empty())
      find("lane " + std::to_string(lane.lane) + " cannot be named: its events stay behind");
  }
  std::erase_if(salvage.lanes, [](const SalvagedLane& lane) { return lane.name.empty(); });
  return {};
}

Result<void> Salvager::Impl::survey_lane(SalvagedLane& lane) {
  if (!lane.cursor_known) {
    lane.cursor = lane.cursor_bytes = 0;
    find("lane " + lane.name + ": how far it was settled does not read; what is there is sent again");
  }
  LaneLosses losses;
  losses.quarantined = quarantined[lane.lane];
  losses.gaps = gaps[lane.lane];
  losses.gaps_whole = gaps_whole;
  for (const auto& [number, epoch] : salvage.epochs) {
    if (!epoch.parent) losses.epochs.begins_after(number, 0);
    for (const LaneEnd& end : epoch.parent_ends) {
      if (end.lane == lane.name) losses.epochs.begins_after(number, end.last);
    }
  }
  auto table = lane.retired ? Result<std::optional<DamagedTable>>(std::nullopt) : lane_table(lane.lane);
  if (!table) return tl::unexpected<Error>(table.error());
  if (!table->has_value() && !lane.retired) find("lane " + lane.name + ": its events do not read");
  if (table->has_value()) {
    auto done = fit_cursor(lane, **table);
    if (done) done = walk_lane(lane, **table, losses);
    if (!done) return done;
  }
  conclude(lane, std::move(losses));
  return {};
}

// cursor and cursor_bytes are no part of any checksum. They fit when the totals of the rows around say the
// same.
Result<void> Salvager::Impl::fit_cursor(SalvagedLane& lane, DamagedTable& rows) {
  if (!lane.cursor_known) return {};
  std::optional<std::int64_t> at_cursor_bytes;
  bool fits = true;
  auto spans = rows.find_spans(0);
  if (!spans) return tl::unexpected<Error>(spans.error());
  // Only the rows next to the cursor speak about it; a search for the place that cursor_bytes means comes on
  // top when they object.
  const auto look = [&](bool search) {
    std::int64_t below = 0;
    bool any_above = false;
    return rows.for_each(
        *spans,
        [&](const Statement& row) -> Result<void> {
          const std::int64_t seq = row.integer(0);
          if (!search && any_above) return {};
          const auto read = names.read(row, 0, lane.lane);
          if (!read) return tl::unexpected<Error>(read.error());
          if (!*read) return {};
          const std::int64_t before = row.integer(10) - static_cast<std::int64_t>(row.blob(12).size());
          if (before == lane.cursor_bytes && !at_cursor_bytes) at_cursor_bytes = seq - 1;
          if (seq <= lane.cursor) {
            below = row.integer(10);
          } else if (!any_above) {
            any_above = true;
            fits = fits && before >= lane.cursor_bytes &&
                   (seq != lane.cursor + 1 || before == lane.cursor_bytes);
          }
          if (below > lane.cursor_bytes) fits = false;
          return {};
        },
        [](std::int64_t) {});
  };
  auto done = look(false);
  if (done && !fits) done = look(true);
  if (!done || fits) return done;
  lane.cursor = at_cursor_bytes.value_or(0);
  if (!at_cursor_bytes) lane.cursor_bytes = 0;
  lane.cursor_known = false;
  find("lane " + lane.name + ": how far it was settled does not fit its events; taken to be " +
       std::to_string(lane.cursor));
  return {};
}

Result<void> Salvager::Impl::walk_lane(SalvagedLane& lane, DamagedTable& rows, LaneLosses& losses) {
  auto spans = rows.find_spans(lane.cursor);
  if (!spans) return tl::unexpected<Error>(spans.error());
  lane.spans = std::move(*spans);
  std::int64_t before = lane.cursor;
  std::int64_t total_before = lane.cursor_bytes;
  std::int64_t epoch_before = -1;
  SeqHoles holes;
  lane.highest_seq = lane.cursor;
  const auto seen = [&](std::int64_t seq) {
    if (seq <= lane.highest_seq + kUnprovedStepMax) lane.highest_seq = std::max(lane.highest_seq, seq);
  };
  const auto take = [&](const Statement& row) -> Result<void> {
    const auto read = names.read(row, 0, lane.lane);
    if (!read) return tl::unexpected<Error>(read.error());
    const std::int64_t seq = row.integer(0);
    if (!*read || !is_seq(seq)) {
      seen(seq);
      return {};
    }
    const auto size = static_cast<std::int64_t>((*read)->event.data.size());
    const std::int64_t total = (*read)->total_bytes;
    if (seq > before + 1) {
      const std::int64_t bytes = total - size - total_before;
      const auto most = (seq - before - 1) * static_cast<std::int64_t>(limits::kEventDataBytesCeiling);
      holes.add(before + 1, seq - 1, bytes >= 0 && bytes <= most ? bytes : 0);
    }
    if ((*read)->epoch_number != epoch_before) losses.epochs.begins_after((*read)->epoch_number, seq - 1);
    epoch_before = (*read)->epoch_number;
    before = lane.highest_seq = seq;
    total_before = total;
    ++lane.rows_saved;
    return {};
  };
  auto done = rows.for_each(lane.spans, take, seen);
  losses.holes = holes.all();
  losses.last_row = before;
  return done;
}

void Salvager::Impl::conclude(SalvagedLane& lane, LaneLosses losses) {
  losses.cursor = lane.cursor;
  std::int64_t highest = std::max({lane.highest_seq, lane.cursor, lane.known_seq});
  for (const SalvagedGap& gap : losses.gaps) highest = std::max(highest, gap.last_seq);
  if (!losses.quarantined.empty()) highest = std::max(highest, losses.quarantined.back());
  for (const auto& [number, epoch] : salvage.epochs) {
    for (const LaneEnd& end : epoch.parent_ends) {
      if (end.lane == lane.name) highest = std::max(highest, end.last);
    }
  }
  lane.highest_seq = highest;
  const std::int64_t last = std::max(losses.last_row, lane.cursor);
  if (highest > last) losses.holes.push_back({last + 1, highest, highest - last, 0});
  if (salvage.epochs.empty()) {
    if (!losses.holes.empty())
      find("lane " + lane.name + ": no epoch reads, so its losses cannot be declared; it goes on after " +
           std::to_string(highest));
    lane.cursor = highest;
    return;
  }
  lane.gaps = declare_losses(losses);
  for (const SalvagedGap& gap : lane.gaps)
    lane.rows_lost += gap.n == 0 && gap.reason == "damaged" ? gap.missing : 0;
}

}  // namespace holdfast::store
