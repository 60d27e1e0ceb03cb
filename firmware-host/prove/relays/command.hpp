// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace holdfast::program {

/// `holdfast prove relays`: what was asked for on the command line.
struct ProveRelaysOptions {
  std::size_t connections = 4;  ///< 2 to limits::kRelaysMax
  std::uint64_t lives = 6;      ///< 1 to 50, of the device process; the last one ends by itself
  std::uint64_t seed = 1;       ///< life n has the schedule of seed + n
  std::string directory;  ///< where it works; empty: a temporary one, in memory where there is such a place
  bool json = false;      ///< one JSON document on the last line of standard output
};

/// Returns the exit code: 0 when claims were disjoint, nothing was published twice in a pass, lost, invented or applied
/// twice, and each key arrived in order, with several connections at work and shares that changed hands; 1 otherwise.
int run_prove_relays(const ProveRelaysOptions& options);

}  // namespace holdfast::program
