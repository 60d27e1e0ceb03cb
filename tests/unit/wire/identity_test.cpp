// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "wire/identity.hpp"

namespace holdfast::wire {
namespace {

CloudEvent event_42() {
  CloudEvent event;
  event.id = "00c0ffee00c0ffee-alarm-42";
  event.source = "urn:holdfast:pump-7/alarm";
  event.type = "com.example.reading.v1";
  event.attributes = {{"sequence", "00000000000000000042"}, {"epoch", "00c0ffee00c0ffee"}};
  return event;
}

std::string verdict(const CloudEvent& event) {
  const auto position = stream_position(event);
  if (!position) return std::string(to_string(position.error().code));
  return *position ? "ours" : "foreign";
}

TEST(Identity, sources_name_the_device_and_the_lane) {
  EXPECT_EQ(device_source("pump-7"), "urn:holdfast:pump-7");
  EXPECT_EQ(lane_source("pump-7", "alarm"), "urn:holdfast:pump-7/alarm");
}

TEST(Identity, sequence_text_sorts_as_numbers_do) {
  EXPECT_EQ(sequence_text(1), "00000000000000000001");
  EXPECT_EQ(sequence_text(INT64_MAX), "09223372036854775807");
  EXPECT_LT(sequence_text(9), sequence_text(10));
}

TEST(Identity, takes_sources_apart) {
  EXPECT_EQ(parse_source("urn:holdfast:pump-7")->lane, "");
  EXPECT_EQ(parse_source("urn:holdfast:pump-7/alarm")->device_source, "urn:holdfast:pump-7");
  EXPECT_EQ(parse_source("urn:holdfast:pump-7/alarm")->lane, "alarm");
  for (const char* source :
       {"", "urn:holdfast:", "urn:holdfast:/alarm", "urn:holdfast:a/", "urn:holdfast:a/b/c",
        "urn:holdfast:a b/c", "urn:holdfast:a/B", "URN:holdfast:a/b", "https://x/alarm"}) {
    EXPECT_FALSE(parse_source(source)) << source;
  }
}

TEST(Identity, an_event_of_ours_has_a_position) {
  const auto position = stream_position(event_42()).value();
  ASSERT_TRUE(position);
  EXPECT_EQ(*position, (StreamPosition{"urn:holdfast:pump-7", "alarm", Epoch{0x00c0ffee00c0ffee}, 42}));
}

TEST(Identity, an_event_is_foreign_when_its_source_or_its_attributes_are) {
  CloudEvent event = event_42();
  event.source = "https://example.com/pump-7/alarm";
  EXPECT_EQ(verdict(event), "foreign");
  event = event_42();
  event.attributes.erase(event.attributes.begin());  // no sequence: a record of ours
  EXPECT_EQ(verdict(event), "foreign");
  event = event_42();
  event.attributes.pop_back();  // no epoch
  EXPECT_EQ(verdict(event), "foreign");
}

TEST(Identity, an_event_that_contradicts_itself_is_invalid_and_not_foreign) {
  const auto with = [](auto change) {
    CloudEvent event = event_42();
    change(event);
    return verdict(event);
  };
  EXPECT_EQ(with([](CloudEvent&) {}), "ours");
  for (const char* id :
       {"00c0ffee00c0ffee-alarm-43", "00c0ffee00c0ffee-alarm-042", "00c0ffee00c0ffee-bulk-42",
        "00c0ffee00c0ffef-alarm-42", "00C0FFEE00C0FFEE-alarm-42", "42"}) {
    EXPECT_EQ(with([&](CloudEvent& event) { event.id = id; }), "invalid") << id;
  }
  for (const char* sequence : {"42", "0000000000000000042", "000000000000000000042", "00000000000000000043",
                               "0000000000000000004x", "-0000000000000000042", ""}) {
    EXPECT_EQ(with([&](CloudEvent& event) { event.attributes[0].value = sequence; }), "invalid") << sequence;
  }
  for (const char* epoch : {"00C0FFEE00C0FFEE", "c0ffee00c0ffee", "00c0ffee00c0ffef", ""}) {
    EXPECT_EQ(with([&](CloudEvent& event) { event.attributes[1].value = epoch; }), "invalid") << epoch;
  }
  for (const char* source :
       {"urn:holdfast:pump-7", "urn:holdfast:pump-7/bulk", "urn:holdfast:pump-7/alarm/x"}) {
    EXPECT_EQ(with([&](CloudEvent& event) { event.source = source; }), "invalid") << source;
  }
}

TEST(Identity, there_is_no_seq_zero_and_none_beyond_int64) {
  CloudEvent event = event_42();
  event.id = "00c0ffee00c0ffee-alarm-0";
  event.attributes[0].value = "00000000000000000000";
  EXPECT_EQ(verdict(event), "invalid");
  event.id = "00c0ffee00c0ffee-alarm-9223372036854775807";
  event.attributes[0].value = "09223372036854775807";
  EXPECT_EQ(verdict(event), "ours");
  event.id = "00c0ffee00c0ffee-alarm-9223372036854775808";
  event.attributes[0].value = "09223372036854775808";
  EXPECT_EQ(verdict(event), "invalid");
}

}  // namespace
}  // namespace holdfast::wire
