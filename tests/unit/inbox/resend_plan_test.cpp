// SPDX-License-Identifier: MIT
#include "inbox/resend_plan.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <holdfast/limits.hpp>
#include <map>
#include <set>

namespace holdfast::inbox {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Instant kStart{hours(1)};

MissingRange range(std::int64_t first, std::int64_t last, const std::string& device = "pump-1") {
  return {"urn:holdfast:" + device + "/bulk", Epoch{7}, first, last, last - first + 1, false};
}

struct Asking : ::testing::Test {
  std::vector<ResendAsk> next(std::vector<MissingRange> missing, Duration at) {
    return plan.next(missing, kStart + at);
  }
  ResendPlan plan{ResendRule{}};
};

TEST_F(Asking, asks_when_a_range_has_been_missing_for_long_enough) {
  EXPECT_TRUE(next({range(5, 9)}, seconds(0)).empty());
  EXPECT_TRUE(next({range(5, 9)}, seconds(29)).empty());
  const auto asks = next({range(5, 9)}, seconds(30));
  ASSERT_EQ(asks.size(), 1U);
  EXPECT_EQ(asks[0].device_source, "urn:holdfast:pump-1");
  EXPECT_EQ(asks[0].ranges, (std::vector<ResendRange>{{"bulk", Epoch{7}, 5, 9}}));
}

TEST_F(Asking, does_not_ask_for_what_came_by_itself) {
  (void)next({range(5, 9), range(20, 20)}, seconds(0));
  const auto asks = next({range(7, 7)}, seconds(30));  // a part of a range is as old as the range
  ASSERT_EQ(asks.size(), 1U);
  EXPECT_EQ(asks[0].ranges, (std::vector<ResendRange>{{"bulk", Epoch{7}, 7, 7}}));
}

TEST_F(Asking, a_range_that_grows_begins_anew) {
  (void)next({range(5, 9)}, seconds(0));
  EXPECT_TRUE(next({range(5, 10)}, seconds(30)).empty());
  EXPECT_EQ(next({range(5, 10)}, seconds(60)).size(), 1U);
}

TEST_F(Asking, asks_in_vain_less_and_less_often_and_soon_again_when_it_helps) {
  std::vector<std::int64_t> asked_at;
  for (int s = 0; s <= 4 * 3600; ++s)
    if (!next({range(5, 9)}, seconds(s)).empty()) asked_at.push_back(s);
  ASSERT_GE(asked_at.size(), 9U);
  EXPECT_EQ(asked_at[0], 30);
  EXPECT_EQ(asked_at[1] - asked_at[0], 30);
  EXPECT_EQ(asked_at[2] - asked_at[1], 60);
  EXPECT_EQ(asked_at[3] - asked_at[2], 120);
  EXPECT_EQ(asked_at.back() - asked_at[asked_at.size() - 2], 3600);
  EXPECT_EQ(next({range(8, 9)}, seconds(asked_at.back() + 30)).size(), 1U);
}

TEST_F(Asking, puts_the_lanes_of_a_device_into_one_request_and_cuts_it_at_its_bounds) {
  std::vector<MissingRange> missing;
  for (std::int64_t i = 0; i < 70; ++i) missing.push_back(range(10 * i + 1, 10 * i + 2));
  missing.push_back({"urn:holdfast:pump-1/zeta", Epoch{7}, 1, 1, 1, false});
  missing.push_back(range(1, 200'000, "pump-2"));
  missing.push_back({"https://elsewhere.example", Epoch{7}, 1, 1, 1, false});
  (void)next(missing, seconds(0));
  const auto asks = next(missing, seconds(30));
  ASSERT_EQ(asks.size(), 2U);
  EXPECT_EQ(asks[0].ranges.size(), limits::kResendRangesMax);
  EXPECT_EQ(asks[1].ranges, (std::vector<ResendRange>{{"bulk", Epoch{7}, 1, limits::kResendEventsMax}}));
}

// A world in which ranges come and go at random, and time passes: the rules of resend_plan.hpp hold.
RC_GTEST_PROP(AskingProperty, asks_only_for_what_is_missing_for_long_and_never_too_often,
              (const std::vector<std::uint16_t>& moves)) {
  const ResendRule rule;
  ResendPlan plan(rule);
  std::set<std::pair<int, std::int64_t>> missing;  // device, seq
  std::map<std::pair<int, std::int64_t>, Instant> since;
  std::map<std::string, Instant> asked_at;
  Instant now = kStart;
  for (const std::uint16_t move : moves) {
    now += seconds(move % 23);
    const std::pair seq{move % 3, 1 + (move / 3) % 40};
    if (missing.erase(seq) == 0) missing.insert(seq);
    if (missing.contains(seq)) since[seq] = now;
    std::vector<MissingRange> ranges;
    for (const auto& [device, n] : missing) {
      const std::string source = "urn:holdfast:d" + std::to_string(device) + "/bulk";
      if (!ranges.empty() && ranges.back().source == source && ranges.back().last + 1 == n)
        ranges.back().count = (ranges.back().last = n) - ranges.back().first + 1;
      else
        ranges.push_back({source, Epoch{7}, n, n, 1, false});
    }
    for (const ResendAsk& ask : plan.next(ranges, now)) {
      const auto before = asked_at.find(ask.device_source);
      const bool in_time = before == asked_at.end() || now - before->second >= rule.interval;
      RC_ASSERT(in_time);
      asked_at[ask.device_source] = now;
      RC_ASSERT(!ask.ranges.empty());
      RC_ASSERT(ask.ranges.size() <= limits::kResendRangesMax);
      const int device = ask.device_source.back() - '0';
      for (const ResendRange& part : ask.ranges) {
        for (std::int64_t n = part.first; n <= part.last; ++n) {
          RC_ASSERT(missing.contains({device, n}));
          RC_ASSERT(now - since.at({device, n}) >= rule.after);
        }
      }
    }
  }
}

}  // namespace
}  // namespace holdfast::inbox
