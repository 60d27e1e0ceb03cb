// SPDX-License-Identifier: MIT
#include "flow/shedding.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <limits>
#include <unordered_set>
#include <utility>

namespace holdfast::flow {
namespace {

constexpr std::uint64_t kUnbounded = std::numeric_limits<std::uint64_t>::max();

bool drops(WhenFull policy) noexcept { return policy != WhenFull::block && policy != WhenFull::reject; }

// a - b, but not below 0
std::uint64_t excess(std::uint64_t a, std::uint64_t b) noexcept { return a > b ? a - b : 0; }

int highest_priority(std::span<const LaneLoad> all) {
  int best = std::numeric_limits<int>::max();
  for (const LaneLoad& lane : all) best = std::min(best, lane.priority);
  return best;
}

std::uint64_t own_maximum(const LaneLoad& lane) noexcept {
  return lane.max_bytes == 0 ? kUnbounded : lane.max_bytes;
}

std::uint64_t emergency_quota(const LaneLoad& lane) noexcept {
  const std::uint64_t quota = std::max(lane.guaranteed_bytes, lane.max_bytes);
  return quota == 0 ? kUnbounded : quota;  // the pages decide
}

// What the state alone lets the lane hold.
std::uint64_t bound_under(Pressure pressure, const LaneLoad& lane, std::span<const LaneLoad> all,
                          std::uint64_t capacity_bytes) {
  const bool highest = lane.priority == highest_priority(all);
  switch (pressure) {
    case Pressure::normal:
    case Pressure::conserve: break;
    case Pressure::shed: return share_of(lane, all, capacity_bytes);
    case Pressure::protect: return highest ? kUnbounded : lane.guaranteed_bytes;
    case Pressure::emergency: return highest ? emergency_quota(lane) : 0;
  }
  return kUnbounded;
}

// The order of giving: lower lanes first, of equals the one with the most.
struct Giver {
  const LaneLoad* lane;
  std::uint64_t bytes;  // what it may give up
};

bool gives_before(const Giver& a, const Giver& b) noexcept {
  if (a.lane->priority != b.lane->priority) return a.lane->priority > b.lane->priority;
  if (a.bytes != b.bytes) return a.bytes > b.bytes;
  return a.lane->lane < b.lane->lane;
}

void add_giver(std::vector<Giver>& givers, const LaneLoad& lane, std::uint64_t floor) {
  if (!drops(lane.when_full)) return;
  const std::uint64_t bytes = std::min(lane.droppable_bytes, excess(lane.backlog_bytes, floor));
  if (bytes > 0) givers.push_back({&lane, bytes});
}

std::vector<ShedStep> take(std::vector<Giver> givers, std::uint64_t bytes_to_free) {
  std::sort(givers.begin(), givers.end(), gives_before);
  std::vector<ShedStep> steps;
  for (const Giver& giver : givers) {
    if (bytes_to_free == 0) break;
    const std::uint64_t bytes = std::min(giver.bytes, bytes_to_free);
    steps.push_back({giver.lane->lane, bytes});
    bytes_to_free -= bytes;
  }
  return steps;
}

}  // namespace

std::uint64_t share_of(const LaneLoad& lane, std::span<const LaneLoad> all, std::uint64_t capacity_bytes) {
  HOLDFAST_CHECK(!all.empty());
  std::uint64_t free = capacity_bytes;
  for (const LaneLoad& each : all) free = excess(free, each.guaranteed_bytes);
  return lane.guaranteed_bytes + free / all.size();
}

Admission admit(Pressure pressure, const LaneLoad& lane, std::span<const LaneLoad> all,
                std::uint64_t capacity_bytes, std::uint64_t event_bytes) {
  const bool highest = lane.priority == highest_priority(all);
  if (pressure == Pressure::emergency && !highest) return Admission::refuse;
  const std::uint64_t bound = std::min(own_maximum(lane), bound_under(pressure, lane, all, capacity_bytes));
  const std::uint64_t missing = excess(event_bytes, excess(bound, lane.backlog_bytes));
  if (missing == 0 && lane.backlog_bytes <= bound) return Admission::admit;
  if (!drops(lane.when_full) || event_bytes > bound) return Admission::refuse;
  return missing <= lane.droppable_bytes ? Admission::make_room : Admission::refuse;
}

std::vector<ShedStep> plan_shed(Pressure pressure, std::span<const LaneLoad> all,
                                std::uint64_t capacity_bytes, std::uint64_t bytes_to_free) {
  if (pressure < Pressure::shed) return {};
  std::vector<Giver> givers;
  for (const LaneLoad& lane : all) {
    const bool fair = pressure == Pressure::shed;
    add_giver(givers, lane, fair ? share_of(lane, all, capacity_bytes) : lane.guaranteed_bytes);
  }
  return take(std::move(givers), bytes_to_free);
}

std::vector<ShedStep> plan_room(std::span<const LaneLoad> all, std::size_t wanting,
                                std::uint64_t bytes_to_free) {
  const auto own =
      std::find_if(all.begin(), all.end(), [&](const LaneLoad& lane) { return lane.lane == wanting; });
  HOLDFAST_CHECK(own != all.end());
  std::vector<Giver> givers;
  for (const LaneLoad& lane : all) {
    if (lane.priority >= own->priority) add_giver(givers, lane, lane.guaranteed_bytes);
  }
  return take(std::move(givers), bytes_to_free);
}

std::vector<bool> survivors_of_keep_latest(std::span<const std::string_view> keys) {
  std::vector<bool> stays(keys.size());
  std::unordered_set<std::string_view> seen;
  for (std::size_t row = keys.size(); row-- > 0;) stays[row] = seen.insert(keys[row]).second;
  return stays;
}

std::vector<bool> survivors_of_thin(std::size_t rows) {
  std::vector<bool> stays(rows);
  for (std::size_t row = 0; row < rows; ++row) stays[row] = (rows - row) % 2 == 1;
  return stays;
}

}  // namespace holdfast::flow
