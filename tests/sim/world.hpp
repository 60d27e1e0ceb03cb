// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/platform/linux.hpp>
#include <memory>
#include <string>

#include "prove/simulate/backend.hpp"
#include "prove/simulate/device.hpp"
#include "prove/simulate/world.hpp"
#include "support/temp_dir.hpp"

/// The world of firmware-host/prove with one device and one backend, on real files in a temporary directory.
///
/// Fault model. A device or backend that crashes stops between two of its steps; what it had committed stays
/// (SQLite's file is real, and no power cut is simulated here), what it had only in memory is gone. The network
/// and the broker fail as ScriptedBroker says.
namespace holdfast::sim_tests {

using prove::Backend;
using prove::Device;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class World : public prove::World {
 public:
  /// Lanes: alarm (0), telemetry (1), bulk (1).
  explicit World(std::uint64_t seed);

  /// Drains and closes; time passes meanwhile.
  void shut_down_device();

  test_support::TempDir dir;
  platform::sim::SeededEntropy entropy;
  platform::sim::ScriptedHost host;

 private:
  [[nodiscard]] prove::Surroundings around();
  std::unique_ptr<platform::Disk> disk_ = platform::make_linux_disk();

 public:
  Device device;
  Backend backend;
};

}  // namespace holdfast::sim_tests
