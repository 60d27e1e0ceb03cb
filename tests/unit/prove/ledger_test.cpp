// SPDX-License-Identifier: MIT
#include "prove/crash/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::prove {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

ToldWrite write_of(std::size_t lane, std::int64_t seq, std::uint64_t value) {
  return {{{lane, seq, Epoch{7}, value}}, {{"key", value}}};
}

/// A write in operations 10 to 19, and one in 20 to 29.
Ledger two_writes() {
  Ledger ledger;
  for (std::int64_t seq = 1; seq <= 2; ++seq) {
    const auto at = static_cast<std::size_t>(seq) * 10;
    const ToldWrite write = write_of(1, seq, static_cast<std::uint64_t>(seq));
    ledger.steps.push_back({Phase::writing, at, at + 10, ledger.ends, ledger.state, {write}, true});
    ledger.committed(write);
  }
  return ledger;
}

TEST(Ledger, knows_which_step_is_in_progress_at_a_cut) {
  const Ledger ledger = two_writes();
  EXPECT_EQ(ledger.in_progress(10), nullptr);  // nothing of it was begun
  EXPECT_EQ(ledger.in_progress(11), &ledger.steps[0]);
  EXPECT_EQ(ledger.in_progress(19), &ledger.steps[0]);
  EXPECT_EQ(ledger.in_progress(20), nullptr);  // its caller has been told
  EXPECT_EQ(ledger.in_progress(30), nullptr);
}

TEST(Ledger, gives_the_world_with_and_without_the_write_in_progress) {
  const Ledger ledger = two_writes();
  Ends ends{};
  State state;
  ledger.world_at(25, 0, ends, state);
  EXPECT_EQ(ends[1], 1);
  EXPECT_THAT(state, UnorderedElementsAre(Pair("key", 1U)));
  ledger.world_at(25, 1, ends, state);
  EXPECT_EQ(ends[1], 2);
  EXPECT_THAT(state, UnorderedElementsAre(Pair("key", 2U)));
  ledger.world_at(30, 0, ends, state);
  EXPECT_EQ(ends[1], 2);
}

TEST(Ledger, after_a_cut_only_what_was_there_has_happened) {
  Ledger ledger = two_writes();
  ledger.acknowledged = {{1, 1, 20}, {1, 2, 30}};
  ledger.quarantined = {{0, 1, 22, 24, 24}, {0, 2, 24, 28}, {0, 3, 28, 29}};
  const Ledger after = ledger.after_cut(25, 0);
  EXPECT_EQ(after.ends[1], 1);
  EXPECT_EQ(after.events[1].size(), 1U);
  EXPECT_TRUE(after.steps.empty());
  ASSERT_EQ(after.acknowledged.size(), 1U);
  EXPECT_EQ(after.acknowledged[0].at, 0U);
  ASSERT_EQ(after.quarantined.size(), 2U);
  EXPECT_EQ(after.quarantined[0].end, 0U);
  EXPECT_EQ(after.quarantined[1].end, SIZE_MAX);  // it was in progress
  EXPECT_TRUE(after.quarantined[0].discarded_before);
  EXPECT_FALSE(after.quarantined[1].discarded_before);
  EXPECT_FALSE(ledger.after_cut(24, 0).quarantined[0].discarded_before);  // nothing was done about it yet
}

}  // namespace
}  // namespace holdfast::prove
