// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <map>

#include <holdfast/platform/linux.hpp>
#include <holdfast/platform/sim.hpp>

#include "support/temp_dir.hpp"

namespace holdfast::platform {
namespace {

using test_support::TempDir;

class SensorTest : public ::testing::Test {
 protected:
  /// "key unit" -> value
  [[nodiscard]] static std::map<std::string, double> values_of(Sensor& sensor) {
    std::map<std::string, double> values;
    const auto readings = sensor.read();
    EXPECT_TRUE(readings.has_value());
    if (!readings) return values;
    for (const Reading& reading : *readings) values[reading.key + " " + reading.unit] = reading.value;
    return values;
  }
  using Values = std::map<std::string, double>;

  TempDir root_;
  sim::VirtualClock clock_;
  sim::ScriptedDisk disk_;
  std::unique_ptr<Sensor> thermal_ = make_thermal_sensor(root_.path().string(), clock_);
  std::unique_ptr<Sensor> hwmon_ = make_hwmon_sensor(root_.path().string(), clock_);
  std::unique_ptr<Sensor> sysinfo_ = make_sysinfo_sensor(root_.path().string(), "/", clock_, disk_);
};

TEST_F(SensorTest, a_machine_without_the_class_gives_no_readings_and_no_error) {
  EXPECT_TRUE(values_of(*thermal_).empty());
  EXPECT_TRUE(values_of(*hwmon_).empty());
}

TEST_F(SensorTest, thermal_zones_are_named_by_their_type) {
  root_.write("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n");
  root_.write("sys/class/thermal/thermal_zone0/temp", "48312\n");
  root_.write("sys/class/thermal/thermal_zone10/type", "acpitz\n");
  root_.write("sys/class/thermal/thermal_zone10/temp", "-5000\n");
  root_.write("sys/class/thermal/thermal_zone2/type", "acpitz\n");
  root_.write("sys/class/thermal/thermal_zone2/temp", "20000\n");
  root_.write("sys/class/thermal/cooling_device0/type", "fan\n");
  EXPECT_EQ(values_of(*thermal_), (Values{{"thermal/cpu-thermal Cel", 48.312},
                                          {"thermal/acpitz Cel", 20.0},
                                          {"thermal/acpitz-2 Cel", -5.0}}));
}

TEST_F(SensorTest, a_reading_says_when_it_was_taken_and_has_a_senml_name) {
  root_.write("sys/class/thermal/thermal_zone0/type", "_odd/name ä");
  root_.write("sys/class/thermal/thermal_zone0/temp", "1000");
  const auto readings = thermal_->read().value();
  ASSERT_EQ(readings.size(), 1U);
  EXPECT_EQ(readings[0].taken_at, clock_.now());
  EXPECT_EQ(readings[0].name, "x_odd_name___");
}

TEST_F(SensorTest, what_cannot_be_read_is_left_out_and_renames_nothing) {
  root_.write("sys/class/thermal/thermal_zone0/type", "soc");
  root_.write("sys/class/thermal/thermal_zone0/temp", "garbage");
  root_.write("sys/class/thermal/thermal_zone1/type", "soc");
  root_.write("sys/class/thermal/thermal_zone1/temp", "1000");
  root_.write("sys/class/thermal/thermal_zone2/type", "gone");
  EXPECT_EQ(values_of(*thermal_), (Values{{"thermal/soc-2 Cel", 1.0}}));
}

TEST_F(SensorTest, a_source_of_which_nothing_can_be_read_is_an_error) {
  for (const char* content : {"", "1e3", "12 34", "nan", "99999999999999999999"}) {
    root_.write("sys/class/thermal/thermal_zone0/temp", content);
    const auto result = thermal_->read();
    ASSERT_FALSE(result.has_value()) << content;
    EXPECT_EQ(result.error().code, ErrorCode::io_error);
  }
}

TEST_F(SensorTest, hwmon_channels_are_scaled_to_senml_units) {
  const std::string device = "sys/class/hwmon/hwmon3/";
  root_.write(device + "name", "ina219\n");
  root_.write(device + "in1_input", "5012\n");
  root_.write(device + "in1_label", "supply\n");
  root_.write(device + "curr1_input", "350\n");
  root_.write(device + "power1_input", "1754200\n");
  root_.write(device + "temp1_input", "31000\n");
  root_.write(device + "temp1_fault", "1\n");
  root_.write(device + "humidity1_input", "45500\n");
  root_.write(device + "fan1_input", "1200\n");
  root_.write(device + "temp1_max", "100000\n");
  EXPECT_EQ(values_of(*hwmon_), (Values{{"hwmon/ina219:supply V", 5.012},
                                        {"hwmon/ina219:curr1 A", 0.35},
                                        {"hwmon/ina219:power1 W", 1.7542},
                                        {"hwmon/ina219:humidity1 %RH", 45.5},
                                        {"hwmon/ina219:fan1 Hz", 20.0}}));
}

TEST_F(SensorTest, sysinfo_reports_load_memory_uptime_and_disk) {
  root_.write("proc/loadavg", "0.50 1.25 2.00 1/234 5678\n");
  root_.write("proc/meminfo", "MemTotal:        1000 kB\nMemFree:  1 kB\nMemAvailable:     600 kB\n");
  root_.write("proc/uptime", "12345.67 9999.00\n");
  disk_.space_now.available_bytes = 4096;
  EXPECT_EQ(values_of(*sysinfo_), (Values{{"sysinfo/load1 ", 0.5},
                                          {"sysinfo/load5 ", 1.25},
                                          {"sysinfo/load15 ", 2.0},
                                          {"sysinfo/memory-total B", 1'024'000},
                                          {"sysinfo/memory-available B", 614'400},
                                          {"sysinfo/uptime s", 12345.67},
                                          {"sysinfo/disk-available B", 4096}}));
}

TEST_F(SensorTest, sysinfo_leaves_out_what_is_broken) {
  root_.write("proc/loadavg", "inf nan\n");
  root_.write("proc/meminfo", "MemTotal: many kB\nMemAvailable: 600\n");
  root_.write("proc/uptime", "\n");
  disk_.space_now.available_bytes = 1;
  EXPECT_EQ(values_of(*sysinfo_), (Values{{"sysinfo/disk-available B", 1}}));
}

TEST_F(SensorTest, this_machine_has_a_load_and_memory) {
  const auto disk = make_linux_disk();
  const auto sensor = make_sysinfo_sensor("/", "/", clock_, *disk);
  const Values values = values_of(*sensor);
  EXPECT_GT(values.at("sysinfo/memory-total B"), 1e6);
  EXPECT_GT(values.at("sysinfo/uptime s"), 0);
}

}  // namespace
}  // namespace holdfast::platform
