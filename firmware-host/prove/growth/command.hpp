// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace holdfast::program {

/// `holdfast prove growth`: what was asked for on the command line.
struct ProveGrowthOptions {
  std::uint64_t rows = 1'000'000;      ///< of the largest table: at least ten times `fewest_rows`
  std::uint64_t fewest_rows = 10'000;  ///< of the smallest one; the next has ten times as many
  std::string directory;               ///< where it works; empty: a temporary one in the current directory
  std::string html;                    ///< also write a page with a chart to this file
  bool json = false;                   ///< one JSON document on the last line of standard output
};

/// Returns the exit code: 0 when poll, commit and purge cost the same with any number of rows, 1 otherwise.
int run_prove_growth(const ProveGrowthOptions& options);

}  // namespace holdfast::program
