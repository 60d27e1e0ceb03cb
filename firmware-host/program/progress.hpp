// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/options.hpp>
#include <holdfast/platform/clock.hpp>

namespace holdfast::program {

/// Where progress is written to.
struct ProgressOutput {
  bool rewrites = false;  ///< a terminal: one line, written anew in place
  std::function<void(std::string_view)> write;
};
/// Standard error.
[[nodiscard]] ProgressOutput standard_error();

/// Tells how far a long work is. Nothing for quick work: the first line comes after half a second. Then ten
/// times a second in place on a terminal, else a line every five seconds.
class Progress {
 public:
  static constexpr Duration kQuiet = std::chrono::milliseconds(500);
  static constexpr Duration kRewritePeriod = std::chrono::milliseconds(100);
  static constexpr Duration kLinePeriod = std::chrono::seconds(5);

  /// `what` is what is done, such as "allocating /var/lib/s.db". The clock must outlive it.
  Progress(std::string what, platform::Clock& clock, ProgressOutput output);
  ~Progress() { end(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void tell(const ProvisioningProgress& progress);
  /// The work is over: a line that was rewritten is ended, so that the next text begins on a line of its own.
  void end();

 private:
  const std::string what_;
  platform::Clock& clock_;
  const ProgressOutput output_;
  Instant next_;
  bool line_open_ = false;
};

/// A callback for StoreOptions::on_provisioning that keeps `progress` alive.
[[nodiscard]] std::function<void(const ProvisioningProgress&)> teller(std::shared_ptr<Progress> progress);

}  // namespace holdfast::program
