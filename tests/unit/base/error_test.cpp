// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <set>
#include <string>

#include <holdfast/check.hpp>
#include <holdfast/result.hpp>
#include <holdfast/statistics.hpp>
#include <holdfast/time.hpp>

namespace holdfast {
namespace {

TEST(Error, is_one_line_that_leaves_out_what_is_not_known) {
  EXPECT_EQ((Error{ErrorCode::busy, 5, "open store x", "held by pid 17; stop it first"}).text(),
            "open store x: busy (5): held by pid 17; stop it first");
  EXPECT_EQ((Error{ErrorCode::full, 0, "add event", ""}).text(), "add event: full");
  EXPECT_EQ((Error{ErrorCode::invalid, 0, "", ""}).text(), "invalid");
}

TEST(Error, fail_makes_a_result) {
  const Result<int> result = fail(ErrorCode::disk_full, "commit", "free some space", 13);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text(), "commit: disk_full (13): free some space");
}

TEST(ErrorCode, every_code_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (int code = 1; code <= 11; ++code) names.insert(to_string(static_cast<ErrorCode>(code)));
  EXPECT_EQ(names.size(), 11U);
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(to_string(ErrorCode::outcome_unknown), "outcome_unknown");
  EXPECT_EQ(static_cast<int>(ErrorCode::outcome_unknown), 11);  // numbers are part of the ABI
  EXPECT_EQ(static_cast<int>(ErrorCode::busy), 1);
}

TEST(RelayState, has_names) {
  EXPECT_EQ(to_string(RelayState::stopped), "stopped");
  EXPECT_EQ(to_string(RelayState::backing_off), "backing_off");
}

TEST(SaturatingAdd, never_passes_the_last_instant) {
  using namespace std::chrono_literals;
  EXPECT_EQ(saturating_add(Instant(5s), 3s), Instant(8s));
  EXPECT_EQ(saturating_add(Instant(5s), -3s), Instant(2s));
  EXPECT_EQ(saturating_add(Instant(5s), Duration::max()), Instant::max());
  EXPECT_EQ(saturating_add(Instant(-5s), 3s), Instant(-2s));
  EXPECT_EQ(saturating_add(Instant::max(), 1ns), Instant::max());
  EXPECT_EQ(saturating_add(Instant::max(), 0ns), Instant::max());
}

TEST(CheckDeathTest, names_the_broken_assumption_and_aborts) {
  EXPECT_DEATH(HOLDFAST_CHECK(1 + 1 == 3), "broken assumption: 1 \\+ 1 == 3 \\(.*error_test.cpp:[0-9]+\\)");
}

}  // namespace
}  // namespace holdfast
