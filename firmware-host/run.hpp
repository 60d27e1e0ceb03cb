// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <holdfast/options.hpp>

#include "program/broker.hpp"
#include "program/readings.hpp"
#include "program/units.hpp"

namespace holdfast::program {

/// `holdfast run`.
struct RunOptions {
  StoreOptions store;
  std::vector<LaneArgument> lanes;  ///< at least one; readings go into the first
  BrokerArguments broker;
  SensorArguments sensors;
  std::chrono::milliseconds interval{1000};         ///< between two readings of all sensors
  double events_per_s = 0;                          ///< a load instead; 0: none
  std::uint64_t count = 0;                          ///< end after so many events; 0: go on
  std::chrono::milliseconds drain{30'000};          ///< with count: how long they may take to be acknowledged
  std::chrono::milliseconds status_interval{5000};  ///< of the status line and the status file
  RelayOptions relay;                               ///< all but its broker
  std::size_t connections = 1;                      ///< that drain the backlog
  std::vector<std::string> spread;                  ///< lanes whose keys are divided among them
  std::string status_file;                          ///< empty: none
  std::string secret_file;                          ///< of the commands; empty: none
  bool fail_fast = false;                           ///< end when the first connection attempt fails
  bool ledger = false;                              ///< see program/ledger.hpp
  bool json = false;
  bool quiet = false;
};

/// Returns the exit code.
int run_run(const RunOptions& options);

}  // namespace holdfast::program
