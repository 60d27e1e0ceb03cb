// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/wire/bytes.hpp"
#include "wire/records.hpp"

namespace holdfast::wire {
namespace {

using test::to_bytes;
using test::to_text;

GapRecord shed_five() {
  return {.id = "00c0ffee00c0ffee-bulk-gap-3",
          .epoch = {0x00c0ffee00c0ffee},
          .lane = "bulk",
          .first = 11,
          .last = 15,
          .missing = 5,
          .bytes = 320,
          .reason = "shed"};
}

EpochRecord second_epoch() {
  return {.epoch = {2}, .parent = Epoch{1}, .parent_ends = {{"alarm", 0}, {"bulk", 15}}, .reason = "opened"};
}

// The event with `from` in its data replaced by `to`.
CloudEvent edited(CloudEvent event, std::string_view from, std::string_view to) {
  std::string text = to_text(event.data);
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  event.data = to_bytes(text);
  return event;
}

template <class Record>
std::string verdict(const Result<Record>& record) {
  return record ? "accepted" : std::string(to_string(record.error().code));
}

// The formats themselves: a change here is a new version, not an edit.
TEST(Records, a_gap_record_looks_like_this) {
  const CloudEvent event = gap_event(shed_five(), "pump-7");
  EXPECT_EQ(event.id, "00c0ffee00c0ffee-bulk-gap-3");
  EXPECT_EQ(event.source, "urn:holdfast:pump-7/bulk");
  EXPECT_EQ(event.type, "dev.holdfast.gap.v1");
  EXPECT_EQ(event.content_type, "application/json");
  EXPECT_EQ(event.attributes, (std::vector<Attribute>{{"epoch", "00c0ffee00c0ffee"}}));
  EXPECT_EQ(to_text(event.data),
            R"({"epoch":"00c0ffee00c0ffee","lane":"bulk","first":11,"last":15,"missing":5,"bytes":320,)"
            R"("reason":"shed"})");
}

TEST(Records, an_epoch_record_looks_like_this) {
  const CloudEvent event = epoch_event(second_epoch(), "pump-7");
  EXPECT_EQ(event.id, "0000000000000002-epoch");
  EXPECT_EQ(event.source, "urn:holdfast:pump-7");
  EXPECT_EQ(event.type, "dev.holdfast.epoch.v1");
  EXPECT_EQ(event.attributes, (std::vector<Attribute>{{"epoch", "0000000000000002"}}));
  EXPECT_EQ(to_text(event.data),
            R"({"epoch":"0000000000000002","parent":"0000000000000001","parent_ends":{"alarm":0,"bulk":15},)"
            R"("reason":"opened"})");
}

TEST(Records, survive_the_wire_in_both_versions_of_mqtt) {
  for (const MqttVersion version : {MqttVersion::v3_1_1, MqttVersion::v5}) {
    const auto gap = encode_cloud_event(gap_event(shed_five(), "pump-7"), "t", version).value();
    EXPECT_EQ(read_gap(decode_cloud_event(gap).value()), shed_five());
    const auto epoch = encode_cloud_event(epoch_event(second_epoch(), "pump-7"), "t", version).value();
    EXPECT_EQ(read_epoch(decode_cloud_event(epoch).value()), second_epoch());
  }
}

TEST(Records, the_first_epoch_has_no_parent) {
  const EpochRecord first = {.epoch = {7}, .parent = {}, .parent_ends = {}, .reason = "created"};
  EXPECT_EQ(read_epoch(epoch_event(first, "d")), first);
}

TEST(Records, seqs_are_exact_up_to_int64) {
  GapRecord gap = shed_five();
  gap.first = 9007199254740993;  // 2^53 + 1, which no double holds
  gap.last = INT64_MAX;
  gap.missing = INT64_MAX - 9007199254740993 + 1;
  gap.bytes = INT64_MAX;
  EXPECT_EQ(read_gap(gap_event(gap, "d")), gap);
}

TEST(Records, unknown_members_are_for_later_versions) {
  const CloudEvent gap = gap_event(shed_five(), "d");
  EXPECT_EQ(read_gap(edited(gap, "{", R"({"since":"2026","more":[{"x":1.5}],)")), shed_five());
  const CloudEvent epoch = epoch_event(second_epoch(), "d");
  EXPECT_EQ(read_epoch(edited(epoch, "{", R"({"boot":null,)")), second_epoch());
}

TEST(Records, every_member_of_a_gap_record_is_required) {
  const CloudEvent gap = gap_event(shed_five(), "d");
  for (const char* name : {"epoch", "lane", "first", "last", "missing", "bytes", "reason"}) {
    const std::string quoted = std::string("\"") + name + "\"";
    EXPECT_EQ(verdict(read_gap(edited(gap, quoted, "\"other\""))), "invalid") << name;
  }
}

TEST(Records, every_member_of_an_epoch_record_but_parent_is_required) {
  const CloudEvent epoch = epoch_event(second_epoch(), "d");
  for (const char* name : {"epoch", "parent_ends", "reason"}) {
    const std::string quoted = std::string("\"") + name + "\"";
    EXPECT_EQ(verdict(read_epoch(edited(epoch, quoted, "\"other\""))), "invalid") << name;
  }
  EXPECT_EQ(verdict(read_epoch(edited(epoch, "\"parent\"", "\"other\""))), "invalid");  // ends without parent
}

TEST(Records, a_gap_record_out_of_range_is_invalid) {
  const CloudEvent gap = gap_event(shed_five(), "d");
  EXPECT_EQ(verdict(read_gap(edited(gap, "\"first\":11", "\"first\":0"))), "invalid");
  EXPECT_EQ(verdict(read_gap(edited(gap, "\"first\":11", "\"first\":16"))), "invalid");
  EXPECT_EQ(verdict(read_gap(edited(gap, "\"first\":11", "\"first\":11.0"))), "invalid");
  EXPECT_EQ(verdict(read_gap(edited(gap, "\"first\":11", "\"first\":\"11\""))), "invalid");
  EXPECT_EQ(verdict(read_gap(edited(gap, "\"last\":15", "\"last\":9223372036854775808"))), "invalid");
  EXPECT_EQ(verdict(read_gap(edited(gap, "\"missing\":5", "\"missing\":6"))), "invalid");
  EXPECT_EQ(verdict(read_gap(edited(gap, "\"missing\":5", "\"missing\":0"))), "invalid");
  EXPECT_EQ(verdict(read_gap(edited(gap, "\"missing\":5", "\"missing\":2"))), "accepted");  // a sparse hull
  EXPECT_EQ(verdict(read_gap(edited(gap, "\"bytes\":320", "\"bytes\":-1"))), "invalid");
  EXPECT_EQ(verdict(read_gap(edited(gap, "\"shed\"", "\"\""))), "invalid");
  EXPECT_EQ(verdict(read_gap(edited(gap, "\"lane\":\"bulk\"", "\"lane\":\"Bulk\""))), "invalid");
}

TEST(Records, an_epoch_record_out_of_range_is_invalid) {
  const CloudEvent epoch = epoch_event(second_epoch(), "d");
  EXPECT_EQ(verdict(read_epoch(edited(epoch, "\"bulk\":15", "\"bulk\":-1"))), "invalid");
  EXPECT_EQ(verdict(read_epoch(edited(epoch, "\"bulk\":15", "\"bulk\":\"15\""))), "invalid");
  EXPECT_EQ(verdict(read_epoch(edited(epoch, "\"bulk\":15", "\"Bulk\":15"))), "invalid");
  EXPECT_EQ(verdict(read_epoch(edited(epoch, "\"bulk\":15", "\"alarm\":15"))), "invalid");  // a lane twice
  EXPECT_EQ(
      verdict(read_epoch(edited(epoch, "\"parent\":\"0000000000000001", "\"parent\":\"0000000000000002"))),
      "invalid");  // its own parent
  EXPECT_EQ(verdict(read_epoch(edited(epoch, "0000000000000001\"", "1\""))), "invalid");
}

TEST(Records, a_record_must_not_contradict_its_event) {
  const auto gap_with = [](auto change) {
    CloudEvent event = gap_event(shed_five(), "pump-7");
    change(event);
    return verdict(read_gap(event));
  };
  EXPECT_EQ(gap_with([](CloudEvent& e) { e.type = kEpochType; }), "invalid");
  EXPECT_EQ(gap_with([](CloudEvent& e) { e.source = "urn:holdfast:pump-7/alarm"; }), "invalid");
  EXPECT_EQ(gap_with([](CloudEvent& e) { e.source = "urn:holdfast:pump-7"; }), "invalid");
  EXPECT_EQ(gap_with([](CloudEvent& e) { e.source = "https://example.com/bulk"; }), "invalid");
  EXPECT_EQ(gap_with([](CloudEvent& e) { e.id = "00c0ffee00c0ffee-alarm-gap-3"; }), "invalid");
  EXPECT_EQ(gap_with([](CloudEvent& e) { e.id = "00c0ffee00c0ffee-bulk-gap-"; }), "invalid");
  EXPECT_EQ(gap_with([](CloudEvent& e) { e.attributes[0].value = "00c0ffee00c0ffef"; }), "invalid");
  EXPECT_EQ(gap_with([](CloudEvent& e) { e.attributes.clear(); }), "invalid");
  EXPECT_EQ(gap_with([](CloudEvent& e) { e.data = to_bytes("[]"); }), "invalid");
  EXPECT_EQ(gap_with([](CloudEvent& e) { e.data.clear(); }), "invalid");

  const auto epoch_with = [](auto change) {
    CloudEvent event = epoch_event(second_epoch(), "pump-7");
    change(event);
    return verdict(read_epoch(event));
  };
  EXPECT_EQ(epoch_with([](CloudEvent& e) { e.type = kGapType; }), "invalid");
  EXPECT_EQ(epoch_with([](CloudEvent& e) { e.source = "urn:holdfast:pump-7/bulk"; }), "invalid");
  EXPECT_EQ(epoch_with([](CloudEvent& e) { e.id = "0000000000000003-epoch"; }), "invalid");
  EXPECT_EQ(epoch_with([](CloudEvent& e) { e.attributes.clear(); }), "invalid");
}

}  // namespace
}  // namespace holdfast::wire
