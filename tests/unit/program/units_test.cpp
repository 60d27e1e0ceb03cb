// SPDX-License-Identifier: MIT
#include "program/units.hpp"

#include <gtest/gtest.h>

namespace holdfast::program {
namespace {

using namespace std::chrono_literals;

TEST(Units, durations_have_a_unit) {
  EXPECT_EQ(parse_duration("500ms").value(), 500ms);
  EXPECT_EQ(parse_duration("1.5s").value(), 1500ms);
  EXPECT_EQ(parse_duration("5m").value(), 5min);
  EXPECT_EQ(parse_duration("2h").value(), 2h);
  EXPECT_EQ(parse_duration("7d").value(), 7 * 24h);
}

TEST(Units, what_is_no_duration_is_refused_with_an_example) {
  for (const char* text :
       {"", "5", "s", "0s", "-1s", "1 s", "1S", "0.1ms", "nan s", "inf s", "1e3s", "9999999d"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_NE(parsed.error().text().find("500ms"), std::string::npos);
  }
}

TEST(Units, sizes_are_bytes_or_binary_multiples) {
  EXPECT_EQ(parse_size("4096").value(), 4096U);
  EXPECT_EQ(parse_size("64KiB").value(), 64U * 1024);
  EXPECT_EQ(parse_size("1.5MiB").value(), 1536U * 1024);
  EXPECT_EQ(parse_size("2GiB").value(), 2ULL * 1024 * 1024 * 1024);
  for (const char* text : {"", "0", "-1", "64MB", "64 MiB", "1e9", "99999GiB"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(Units, a_lane_may_have_a_priority) {
  EXPECT_EQ(parse_lane("telemetry")->name, "telemetry");
  EXPECT_EQ(parse_lane("telemetry")->priority, LaneOptions{}.priority);
  EXPECT_EQ(parse_lane("alarm:0")->priority, 0);
  for (const char* text : {"", "Alarm", "alarm:", "alarm:x", "alarm:-1", "alarm:1:2", ":1"})
    EXPECT_FALSE(parse_lane(text)) << text;
}

TEST(Units, an_attribute_is_cut_at_its_first_equals_sign) {
  EXPECT_EQ(parse_attribute("a=b=c").value(), (Attribute{"a", "b=c"}));
  EXPECT_FALSE(parse_attribute("a"));
  EXPECT_FALSE(parse_attribute("=b"));
}

}  // namespace
}  // namespace holdfast::program
