// SPDX-License-Identifier: MIT
#include "prove/command.hpp"

#include <CLI/CLI.hpp>
#include <holdfast/limits.hpp>
#include <string>

namespace holdfast::program {
namespace {

constexpr std::uint64_t kFewestRowsMin = 2'000;

void add_prove_crash(CLI::App& prove, ProveCrashOptions& options, int& exit_code) {
  CLI::App* crash =
      prove.add_subcommand("crash", "Cut the power anywhere in a workload, and open what is left");
  crash->add_option("--states", options.states, "Look at this many different states, at least")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->capture_default_str();
  crash
      ->add_option("--media", options.media,
                   "What loses its power: honest, lying, rollback, bitrot or collateral")
      ->check(CLI::IsMember({"honest", "lying", "rollback", "bitrot", "collateral"}))
      ->capture_default_str();
  crash->add_option("--seed", options.seed, "Decides everything")->capture_default_str();
  crash->add_option("--only", options.only, "Look at this one state, as a report names it")
      ->type_name("STATE");
  crash->add_option("--threads", options.threads, "Default: as many as there are cores")
      ->check(CLI::Range(1U, 256U));
  crash->add_flag("--json", options.json, "One JSON document on the last line of standard output");
  crash->callback([&options, &exit_code] { exit_code = run_prove_crash(options); });
}

void add_prove_kill(CLI::App& prove, ProveKillOptions& options, int& exit_code) {
  CLI::App* kill = prove.add_subcommand(
      "kill", "kill -9, dead brokers and a failing network, for two dual writes and for Holdfast");
  kill->add_option("--runs", options.runs, "So many schedules, some seconds each")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{10'000}))
      ->capture_default_str();
  kill->add_option("--seed", options.seed, "Of the first schedule; the next run has the next one")
      ->capture_default_str();
  kill->add_option("--dir", options.directory, "Where to work (default: a temporary directory in memory)");
  kill->add_flag("--json", options.json, "One JSON document on the last line of standard output");
  kill->callback([&options, &exit_code] { exit_code = run_prove_kill(options); });
}

void add_prove_relays(CLI::App& prove, ProveRelaysOptions& options, int& exit_code) {
  CLI::App* relays = prove.add_subcommand(
      "relays", "Several connections over one store: who publishes what, when connections and processes die");
  relays->add_option("--connections", options.connections, "So many connections")
      ->check(CLI::Range(std::size_t{2}, limits::kRelaysMax))
      ->capture_default_str();
  relays->add_option("--lives", options.lives, "So many device processes, some seconds each")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{50}))
      ->capture_default_str();
  relays->add_option("--seed", options.seed, "Of the first life's schedule; the next life has the next one")
      ->capture_default_str();
  relays->add_option("--dir", options.directory, "Where to work (default: a temporary directory in memory)");
  relays->add_flag("--json", options.json, "One JSON document on the last line of standard output");
  relays->callback([&options, &exit_code] { exit_code = run_prove_relays(options); });
}

void add_prove_growth(CLI::App& prove, ProveGrowthOptions& options, int& exit_code) {
  CLI::App* growth = prove.add_subcommand("growth", "What poll, commit and purge cost while the table grows");
  growth->add_option("--rows", options.rows, "Of the largest table")
      ->check(CLI::Range(10 * kFewestRowsMin, std::uint64_t{1'000'000}))
      ->capture_default_str();
  growth->add_option("--fewest-rows", options.fewest_rows, "Of the smallest table")
      ->check(CLI::Range(kFewestRowsMin, std::uint64_t{100'000}))
      ->group("");  // not in the help: for tests, which have no time for more
  growth->add_option("--dir", options.directory,
                     "Where to work (default: a temporary directory in the current one)");
  growth->add_option("--html", options.html, "Also write a page with a chart to this file")
      ->type_name("FILE");
  growth->add_flag("--json", options.json, "One JSON document on the last line of standard output");
  growth->callback([&options, &exit_code] {
    if (options.rows < 10 * options.fewest_rows)
      throw CLI::ValidationError("--rows", "at least " + std::to_string(10 * options.fewest_rows));
    exit_code = run_prove_growth(options);
  });
}

}  // namespace

void add_simulate(CLI::App& app, SimulateCommandOptions& options, int& exit_code) {
  using prove::Scenario;
  prove::SimulateOptions& simulation = options.simulation;
  CLI::App* simulate =
      app.add_subcommand("simulate", "Live weeks of several devices in minutes, with all that can go wrong");
  simulate->add_option("--seed", simulation.seed, "Decides everything")->capture_default_str();
  simulate->add_option("--days", simulation.days, "So long, in simulated time")
      ->check(CLI::Range(std::int64_t{1}, prove::kSimulatedDaysMax))
      ->capture_default_str();
  simulate->add_option("--devices", simulation.devices, "So many")
      ->check(CLI::Range(std::size_t{1}, prove::kSimulatedDevicesMax))
      ->capture_default_str();
  simulate
      ->add_option_function<std::string>(
          "--scenario",
          [&simulation](const std::string& name) {
            simulation.scenario = name == to_string(Scenario::swarm) ? Scenario::swarm : Scenario::outage;
          },
          "outage: the first device, at an event a second, sees no broker before the end, the\n"
          "others live with the troubles that the seed draws; swarm: all do (default outage)")
      ->check(CLI::IsMember({"outage", "swarm"}))
      ->type_name("NAME");
  simulate->add_option("--html", options.html, "Write a page with a timeline here");
  simulate->add_flag("--json", options.json, "One JSON document on the last line of standard output");
  simulate->callback([&options, &exit_code] { exit_code = run_simulate(options); });
}

void add_prove(CLI::App& app, ProveOptions& options, int& exit_code) {
  CLI::App* prove =
      app.add_subcommand("prove", "Prove the guarantees on this machine: crash, kill, relays, growth");
  prove->require_subcommand(1);
  add_prove_crash(*prove, options.crash, exit_code);
  add_prove_kill(*prove, options.kill, exit_code);
  add_prove_relays(*prove, options.relays, exit_code);
  add_prove_growth(*prove, options.growth, exit_code);
}

}  // namespace holdfast::program
