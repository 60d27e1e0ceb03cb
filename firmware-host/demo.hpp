// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace holdfast::program {

/// `holdfast demo`: what was asked for on the command line.
struct DemoOptions {
  std::string directory;              ///< where it works; empty: a temporary one
  std::uint64_t seed = 1;             ///< of the faults and of the simulated sensors
  std::chrono::seconds duration{36};  ///< of the load, 10 to 600 s; from 1 s on without faults
  bool faults = true;                 ///< kill broker and device on the way
  bool json = false;                  ///< one JSON document on the last line of stdout
  bool keep = false;                  ///< leave the directory where it is
  std::string html;                   ///< where the page goes; empty: holdfast-demo.html
  std::string program;                ///< path of this program, for the processes that the demo starts
};

/// Returns the exit code.
int run_demo(const DemoOptions& options);

}  // namespace holdfast::program
