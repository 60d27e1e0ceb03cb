// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace holdfast::program {

/// `holdfast bench store`: what was asked for on the command line.
struct BenchOptions {
  std::string directory;            ///< where it works; empty: a temporary one in the current directory
  std::size_t rounds = 5;           ///< 5 to 99; the figures are medians of them
  std::uint64_t events = 4'000;     ///< of one round at one event per commit; groups get ten times as many
  std::uint64_t large = 1'000'000;  ///< rows of the large backlog; kQuickRows with `quick`
  bool quick = false;               ///< a small `large`: no verdict over the whole
  bool json = false;                ///< one JSON document on the last line of standard output
};

/// Returns the exit code: 0 when every figure meets its bar, 1 when one falls short.
int run_bench_store(const BenchOptions& options);

}  // namespace holdfast::program
