// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "wire/json.hpp"

namespace holdfast::wire {
namespace {

std::string verdict(std::string_view text, const JsonLimits& limits = {}) {
  const auto value = parse_json(text, limits);
  return value ? "accepted" : std::string(to_string(value.error().code));
}

JsonObject object(std::string_view text) { return std::get<JsonObject>(parse_json(text).value().content); }

template <class Content>
Content member(const JsonObject& object, std::string_view name) {
  return std::get<Content>(find_member(object, name)->content);
}

TEST(Json, reads_every_kind_of_value_in_document_order) {
  const JsonObject read =
      object(R"( {"s":"x\"\u00fc\ud800\udd51", "i":-5, "t":true, "z":null, "a":[1,{"b":2}]} )");
  ASSERT_EQ(read.size(), 5U);
  EXPECT_EQ(read[0].name, "s");
  EXPECT_EQ(read[4].name, "a");
  EXPECT_EQ(member<std::string>(read, "s"), "x\"\u00fc\U00010151");
  EXPECT_EQ(member<std::int64_t>(read, "i"), -5);
  EXPECT_TRUE(member<bool>(read, "t"));
  EXPECT_EQ(member<std::nullptr_t>(read, "z"), nullptr);
  const auto array = member<JsonArray>(read, "a");
  EXPECT_EQ(std::get<std::int64_t>(std::get<JsonObject>(array.at(1).content).at(0).value.content), 2);
  EXPECT_EQ(find_member(read, "b"), nullptr);
}

TEST(Json, keeps_int64_exact_and_calls_other_numbers_other) {
  const JsonObject read =
      object(R"({"max":9223372036854775807,"min":-9223372036854775808,"53":9007199254740993})");
  EXPECT_EQ(member<std::int64_t>(read, "max"), INT64_MAX);
  EXPECT_EQ(member<std::int64_t>(read, "min"), INT64_MIN);
  EXPECT_EQ(member<std::int64_t>(read, "53"), 9007199254740993);  // no double between
  for (const char* other :
       {"9223372036854775808", "18446744073709551616", "-9223372036854775809", "1.0", "1e3"}) {
    EXPECT_TRUE(std::holds_alternative<JsonOtherNumber>(parse_json(other)->content)) << other;
  }
}

TEST(Json, refuses_what_rfc_8259_refuses) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[1,]",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{'a':1}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "01",
                           "+1",
                           ".5",
                           "1.",
                           "0x1",
                           "NaN",
                           "Infinity",
                           "tru",
                           "True",
                           "\"",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\t\"",
                           "[1 2]",
                           "[1}",
                           "// x\n1",
                           "/**/1",
                           "\"\\ud800\"",
                           "\"\\udd51\\ud800\""}) {
    EXPECT_EQ(verdict(text), "invalid") << text;
  }
}

TEST(Json, refuses_trailing_bytes_a_nul_and_a_byte_order_mark) {
  EXPECT_EQ(verdict("{} {}"), "invalid");
  EXPECT_EQ(verdict("1,"), "invalid");
  EXPECT_EQ(verdict(std::string_view("{}\0", 3)), "invalid");
  EXPECT_EQ(verdict(std::string_view("{}\0{}", 5)), "invalid");
  EXPECT_EQ(verdict("\xEF\xBB\xBF{}"), "invalid");
  EXPECT_EQ(verdict(" {} \r\n\t"), "accepted");
}

TEST(Json, refuses_text_that_is_not_utf8) {
  for (const char* text : {"\"\xFF\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xC3\"",
                           "{\"\xFF\":1}", "\xFF"}) {
    EXPECT_EQ(verdict(text), "invalid") << text;
  }
}

TEST(Json, refuses_a_name_that_stands_twice_in_one_object) {
  EXPECT_EQ(verdict(R"({"a":1,"a":1})"), "invalid");
  EXPECT_EQ(verdict(R"({"a":1,"\u0061":1})"), "invalid");
  EXPECT_EQ(verdict(R"([{"x":{"a":1,"b":2,"a":3}}])"), "invalid");
  EXPECT_EQ(verdict(R"({"x":{"a":1,"a":2}})", {.depth_kept = 1}), "invalid");  // also where nothing is kept
  EXPECT_EQ(verdict(R"({"a":{"a":1},"b":[{"a":1},{"a":1}]})"), "accepted");
}

TEST(Json, bounds_depth_items_and_bytes) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(verdict(nested(16)), "accepted");
  EXPECT_EQ(verdict(nested(17)), "too_large");
  EXPECT_EQ(verdict(std::string(1'000'000, '[')), "too_large");
  EXPECT_EQ(verdict("[1,2]", {.items_max = 3}), "accepted");
  EXPECT_EQ(verdict("[1,2,3]", {.items_max = 3}), "too_large");
  EXPECT_EQ(verdict("[1]", {.bytes_max = 3}), "accepted");
  EXPECT_EQ(verdict("[1] ", {.bytes_max = 3}), "too_large");
}

TEST(Json, keeps_only_as_deep_as_asked) {
  const auto value = parse_json(R"({"a":[1,2],"b":{"c":3},"d":4})", {.depth_kept = 1}).value();
  const auto& read = std::get<JsonObject>(value.content);
  ASSERT_EQ(read.size(), 3U);
  EXPECT_TRUE(member<JsonArray>(read, "a").empty());
  EXPECT_TRUE(member<JsonObject>(read, "b").empty());
  EXPECT_EQ(member<std::int64_t>(read, "d"), 4);
}

TEST(Json, finds_the_raw_text_of_a_member) {
  constexpr std::string_view kText =
      " { \"a\" : [1, \"]\\\"\", {\"x\":[]}] ,\"\\\"}\":\"{,\\\\\" , \"n\":-1.50e+3,\"e\":{},\"t\":true } ";
  ASSERT_EQ(verdict(kText), "accepted");
  EXPECT_EQ(raw_member(kText, 0), "[1, \"]\\\"\", {\"x\":[]}]");
  EXPECT_EQ(raw_member(kText, 1), "\"{,\\\\\"");
  EXPECT_EQ(raw_member(kText, 2), "-1.50e+3");
  EXPECT_EQ(raw_member(kText, 3), "{}");
  EXPECT_EQ(raw_member(kText, 4), "true");
}

TEST(Json, writes_objects_that_read_back) {
  JsonObjectWriter writer;
  writer.text("t\"", "a\"b\\c\n\x01/\u00fc");
  writer.integer("i", INT64_MIN);
  writer.raw("r", "[1, 2]");
  const std::string json = std::move(writer).finish();
  EXPECT_EQ(json, "{\"t\\\"\":\"a\\\"b\\\\c\\u000a\\u0001/\u00fc\",\"i\":-9223372036854775808,\"r\":[1, 2]}");
  EXPECT_EQ(member<std::string>(object(json), "t\""), "a\"b\\c\n\x01/\u00fc");
  EXPECT_EQ(JsonObjectWriter().finish(), "{}");
}

}  // namespace
}  // namespace holdfast::wire
