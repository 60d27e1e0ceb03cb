// SPDX-License-Identifier: MIT
#include "prove/command.hpp"

#include <CLI/CLI.hpp>

namespace holdfast::program {
namespace {

void add_prove_kill(CLI::App& prove, ProveKillOptions& options, int& exit_code) {
  CLI::App* kill = prove.add_subcommand(
      "kill", "kill -9, dead brokers and a failing network, for a dual write and for Holdfast");
  kill->add_option("--runs", options.runs, "So many schedules, some seconds each")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{10'000}))
      ->capture_default_str();
  kill->add_option("--seed", options.seed, "Of the first schedule; the next run has the next one")
      ->capture_default_str();
  kill->add_option("--dir", options.directory, "Where to work (default: a temporary directory in memory)");
  kill->add_flag("--json", options.json, "One JSON document on the last line of standard output");
  kill->callback([&options, &exit_code] { exit_code = run_prove_kill(options); });
}

}  // namespace

void add_prove(CLI::App& app, ProveOptions& options, int& exit_code) {
  CLI::App* prove = app.add_subcommand("prove", "Prove the guarantees on this machine: prove kill");
  prove->require_subcommand(1);
  add_prove_kill(*prove, options.kill, exit_code);
}

}  // namespace holdfast::program
