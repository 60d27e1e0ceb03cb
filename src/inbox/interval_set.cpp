// SPDX-License-Identifier: MIT
#include "inbox/interval_set.hpp"

#include <algorithm>

namespace holdfast::inbox {
namespace {

bool by_first(const Interval& one, const Interval& other) noexcept { return one.first < other.first; }

/// Hulls that overlap one another, as one: their members cannot be told apart.
std::vector<SparseHull> clusters(std::span<const SparseHull> hulls) {
  std::vector<SparseHull> result;
  for (const SparseHull& next : hulls) {
    if (!result.empty() && next.hull.first <= result.back().hull.last) {
      SparseHull& open = result.back();
      open.hull.last = std::max(open.hull.last, next.hull.last);
      open.missing += std::min(next.missing, kSeqMax - open.missing);
    } else {
      result.push_back(next);
    }
  }
  return result;
}

void add_holes(std::vector<Missing>& result, const Interval& range, std::span<const Interval> known) {
  if (range.first > range.last) return;
  for (const Interval& hole : without(range, known)) result.push_back({hole, hole.count(), false});
}

void add_shortfall(std::vector<Missing>& result, const SparseHull& cluster, const Interval& whole,
                   std::span<const Interval> known) {
  const Interval range{std::max(cluster.hull.first, whole.first), std::min(cluster.hull.last, whole.last)};
  if (range.first > range.last) return;
  const std::vector<Interval> holes = without(range, known);
  std::int64_t unknown = 0;
  for (const Interval& hole : holes) unknown += hole.count();
  if (unknown <= cluster.missing) return;
  result.push_back({{holes.front().first, holes.back().last}, unknown - cluster.missing, true});
}

}  // namespace

Placement place(std::int64_t seq, const std::optional<Interval>& below,
                const std::optional<Interval>& above) noexcept {
  if (below && below->holds(seq)) return Placement::known;
  const bool touches_below = below && below->last + 1 == seq;
  const bool touches_above = above && above->first == seq + 1;
  if (touches_below && touches_above) return Placement::join;
  if (touches_below) return Placement::append;
  return touches_above ? Placement::prepend : Placement::alone;
}

std::vector<Interval> without(const Interval& range, std::span<const Interval> known) {
  std::vector<Interval> holes;
  std::int64_t next = range.first;  // everything below is decided
  for (const Interval& interval : known) {
    if (interval.last < next) continue;
    if (interval.first > range.last) break;
    if (interval.first > next) holes.push_back({next, interval.first - 1});
    next = interval.last + 1;
  }
  if (next <= range.last) holes.push_back({next, range.last});
  return holes;
}

std::vector<Interval> merged(std::span<const Interval> one, std::span<const Interval> other) {
  std::vector<Interval> result(one.size() + other.size());
  std::merge(one.begin(), one.end(), other.begin(), other.end(), result.begin(), by_first);
  return result;
}

std::vector<Missing> missing_of(const Interval& whole, std::span<const Interval> known,
                                std::span<const SparseHull> hulls) {
  std::vector<Missing> result;
  std::int64_t next = whole.first;
  for (const SparseHull& cluster : clusters(hulls)) {
    add_holes(result, {next, std::min(cluster.hull.first - 1, whole.last)}, known);
    add_shortfall(result, cluster, whole, known);
    next = std::max(next, cluster.hull.last + 1);
  }
  add_holes(result, {next, whole.last}, known);
  return result;
}

}  // namespace holdfast::inbox
