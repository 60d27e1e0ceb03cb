// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "store/salvage.hpp"

/// Pure: which losses of a damaged lane must be declared.
namespace holdfast::store {

/// Seqs that have no row to be saved.
struct SeqHole {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t missing = 0;  ///< fewer than the range has: neighbours were merged
  std::int64_t bytes = 0;    ///< data bytes that their rows had, 0 when that cannot be told
};

/// Adds a hole above all others. Beyond kHolesMax neighbours merge.
class SeqHoles {
 public:
  static constexpr std::size_t kHolesMax = 65'536;
  void add(std::int64_t first, std::int64_t last, std::int64_t bytes);
  [[nodiscard]] const std::vector<SeqHole>& all() const noexcept { return holes_; }

 private:
  std::vector<SeqHole> holes_;
};

/// Which epoch a seq of one lane belongs to. Epochs follow each other: where the next one began is where one
/// ended.
class EpochRanges {
 public:
  /// Epoch `number` gave seqs above `seq`, as its record says or as a row shows.
  void begins_after(std::int64_t number, std::int64_t seq);
  /// Of the range's; else of the neighbour above; nullopt when no epoch is known.
  [[nodiscard]] std::optional<std::int64_t> of(std::int64_t seq) const;
  /// The highest seq up to `last` that is of the same epoch as `first`.
  [[nodiscard]] std::int64_t end_of(std::int64_t first, std::int64_t last) const;

 private:
  std::map<std::int64_t, std::int64_t> begins_;  // number -> seq below its first
};

struct LaneLosses {
  std::int64_t cursor = 0;
  std::int64_t last_row = 0;              ///< the highest seq whose row is saved
  std::vector<SeqHole> holes;             ///< above the cursor, ascending
  std::vector<SalvagedGap> gaps;          ///< of the damaged store
  std::vector<std::int64_t> quarantined;  ///< seqs whose quarantined rows are saved, ascending
  bool gaps_whole = true;                 ///< false: the table of gaps did not read to its end
  EpochRanges epochs;
};

/// The gap records of the new store: those of the old one, and new ones (reason `damaged`) for every seq above
/// the cursor that has no row, is not in quarantine and that no record explains. What a sparse record of the
/// old store explains is known by number only: what is more than that is declared over the same hull. At most
/// limits::kGapRowsMax in all, as far as epochs allow: neighbours merge. Needs an epoch to be known.
[[nodiscard]] std::vector<SalvagedGap> declare_losses(const LaneLosses& losses);

}  // namespace holdfast::store
