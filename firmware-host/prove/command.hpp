// SPDX-License-Identifier: MIT
#pragma once

#include "prove/crash_command.hpp"
#include "prove/growth_command.hpp"
#include "prove/kill_command.hpp"
#include "prove/relays_command.hpp"
#include "prove/simulate_command.hpp"

namespace CLI {
class App;
}

namespace holdfast::program {

/// What the subcommands of `holdfast prove` are parsed into; lives as long as the parser.
struct ProveOptions {
  ProveCrashOptions crash;
  ProveKillOptions kill;
  ProveRelaysOptions relays;
  ProveGrowthOptions growth;
};

/// `holdfast prove`: each proof is a subcommand.
void add_prove(CLI::App& app, ProveOptions& options, int& exit_code);

}  // namespace holdfast::program
