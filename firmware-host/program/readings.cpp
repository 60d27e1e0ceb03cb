// SPDX-License-Identifier: MIT
#include "program/readings.hpp"

#include <algorithm>
#include <chrono>

#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/linux.hpp>
#include <holdfast/platform/sim.hpp>
#include <holdfast/senml.hpp>

#include "program/ledger.hpp"

namespace holdfast::program {

Sensors::Sensors(const SensorArguments& arguments, const std::string& disk_path, PlatformView platform) {
  if (arguments.machine) {
    sensors_.push_back(platform::make_thermal_sensor("/", platform.clock));
    sensors_.push_back(platform::make_hwmon_sensor("/", platform.clock));
    sensors_.push_back(platform::make_sysinfo_sensor("/", disk_path, platform.clock, platform.disk));
  }
  for (std::size_t i = 0; i < std::min(arguments.simulated, kSimulatedMax); ++i)
    sensors_.push_back(platform::sim::make_seeded_sensor("room-" + std::to_string(i + 1), "Cel",
                                                         arguments.seed + i, platform.clock));
}

std::vector<platform::Reading> Sensors::read() {
  std::vector<platform::Reading> all;
  for (const auto& sensor : sensors_) {
    auto readings = sensor->read();
    if (!readings) {
      ++errors_;
      continue;
    }
    std::move(readings->begin(), readings->end(), std::back_inserter(all));
  }
  return all;
}

std::vector<platform::Reading> Sensors::take(std::size_t count) {
  std::vector<platform::Reading> taken;
  while (taken.size() < count) {
    if (waiting_.empty()) {
      waiting_ = read();
      std::reverse(waiting_.begin(), waiting_.end());
    }
    if (waiting_.empty()) break;
    taken.push_back(std::move(waiting_.back()));
    waiting_.pop_back();
  }
  return taken;
}

Result<PackedReading> pack_reading(const platform::Reading& reading, const std::string& device,
                                   const platform::Clock& clock) {
  senml::Record record;
  record.base_name = "urn:holdfast:" + device + "/";
  record.name = reading.key;
  if (!reading.unit.empty()) record.unit = reading.unit;
  record.value = reading.value;
  if (const platform::WallTime wall = clock.wall(); wall.trusted) {
    const UtcTime taken = wall.utc - (clock.now() - reading.taken_at);
    record.base_time = std::chrono::duration<double>(taken.time_since_epoch()).count();
  }
  auto bytes = senml::encode({record});
  if (!bytes) return tl::unexpected(bytes.error());
  return PackedReading{reading.key, std::move(*bytes)};
}

Result<void> store_readings(Transaction& transaction, const std::vector<PackedReading>& readings,
                            const std::string& lane, bool ledger, const platform::Clock& clock) {
  if (ledger) {
    if (auto made = make_committed_table(transaction.sql()); !made) return made;
  }
  for (const PackedReading& reading : readings) {
    auto version = transaction.put(reading.key, reading.pack, senml::kContentType);
    if (!version) return tl::unexpected(version.error());
    const std::int64_t now_ns = clock.now().time_since_epoch().count();
    const Attribute committed{std::string(kCommittedAttribute), std::to_string(now_ns)};
    Event event{.lane = lane,
                .key = reading.key,
                .type = kReadingType,
                .content_type = senml::kContentType,
                .data = reading.pack};
    if (ledger) event.attributes = std::span(&committed, 1);
    auto id = transaction.add(event);
    if (!id) return tl::unexpected(id.error());
    if (!ledger) continue;
    if (auto noted = note_committed(transaction.sql(), *id, now_ns); !noted) return noted;
  }
  return {};
}

}  // namespace holdfast::program
