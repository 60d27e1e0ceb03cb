// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace holdfast::program {

/// `holdfast prove crash`: what was asked for on the command line.
struct ProveCrashOptions {
  std::uint64_t seed = 1;
  std::string media = "honest";    ///< see prove/crash/media.hpp
  std::uint64_t states = 300'000;  ///< at least so many distinct ones
  unsigned threads = 0;            ///< 0: as many as the machine has cores
  std::string only;                ///< one state; empty: all
  bool json = false;               ///< one JSON document on the last line of standard output
};

/// Returns the exit code: 0 when every state keeps every promise, 1 when one does not.
int run_prove_crash(const ProveCrashOptions& options);

}  // namespace holdfast::program
