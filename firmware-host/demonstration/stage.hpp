// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <holdfast/platform/linux.hpp>
#include <holdfast/result.hpp>

#include "demonstration/broker.hpp"
#include "demonstration/history.hpp"
#include "demonstration/narrator.hpp"
#include "demonstration/process.hpp"
#include "program/stop_signal.hpp"

namespace holdfast::demo {

struct StageOptions {
  std::string program;    ///< holdfast itself
  std::string directory;  ///< all files of the three processes
  std::uint64_t seed = 1;
  std::uint64_t events_per_s = 100;
};

/// Three processes: Mosquitto, `holdfast consume`, `holdfast run`. They are watched through the status files
/// that the latter two replace every few hundredths of a second.
class Stage {
 public:
  Stage(StageOptions options, platform::LinuxPlatform& platform, History& history, Narrator& narrator);

  /// Starts the broker and the consumer; on return the consumer's subscription is in force. Before that, an
  /// event would be acknowledged and have nowhere to go.
  [[nodiscard]] Result<void> set_up();
  /// With `count` it ends by itself when so many events are committed and acknowledged; 0: it goes on.
  [[nodiscard]] Result<void> start_device(std::uint64_t count);
  /// SIGTERM, and waits. Its exit code other than 0 is an error.
  [[nodiscard]] Result<void> end_consumer();

  /// Looks every kLookPeriod until `done` (true) or `deadline` (false). Fails when the demo is interrupted,
  /// takes longer than `give_up_at`, or a process has ended that should run.
  [[nodiscard]] Result<bool> watch(Instant deadline, const std::function<bool(const Sample&)>& done);
  [[nodiscard]] Result<void> watch_until(Instant deadline);
  void give_up_at(Instant deadline) { give_up_at_ = deadline; }

  /// "Mosquitto 2.0.11", as its log says.
  [[nodiscard]] std::string broker_version() const;
  [[nodiscard]] Instant now() const { return platform_.clock().now(); }
  [[nodiscard]] const Sample& look();  ///< at once
  [[nodiscard]] Broker& broker() { return *broker_; }
  [[nodiscard]] ChildProcess& device() { return *device_; }
  [[nodiscard]] std::string path(const std::string& name) const { return options_.directory + "/" + name; }

 private:
  [[nodiscard]] Result<void> check_alive();
  [[nodiscard]] bool is_subscribed() const;
  [[nodiscard]] Error ended(const std::string& who) const;

  StageOptions options_;
  program::StopSignal stop_;
  platform::LinuxPlatform& platform_;
  History& history_;
  Narrator& narrator_;
  Instant give_up_at_ = Instant::max();
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<ChildProcess> consumer_;
  std::unique_ptr<ChildProcess> device_;
};

}  // namespace holdfast::demo
