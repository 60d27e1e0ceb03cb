// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include <holdfast/senml.hpp>

#include "unit/wire/bytes.hpp"

namespace holdfast::senml {
namespace {

using test::from_hex;
using test::to_hex;

std::string verdict(std::string_view hex) {
  const auto pack = decode(from_hex(hex));
  return pack ? "accepted" : std::string(to_string(pack.error().code));
}

std::string encode_verdict(const Pack& pack) {
  const auto bytes = encode(pack);
  return bytes ? "accepted" : std::string(to_string(bytes.error().code));
}

Record reading(const char* name, double value) { return {.name = name, .value = value}; }

Pack golden_pack() {
  return {{.base_name = "urn:dev:ow:10e2073a01080063:",
           .base_time = 1763600000.25,
           .name = "temp",
           .unit = "Cel",
           .value = 21.5},
          {.name = "hum", .unit = "%RH", .value = 48.0},
          {.name = "temp", .value = 21.625, .time = 1}};
}

// The three golden texts were made with Debian's python3-cbor2 5.4.6, canonical=True.
TEST(Senml, writes_what_cbor2_writes) {
  EXPECT_EQ(to_hex(encode(golden_pack()).value()),
            "83a5006474656d70016343656c02f94d6021781c75726e3a6465763a6f773a3130653230373361303130383030"
            "36333a22fb41da4799a0100000a3006368756d016325524802f95200a3006474656d7002f94d6806f93c00");
}

TEST(Senml, reads_whole_numbers_that_others_write_as_integers) {
  EXPECT_EQ(decode(from_hex(
                "83a5006474656d70016343656c02f94d6021781c75726e3a6465763a6f773a3130653230373361303130383030"
                "36333a22fb41da4799a0100000a3006368756d0163255248021830a3006474656d7002f94d680601")),
            golden_pack());
}

TEST(Senml, every_field_has_its_label) {
  const Pack pack = {{.base_name = "dev:",
                      .base_time = 1.7e9,
                      .base_unit = "V",
                      .base_value = 0.5,
                      .base_sum = -2.0,
                      .base_version = 10,
                      .name = "a",
                      .unit = "mV",
                      .value = from_hex("00ff"),
                      .sum = 1.5,
                      .time = -5.0,
                      .update_time = 60.0},
                     {.name = "b", .value = std::string("x\u00fcy")},
                     {.name = "c", .value = true},
                     {.name = "d", .value = false, .sum = 3.25}};
  const auto bytes = encode(pack).value();
  EXPECT_EQ(to_hex(bytes),
            "84ac00616101626d5605f93e0006f9c50007f95380084200ff200a21646465763a22fa4ecaa7e223615624f93800"
            "25f9c000a2006162036478c3bc79a200616304f5a300616404f405f94280");
  EXPECT_EQ(decode(bytes), pack);
}

TEST(Senml, a_float_stays_a_float) {
  EXPECT_EQ(to_hex(encode({reading("a", 48.0)}).value()), "81a200616102f95200");
}

TEST(Senml, reads_decimal_fractions_as_the_nearest_double) {
  const auto value = [](const char* number) {
    const auto pack = decode(from_hex(std::string("81a200616102") + number));
    return pack ? std::get<double>(*pack->front().value) : std::nan("");
  };
  EXPECT_EQ(value("c48221196ab3"), 273.15);  // RFC 8949 section 3.4.4: 27315 * 10^-2
  EXPECT_EQ(value("c4820103"), 30.0);        // 3 * 10^1
  EXPECT_EQ(value("c4822020"), -0.1);
  EXPECT_EQ(value("c48239012b00"), 0.0);  // 0 * 10^-300
  EXPECT_TRUE(
      std::isnan(value("c482190200"
                       "01")));  // 10^512 is no double
  EXPECT_TRUE(std::isnan(value("c4821bffffffffffffffff01")));
  EXPECT_TRUE(std::isnan(value("c48101")));
  EXPECT_TRUE(std::isnan(value("c482f93c0001")));
  EXPECT_TRUE(std::isnan(value("c58221196ab3")));  // a bigfloat is not for SenML
}

TEST(Senml, reads_indefinite_lengths) {
  EXPECT_EQ(decode(from_hex("9fbf007f616161 62ff02f95200ffff")), (Pack{reading("ab", 48.0)}));
}

TEST(Senml, ignores_extensions_but_not_those_that_must_be_understood) {
  EXPECT_EQ(verdict("81a300616102016163830102a0"), "accepted");  // "c": [1, 2, {}]
  EXPECT_EQ(verdict("81a3006161020118630a"), "accepted");        // label 99
  EXPECT_EQ(verdict("81a300616102016263 5f00"), "invalid");      // "c_"
  EXPECT_EQ(verdict("81a300616102016174 00"), "invalid");        // "t" instead of 6
  EXPECT_EQ(verdict("81a30061610201f500"), "invalid");           // a key that is no label
}

TEST(Senml, refuses_what_is_not_a_pack) {
  EXPECT_EQ(verdict(""), "invalid");
  EXPECT_EQ(verdict("80"), "invalid");
  EXPECT_EQ(verdict("a200616102f95200"), "invalid");  // a record without its array
  EXPECT_EQ(verdict("8101"), "invalid");
  EXPECT_EQ(verdict("81a0"), "invalid");                   // a record of nothing
  EXPECT_EQ(verdict("81a10061 61"), "invalid");            // neither value nor sum
  EXPECT_EQ(verdict("81a102f95200"), "invalid");           // no name
  EXPECT_EQ(verdict("81a200616102f9520000"), "invalid");   // a byte after it
  EXPECT_EQ(verdict("81a30061610201 02 02"), "invalid");   // a value twice
  EXPECT_EQ(verdict("81a300616102010361 62"), "invalid");  // two kinds of value
  EXPECT_EQ(verdict("81a3006161020108 40"), "invalid");
  EXPECT_EQ(verdict("81a2006161020118"), "invalid");      // cut
  EXPECT_EQ(verdict("c181a200616102f95200"), "invalid");  // a tag
}

TEST(Senml, refuses_fields_of_another_type) {
  EXPECT_EQ(verdict("81a20061610261 31"), "invalid");   // v: "1"
  EXPECT_EQ(verdict("81a2006161020301"), "invalid");    // (trailing)
  EXPECT_EQ(verdict("81a200616103 01"), "invalid");     // vs: 1
  EXPECT_EQ(verdict("81a200616104 01"), "invalid");     // vb: 1
  EXPECT_EQ(verdict("81a200616108 61 61"), "invalid");  // vd: "a"
  EXPECT_EQ(verdict("81a200 01 02 01"), "invalid");     // n: 1
  EXPECT_EQ(verdict("81a200416102 01"), "invalid");     // n: bytes
  EXPECT_EQ(verdict("81a200616102c1 01"), "invalid");   // v: a time tag
}

TEST(Senml, refuses_numbers_that_are_not_finite) {
  for (const char* number : {"f97e00", "f97c00", "f9fc00"}) {
    EXPECT_EQ(verdict(std::string("81a200616102") + number), "invalid") << number;
    EXPECT_EQ(verdict(std::string("81a30061610201 06") + number), "invalid") << number;
    EXPECT_EQ(verdict(std::string("81a30061610201 22") + number), "invalid") << number;
  }
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(encode_verdict({reading("a", infinity)}), "invalid");
  EXPECT_EQ(encode_verdict({reading("a", std::nan(""))}), "invalid");
  EXPECT_EQ(encode_verdict({{.name = "a", .sum = infinity}}), "invalid");
}

TEST(Senml, checks_the_concatenated_name) {
  EXPECT_EQ(encode_verdict({reading("A9-:./_z", 1)}), "accepted");
  for (const char* name : {"", "-a", ":a", "_a", "a b", "a,b", "a%20", "\u00fc"}) {
    EXPECT_EQ(encode_verdict({reading(name, 1)}), "invalid") << name;
  }
  EXPECT_EQ(encode_verdict({{.base_name = "dev", .name = ":a", .value = 1.0}, reading("-b", 2)}), "accepted");
  EXPECT_EQ(encode_verdict({{.base_name = ":", .name = "a", .value = 1.0}}), "invalid");
  EXPECT_EQ(encode_verdict({{.base_name = "dev", .value = 1.0}, {.value = 2.0}}), "accepted");
}

TEST(Senml, understands_versions_up_to_ten_and_one_per_pack) {
  EXPECT_EQ(verdict("81a3200a0061610201"), "accepted");
  EXPECT_EQ(verdict("81a3200b0061610201"), "invalid");
  EXPECT_EQ(verdict("81a320000061610201"), "invalid");
  EXPECT_EQ(verdict("81a320f945000061610201"), "invalid");  // 5.0 is no integer
  EXPECT_EQ(encode_verdict({{.base_version = 5, .name = "a", .value = 1.0}, reading("b", 1)}), "accepted");
  EXPECT_EQ(encode_verdict({reading("b", 1), {.base_version = 5, .name = "a", .value = 1.0}}), "invalid");
  EXPECT_EQ(encode_verdict({{.base_version = 11, .name = "a", .value = 1.0}}), "invalid");
}

TEST(Senml, refuses_text_that_is_not_utf8) {
  EXPECT_EQ(encode_verdict({{.name = "a", .value = std::string("\xFF")}}), "invalid");
  EXPECT_EQ(encode_verdict({{.name = "a", .unit = "\xC3", .value = 1.0}}), "invalid");
  EXPECT_EQ(verdict("81a20061610361ff"), "invalid");
}

TEST(Senml, bounds_the_records_of_a_pack) {
  Pack pack(kRecordsMax, reading("a", 1));
  const auto bytes = encode(pack);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(decode(*bytes)->size(), kRecordsMax);
  pack.push_back(reading("a", 1));
  EXPECT_EQ(encode_verdict(pack), "too_large");

  std::vector<std::byte> more = from_hex("9f");
  const auto record = from_hex("a200616102 01");
  for (std::size_t i = 0; i <= kRecordsMax; ++i) more.insert(more.end(), record.begin(), record.end());
  more.push_back(std::byte{0xFF});
  EXPECT_EQ(decode(more).error().code, ErrorCode::too_large);
}

TEST(Senml, resolving_adds_base_value_and_base_sum) {
  const Pack pack = {{.base_value = 100, .base_sum = 10, .name = "a", .value = 1.5, .sum = 2.5},
                     {.name = "b", .value = -100.0},
                     {.name = "c", .value = true},
                     {.name = "d", .sum = 1.0},
                     {.base_value = 0, .base_sum = 0, .name = "e", .value = 7.0}};
  const Pack expected = {{.name = "a", .value = 101.5, .sum = 12.5},
                         {.name = "b", .value = 0.0, .sum = 10.0},
                         {.name = "c", .value = true, .sum = 10.0},
                         {.name = "d", .value = 100.0, .sum = 11.0},
                         {.name = "e", .value = 7.0, .sum = 0.0}};
  EXPECT_EQ(resolve(pack, std::nullopt), expected);
}

TEST(Senml, resolving_tells_relative_from_absolute_times_at_2_to_the_28) {
  const Pack pack = {{.name = "a", .value = 1.0, .time = 268435455},
                     {.name = "b", .value = 1.0, .time = 268435456},
                     {.name = "c", .value = 1.0, .time = -60}};
  const Pack expected = {{.name = "b", .value = 1.0, .time = 268435456},
                         {.name = "c", .value = 1.0, .time = 1763599940},
                         {.name = "a", .value = 1.0, .time = 2032035455}};
  EXPECT_EQ(resolve(pack, 1763600000.0), expected);
}

TEST(Senml, resolving_without_now_leaves_relative_times_in_front) {
  const Pack pack = {{.name = "a", .value = 1.0, .time = 1763600000},
                     {.name = "b", .value = 1.0, .time = -1},
                     {.name = "c", .value = 1.0}};
  const Pack expected = {pack[1], pack[2], pack[0]};
  EXPECT_EQ(resolve(pack, std::nullopt), expected);
}

TEST(Senml, resolving_keeps_the_order_of_records_of_one_time) {
  Pack pack = {{.base_time = 1763600000, .name = "z", .value = 1.0}, reading("y", 2), reading("x", 3)};
  const Pack resolved = resolve(pack, std::nullopt).value();
  EXPECT_EQ(resolved[0].name, "z");
  EXPECT_EQ(resolved[2].name, "x");
  EXPECT_EQ(resolve(resolved, std::nullopt), resolved);
}

TEST(Senml, resolving_refuses_a_bad_now_and_sums_beyond_double) {
  const Pack pack = {reading("a", 1)};
  for (const double now : {0.0, 268435455.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_FALSE(resolve(pack, now)) << now;
  }
  const double max = std::numeric_limits<double>::max();
  EXPECT_FALSE(resolve({{.base_value = max, .name = "a", .value = max}}, std::nullopt));
  EXPECT_FALSE(resolve({}, std::nullopt));
}

RC_GTEST_PROP(SenmlProperty, a_pack_survives_the_wire_and_its_bytes_are_stable, ()) {
  const auto finite =
      rc::gen::suchThat(rc::gen::arbitrary<double>(), [](double v) { return std::isfinite(v); });
  Pack pack(*rc::gen::inRange<std::size_t>(1, 20));
  for (Record& record : pack) {
    record.name = *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
    if (*rc::gen::arbitrary<bool>()) record.base_time = *finite;
    if (*rc::gen::arbitrary<bool>()) record.base_name = "dev:";
    if (*rc::gen::arbitrary<bool>()) record.time = *finite;
    record.value = *rc::gen::oneOf(rc::gen::map(finite, [](double v) { return Value(v); }),
                                   rc::gen::map(rc::gen::arbitrary<bool>(), [](bool v) { return Value(v); }));
  }
  const auto bytes = encode(pack);
  RC_ASSERT(bytes.has_value());
  const auto read = decode(*bytes);
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == pack);
  RC_ASSERT(encode(*read).value() == *bytes);
}

RC_GTEST_PROP(SenmlProperty, damaged_packs_are_refused_or_stable, ()) {
  auto bytes = encode(golden_pack()).value();
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] =
        static_cast<std::byte>(*rc::gen::inRange(0, 256));
  }
  const auto read = decode(bytes);
  if (!read) return;
  const auto rewritten = encode(*read);
  RC_ASSERT(rewritten.has_value());
  RC_ASSERT(decode(*rewritten).value() == *read);
}

}  // namespace
}  // namespace holdfast::senml
