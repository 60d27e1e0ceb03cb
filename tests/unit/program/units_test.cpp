// SPDX-License-Identifier: MIT
#include "program/units.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

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

TEST(Units, a_duration_may_be_nothing_where_that_means_something) {
  EXPECT_EQ(parse_duration_or_zero("0").value(), 0ms);
  EXPECT_EQ(parse_duration_or_zero("2h").value(), 2h);
  EXPECT_FALSE(parse_duration_or_zero("0s"));
}

TEST(Units, the_order_of_a_lane_is_lane_or_strict) {
  EXPECT_EQ(parse_ordering("alarm=strict").value().ordering, Ordering::strict);
  EXPECT_EQ(parse_ordering("alarm=strict").value().after_refusal, AfterRefusal::pass);
  EXPECT_EQ(parse_ordering("alarm=strict:hold").value().after_refusal, AfterRefusal::hold);
  EXPECT_EQ(parse_ordering("alarm=strict:hold").value().name, "alarm");
  EXPECT_EQ(parse_ordering("alarm=lane").value().ordering, Ordering::lane);
  for (const char* text : {"", "alarm", "alarm=", "=strict", "alarm=Strict", "alarm=strict:", "a b=strict"})
    EXPECT_FALSE(parse_ordering(text)) << text;
}

TEST(Units, profiles_and_windows_are_refused_with_what_there_is) {
  EXPECT_EQ(parse_profile("aws-iot").value(), BrokerProfile::aws_iot);
  EXPECT_NE(parse_profile("aws").error().text().find("aws-iot"), std::string::npos);
  EXPECT_EQ(parse_window("0 2 * * * for 30").value(), "0 2 * * * for 30");
  EXPECT_NE(parse_window("0 2 * * 9 for 30").error().text().find("WEEKDAY '9'"), std::string::npos);
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
  EXPECT_EQ(parse_lane("telemetry")->options.name, "telemetry");
  EXPECT_EQ(parse_lane("telemetry")->options.priority, LaneOptions{}.priority);
  EXPECT_EQ(parse_lane("alarm:0")->options.priority, 0);
  for (const char* text : {"", "Alarm", "alarm:", "alarm:x", "alarm:-1", "alarm:1:2", ":1", ",max=1KiB"})
    EXPECT_FALSE(parse_lane(text)) << text;
}

TEST(Units, a_lane_may_have_all_its_settings_in_one_word) {
  const auto lane =
      parse_lane("telemetry:2,when_full=drop_oldest,max=8MiB,guaranteed=1MiB,ttl=7d,commit_delay=50ms");
  ASSERT_TRUE(lane) << lane.error().text();
  EXPECT_TRUE(lane->has_settings);
  EXPECT_EQ(lane->options.name, "telemetry");
  EXPECT_EQ(lane->options.priority, 2);
  EXPECT_EQ(lane->options.when_full, WhenFull::drop_oldest);
  EXPECT_EQ(lane->options.max_bytes, 8U * 1024 * 1024);
  EXPECT_EQ(lane->options.guaranteed_bytes, 1024U * 1024);
  EXPECT_EQ(lane->options.ttl, 7 * 24h);
  EXPECT_EQ(lane->options.commit_delay, 50ms);
}

TEST(Units, a_lane_setting_needs_no_priority_and_zero_means_none) {
  const auto lane = parse_lane("alarm,max=0,ttl=0,commit_delay=0,when_full=thin");
  ASSERT_TRUE(lane) << lane.error().text();
  EXPECT_EQ(lane->options.priority, LaneOptions{}.priority);
  EXPECT_EQ(lane->options.when_full, WhenFull::thin);
  EXPECT_EQ(lane->options.max_bytes, 0U);
}

TEST(Units, a_lane_that_is_only_named_has_no_settings) {
  EXPECT_FALSE(parse_lane("alarm")->has_settings);
  EXPECT_TRUE(parse_lane("alarm:1")->has_settings);
  EXPECT_TRUE(parse_lane("alarm,ttl=0")->has_settings);
}

TEST(Units, a_wrong_lane_setting_is_named_with_what_is_allowed) {
  const std::vector<std::pair<const char*, const char*>> wrong = {
      {"a,when_full=explode", "block, reject, drop_oldest, keep_latest or thin"},
      {"a,max=big", "8MiB"},
      {"a,guaranteed=", "8MiB"},
      {"a,ttl=soon", "7d"},
      {"a,ttl=20ms", "at least 1s"},
      {"a,commit_delay", "50ms"},
      {"a,colour=red", "when_full, max, guaranteed, ttl and commit_delay"},
      {"a,", "when_full, max"},
      {"a:1,,ttl=1s", "when_full, max"},
  };
  for (const auto& [text, hint] : wrong) {
    const auto lane = parse_lane(text);
    ASSERT_FALSE(lane) << text;
    EXPECT_NE(lane.error().text().find(hint), std::string::npos) << lane.error().text();
  }
  EXPECT_NE(parse_lane("a,colour=red").error().text().find("'colour=red'"), std::string::npos);
}

TEST(Units, sizes_are_said_as_people_say_them) {
  EXPECT_EQ(size_text(0), "0 bytes");
  EXPECT_EQ(size_text(1023), "1023 bytes");
  EXPECT_EQ(size_text(64ULL * 1024 * 1024), "64 MiB");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(2ULL * 1024 * 1024 * 1024 - 1), "1.9 GiB");
}

TEST(Units, nothing_is_a_size_only_where_it_means_something) {
  EXPECT_EQ(parse_size_or_zero("0").value(), 0U);
  EXPECT_EQ(parse_size_or_zero("1KiB").value(), 1024U);
  EXPECT_FALSE(parse_size_or_zero("none"));
}

TEST(Units, an_attribute_is_cut_at_its_first_equals_sign) {
  EXPECT_EQ(parse_attribute("a=b=c").value(), (Attribute{"a", "b=c"}));
  EXPECT_FALSE(parse_attribute("a"));
  EXPECT_FALSE(parse_attribute("=b"));
}

}  // namespace
}  // namespace holdfast::program
