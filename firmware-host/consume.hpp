// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "program/broker.hpp"

namespace holdfast::program {

/// `holdfast consume`.
struct ConsumeOptions {
  std::string inbox;
  BrokerArguments broker;  ///< the client id is required
  std::vector<std::string> topics;
  std::chrono::seconds session_expiry{7 * 24 * 3600};
  std::chrono::milliseconds commit_timeout{30'000};  ///< then the message is withheld, and the program ends
  std::uint64_t count = 0;                           ///< end after so many events were applied; 0: go on
  std::chrono::milliseconds status_interval{5000};   ///< of the status line and the status file
  std::chrono::milliseconds backoff_max{60'000};     ///< between two connection attempts
  std::string status_file;                           ///< empty: none
  std::string secret_file;                           ///< of the devices' commands; empty: none
  bool resend = true;                                ///< ask devices for what is missing
  bool fail_fast = false;                            ///< end when the first connection attempt fails
  bool ledger = false;                               ///< see program/ledger.hpp
  bool json = false;                                 ///< JSON lines, the last one a summary
  bool quiet = false;                                ///< no events, no status lines
};

/// Returns the exit code.
int run_consume(const ConsumeOptions& options);

}  // namespace holdfast::program
