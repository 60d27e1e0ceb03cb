// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <holdfast/outbox.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/disk.hpp>
#include <holdfast/platform/entropy.hpp>
#include <holdfast/platform/host.hpp>
#include <holdfast/platform/link.hpp>
#include <holdfast/platform/sensor.hpp>

/// The platform of Linux boards and hosts: target holdfast::linux.
namespace holdfast::platform {

[[nodiscard]] std::unique_ptr<Clock> make_linux_clock();
[[nodiscard]] std::unique_ptr<Disk> make_linux_disk();
[[nodiscard]] std::unique_ptr<Host> make_linux_host();
[[nodiscard]] std::unique_ptr<Entropy> make_linux_entropy();

/// The link that this library was built with (CMake's HOLDFAST_LINK), on Paho MQTT C or C++: see platform/README.md.
[[nodiscard]] std::unique_ptr<Link> make_linux_link();

/// Sensors below a root directory ("/" on a board, a copied tree in tests).
[[nodiscard]] std::unique_ptr<Sensor> make_thermal_sensor(std::string root, const Clock& clock);
[[nodiscard]] std::unique_ptr<Sensor> make_hwmon_sensor(std::string root, const Clock& clock);
/// Load, memory, uptime, and space of the file system that holds `disk_path`.
[[nodiscard]] std::unique_ptr<Sensor> make_sysinfo_sensor(std::string root, std::string disk_path,
                                                          const Clock& clock, const Disk& disk);

/// All services of this machine in one object, for programs.
class LinuxPlatform {
 public:
  LinuxPlatform();
  ~LinuxPlatform();
  [[nodiscard]] PlatformView view() const noexcept { return {*clock_, *disk_, *entropy_, *host_}; }
  [[nodiscard]] Clock& clock() const noexcept { return *clock_; }
  [[nodiscard]] Disk& disk() const noexcept { return *disk_; }
  [[nodiscard]] Host& host() const noexcept { return *host_; }

 private:
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Entropy> entropy_;
  std::unique_ptr<Host> host_;
};

}  // namespace holdfast::platform
