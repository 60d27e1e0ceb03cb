// SPDX-License-Identifier: MIT
// The examples of RFC 8428 sections 5.1 and 6 (IETF Trust), restated as packs. Their resolved forms follow
// section 4.6; section 5.1.4 prints one of them.
#include <gtest/gtest.h>

#include "unit/wire/bytes.hpp"
#include "wire/cbor.hpp"
#include "wire/senml_rules.hpp"

namespace holdfast::senml {
namespace {

using test::from_hex;
using test::to_bytes;
using test::to_hex;

constexpr double kNow = 1498780179;

Value text(const char* value) { return std::string(value); }

// Section 5.1.2, third example, and section 6.
Pack six_currents() {
  return {{.base_name = "urn:dev:ow:10e2073a0108006:",
           .base_time = 1276020076.001,
           .base_unit = "A",
           .base_version = 5,
           .name = "voltage",
           .unit = "V",
           .value = 120.1},
          {.name = "current", .value = 1.2, .time = -5},
          {.name = "current", .value = 1.3, .time = -4},
          {.name = "current", .value = 1.4, .time = -3},
          {.name = "current", .value = 1.5, .time = -2},
          {.name = "current", .value = 1.6, .time = -1},
          {.name = "current", .value = 1.7}};
}

// Section 5.1.3.
Pack moving_device() {
  return {{.base_name = "urn:dev:ow:10e2073a01080063",
           .base_time = 1320067464,
           .base_unit = "%RH",
           .value = 20.0},
          {.unit = "lon", .value = 24.30621},
          {.unit = "lat", .value = 60.07965},
          {.value = 20.3, .time = 60},
          {.unit = "lon", .value = 24.30622, .time = 60},
          {.unit = "lat", .value = 60.07965, .time = 60},
          {.value = 20.7, .time = 120},
          {.unit = "lon", .value = 24.30623, .time = 120},
          {.unit = "lat", .value = 60.07966, .time = 120},
          {.unit = "%EL", .value = 98.0, .time = 150},
          {.value = 21.2, .time = 180},
          {.unit = "lon", .value = 24.30628, .time = 180},
          {.unit = "lat", .value = 60.07967, .time = 180}};
}

// Section 5.1.5.
Pack data_types() {
  return {{.base_name = "urn:dev:ow:10e2073a01080063:", .name = "temp", .unit = "Cel", .value = 23.1},
          {.name = "label", .value = text("Machine Room")},
          {.name = "open", .value = false},
          {.name = "nfv-reader", .value = to_bytes("hi \n")}};
}

// Section 5.1.6.
Pack two_devices() {
  return {{.base_name = "2001:db8::2/",
           .base_time = 1320078429,
           .name = "temperature",
           .unit = "Cel",
           .value = 25.2},
          {.name = "humidity", .unit = "%RH", .value = 30.0},
          {.base_name = "2001:db8::1/", .name = "temperature", .unit = "Cel", .value = 12.3},
          {.name = "humidity", .unit = "%RH", .value = 67.0}};
}

// Section 5.1.7, first and third example.
Pack thermostat() {
  return {{.base_name = "urn:dev:ow:10e2073a01080063:"},
          {.name = "temp", .unit = "Cel", .value = 23.1},
          {.name = "heat", .unit = "/", .value = 1.0},
          {.name = "fan", .unit = "/", .value = 0.0}};
}
Pack two_lights() {
  return {{.base_time = 1320078429, .base_unit = "/", .name = "2001:db8::3", .value = 0.5},
          {.name = "2001:db8::4", .value = 0.5},
          {.name = "2001:db8::3", .value = 0.0, .time = 0.1},
          {.name = "2001:db8::4", .value = 0.0, .time = 0.1}};
}

TEST(SenmlRfc8428, every_example_survives_encoding) {
  const Pack examples[] = {
      {{.name = "urn:dev:ow:10e2073a01080063", .unit = "Cel", .value = 23.1}},
      {{.base_name = "urn:dev:ow:10e2073a01080063:", .name = "voltage", .unit = "V", .value = 120.1},
       {.name = "current", .unit = "A", .value = 1.2}},
      six_currents(),
      moving_device(),
      data_types(),
      two_devices(),
      thermostat(),
      {{.base_time = 1320078429, .base_unit = "/", .name = "2001:db8::3", .value = 1.0},
       {.name = "2001:db8::4", .value = 1.0}},
      two_lights(),
  };
  for (const Pack& pack : examples) {
    const auto bytes = encode(pack);
    ASSERT_TRUE(bytes) << bytes.error().text();
    EXPECT_EQ(decode(*bytes), pack);
  }
}

// The dump of section 6: keys in the order of writing, integers for whole numbers.
TEST(SenmlRfc8428, reads_the_cbor_example_of_section_6) {
  const auto bytes = from_hex(
      "87 a7 21 78 1b 75 72 6e 3a 64 65 76 3a 6f 77 3a 31 30 65 32 30 37 33 61 30 31 30 38 30 30 36 3a"
      "22 fb 41 d3 03 a1 5b 00 10 62 23 61 41 20 05 00 67 76 6f 6c 74 61 67 65 01 61 56 02 fb 40 5e 06"
      "66 66 66 66 66 a3 00 67 63 75 72 72 65 6e 74 06 24 02 fb 3f f3 33 33 33 33 33 33 a3 00 67 63 75"
      "72 72 65 6e 74 06 23 02 fb 3f f4 cc cc cc cc cc cd a3 00 67 63 75 72 72 65 6e 74 06 22 02 fb 3f"
      "f6 66 66 66 66 66 66 a3 00 67 63 75 72 72 65 6e 74 06 21 02 f9 3e 00 a3 00 67 63 75 72 72 65 6e"
      "74 06 20 02 fb 3f f9 99 99 99 99 99 9a a3 00 67 63 75 72 72 65 6e 74 06 00 02 fb 3f fb 33 33 33"
      "33 33 33");
  ASSERT_EQ(bytes.size(), 0xC3U);
  Pack expected = six_currents();
  expected.back().time = 0;  // the dump says it, the JSON leaves it out
  EXPECT_EQ(decode(bytes), expected);
}

TEST(SenmlRfc8428, resolves_names_units_times_and_keeps_the_older_version) {
  const Pack resolved = resolve(six_currents(), std::nullopt).value();
  ASSERT_EQ(resolved.size(), 7U);
  const double times[] = {-5, -4, -3, -2, -1, 0, 0};
  const double values[] = {1.2, 1.3, 1.4, 1.5, 1.6, 120.1, 1.7};  // in time order; the voltage came first
  for (std::size_t i = 0; i < resolved.size(); ++i) {
    const bool voltage = i == 5;
    const Record expected = {
        .base_version = 5,
        .name = std::string("urn:dev:ow:10e2073a0108006:") + (voltage ? "voltage" : "current"),
        .unit = voltage ? "V" : "A",
        .value = values[i],
        .time = 1276020076.001 + times[i]};
    EXPECT_EQ(resolved[i], expected) << i;
  }
}

TEST(SenmlRfc8428, resolves_the_moving_device_as_section_5_1_4_prints_it) {
  const std::string name = "urn:dev:ow:10e2073a01080063";
  const Pack expected = {{.name = name, .unit = "%RH", .value = 20.0, .time = 1320067464},
                         {.name = name, .unit = "lon", .value = 24.30621, .time = 1320067464},
                         {.name = name, .unit = "lat", .value = 60.07965, .time = 1320067464},
                         {.name = name, .unit = "%RH", .value = 20.3, .time = 1320067524},
                         {.name = name, .unit = "lon", .value = 24.30622, .time = 1320067524},
                         {.name = name, .unit = "lat", .value = 60.07965, .time = 1320067524},
                         {.name = name, .unit = "%RH", .value = 20.7, .time = 1320067584},
                         {.name = name, .unit = "lon", .value = 24.30623, .time = 1320067584},
                         {.name = name, .unit = "lat", .value = 60.07966, .time = 1320067584},
                         {.name = name, .unit = "%EL", .value = 98.0, .time = 1320067614},
                         {.name = name, .unit = "%RH", .value = 21.2, .time = 1320067644},
                         {.name = name, .unit = "lon", .value = 24.30628, .time = 1320067644},
                         {.name = name, .unit = "lat", .value = 60.07967, .time = 1320067644}};
  EXPECT_EQ(resolve(moving_device(), std::nullopt), expected);
}

TEST(SenmlRfc8428, resolves_now_for_records_without_time) {
  const std::string base = "urn:dev:ow:10e2073a01080063:";
  const Pack expected = {{.name = base + "temp", .unit = "Cel", .value = 23.1, .time = kNow},
                         {.name = base + "label", .value = text("Machine Room"), .time = kNow},
                         {.name = base + "open", .value = false, .time = kNow},
                         {.name = base + "nfv-reader", .value = to_bytes("hi \n"), .time = kNow}};
  EXPECT_EQ(resolve(data_types(), kNow), expected);
}

TEST(SenmlRfc8428, a_record_of_base_fields_only_is_no_measurement) {
  const std::string base = "urn:dev:ow:10e2073a01080063:";
  const Pack expected = {{.name = base + "temp", .unit = "Cel", .value = 23.1, .time = kNow},
                         {.name = base + "heat", .unit = "/", .value = 1.0, .time = kNow},
                         {.name = base + "fan", .unit = "/", .value = 0.0, .time = kNow}};
  EXPECT_EQ(resolve(thermostat(), kNow), expected);
}

TEST(SenmlRfc8428, a_new_base_name_leaves_the_base_time_in_force) {
  const Pack expected = {
      {.name = "2001:db8::2/temperature", .unit = "Cel", .value = 25.2, .time = 1320078429},
      {.name = "2001:db8::2/humidity", .unit = "%RH", .value = 30.0, .time = 1320078429},
      {.name = "2001:db8::1/temperature", .unit = "Cel", .value = 12.3, .time = 1320078429},
      {.name = "2001:db8::1/humidity", .unit = "%RH", .value = 67.0, .time = 1320078429}};
  EXPECT_EQ(resolve(two_devices(), kNow), expected);
}

TEST(SenmlRfc8428, resolves_the_two_lights) {
  const Pack expected = {{.name = "2001:db8::3", .unit = "/", .value = 0.5, .time = 1320078429},
                         {.name = "2001:db8::4", .unit = "/", .value = 0.5, .time = 1320078429},
                         {.name = "2001:db8::3", .unit = "/", .value = 0.0, .time = 1320078429.1},
                         {.name = "2001:db8::4", .unit = "/", .value = 0.0, .time = 1320078429.1}};
  EXPECT_EQ(resolve(two_lights(), std::nullopt), expected);
}

}  // namespace
}  // namespace holdfast::senml
