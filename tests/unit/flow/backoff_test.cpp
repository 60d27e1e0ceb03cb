// SPDX-License-Identifier: MIT
#include "flow/backoff.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

namespace holdfast::flow {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kHighest = std::numeric_limits<std::uint64_t>::max();

// The longest delay that a fresh copy can give next.
Duration longest_next(const Backoff& backoff) {
  Duration longest{0};
  for (int sample = 0; sample < 500; ++sample) {
    Backoff copy = backoff;
    longest = std::max(longest, copy.next(static_cast<std::uint64_t>(sample) * (kHighest / 500)));
  }
  return longest;
}

TEST(Backoff, the_spread_doubles_up_to_the_maximum) {
  Backoff backoff({Duration::zero(), milliseconds(500), seconds(60)});
  for (const auto spread : {milliseconds(500), milliseconds(1000), milliseconds(2000), milliseconds(4000)}) {
    EXPECT_LE(longest_next(backoff), spread);
    EXPECT_GT(longest_next(backoff), spread * 9 / 10);
    (void)backoff.next(1);
  }
  for (int i = 0; i < 100; ++i) (void)backoff.next(1);
  EXPECT_LE(longest_next(backoff), seconds(60));
  EXPECT_GT(longest_next(backoff), seconds(54));
}

TEST(Backoff, reset_starts_again_at_the_first_spread) {
  Backoff backoff({Duration::zero(), milliseconds(500), seconds(60)});
  for (int i = 0; i < 10; ++i) (void)backoff.next(1);
  backoff.reset();
  EXPECT_LE(longest_next(backoff), milliseconds(500));
}

TEST(Backoff, a_maximum_below_the_floor_counts_as_the_floor) {
  Backoff backoff({seconds(10), seconds(10), seconds(1)});
  for (std::uint64_t random : {std::uint64_t{0}, std::uint64_t{12345}, kHighest}) {
    EXPECT_EQ(backoff.next(random), seconds(10));
  }
}

RC_GTEST_PROP(Backoff, a_delay_is_never_outside_its_range, ()) {
  const Duration floor{*rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000)};
  const Duration step{*rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000)};
  const Duration max{*rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000)};
  Backoff backoff({floor, step, max});
  for (const auto random : *rc::gen::arbitrary<std::vector<std::uint64_t>>()) {
    const Duration delay = backoff.next(random);
    RC_ASSERT(delay >= floor);
    RC_ASSERT(delay <= std::max(floor, max));
  }
}

RelayOptions with_defaults() { return {}; }

TEST(ReconnectBackoff, refused_credentials_are_never_retried_within_half_a_minute) {
  ReconnectBackoff backoff(with_defaults());
  for (int i = 0; i < 20; ++i) {
    EXPECT_GE(backoff.failed(ConnectionFailure::credentials, 0), seconds(30));
    EXPECT_LE(backoff.failed(ConnectionFailure::credentials, kHighest), minutes(10));
  }
}

TEST(ReconnectBackoff, the_first_connection_is_spread_too) {
  const ReconnectBackoff backoff(with_defaults());
  EXPECT_EQ(backoff.first(0), Duration::zero());
  EXPECT_EQ(backoff.first(milliseconds(500).count() * 1'000'000ULL), milliseconds(500));
  EXPECT_LE(backoff.first(kHighest), milliseconds(500));
}

// The random number that makes the spread of nanosecond `wanted` visible: larger spreads return it unchanged.
constexpr std::uint64_t as_random(Duration wanted) { return static_cast<std::uint64_t>(wanted.count()); }

TEST(ReconnectBackoff, an_acknowledgement_resets_the_ordinary_delay) {
  ReconnectBackoff backoff(with_defaults());
  for (int i = 0; i < 6; ++i) (void)backoff.failed(ConnectionFailure::ordinary, 0);
  EXPECT_EQ(backoff.failed(ConnectionFailure::ordinary, as_random(seconds(30))), seconds(30));
  backoff.acknowledged(seconds(1));
  EXPECT_LE(backoff.failed(ConnectionFailure::ordinary, as_random(seconds(30))), milliseconds(500));
}

TEST(ReconnectBackoff, takeovers_keep_doubling_although_each_connection_gets_acknowledgements) {
  ReconnectBackoff backoff(with_defaults());
  (void)backoff.failed(ConnectionFailure::takeover, 0);
  backoff.acknowledged(seconds(5));
  EXPECT_EQ(backoff.failed(ConnectionFailure::takeover, as_random(seconds(20))), seconds(30));
  backoff.acknowledged(seconds(61));  // stood longer than any takeover delay: the rival is gone
  EXPECT_LE(backoff.failed(ConnectionFailure::takeover, as_random(seconds(20))), seconds(20));
}

TEST(ReconnectBackoff, kinds_of_failure_count_for_themselves) {
  ReconnectBackoff backoff(with_defaults());
  for (int i = 0; i < 10; ++i) (void)backoff.failed(ConnectionFailure::ordinary, kHighest);
  EXPECT_LE(backoff.failed(ConnectionFailure::credentials, kHighest), seconds(60));
}

}  // namespace
}  // namespace holdfast::flow
