// SPDX-License-Identifier: MIT
#include "flow/connection_windows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace holdfast::flow {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

UtcTime utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0, int second = 0) {
  const std::chrono::sys_days date =
      std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day};
  return UtcTime{date.time_since_epoch() + hours(hour) + minutes(minute) + seconds(second)};
}

ConnectionWindows windows(std::vector<std::string> texts) { return ConnectionWindows::parse(texts).value(); }

std::string hint(const std::string& text) {
  const auto parsed = ConnectionWindow::parse(text);
  return parsed ? "accepted" : parsed.error().hint;
}

TEST(ConnectionWindows, none_means_always) {
  EXPECT_TRUE(windows({}).open(utc(2026, 1, 1)));
  EXPECT_EQ(windows({}).next_change(utc(2026, 1, 1)), utc(2026, 1, 2));
}

TEST(ConnectionWindows, opens_at_its_minute_and_closes_after_its_length) {
  const auto nightly = windows({"0 2 * * * for 30"});
  EXPECT_FALSE(nightly.open(utc(2026, 3, 5, 1, 59, 59)));
  EXPECT_TRUE(nightly.open(utc(2026, 3, 5, 2, 0)));
  EXPECT_TRUE(nightly.open(utc(2026, 3, 5, 2, 29, 59)));
  EXPECT_FALSE(nightly.open(utc(2026, 3, 5, 2, 30)));
  EXPECT_EQ(nightly.next_change(utc(2026, 3, 5, 1, 30, 7)), utc(2026, 3, 5, 2, 0));
  EXPECT_EQ(nightly.next_change(utc(2026, 3, 5, 2, 0)), utc(2026, 3, 5, 2, 30));
  EXPECT_EQ(nightly.next_change(utc(2026, 3, 5, 2, 30)), utc(2026, 3, 6, 2, 0));
}

TEST(ConnectionWindows, reaches_over_midnight_and_over_the_end_of_the_year) {
  const auto late = windows({"50 23 31 12 * for 20"});
  EXPECT_TRUE(late.open(utc(2027, 1, 1, 0, 9)));
  EXPECT_FALSE(late.open(utc(2027, 1, 1, 0, 10)));
  EXPECT_EQ(late.next_change(utc(2026, 12, 31, 23, 55)), utc(2027, 1, 1, 0, 10));
}

TEST(ConnectionWindows, lists_ranges_and_steps) {
  const auto office = windows({"*/15 8-17 * * 1-5 for 5"});
  EXPECT_TRUE(office.open(utc(2026, 11, 26, 8, 47)));  // a Thursday
  EXPECT_FALSE(office.open(utc(2026, 11, 26, 8, 50)));
  EXPECT_FALSE(office.open(utc(2026, 11, 28, 8, 47))) << "a Saturday";
  const auto some = windows({"5/20,7 0,12-14/2 * * * for 1"});
  for (const int minute : {5, 7, 25, 45}) EXPECT_TRUE(some.open(utc(2026, 1, 1, 14, minute))) << minute;
  EXPECT_FALSE(some.open(utc(2026, 1, 1, 13, 5)));
  EXPECT_FALSE(some.open(utc(2026, 1, 1, 14, 6)));
}

TEST(ConnectionWindows, a_day_fits_by_date_or_by_weekday_when_both_are_given) {
  const auto both = windows({"0 0 13 * 5 for 1"});
  EXPECT_TRUE(both.open(utc(2026, 11, 27))) << "a Friday";
  EXPECT_TRUE(both.open(utc(2026, 10, 13))) << "the 13th";
  EXPECT_FALSE(both.open(utc(2026, 11, 26)));
  const auto weekday = windows({"0 0 * * 7 for 1"});
  EXPECT_TRUE(weekday.open(utc(2026, 11, 29))) << "7 is Sunday, too";
  EXPECT_FALSE(weekday.open(utc(2026, 11, 30)));
}

TEST(ConnectionWindows, a_leap_day_comes_every_four_years) {
  const auto leap = windows({"0 12 29 2 * for 60"});
  EXPECT_TRUE(leap.open(utc(2028, 2, 29, 12, 30)));
  EXPECT_FALSE(leap.open(utc(2027, 3, 1, 12, 30)));
  EXPECT_EQ(leap.next_change(utc(2027, 3, 1, 12, 30)), utc(2027, 3, 2, 12, 30)) << "look again then";
}

TEST(ConnectionWindows, windows_that_touch_are_one) {
  const auto touching = windows({"0 2 * * * for 30", "30 2 * * * for 15", "40 2 * * * for 10"});
  EXPECT_EQ(touching.next_change(utc(2026, 3, 5, 2, 0)), utc(2026, 3, 5, 2, 50));
  const auto always = windows({"* * * * * for 1"});
  EXPECT_TRUE(always.open(utc(2026, 3, 5, 2, 0, 59)));
  EXPECT_EQ(always.next_change(utc(2026, 3, 5)), utc(2026, 3, 6));
}

TEST(ConnectionWindows, a_bad_one_is_told_by_its_field) {
  EXPECT_THAT(hint("60 2 * * * for 30"), HasSubstr("MINUTE '60'"));
  EXPECT_THAT(hint("0 24 * * * for 30"), HasSubstr("HOUR '24'"));
  EXPECT_THAT(hint("0 2 0 * * for 30"), HasSubstr("DAY '0'"));
  EXPECT_THAT(hint("0 2 * 13 * for 30"), HasSubstr("MONTH '13'"));
  EXPECT_THAT(hint("0 2 * * 8 for 30"), HasSubstr("WEEKDAY '8'"));
  EXPECT_THAT(hint("0 2 * * * for 0"), HasSubstr("MINUTES '0'"));
  EXPECT_THAT(hint("0 2 * * * for 10081"), HasSubstr("MINUTES '10081'"));
  for (const char* field : {"", "-", "5-", "-5", "9-3", "1,,2", "*/0", "x", "1/", "+1", "1-2-3"})
    EXPECT_NE(hint(std::string(field) + ",1 2 * * * for 30"), "accepted") << field;
  for (const char* text : {"", "0 2 * * *", "0 2 * * * 30", "0 2 * * for 30", "0 2 * * * for 30 x"})
    EXPECT_THAT(hint(text), HasSubstr("write MINUTE HOUR DAY MONTH WEEKDAY for MINUTES")) << text;
  EXPECT_FALSE(ConnectionWindows::parse(std::vector<std::string>(17, "0 2 * * * for 30")));
}

RC_GTEST_PROP(ConnectionWindows, nothing_changes_before_next_change_says_so, ()) {
  const auto number = [](int min, int max) { return std::to_string(*rc::gen::inRange(min, max + 1)); };
  std::vector<std::string> texts;
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    const std::string hour = *rc::gen::element<std::string>("*", "*/3", number(0, 23));
    const std::string weekday = *rc::gen::element<std::string>("*", number(0, 7));
    texts.push_back(number(0, 59) + " " + hour + " * * " + weekday + " for " + number(1, 300));
  }
  const auto all = windows(texts);
  const UtcTime at = utc(2026, 2, 27) + seconds(*rc::gen::inRange(0, 5 * 24 * 3600));
  const UtcTime change = all.next_change(at);
  RC_ASSERT(change > at && change <= at + hours(24));
  for (UtcTime t = at; t < change; t += seconds(20)) RC_ASSERT(all.open(t) == all.open(at));
  if (change < at + hours(24)) RC_ASSERT(all.open(change) != all.open(at));
}

}  // namespace
}  // namespace holdfast::flow
