// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace holdfast::program {

/// `holdfast prove kill`: what was asked for on the command line.
struct ProveKillOptions {
  std::uint64_t runs = 20;  ///< 1 to 10,000; run n has the schedule of seed + n
  std::uint64_t seed = 1;
  std::string directory;  ///< where it works; empty: a temporary one, in memory where there is such a place
  bool json = false;      ///< one JSON document on the last line of standard output
};

/// Returns the exit code: 0 when Holdfast lost, invented and applied twice nothing, and both dual writes did; 1 otherwise.
int run_prove_kill(const ProveKillOptions& options);

}  // namespace holdfast::program
