// SPDX-License-Identifier: MIT
#include "program/readings.hpp"

#include <gtest/gtest.h>

#include <holdfast/platform/sim.hpp>
#include <holdfast/senml.hpp>

namespace holdfast::program {
namespace {

using namespace std::chrono_literals;
using platform::sim::VirtualClock;

class Readings : public testing::Test {
 protected:
  [[nodiscard]] senml::Record packed(const platform::Reading& reading) const {
    const auto pack = pack_reading(reading, "pi4", clock_);
    EXPECT_TRUE(pack.has_value());
    return senml::decode(pack->pack).value().at(0);
  }

  VirtualClock clock_;
};

TEST_F(Readings, a_pack_names_device_sensor_and_unit) {
  const senml::Record record = packed({"thermal/cpu", "cpu", "Cel", 48.5, clock_.now()});
  EXPECT_EQ(*record.base_name + *record.name, "urn:holdfast:pi4/thermal/cpu");
  EXPECT_EQ(record.unit, "Cel");
  EXPECT_EQ(record.value, senml::Value(48.5));
}

TEST_F(Readings, without_a_trusted_clock_a_pack_has_no_time) {
  clock_.set_wall({UtcTime(1'700'000'000s), false});
  const senml::Record record = packed({"a", "a", "", 1, clock_.now()});
  EXPECT_EQ(record.base_time, std::nullopt);
  EXPECT_EQ(record.time, std::nullopt);
  EXPECT_EQ(record.unit, std::nullopt);
}

TEST_F(Readings, with_a_trusted_clock_the_time_is_that_of_the_reading) {
  const platform::Reading reading{"a", "a", "", 1, clock_.now()};
  clock_.advance(30s);
  clock_.set_wall({UtcTime(1'700'000'030s), true});
  EXPECT_EQ(packed(reading).base_time, 1'700'000'000.0);
}

TEST_F(Readings, the_same_seed_gives_the_same_simulated_readings_in_turn) {
  platform::sim::SeededEntropy entropy(1);
  platform::sim::ScriptedDisk disk;
  platform::sim::ScriptedHost host;
  const PlatformView platform{clock_, disk, entropy, host};
  const SensorArguments arguments{.machine = false, .simulated = 3, .seed = 7};
  Sensors one(arguments, "store.db", platform);
  Sensors other(arguments, "store.db", platform);
  const auto taken = one.take(5);
  auto read = other.read();
  const auto more = other.read();
  read.insert(read.end(), more.begin(), more.end());
  ASSERT_EQ(taken.size(), 5U);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    EXPECT_EQ(taken[i].key, read[i].key);
    EXPECT_EQ(taken[i].value, read[i].value);
  }
  EXPECT_EQ(taken[3].key, taken[0].key);
}

TEST_F(Readings, without_sensors_nothing_is_taken) {
  platform::sim::SeededEntropy entropy(1);
  platform::sim::ScriptedDisk disk;
  platform::sim::ScriptedHost host;
  Sensors none({.machine = false, .simulated = 0, .seed = 1}, "store.db", {clock_, disk, entropy, host});
  EXPECT_TRUE(none.take(10).empty());
}

}  // namespace
}  // namespace holdfast::program
