// SPDX-License-Identifier: MIT
#include "program/quarantine_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "program/units.hpp"

namespace holdfast::program {
namespace {

using testing::HasSubstr;

[[nodiscard]] std::vector<QuarantinedEvent> one() {
  QuarantinedEvent event;
  event.id = {Epoch{0xabc}, "telemetry", 7};
  event.key = "door";
  event.type = "com.example.door.v1";
  event.topic = "holdfast/pi4/telemetry/door";
  event.data_bytes = 70'000;
  event.reason = 0x95;
  event.detail = "larger than\nthe maximum";
  event.attempts = 2;
  event.first_attempt = UtcTime(std::chrono::seconds(1'800'000'000));
  event.last_attempt = UtcTime(std::chrono::seconds(1'800'000'060));
  event.requeued = true;
  return {event};
}

TEST(QuarantineReport, the_json_says_everything) {
  const auto json = nlohmann::json::parse(quarantine_json(one()));
  EXPECT_EQ(json.at("format"), "dev.holdfast.quarantine.v1");
  const auto& event = json.at("events").at(0);
  EXPECT_EQ(event.at("id"), "0000000000000abc-telemetry-7");
  EXPECT_EQ(event.at("reason"), 0x95);
  EXPECT_EQ(event.at("attempts"), 2);
  EXPECT_EQ(event.at("data_bytes"), 70'000);
  EXPECT_EQ(event.at("first_attempt"), "2027-01-15T08:00:00.000000Z");
  EXPECT_EQ(event.at("requeued"), true);
}

TEST(QuarantineReport, the_table_has_one_line_per_event_whatever_the_broker_said) {
  const std::string table = quarantine_table(one());
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 1);
  EXPECT_THAT(table, HasSubstr("0x95"));
  EXPECT_THAT(table, HasSubstr("holdfast/pi4/telemetry/door: larger than"));
  EXPECT_THAT(table, HasSubstr("on its way again"));
  EXPECT_EQ(quarantine_table({}), "nothing is in quarantine");
}

TEST(QuarantineReport, seqs_are_one_a_range_an_open_range_or_all) {
  const auto span = [](std::string_view text) {
    const auto seqs = parse_seqs(text).value();
    return std::pair(seqs.first, seqs.last);
  };
  EXPECT_EQ(span("3"), std::pair(std::int64_t{3}, std::int64_t{3}));
  EXPECT_EQ(span("3-7"), std::pair(std::int64_t{3}, std::int64_t{7}));
  EXPECT_EQ(span("3-"), std::pair(std::int64_t{3}, std::int64_t{INT64_MAX}));
  EXPECT_EQ(span("all"), std::pair(std::int64_t{1}, std::int64_t{INT64_MAX}));
  for (const char* text : {"", "-", "-3", "0", "7-3", "a", "3-a", "3--7", "1-2-3"})
    EXPECT_FALSE(parse_seqs(text)) << text;
}

TEST(QuarantineReport, times_are_rfc_3339) {
  EXPECT_EQ(parse_utc("2027-01-15T08:00:00Z").value(), UtcTime(std::chrono::seconds(1'800'000'000)));
  EXPECT_FALSE(parse_utc("2027-01-15"));
}

}  // namespace
}  // namespace holdfast::program
