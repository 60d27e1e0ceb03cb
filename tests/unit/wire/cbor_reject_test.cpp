// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/wire/bytes.hpp"
#include "wire/cbor.hpp"

namespace holdfast::wire {
namespace {

using test::from_hex;

std::string verdict(std::string_view hex, const CborLimits& limits = {}) {
  const auto value = decode_cbor(from_hex(hex), limits);
  return value ? "accepted" : std::string(to_string(value.error().code));
}

// RFC 8949 appendix F.1 (IETF Trust), in its order: all of it is not well-formed.
constexpr const char* kNotWellFormed[] = {
    // End of input in a head.
    "18",
    "19",
    "1a",
    "1b",
    "19 01",
    "1a 01 02",
    "1b 01 02 03 04 05 06 07",
    "38",
    "58",
    "78",
    "98",
    "9a 01 ff 00",
    "b8",
    "d8",
    "f8",
    "f9 00",
    "fa 00 00",
    "fb 00 00 00",
    // Definite-length strings with short data.
    "41",
    "61",
    "5a ff ff ff ff 00",
    "5b ff ff ff ff ff ff ff ff 01 02 03",
    "7a ff ff ff ff 00",
    "7b 7f ff ff ff ff ff ff ff 01 02 03",
    // Definite-length maps and arrays not closed with enough items.
    "81",
    "81 81 81 81 81 81 81 81 81",
    "82 00",
    "a1",
    "a2 01 02",
    "a1 00",
    "a2 00 00 00",
    // Tag number not followed by tag content.
    "c0",
    // Indefinite-length strings not closed by a break.
    "5f 41 00",
    "7f 61 00",
    // Indefinite-length maps and arrays not closed by a break.
    "9f",
    "9f 01 02",
    "bf",
    "bf 01 02 01 02",
    "81 9f",
    "9f 80 00",
    "9f 9f 9f 9f 9f ff ff ff ff",
    "9f 81 9f 81 9f 9f ff ff ff",
    // Reserved additional information values.
    "1c",
    "1d",
    "1e",
    "3c",
    "3d",
    "3e",
    "5c",
    "5d",
    "5e",
    "7c",
    "7d",
    "7e",
    "9c",
    "9d",
    "9e",
    "bc",
    "bd",
    "be",
    "dc",
    "dd",
    "de",
    "fc",
    "fd",
    "fe",
    // Reserved two-byte encodings of simple values.
    "f8 00",
    "f8 01",
    "f8 18",
    "f8 1f",
    // Indefinite-length string chunks not of the correct type.
    "5f 00 ff",
    "5f 21 ff",
    "5f 61 00 ff",
    "5f 80 ff",
    "5f a0 ff",
    "5f c0 00 ff",
    "5f e0 ff",
    "7f 41 00 ff",
    // Indefinite-length string chunks not definite length.
    "5f 5f 41 00 ff ff",
    "7f 7f 61 00 ff ff",
    // Break occurring on its own outside of an indefinite-length item.
    "ff",
    // Break occurring in a definite-length array or map or a tag.
    "81 ff",
    "82 00 ff",
    "a1 ff",
    "a1 ff 00",
    "a1 00 ff",
    "a2 00 00 ff",
    "9f 81 ff",
    "9f 82 9f 81 9f 9f ff ff ff ff",
    "c0 ff",
    // Break in an indefinite-length map in a value position.
    "bf 00 ff",
    "bf 00 00 00 ff",
    // Major type 0, 1, 6 with additional information 31.
    "1f",
    "3f",
    "df",
};

TEST(CborReject, refuses_all_of_rfc_8949_appendix_f) {
  for (const char* hex : kNotWellFormed) EXPECT_EQ(verdict(hex), "invalid") << hex;
}

TEST(CborReject, refuses_empty_input_and_trailing_bytes) {
  EXPECT_EQ(verdict(""), "invalid");
  EXPECT_EQ(verdict("00 00"), "invalid");
  EXPECT_EQ(verdict("80 f6"), "invalid");
  EXPECT_EQ(verdict("9f ff ff"), "invalid");
}

TEST(CborReject, refuses_every_truncation) {
  const auto whole = from_hex("a2 61 61 9f 01 fb 3f f1 99 99 99 99 99 9a ff 18 64 5f 42 01 02 41 03 ff");
  ASSERT_TRUE(decode_cbor(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_cbor(std::span(whole).first(size))) << size;
  }
}

TEST(CborReject, refuses_simple_values_without_a_meaning) {
  for (const char* hex : {"f0", "e0", "f3", "f8 20", "f8 ff"}) EXPECT_EQ(verdict(hex), "invalid") << hex;
}

TEST(CborReject, refuses_a_key_that_stands_twice_however_it_is_encoded) {
  EXPECT_EQ(verdict("a2 01 00 01 00"), "invalid");
  EXPECT_EQ(verdict("bf 01 00 01 00 ff"), "invalid");
  EXPECT_EQ(verdict("a2 01 00 18 01 00"), "invalid");                 // 1 in two lengths
  EXPECT_EQ(verdict("a2 61 61 00 7f 61 61 ff 00"), "invalid");        // "a" in one piece and in chunks
  EXPECT_EQ(verdict("a2 f9 3c 00 00 fa 3f 80 00 00 00"), "invalid");  // 1.0 in two widths
  EXPECT_EQ(verdict("81 a2 81 01 00 9f 01 ff 00"), "invalid");        // [1], deeper down
  EXPECT_EQ(verdict("a3 01 00 f9 3c 00 00 61 31 00"), "accepted");    // 1, 1.0 and "1" are three keys
}

TEST(CborReject, refuses_text_that_is_not_utf8) {
  EXPECT_EQ(verdict("61 ff"), "invalid");
  EXPECT_EQ(verdict("62 c0 80"), "invalid");           // overlong
  EXPECT_EQ(verdict("63 ed a0 80"), "invalid");        // a surrogate
  EXPECT_EQ(verdict("64 f4 90 80 80"), "invalid");     // beyond U+10FFFF
  EXPECT_EQ(verdict("61 c3"), "invalid");              // cut
  EXPECT_EQ(verdict("7f 61 c3 61 bc ff"), "invalid");  // a character split between chunks
  EXPECT_EQ(verdict("a1 61 ff 00"), "invalid");        // a key
  EXPECT_EQ(verdict("7f 62 c3 bc 60 ff"), "accepted");
  EXPECT_EQ(verdict("41 ff"), "accepted");  // bytes may be anything
}

TEST(CborReject, claims_of_enormous_lengths_fail_at_once) {
  for (const char* type : {"5b", "7b", "9b", "bb"}) {
    for (const char* length : {"7fffffffffffffff", "8000000000000000", "ffffffffffffffff", "0000000100000000",
                               "0000000100000001", "00000000ffffffff"}) {
      EXPECT_EQ(verdict(std::string(type) + length + "00"), "invalid") << type << length;
    }
  }
}

TEST(CborReject, nests_as_deep_as_the_limit_and_no_deeper) {
  for (const char* opening : {"81", "9f", "a100", "bf00", "c1"}) {
    std::string deep;
    for (int i = 0; i < 16; ++i) deep += opening;
    std::string closing;
    if (std::string_view(opening).ends_with('f') || std::string_view(opening).starts_with("bf")) {
      for (int i = 0; i < 16; ++i) closing += "ff";
    }
    EXPECT_EQ(verdict(deep + "00" + closing), "accepted") << opening;
    EXPECT_EQ(verdict(opening + deep + "00" + closing + (closing.empty() ? "" : "ff")), "too_large")
        << opening;
  }
}

TEST(CborReject, survives_a_depth_bomb) {
  for (const char* opening : {"81", "9f", "bf", "a1", "c1", "5f"}) {
    std::vector<std::byte> bomb;
    const auto unit = from_hex(opening);
    for (int i = 0; i < 100'000; ++i) bomb.insert(bomb.end(), unit.begin(), unit.end());
    EXPECT_FALSE(decode_cbor(bomb)) << opening;
  }
}

TEST(CborReject, counts_items_and_bytes) {
  const CborLimits three_items = {.items_max = 3};
  EXPECT_EQ(verdict("82 00 00", three_items), "accepted");
  EXPECT_EQ(verdict("83 00 00 00", three_items), "too_large");
  EXPECT_EQ(verdict("9f 00 00 ff", three_items), "too_large");  // the break counts
  EXPECT_EQ(verdict("5f 40 40 ff", three_items), "too_large");  // so do chunks, empty ones too
  const CborLimits three_bytes = {.bytes_max = 3};
  EXPECT_EQ(verdict("82 00 00", three_bytes), "accepted");
  EXPECT_EQ(verdict("83 00 00 00", three_bytes), "too_large");

  std::vector<std::byte> bomb(CborLimits{}.items_max + 1, std::byte{0x00});
  bomb[0] = std::byte{0x9F};
  EXPECT_EQ(decode_cbor(bomb).error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace holdfast::wire
