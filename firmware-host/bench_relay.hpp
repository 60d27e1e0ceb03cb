// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace holdfast::program {

/// `holdfast bench relay`: what was asked for on the command line.
struct BenchRelayOptions {
  std::string directory;            ///< where it works; empty: a temporary one in the current directory
  std::size_t rounds = 5;           ///< 3 to 99; the figures are medians of them
  std::uint64_t events = 100'000;   ///< of one drain
  std::uint64_t large = 1'000'000;  ///< the large backlog
  bool quick = false;               ///< one small round of each: no verdict
  bool json = false;                ///< one JSON document on the last line of standard output
};

/// Returns the exit code: 0 when every figure meets its bar, 1 when one falls short.
int run_bench_relay(const BenchRelayOptions& options);

}  // namespace holdfast::program
