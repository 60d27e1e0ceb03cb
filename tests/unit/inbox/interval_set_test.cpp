// SPDX-License-Identifier: MIT
#include "inbox/interval_set.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace holdfast::inbox {
namespace {

using Intervals = std::vector<Interval>;

TEST(IntervalSet, places_a_seq_by_its_neighbours) {
  EXPECT_EQ(place(5, std::nullopt, std::nullopt), Placement::alone);
  EXPECT_EQ(place(5, Interval{1, 5}, std::nullopt), Placement::known);
  EXPECT_EQ(place(5, Interval{1, 4}, std::nullopt), Placement::append);
  EXPECT_EQ(place(5, Interval{1, 3}, Interval{6, 6}), Placement::prepend);
  EXPECT_EQ(place(5, Interval{1, 4}, Interval{6, 9}), Placement::join);
  EXPECT_EQ(place(5, Interval{1, 3}, Interval{7, 9}), Placement::alone);
}

TEST(IntervalSet, counts_up_to_the_highest_seq_without_overflow) {
  const Interval everything{1, kSeqMax};
  EXPECT_EQ(everything.count(), kSeqMax);
  EXPECT_EQ(without(everything, Intervals{{1, kSeqMax - 1}}), (Intervals{{kSeqMax, kSeqMax}}));
  EXPECT_TRUE(without(everything, Intervals{everything}).empty());
  const std::vector<SparseHull> greedy = {{everything, kSeqMax}, {everything, kSeqMax}};
  EXPECT_TRUE(missing_of(everything, {}, greedy).empty());
}

TEST(IntervalSet, reports_the_shortfall_of_a_sparse_hull) {
  const std::vector<SparseHull> hull = {{{3, 8}, 2}};
  const Intervals known = {{1, 1}, {4, 4}};
  const std::vector<Missing> expected = {{{2, 2}, 1, false}, {{3, 8}, 3, true}, {{9, 10}, 2, false}};
  EXPECT_EQ(missing_of({1, 10}, known, hull), expected);
}

TEST(IntervalSet, takes_overlapping_hulls_together) {
  const std::vector<SparseHull> hulls = {{{1, 6}, 3}, {{4, 9}, 4}};
  EXPECT_EQ(missing_of({1, 9}, {}, hulls), (std::vector<Missing>{{{1, 9}, 2, true}}));
  EXPECT_TRUE(missing_of({1, 9}, Intervals{{2, 3}}, hulls).empty());
}

RC_GTEST_PROP(IntervalSet, holes_are_what_a_set_of_seqs_lacks, ()) {
  std::set<std::int64_t> seqs;
  for (const int seq : *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 60))) seqs.insert(seq);
  const std::int64_t first = *rc::gen::inRange(1, 60);
  const std::int64_t last = *rc::gen::inRange<std::int64_t>(first, 70);
  Intervals known;
  for (const std::int64_t seq : seqs) known.push_back({seq, seq});

  std::set<std::int64_t> lacking;
  for (std::int64_t seq = first; seq <= last; ++seq) {
    if (!seqs.contains(seq)) lacking.insert(seq);
  }
  std::set<std::int64_t> found;
  for (const Interval& hole : without({first, last}, known)) {
    for (std::int64_t seq = hole.first; seq <= hole.last; ++seq) found.insert(seq);
  }
  RC_ASSERT(found == lacking);
}

}  // namespace
}  // namespace holdfast::inbox
