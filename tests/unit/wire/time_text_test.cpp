// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <limits>

#include "wire/time_text.hpp"

namespace holdfast::wire {
namespace {

using namespace std::chrono_literals;

UtcTime at(std::int64_t seconds, std::int64_t nanoseconds = 0) {
  return UtcTime(std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds));
}

TEST(TimeText, writes_utc_with_six_decimals) {
  EXPECT_EQ(time_text(at(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(time_text(at(1795215882, 123'456'789)), "2026-11-20T23:04:42.123456Z");
  EXPECT_EQ(time_text(at(951827696)), "2000-02-29T12:34:56.000000Z");
  EXPECT_EQ(time_text(at(-1)), "1969-12-31T23:59:59.000000Z");
  EXPECT_EQ(time_text(at(0, -1)), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(time_text(UtcTime::max()), "2262-04-11T23:47:16.854775Z");
  EXPECT_EQ(time_text(UtcTime::min()), "1677-09-21T00:12:43.145224Z");
}

// The examples of RFC 3339 section 5.8.
TEST(TimeText, reads_the_examples_of_rfc_3339) {
  EXPECT_EQ(parse_time("1985-04-12T23:20:50.52Z"), at(482196050, 520'000'000));
  EXPECT_EQ(parse_time("1996-12-19T16:39:57-08:00"), at(851042397));
  EXPECT_EQ(parse_time("1996-12-20T00:39:57Z"), at(851042397));
  EXPECT_EQ(parse_time("1990-12-31T23:59:60Z"), at(662688000));
  EXPECT_EQ(parse_time("1990-12-31T15:59:60-08:00"), at(662688000));
  EXPECT_EQ(parse_time("1937-01-01T12:00:27.87+00:20"), at(-1041337173, 870'000'000));
}

TEST(TimeText, what_is_written_reads_back_to_the_microsecond) {
  for (const UtcTime time :
       {at(0), at(1795215882, 123'456'000), at(-5'000'000'000, 1'000), at(1, 999'999'000)}) {
    EXPECT_EQ(parse_time(time_text(time)), time);
  }
}

TEST(TimeText, cuts_what_is_finer_than_nanoseconds) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.1234567899999Z"), at(0, 123'456'789));
  EXPECT_EQ(parse_time("1970-01-01t00:00:01z"), at(1));
}

TEST(TimeText, refuses_what_is_no_date_time) {
  for (const char* text : {"",
                           "2026-11-20",
                           "2026-11-20T23:04:42",
                           "2026-11-20 23:04:42Z",
                           "2026-11-20T23:04Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-11-31T00:00:00Z",
                           "2026-11-00T00:00:00Z",
                           "2026-11-20T24:00:00Z",
                           "2026-11-20T23:60:00Z",
                           "2026-11-20T23:04:61Z",
                           "2026-11-20T23:04:42.Z",
                           "2026-11-20T23:04:42+0100",
                           "2026-11-20T23:04:42+24:00",
                           "2026-11-20T23:04:42+01:60",
                           "2026-11-20T23:04:42Z ",
                           " 2026-11-20T23:04:42Z",
                           "26-11-20T23:04:42Z",
                           "+026-11-20T23:04:42Z",
                           "2026-1-20T23:04:42Z"}) {
    EXPECT_FALSE(is_time_text(text)) << text;
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
  EXPECT_FALSE(is_time_text("2026-11-20T23:04:42." + std::string(1000, '0') + "Z"));
}

TEST(TimeText, a_time_beyond_int64_nanoseconds_is_text_but_no_utc_time) {
  for (const char* text : {"0000-01-01T00:00:00Z", "1600-01-01T00:00:00Z", "2300-01-01T00:00:00Z",
                           "9999-12-31T23:59:60.999999999-23:59"}) {
    EXPECT_TRUE(is_time_text(text)) << text;
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace holdfast::wire
