// SPDX-License-Identifier: MIT
#pragma once

#include "prove/crash/command.hpp"
#include "prove/growth/command.hpp"
#include "prove/kill/command.hpp"
#include "prove/relays/command.hpp"
#include "prove/simulate/command.hpp"

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
