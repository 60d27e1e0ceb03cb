// SPDX-License-Identifier: MIT
#include "flow/token_bucket.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "flow/throttle.hpp"

namespace holdfast::flow {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart{std::chrono::hours{1}};

TEST(TokenBucket, without_a_rate_it_is_always_open) {
  TokenBucket bucket(0, seconds(1));
  for (int i = 0; i < 1000; ++i) bucket.spend(1'000'000, kStart);
  EXPECT_TRUE(bucket.is_open(kStart));
  EXPECT_EQ(bucket.opens_at(), Instant::min());
}

TEST(TokenBucket, begins_with_a_burst_and_goes_on_at_its_rate) {
  TokenBucket bucket(10, seconds(1));
  int sent = 0;
  for (; bucket.is_open(kStart); ++sent) bucket.spend(1, kStart);
  EXPECT_EQ(sent, 10);
  for (Instant now = kStart; now < kStart + seconds(10); now += milliseconds(1)) {
    if (!bucket.is_open(now)) continue;
    bucket.spend(1, now);
    ++sent;
  }
  EXPECT_EQ(sent, 110);
}

TEST(TokenBucket, what_is_larger_than_the_bucket_is_sent_and_paid_for_later) {
  TokenBucket bucket(1000, seconds(1));
  bucket.spend(5000, kStart);
  EXPECT_FALSE(bucket.is_open(kStart + milliseconds(3999)));
  EXPECT_TRUE(bucket.is_open(kStart + milliseconds(4001)));
}

TEST(TokenBucket, a_long_rest_earns_no_more_than_the_burst) {
  TokenBucket bucket(10, milliseconds(500));
  bucket.spend(5, kStart);
  const Instant later = kStart + std::chrono::hours(5);
  int sent = 0;
  for (; bucket.is_open(later); ++sent) bucket.spend(1, later);
  EXPECT_EQ(sent, 5);
}

TEST(TokenBucket, an_absurd_price_does_not_overflow) {
  TokenBucket bucket(1, seconds(1));
  for (int i = 0; i < 5; ++i) bucket.spend(UINT64_MAX, kStart);
  EXPECT_GT(bucket.opens_at(), kStart + std::chrono::hours(24 * 365));
}

struct Spending {
  Instant at;
  std::uint64_t tokens;
};

// A sender that always has something and sends at the first moment allowed, or some time after it.
std::vector<Spending> spend_greedily(TokenBucket& bucket) {
  std::vector<Spending> spent;
  Instant now = kStart;
  for (int i = 0; i < 200; ++i) {
    now = std::max(now, bucket.opens_at()) + milliseconds(*rc::gen::inRange(0, 3) == 0 ? 40 : 0);
    spent.push_back({now, *rc::gen::inRange<std::uint64_t>(1, 400)});
    bucket.spend(spent.back().tokens, now);
  }
  return spent;
}

RC_GTEST_PROP(TokenBucket, no_span_of_time_sees_more_than_burst_and_rate_and_one_more, ()) {
  const auto per_s = *rc::gen::inRange<std::uint64_t>(1, 5000);
  const Duration burst = milliseconds(*rc::gen::inRange(1, 2000));
  TokenBucket bucket(per_s, burst);
  const auto spent = spend_greedily(bucket);
  for (std::size_t from = 0; from < spent.size(); from += 7) {
    std::uint64_t sum = 0;
    for (std::size_t to = from; to < spent.size(); ++to) {
      const std::chrono::duration<double> span = spent[to].at - spent[from].at + burst;
      RC_ASSERT(static_cast<double>(sum) <= span.count() * static_cast<double>(per_s) + 1.0);
      sum += spent[to].tokens;  // the last one is the one more
    }
  }
}

RC_GTEST_PROP(TokenBucket, it_opens_exactly_when_it_says, ()) {
  TokenBucket bucket(*rc::gen::inRange<std::uint64_t>(1, 100'000), seconds(1));
  bucket.spend(*rc::gen::inRange<std::uint64_t>(1, 1'000'000), kStart);
  RC_ASSERT(bucket.is_open(bucket.opens_at()));
  RC_ASSERT(!bucket.is_open(bucket.opens_at() - Duration{1}));
}

TEST(Throttle, all_limits_hold) {
  Throttle throttle;
  EXPECT_TRUE(throttle.is_open(kStart));
  throttle.limit({.packets_per_s = 100, .bytes_per_s = 0, .burst = seconds(1)});
  throttle.limit({.packets_per_s = 0, .bytes_per_s = 1000, .burst = seconds(1)});
  throttle.sent(1500, kStart);
  EXPECT_FALSE(throttle.is_open(kStart + milliseconds(499))) << "bytes";
  const Instant later = kStart + seconds(10);
  for (int i = 0; i < 100; ++i) throttle.sent(1, later);
  EXPECT_FALSE(throttle.is_open(later)) << "packets";
  EXPECT_TRUE(throttle.is_open(later + milliseconds(1)));
}

}  // namespace
}  // namespace holdfast::flow
