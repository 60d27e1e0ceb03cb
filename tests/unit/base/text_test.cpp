// SPDX-License-Identifier: MIT
#include "base/text.hpp"

#include <gtest/gtest.h>

#include <holdfast/limits.hpp>

namespace holdfast::base {
namespace {

std::string encode_utf8(char32_t point) {
  const auto byte = [](char32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  const auto next = [&](char32_t value) { return byte(0x80U | (value & 0x3FU)); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xC0U | point >> 6U), next(point)};
  if (point < 0x10000) return {byte(0xE0U | point >> 12U), next(point >> 6U), next(point)};
  return {byte(0xF0U | point >> 18U), next(point >> 12U), next(point >> 6U), next(point)};
}

TEST(Utf8, is_every_scalar_value_and_no_surrogate) {
  for (char32_t point = 0; point <= 0x10FFFF; ++point) {
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    ASSERT_EQ(is_utf8(encode_utf8(point)), !surrogate) << static_cast<std::uint32_t>(point);
  }
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\u00fc\u6c34\U00010151"));
}

// After Markus Kuhn: continuations alone, cut sequences, overlong forms, impossible bytes.
TEST(Utf8, refuses_malformed_bytes) {
  for (const char* text : {"\x80",
                           "\xBF",
                           "\xC3",
                           "\xC3(",
                           "\xE6\xB0",
                           "\xE6\xB0(",
                           "\xE6(\xB4",
                           "\xF0\x90\x85",
                           "\xF0\x90\x85(",
                           "\xC0\x80",
                           "\xC1\xBF",
                           "\xE0\x80\x80",
                           "\xE0\x9F\xBF",
                           "\xF0\x80\x80\x80",
                           "\xF0\x8F\xBF\xBF",
                           "\xF4\x90\x80\x80",
                           "\xF5\x80\x80\x80",
                           "\xF8\x88\x80\x80\x80",
                           "\xFE",
                           "\xFF",
                           "a\xC3",
                           "\xC3\xBC\xBC",
                           "\xED\xA0\x80\xED\xB0\x80"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
    EXPECT_FALSE(is_plain_text(text)) << text;
  }
}

TEST(PlainText, has_no_control_characters_and_no_noncharacters) {
  for (char32_t point = 0; point <= 0x10FFFF; ++point) {
    const bool control = point <= 0x1F || (point >= 0x7F && point <= 0x9F);
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    const bool noncharacter = (point >= 0xFDD0 && point <= 0xFDEF) || point % 0x10000 >= 0xFFFE;
    ASSERT_EQ(is_plain_text(encode_utf8(point)), !control && !surrogate && !noncharacter)
        << static_cast<std::uint32_t>(point);
  }
}

// Texts are looked at eight bytes at a time: every byte, at every place of a long text.
TEST(PlainText, is_judged_alike_wherever_the_character_stands) {
  for (int byte = 0; byte <= 0xFF; ++byte) {
    const bool plain = byte >= 0x20 && byte < 0x7F;  // above is no UTF-8 by itself
    for (const char fill : {' ', 'a', '~'}) {
      for (std::size_t at = 0; at < 20; ++at) {
        std::string text(20, fill);
        text[at] = static_cast<char>(byte);
        ASSERT_EQ(is_plain_text(text), plain) << byte << ' ' << at;
      }
    }
  }
  for (std::size_t at = 0; at < 20; ++at) {
    EXPECT_TRUE(is_plain_text(std::string(at, '~') + "\u6c34" + std::string(20 - at, ' '))) << at;
  }
}

TEST(Names, of_lanes) {
  for (const char* name : {"a", "alarm", "bulk_2", "0", "_", "abcdefghijklmnopqrstuvwxyz012345"}) {
    EXPECT_TRUE(is_lane_name(name)) << name;
  }
  for (const char* name : {"", "Alarm", "a-b", "a b", "a/b", "\u00fc", "abcdefghijklmnopqrstuvwxyz0123456"}) {
    EXPECT_FALSE(is_lane_name(name)) << name;
  }
}

TEST(Names, of_devices) {
  for (const char* name : {"a", "Pump-7", "pi.example_1"}) EXPECT_TRUE(is_device_id(name)) << name;
  for (const char* name : {"", "a/b", "a b", "a:b", "\u00fc", "a+"}) EXPECT_FALSE(is_device_id(name)) << name;
  EXPECT_TRUE(is_device_id(std::string(64, 'x')));
  EXPECT_FALSE(is_device_id(std::string(65, 'x')));
}

TEST(Names, of_attributes) {
  for (const char* name : {"a", "traceparent", "x1", "abcdefghijklmnopqrst"})
    EXPECT_TRUE(is_attribute_name(name));
  for (const char* name : {"", "1x", "traceParent", "a_b", "a-b", "abcdefghijklmnopqrstu"}) {
    EXPECT_FALSE(is_attribute_name(name)) << name;
  }
}

TEST(MediaType, has_a_type_and_a_subtype_in_printable_ascii) {
  for (const char* type : {"a/b", "application/senml+cbor", "application/json; charset=utf-8", "a/b ;x=1"}) {
    EXPECT_TRUE(is_media_type(type)) << type;
  }
  for (const char* type : {"", "json", "/", "a/", "/b", "a/b\n", "a/\u00fc"})
    EXPECT_FALSE(is_media_type(type)) << type;
  EXPECT_FALSE(is_media_type("a/" + std::string(limits::kContentTypeBytesMax, 'b')));
}

TEST(MediaType, has_neither_part_empty_when_parameters_follow) {
  EXPECT_FALSE(is_media_type("a/;x=1"));
  EXPECT_FALSE(is_media_type(" /b"));
  EXPECT_FALSE(is_media_type("; /b"));
  EXPECT_FALSE(is_media_type("a/b/c"));
  EXPECT_FALSE(is_media_type("a b/c"));
}

TEST(Topic, can_be_published_to) {
  for (const char* topic : {"a", "/", "a/b/c", "a b", "\u00fc/\u6c34", "$x"})
    EXPECT_TRUE(is_topic(topic)) << topic;
  for (const char* topic : {"", "+", "a/+/b", "a/#", "a#", "a\x01", "\xFF"})
    EXPECT_FALSE(is_topic(topic)) << topic;
  EXPECT_TRUE(is_topic(std::string(limits::kTopicBytesMax, 't')));
  EXPECT_FALSE(is_topic(std::string(limits::kTopicBytesMax + 1, 't')));
}

TEST(PercentEncode, makes_one_topic_level_of_any_key) {
  EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encode("a/b+c#d e%"), "a%2Fb%2Bc%23d%20e%25");
  EXPECT_EQ(percent_encode("\u00fc"), "%C3%BC");
  EXPECT_EQ(percent_encode(""), "");
  std::string topic = "a/";
  append_percent_encoded(topic, "b/c");
  EXPECT_EQ(topic, "a/b%2Fc");
}

TEST(Hex64, is_read_as_it_is_written) {
  for (const std::uint64_t bits : {std::uint64_t{0}, std::uint64_t{0x8000000000000001}, ~std::uint64_t{0}}) {
    EXPECT_EQ(parse_hex64(hex64(bits)), bits);
  }
  EXPECT_EQ(parse_hex64("000000000000000A"), std::nullopt);
  EXPECT_EQ(parse_hex64("00000000000000000"), std::nullopt);
}

TEST(ParseDecimal, takes_digits_up_to_int64) {
  EXPECT_EQ(parse_decimal("0"), 0);
  EXPECT_EQ(parse_decimal("00000000000000000042"), 42);
  EXPECT_EQ(parse_decimal("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_decimal("00009223372036854775807"), INT64_MAX);
  for (const char* text :
       {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "99999999999999999999"}) {
    EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace holdfast::base
