// SPDX-License-Identifier: MIT
// The program `holdfast`: reads the command line and calls the subcommand. CLI11 costs six seconds a file, so it
// is seen only here.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "demo.hpp"

namespace holdfast::program {
namespace {

void add_demo(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<DemoOptions>();
  auto seconds = std::make_shared<std::int64_t>(options->duration.count());
  CLI::App* demo = app.add_subcommand("demo", "Show the whole chain on this machine, with faults");
  demo->add_option("--seed", options->seed, "Of the faults and the simulated sensors")->capture_default_str();
  demo->add_option("--seconds", *seconds, "How long the load lasts")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  demo->add_option("--dir", options->directory, "Where to work (default: a temporary directory)");
  demo->add_option("--html", options->html, "Write a report to this file too");
  demo->add_flag("--json", options->json, "One JSON document on the last line of standard output");
  demo->add_flag("--keep", options->keep, "Leave the directory where it is");
  demo->callback([options, seconds, &exit_code] {
    options->duration = std::chrono::seconds(*seconds);
    options->program = "/proc/self/exe";
    exit_code = run_demo(*options);
  });
}

int run_program(int argc, char** argv) {
  CLI::App app("Holdfast: an outbox for devices", "holdfast");
  app.require_subcommand(1);
  int exit_code = 0;
  add_demo(app, exit_code);
  CLI11_PARSE(app, argc, argv);
  return exit_code;
}

}  // namespace
}  // namespace holdfast::program

int main(int argc, char** argv) { return holdfast::program::run_program(argc, argv); }
