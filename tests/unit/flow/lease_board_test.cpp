// SPDX-License-Identifier: MIT
#include "flow/lease_board.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace holdfast::flow {
namespace {

using std::chrono::seconds;

constexpr Instant kStart{std::chrono::hours{1}};
constexpr Duration kTerm = seconds(30);

ShareSet set(std::initializer_list<std::size_t> shares) {
  ShareSet all;
  for (const std::size_t share : shares) all.set(share);
  return all;
}

struct LeaseBoardTest : ::testing::Test {
  LeaseBoard board{3, kTerm, kStart};
  /// All three relays have what is at home with them.
  void all_at_home() {
    for (std::size_t relay = 0; relay < 3; ++relay)
      EXPECT_EQ(board.claim(relay, {}, kStart).held, set({relay}));
  }
};

TEST_F(LeaseBoardTest, each_relay_takes_what_is_at_home_with_it_and_keeps_it) {
  all_at_home();
  const auto again = board.claim(1, set({1}), kStart + seconds(10));
  EXPECT_EQ(again.held, set({1}));
  EXPECT_TRUE(again.taken.none()) << "renewing is no taking";
}

TEST_F(LeaseBoardTest, a_relay_that_is_late_at_the_start_finds_its_share) {
  EXPECT_EQ(board.claim(0, {}, kStart + kTerm - seconds(1)).held, set({0}));
  EXPECT_EQ(board.claim(1, {}, kStart + kTerm - seconds(1)).held, set({1}));
}

TEST_F(LeaseBoardTest, what_its_relay_does_not_claim_goes_to_another_after_the_term) {
  all_at_home();
  const Instant before = kStart + kTerm - Duration(1);
  EXPECT_EQ(board.claim(0, set({0}), before).held, set({0}));
  const auto after = board.claim(0, set({0}), kStart + kTerm);
  EXPECT_EQ(after.held, set({0, 1})) << "one at a time";
  EXPECT_EQ(after.taken, set({1}));
  EXPECT_EQ(after.dispossessed.to_ulong(), 0b010U);
  EXPECT_FALSE(board.holds(1, set({1})));
}

TEST_F(LeaseBoardTest, a_relay_that_is_late_and_was_not_missed_goes_on) {
  all_at_home();
  const auto late = board.claim(1, set({1}), kStart + 2 * kTerm);
  EXPECT_EQ(late.held & set({1}), set({1}));
  EXPECT_FALSE(late.taken[1]) << "with the same lease";
}

TEST_F(LeaseBoardTest, a_relay_that_is_back_asks_for_its_share_and_gets_it_when_it_is_let_go_of) {
  all_at_home();
  (void)board.claim(2, set({2}), kStart + seconds(29));
  ASSERT_EQ(board.claim(0, set({0}), kStart + kTerm).held, set({0, 1}));
  const Instant back = kStart + kTerm + seconds(1);
  EXPECT_EQ(board.claim(1, {}, back).held, set({}));
  EXPECT_EQ(board.claim(0, set({0, 1}), back).wanted_back, set({1}));
  const auto left = board.claim(0, set({0}), back);
  EXPECT_EQ(left.held, set({0}));
  EXPECT_EQ(left.let_go, set({1}));
  EXPECT_EQ(board.claim(2, set({2}), back).held, set({2})) << "it is kept for relay 1";
  EXPECT_EQ(board.claim(1, {}, back).held, set({1}));
  EXPECT_TRUE(board.claim(1, set({1}), back).wanted_back.none());
}

// Whatever the relays do: a share has one holder; it goes to another only after the term or when it is let go of;
// and a relay that is alone has everything after a term for each share.
RC_GTEST_PROP(LeaseBoardProperty, a_share_is_held_by_one_relay_at_a_time, ()) {
  const auto relays = *rc::gen::inRange<std::size_t>(2, limits::kRelaysMax + 1);
  LeaseBoard board(relays, kTerm, kStart);
  std::vector<ShareSet> held(relays);
  std::vector<Instant> until(relays, Instant::min());
  Instant now = kStart;
  for (int step = 0; step < 200; ++step) {
    now += seconds(*rc::gen::inRange(0, 20));
    const auto relay = *rc::gen::inRange<std::size_t>(0, relays);
    const ShareSet keeps =
        *rc::gen::weightedElement<bool>({{5, true}, {1, false}}) ? held[relay] : ShareSet{};
    const auto decision = board.claim(relay, keeps & held[relay], now);
    for (std::size_t other = 0; other < relays; ++other) {
      if (other == relay) continue;
      const ShareSet lost = held[other] & decision.held;
      RC_ASSERT(lost.none() || until[other] <= now);
      RC_ASSERT(lost.none() || decision.dispossessed[other]);
      held[other] &= ~lost;
      RC_ASSERT(board.holds(other, held[other]));
    }
    held[relay] = decision.held;
    until[relay] = now + kTerm;
    RC_ASSERT(board.holds(relay, decision.held));
  }
  const auto left = *rc::gen::inRange<std::size_t>(0, relays);
  for (std::size_t n = 0; n <= relays; ++n) {
    now += kTerm;
    held[left] = board.claim(left, held[left], now).held;
  }
  RC_ASSERT(held[left].count() == relays);
}

}  // namespace
}  // namespace holdfast::flow
