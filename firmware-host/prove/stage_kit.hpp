// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <holdfast/platform/linux.hpp>
#include <holdfast/result.hpp>

#include "demonstration/broker.hpp"
#include "demonstration/process.hpp"
#include "program/stop_signal.hpp"
#include "prove/kill/receiver.hpp"

namespace holdfast::prove {

/// Kills a device that must be at work. `unavailable` when it had ended by itself: a crash must not count as a kill.
/// `log`: the file with what it printed.
[[nodiscard]] Result<void> kill_at_work(demo::ChildProcess& device, const std::string& log);

/// True: it ended by SIGKILL.
[[nodiscard]] bool ended_by_sigkill(demo::ChildProcess& device);

/// Patience with a machine that is slow; nothing takes so long on one that is not.
inline constexpr std::chrono::seconds kStagePatience{30};
inline constexpr std::chrono::seconds kStageEndPatience{90};

/// What the stages of `prove kill` and `prove relays` have in common: a broker and a consumer, one device process after
/// another, and bounded waits that end when the program is interrupted. One thread.
class Stage {
 public:
  [[nodiscard]] KillReceiver& receiver() { return *receiver_; }
  [[nodiscard]] PlatformView platform() const { return platform_.view(); }
  [[nodiscard]] std::string inbox_path() const { return path("inbox.db"); }

 protected:
  struct Names {
    const char* proof;      ///< "prove kill", for errors
    const char* program;    ///< of the device
    std::string programs;   ///< the directory where it is
    std::string directory;  ///< where all of it works
  };
  Stage(Names names, std::chrono::milliseconds look) : names_(std::move(names)), look_(look) {}

  /// `unavailable`: the device's program is not there.
  [[nodiscard]] Result<void> find_device() const;
  [[nodiscard]] Result<void> start_broker();
  /// On return the consumer's subscriptions are in force.
  [[nodiscard]] Result<void> start_consumer();
  /// Its arguments, without its own name.
  [[nodiscard]] Result<void> start_device(std::vector<std::string> arguments);

  /// False: `patience` is over. `unavailable`: interrupted.
  [[nodiscard]] Result<bool> await(std::chrono::milliseconds patience, const std::function<bool()>& done);
  [[nodiscard]] Result<void> pause(std::chrono::milliseconds time);
  /// `unavailable` when it did not come true.
  [[nodiscard]] Result<void> expect(const Result<bool>& awaited, const char* what) const;
  [[nodiscard]] std::string path(const std::string& name) const { return names_.directory + "/" + name; }

 private:
  Names names_;
  std::chrono::milliseconds look_;  // between two looks at a condition
  program::StopSignal stop_;        // before everything that starts threads

 protected:
  platform::LinuxPlatform platform_;
  std::unique_ptr<demo::Broker> broker_;
  std::unique_ptr<KillReceiver> receiver_;
  std::unique_ptr<demo::ChildProcess> device_;
};

}  // namespace holdfast::prove
