// SPDX-License-Identifier: MIT
// The examples of RFC 8949 appendix A (IETF Trust), restated as values.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "unit/wire/bytes.hpp"
#include "wire/cbor.hpp"

namespace holdfast::wire {
namespace {

using test::from_hex;
using test::to_hex;

struct Vector {
  CborValue value;
  const char* hex;
};

CborValue u(std::uint64_t n) { return {n}; }
CborValue negative(std::uint64_t n) { return {CborNegative{n}}; }
CborValue f(double value) { return {value}; }
CborValue text(std::string value) { return {std::move(value)}; }
CborValue bytes(const char* hex) { return {from_hex(hex)}; }
CborValue array(CborArray elements) { return {std::move(elements)}; }
CborValue map(CborMap entries) { return {std::move(entries)}; }
CborValue tagged(std::uint64_t tag, CborValue value) {
  value.tags.insert(value.tags.begin(), tag);
  return value;
}
CborValue one_to_25() {
  CborArray elements;
  for (std::uint64_t n = 1; n <= 25; ++n) elements.push_back(u(n));
  return array(std::move(elements));
}

// Those whose encoding is the deterministic one.
std::vector<Vector> deterministic_vectors() {
  const double infinity = std::numeric_limits<double>::infinity();
  return {
      {u(0), "00"},
      {u(1), "01"},
      {u(10), "0a"},
      {u(23), "17"},
      {u(24), "1818"},
      {u(25), "1819"},
      {u(100), "1864"},
      {u(1000), "1903e8"},
      {u(1000000), "1a000f4240"},
      {u(1000000000000), "1b000000e8d4a51000"},
      {u(18446744073709551615U), "1bffffffffffffffff"},
      {tagged(2, bytes("010000000000000000")), "c249010000000000000000"},
      {negative(18446744073709551615U), "3bffffffffffffffff"},
      {tagged(3, bytes("010000000000000000")), "c349010000000000000000"},
      {cbor_integer(-1), "20"},
      {cbor_integer(-10), "29"},
      {cbor_integer(-100), "3863"},
      {cbor_integer(-1000), "3903e7"},
      {f(0.0), "f90000"},
      {f(-0.0), "f98000"},
      {f(1.0), "f93c00"},
      {f(1.1), "fb3ff199999999999a"},
      {f(1.5), "f93e00"},
      {f(65504.0), "f97bff"},
      {f(100000.0), "fa47c35000"},
      {f(3.4028234663852886e+38), "fa7f7fffff"},
      {f(1.0e+300), "fb7e37e43c8800759c"},
      {f(5.960464477539063e-8), "f90001"},
      {f(0.00006103515625), "f90400"},
      {f(-4.0), "f9c400"},
      {f(-4.1), "fbc010666666666666"},
      {f(infinity), "f97c00"},
      {f(std::nan("")), "f97e00"},
      {f(-infinity), "f9fc00"},
      {CborValue{false}, "f4"},
      {CborValue{true}, "f5"},
      {CborValue{nullptr}, "f6"},
      {CborValue{CborUndefined{}}, "f7"},
      {tagged(0, text("2013-03-21T20:04:00Z")), "c074323031332d30332d32315432303a30343a30305a"},
      {tagged(1, u(1363896240)), "c11a514b67b0"},
      {tagged(1, f(1363896240.5)), "c1fb41d452d9ec200000"},
      {tagged(23, bytes("01020304")), "d74401020304"},
      {tagged(24, bytes("6449455446")), "d818456449455446"},
      {tagged(32, text("http://www.example.com")), "d82076687474703a2f2f7777772e6578616d706c652e636f6d"},
      {bytes(""), "40"},
      {bytes("01020304"), "4401020304"},
      {text(""), "60"},
      {text("a"), "6161"},
      {text("IETF"), "6449455446"},
      {text("\"\\"), "62225c"},
      {text("\u00fc"), "62c3bc"},
      {text("\u6c34"), "63e6b0b4"},
      {text("\U00010151"), "64f0908591"},
      {array({}), "80"},
      {array({u(1), u(2), u(3)}), "83010203"},
      {array({u(1), array({u(2), u(3)}), array({u(4), u(5)})}), "8301820203820405"},
      {one_to_25(), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"},
      {map({}), "a0"},
      {map({{u(1), u(2)}, {u(3), u(4)}}), "a201020304"},
      {map({{text("a"), u(1)}, {text("b"), array({u(2), u(3)})}}), "a26161016162820203"},
      {array({text("a"), map({{text("b"), text("c")}})}), "826161a161626163"},
      {map({{text("a"), text("A")},
            {text("b"), text("B")},
            {text("c"), text("C")},
            {text("d"), text("D")},
            {text("e"), text("E")}}),
       "a56161614161626142616361436164614461656145"},
  };
}

// Those with another encoding of the same value: what is read, and what we write for it.
struct Rewritten {
  const char* read;
  const char* written;
};

constexpr Rewritten kRewritten[] = {
    {"fa7f800000", "f97c00"},
    {"fa7fc00000", "f97e00"},
    {"faff800000", "f9fc00"},
    {"fb7ff0000000000000", "f97c00"},
    {"fb7ff8000000000000", "f97e00"},
    {"fbfff0000000000000", "f9fc00"},
    {"5f42010243030405ff", "450102030405"},
    {"7f657374726561646d696e67ff", "6973747265616d696e67"},
    {"9fff", "80"},
    {"9f018202039f0405ffff", "8301820203820405"},
    {"9f01820203820405ff", "8301820203820405"},
    {"83018202039f0405ff", "8301820203820405"},
    {"83019f0203ff820405", "8301820203820405"},
    {"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
     "98190102030405060708090a0b0c0d0e0f101112131415161718181819"},
    {"bf61610161629f0203ffff", "a26161016162820203"},
    {"826161bf61626163ff", "826161a161626163"},
    {"bf6346756ef563416d7421ff", "a263416d74216346756ef5"},  // the keys change places: "Amt" < "Fun"
};

TEST(CborVectors, writes_the_examples_of_rfc_8949_appendix_a) {
  for (const Vector& vector : deterministic_vectors())
    EXPECT_EQ(to_hex(encode_cbor(vector.value)), vector.hex);
}

TEST(CborVectors, reads_the_examples_of_rfc_8949_appendix_a) {
  for (const Vector& vector : deterministic_vectors()) {
    const auto value = decode_cbor(from_hex(vector.hex));
    ASSERT_TRUE(value) << vector.hex << ": " << value.error().text();
    EXPECT_EQ(value->content.index(), vector.value.content.index()) << vector.hex;
    EXPECT_EQ(value->tags, vector.value.tags) << vector.hex;
    EXPECT_EQ(to_hex(encode_cbor(*value)), vector.hex);
  }
}

TEST(CborVectors, rewrites_other_encodings_to_the_deterministic_one) {
  for (const auto& [read, written] : kRewritten) {
    const auto value = decode_cbor(from_hex(read));
    ASSERT_TRUE(value) << read << ": " << value.error().text();
    EXPECT_EQ(to_hex(encode_cbor(*value)), written) << read;
  }
}

TEST(CborVectors, rewrites_heads_that_are_longer_than_needed) {
  for (const char* longer : {"1817", "190017", "1a00000017", "1b0000000000000017"}) {
    EXPECT_EQ(to_hex(encode_cbor(decode_cbor(from_hex(longer)).value())), "17") << longer;
  }
  EXPECT_EQ(to_hex(encode_cbor(decode_cbor(from_hex("7b0000000000000001 61")).value())), "6161");
  EXPECT_EQ(to_hex(encode_cbor(decode_cbor(from_hex("9b0000000000000001 01")).value())), "8101");
}

TEST(CborVectors, takes_the_shortest_head_on_both_sides_of_each_width) {
  const Vector vectors[] = {
      {u(255), "18ff"},
      {u(256), "190100"},
      {u(65535), "19ffff"},
      {u(65536), "1a00010000"},
      {u(4294967295), "1affffffff"},
      {u(4294967296), "1b0000000100000000"},
      {cbor_integer(-24), "37"},
      {cbor_integer(-25), "3818"},
      {cbor_integer(-256), "38ff"},
      {cbor_integer(-257), "390100"},
      {cbor_integer(-65536), "39ffff"},
      {cbor_integer(-65537), "3a00010000"},
      {cbor_integer(-4294967296), "3affffffff"},
      {cbor_integer(-4294967297), "3b0000000100000000"},
      {cbor_integer(std::numeric_limits<std::int64_t>::min()), "3b7fffffffffffffff"},
      {tagged(23, u(0)), "d700"},
      {tagged(24, u(0)), "d81800"},
      {tagged(256, u(0)), "d9010000"},
      {tagged(65536, u(0)), "da0001000000"},
      {tagged(4294967296, u(0)), "db000000010000000000"},
  };
  for (const Vector& vector : vectors) EXPECT_EQ(to_hex(encode_cbor(vector.value)), vector.hex);
  EXPECT_EQ(to_hex(encode_cbor(text(std::string(23, 'x')))).substr(0, 4), "7778");
  EXPECT_EQ(to_hex(encode_cbor(text(std::string(24, 'x')))).substr(0, 4), "7818");
  EXPECT_EQ(to_hex(encode_cbor(text(std::string(256, 'x')))).substr(0, 6), "790100");
  EXPECT_EQ(to_hex(encode_cbor({CborBytes(65536)})).substr(0, 10), "5a00010000");
}

TEST(CborVectors, reads_every_small_tag_number_assigned_or_not) {
  for (std::uint64_t number = 0; number < 300; ++number) {
    const auto read = decode_cbor(encode_cbor(tagged(number, u(0))));
    ASSERT_TRUE(read) << number;
    EXPECT_EQ(read->tags, std::vector<std::uint64_t>{number});
  }
}

// Made with Debian's python3-cbor2 5.4.6, canonical=True.
TEST(CborVectors, agrees_with_cbor2) {
  const CborValue value = map({{text("b"), u(1)},
                               {text("a"), array({u(1), f(2.5), {nullptr}, bytes("78")})},
                               {text("aa"), map({{u(10), cbor_integer(-1)}, {cbor_integer(-1), {true}}})}});
  EXPECT_EQ(to_hex(encode_cbor(value)), "a361618401f94100f64178616201626161a20a2020f5");
}

// RFC 8949 section 4.2.1's own example of the order.
TEST(CborVectors, sorts_keys_bytewise_and_not_by_length_first) {
  const CborValue value = map({{array({cbor_integer(-1)}), u(0)},
                               {{false}, u(0)},
                               {text("aa"), u(0)},
                               {u(100), u(0)},
                               {array({u(100)}), u(0)},
                               {text("z"), u(0)},
                               {u(10), u(0)},
                               {cbor_integer(-1), u(0)}});
  EXPECT_EQ(to_hex(encode_cbor(value)),
            "a80a00186400200061"
            "7a00"
            "62616100"
            "81186400"
            "812000"
            "f400");
}

TEST(CborVectors, reads_and_writes_every_half_precision_float) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const std::uint32_t exponent = (bits >> 10U) & 0x1FU;
    const std::uint32_t fraction = bits & 0x3FFU;
    if (exponent == 31) continue;  // infinities and NaN are in appendix A
    const double significand = exponent == 0 ? fraction : fraction + 1024.0;
    const double magnitude = std::ldexp(significand, static_cast<int>(exponent == 0 ? 1 : exponent) - 25);
    const double expected = (bits & 0x8000U) != 0 ? -magnitude : magnitude;
    const std::vector<std::byte> half = {std::byte{0xF9}, static_cast<std::byte>(bits >> 8U),
                                         static_cast<std::byte>(bits)};
    const auto value = decode_cbor(half);
    ASSERT_TRUE(value);
    ASSERT_EQ(std::get<double>(value->content), expected) << bits;
    ASSERT_EQ(encode_cbor(f(expected)), half) << bits;
  }
}

TEST(CborVectors, keeps_a_float_wide_when_a_narrower_one_would_change_it) {
  const Vector vectors[] = {
      {f(65505.0), "fa477fe100"},                // one bit too many for a half
      {f(65536.0), "fa47800000"},                // beyond the halves
      {f(2.9802322387695312e-8), "fa33000000"},  // 2^-25, below the smallest half
      {f(8.940696716308594e-8), "fa33c00000"},   // 1.5 * 2^-24, between two subnormal halves
      {f(1.401298464324817e-45), "fa00000001"},  // the smallest single
      {f(7.006492321624085e-46), "fb3690000000000000"},
      {f(3.4028235677973366e+38), "fb47effffff0000000"},  // half a step beyond the largest single
      {f(16777217.0), "fb4170000010000000"},
  };
  for (const Vector& vector : vectors) EXPECT_EQ(to_hex(encode_cbor(vector.value)), vector.hex);
}

}  // namespace
}  // namespace holdfast::wire
