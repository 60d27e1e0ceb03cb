// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <holdfast/time.hpp>

#include "program/broker.hpp"
#include "program/quarantine_report.hpp"

namespace holdfast::program {

/// `holdfast replay`: asks a device, over the broker, to send settled events again.
struct ReplayOptions {
  BrokerArguments broker;  ///< without a client id: one of this process
  std::string device;
  std::string prefix = "holdfast";
  std::string lane;
  std::string epoch;  ///< empty: any
  SeqSpan seqs;
  std::string key;  ///< empty: any
  std::optional<UtcTime> from;
  std::optional<UtcTime> before;
  std::string secret_file;  ///< empty: none
  std::chrono::milliseconds timeout{10'000};
};

/// Returns the exit code.
int run_replay(const ReplayOptions& options);

}  // namespace holdfast::program
