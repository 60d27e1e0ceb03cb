// SPDX-License-Identifier: MIT
#include "flow/short_lives.hpp"

#include <gtest/gtest.h>

namespace holdfast::flow {
namespace {

using std::chrono::seconds;

bool after_four_short_ones(Duration age, bool acknowledged, bool without_reason) {
  ShortLives lives;
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(lives.ended(seconds(1), true, true));
  return lives.ended(age, acknowledged, without_reason);
}

TEST(ShortLives, five_working_connections_that_die_young_are_taken_for_a_takeover) {
  EXPECT_TRUE(after_four_short_ones(seconds(9), true, true));
}

TEST(ShortLives, a_connection_that_lived_or_never_worked_or_ended_with_a_reason_is_none_of_them) {
  EXPECT_FALSE(after_four_short_ones(seconds(10), true, true));
  EXPECT_FALSE(after_four_short_ones(seconds(1), false, true));
  EXPECT_FALSE(after_four_short_ones(seconds(1), true, false));
}

TEST(ShortLives, a_broker_that_is_away_in_between_is_being_restarted) {
  ShortLives lives;
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(lives.ended(seconds(1), true, true));
    lives.failed_to_connect();
  }
}

TEST(ShortLives, goes_on_until_one_lives) {
  ShortLives lives;
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(lives.ended(seconds(1), true, true));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(lives.ended(seconds(1), true, true));
  EXPECT_FALSE(lives.ended(seconds(60), true, true));
  EXPECT_FALSE(lives.ended(seconds(1), true, true));
}

}  // namespace
}  // namespace holdfast::flow
