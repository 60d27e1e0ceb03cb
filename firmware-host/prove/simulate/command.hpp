// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "prove/simulate/plan.hpp"

namespace CLI {
class App;
}

namespace holdfast::program {

/// `holdfast simulate`: what was asked for on the command line.
struct SimulateCommandOptions {
  prove::SimulateOptions simulation;
  std::string html;   ///< where to write the page; empty: nowhere
  bool json = false;  ///< one JSON document on the last line of standard output
};

/// Returns the exit code: 0 when every promise was kept, 1 when one was not. What it prints depends on the options alone; how
/// long it took goes to standard error.
int run_simulate(const SimulateCommandOptions& options);

/// `holdfast simulate`.
void add_simulate(CLI::App& app, SimulateCommandOptions& options, int& exit_code);

}  // namespace holdfast::program
