// SPDX-License-Identifier: MIT
#include "program/pacer.hpp"

#include <gtest/gtest.h>

namespace holdfast::program {
namespace {

using namespace std::chrono_literals;
constexpr Instant kStart{1h};

TEST(Pacer, keeps_the_rate_over_many_takes) {
  for (const double rate : {0.5, 3.0, 100.0, 7000.0}) {
    Pacer pacer(rate, kStart);
    std::size_t taken = 0;
    Instant now = kStart;
    while (now < kStart + 20s) {
      now = pacer.next(now);
      taken += pacer.take(now, 256);
    }
    EXPECT_NEAR(static_cast<double>(taken), rate * 20, rate * 20 * 0.01 + 1) << rate;
  }
}

TEST(Pacer, hands_out_at_most_what_is_asked_for) {
  Pacer pacer(1000, kStart);
  EXPECT_EQ(pacer.take(kStart, 256), 0U);
  EXPECT_EQ(pacer.take(kStart + 500ms, 256), 256U);
  EXPECT_EQ(pacer.take(kStart + 500ms, 256), 244U);
  EXPECT_EQ(pacer.take(kStart + 500ms, 256), 0U);
}

TEST(Pacer, gives_up_a_lag_of_more_than_a_second) {
  Pacer pacer(100, kStart);
  EXPECT_EQ(pacer.take(kStart + 1h, 10), 10U);
  EXPECT_EQ(pacer.take(kStart + 1h, 10), 0U);
  EXPECT_EQ(pacer.take(kStart + 1h + 50ms, 10), 5U);
}

TEST(Pacer, does_not_wake_up_more_often_than_every_five_milliseconds) {
  const Pacer fast(1e6, kStart);
  EXPECT_EQ(fast.next(kStart), kStart + 5ms);
  const Pacer slow(0.1, kStart);
  EXPECT_EQ(slow.next(kStart), kStart + 10s);
}

}  // namespace
}  // namespace holdfast::program
