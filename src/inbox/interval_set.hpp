// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

/// The inbox's arithmetic on seqs: pure functions. The tables hold what these decide.
///
/// A set of seqs is a sorted list of intervals that neither overlap nor touch. Seqs are 1 to kSeqMax, so that
/// seq + 1 and every count fit.
namespace holdfast::inbox {

inline constexpr std::int64_t kSeqMax = std::numeric_limits<std::int64_t>::max() - 1;

/// first..last, both inclusive, first <= last.
struct Interval {
  std::int64_t first = 0;
  std::int64_t last = 0;
  [[nodiscard]] std::int64_t count() const noexcept { return last - first + 1; }
  [[nodiscard]] bool holds(std::int64_t seq) const noexcept { return first <= seq && seq <= last; }
  friend bool operator==(const Interval&, const Interval&) = default;
};

/// How one more seq changes a set.
enum class Placement : std::uint8_t {
  known,    ///< it is in already
  append,   ///< the interval below grows by one: the way of events in order
  prepend,  ///< the interval above grows downwards
  join,     ///< it closes the hole between the two, which become one
  alone,    ///< a new interval
};

/// `below`: the interval with the greatest first <= seq. `above`: the one that begins at seq + 1.
[[nodiscard]] Placement place(std::int64_t seq, const std::optional<Interval>& below,
                              const std::optional<Interval>& above) noexcept;

/// The parts of `range` that no interval of `known` covers. `known` is sorted by first, and may overlap.
[[nodiscard]] std::vector<Interval> without(const Interval& range, std::span<const Interval> known);

/// Merges two sorted lists, by first.
[[nodiscard]] std::vector<Interval> merged(std::span<const Interval> one, std::span<const Interval> other);

/// A sparse gap record: `missing` seqs of the hull are explained.
struct SparseHull {
  Interval hull;
  std::int64_t missing = 0;
};

/// Seqs that are neither applied nor explained. `unknown_seqs`: `count` of the range, which ones is not
/// known.
struct Missing {
  Interval range;
  std::int64_t count = 0;
  bool unknown_seqs = false;
  friend bool operator==(const Missing&, const Missing&) = default;
};

/// What is missing of `whole`, given the seqs known one by one (sorted, may overlap) and the sparse hulls
/// (sorted by first, may overlap: then their counts are taken together). Sorted by first.
[[nodiscard]] std::vector<Missing> missing_of(const Interval& whole, std::span<const Interval> known,
                                              std::span<const SparseHull> hulls);

}  // namespace holdfast::inbox
