// SPDX-License-Identifier: MIT
#include "store/salvage_losses.hpp"

#include <gtest/gtest.h>

#include <array>
#include <holdfast/limits.hpp>
#include <vector>

namespace holdfast::store::test {
namespace {

SalvagedGap gap_of(std::int64_t first, std::int64_t last, std::int64_t missing) {
  SalvagedGap gap;
  gap.n = first;
  gap.epoch_number = 1;
  gap.first_seq = first;
  gap.last_seq = last;
  gap.missing = missing;
  gap.reason = "shed";
  return gap;
}

using Ranges = std::vector<std::array<std::int64_t, 3>>;  ///< first, last, missing

Ranges declared(const LaneLosses& losses) {
  Ranges ranges;
  for (const SalvagedGap& gap : declare_losses(losses)) {
    if (gap.n == 0) ranges.push_back({gap.first_seq, gap.last_seq, gap.missing});
  }
  return ranges;
}

TEST(Losses, are_what_no_record_and_no_quarantine_explains) {
  LaneLosses losses;
  losses.cursor = 10;
  losses.epochs.begins_after(1, 0);
  losses.holes = {{11, 20, 10, 0}, {30, 30, 1, 0}};
  EXPECT_EQ(declared(losses), (Ranges{{11, 20, 10}, {30, 30, 1}}));
  losses.gaps = {gap_of(12, 14, 3), gap_of(30, 30, 1)};
  losses.quarantined = {16, 20};
  // The quarantined ones have no record any more, so they get one again.
  EXPECT_EQ(declared(losses), (Ranges{{11, 11, 1}, {15, 15, 1}, {16, 16, 1}, {17, 19, 3}, {20, 20, 1}}));
}

TEST(Losses, inside_a_sparse_record_are_what_it_does_not_count) {
  LaneLosses losses;
  losses.epochs.begins_after(1, 0);
  losses.holes = {{2, 2, 1, 0}, {4, 4, 1, 0}, {6, 8, 3, 0}, {12, 12, 1, 0}};
  losses.gaps = {gap_of(2, 8, 5)};
  EXPECT_EQ(declared(losses), (Ranges{{12, 12, 1}}));
  losses.gaps = {gap_of(2, 8, 3)};
  EXPECT_EQ(declared(losses), (Ranges{{2, 8, 2}, {12, 12, 1}}));
  // The cursor is inside the record: nobody knows which side its seqs are on.
  losses.cursor = 3;
  losses.holes = {{4, 4, 1, 0}, {6, 8, 3, 0}};
  EXPECT_EQ(declared(losses), (Ranges{{4, 4, 1}, {6, 8, 3}}));
}

TEST(Losses, merge_with_their_nearest_neighbours_of_one_epoch_when_they_are_many) {
  LaneLosses losses;
  losses.epochs.begins_after(1, 0);
  losses.epochs.begins_after(2, 5000);
  SeqHoles holes;
  std::int64_t all = 0;
  for (std::int64_t seq = 1; seq < 10'000; seq += 2 + seq % 5) {
    holes.add(seq, seq, 0);
    ++all;
  }
  losses.holes = holes.all();
  const auto gaps = declare_losses(losses);
  EXPECT_LE(gaps.size(), limits::kGapRowsMax);
  std::int64_t missing = 0;
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    missing += gaps[i].missing;
    EXPECT_EQ(gaps[i].epoch_number, gaps[i].last_seq <= 5000 ? 1 : 2);
    EXPECT_LE(gaps[i].missing, gaps[i].last_seq - gaps[i].first_seq + 1);
    if (i > 0) {
      EXPECT_GT(gaps[i].first_seq, gaps[i - 1].last_seq);
    }
  }
  EXPECT_EQ(missing, all);
}

TEST(Losses, are_remembered_exactly_in_number_however_many_they_are) {
  SeqHoles holes;
  for (std::int64_t i = 0; i < 200'000; ++i) holes.add(3 * i + 1, 3 * i + 1, 7);
  EXPECT_LE(holes.all().size(), SeqHoles::kHolesMax);
  std::int64_t missing = 0;
  for (const SeqHole& hole : holes.all()) missing += hole.missing;
  EXPECT_EQ(missing, 200'000);
}

}  // namespace
}  // namespace holdfast::store::test
