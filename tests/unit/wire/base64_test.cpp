// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/wire/bytes.hpp"
#include "wire/base64.hpp"

namespace holdfast::wire {
namespace {

using test::from_hex;
using test::to_bytes;

struct Vector {
  const char* bytes;
  const char* text;
};

// RFC 4648 section 10.
constexpr Vector kVectors[] = {{"", ""},
                               {"f", "Zg=="},
                               {"fo", "Zm8="},
                               {"foo", "Zm9v"},
                               {"foob", "Zm9vYg=="},
                               {"fooba", "Zm9vYmE="},
                               {"foobar", "Zm9vYmFy"}};

TEST(Base64, agrees_with_rfc_4648) {
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(encode_base64(to_bytes(bytes)), text);
    EXPECT_EQ(decode_base64(text), to_bytes(bytes));
  }
}

TEST(Base64, uses_the_standard_alphabet) {
  EXPECT_EQ(encode_base64(from_hex("fbff bf")), "+/+/");
  EXPECT_EQ(decode_base64("+/+/"), from_hex("fbffbf"));
  EXPECT_EQ(decode_base64("-_-_"), std::nullopt);
}

TEST(Base64, every_byte_survives_in_every_place) {
  std::vector<std::byte> bytes;
  for (int i = 0; i < 256 * 3; ++i) bytes.push_back(static_cast<std::byte>(i * 7));
  for (std::size_t size = bytes.size() - 4; size <= bytes.size(); ++size) {
    const std::vector<std::byte> some(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(decode_base64(encode_base64(some)), some);
  }
}

TEST(Base64, refuses_all_but_the_one_text_of_some_bytes) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zm8", "Z", "=", "====", "=Zg=", "Zg==Zg==", "Zm9v\n",
                           " Zm9v", "Zm 9", "Zh==", "Zm9=", "Zm9\xC3"}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace holdfast::wire
