// SPDX-License-Identifier: MIT
// `holdfast bench store`: what the store costs beside raw SQLite, and what does not grow with the backlog.
#include "bench.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <holdfast/platform/linux.hpp>
#include <thread>

#include "bench/machine.hpp"
#include "bench/report.hpp"
#include "bench/scale.hpp"
#include "bench/speed.hpp"
#include "bench/wear.hpp"
#include "program/exit_code.hpp"
#include "program/talk.hpp"

namespace holdfast::program {
namespace {

using namespace holdfast::bench;

constexpr std::uint64_t kQuickRows = 20'000;
constexpr std::uint64_t kQuickBudgetBytes = 32ULL << 20U;  // of the stores with so many rows
/// A round leaves ten times its events in the store, of 200 bytes each: half of the room at most, so that
/// there is no pressure. From 32 MiB on the WAL has its full length.
[[nodiscard]] constexpr std::uint64_t budget_bytes_for(std::uint64_t events) {
  return (32ULL << 20U) + events * 4096;
}

/// What lies in memory has no flushes to wait for, and a network's are not ours to measure.
[[nodiscard]] Result<std::string> file_system_of(const Workplace& place, const platform::Disk& disk) {
  const auto found = disk.file_system(place.path());
  if (!found) return tl::unexpected<Error>(found.error());
  if (found->kind == platform::FileSystemKind::memory || found->kind == platform::FileSystemKind::network)
    warn(fmt::format("{} is {}: its figures say nothing about a disk; name another place with --dir",
                     place.path(), found->name));
  return found->name;
}

[[nodiscard]] Result<Report> measure(const BenchOptions& options, const Workplace& place) {
  const platform::LinuxPlatform platform;
  Report report;
  report.quick = options.quick;
  report.rounds = options.rounds;
  report.events = options.events;
  report.large = options.quick ? kQuickRows : options.large;
  const auto file_system = file_system_of(place, platform.disk());
  if (!file_system) return tl::unexpected<Error>(file_system.error());
  report.environment = {sqlite3_libversion(), *file_system, machine_name(),
                        std::thread::hardware_concurrency(), kOptimised};
  Plan plan{place, platform.view(), options.rounds, options.events, report.large};
  plan.budget_bytes = budget_bytes_for(options.events);
  if (options.quick) {
    plan.large_budget_bytes = kQuickBudgetBytes;
    plan.openings = 3;
    plan.fetches = 11;
    plan.heap_warm_up_events = 12'000;
  }
  report.large_budget_bytes = plan.large_budget_bytes;
  for (const auto part : {&measure_speed, &measure_wear, &measure_scale}) {
    auto figures = part(plan);
    if (!figures) return tl::unexpected<Error>(figures.error());
    report.figures.insert(report.figures.end(), figures->begin(), figures->end());
  }
  return report;
}

}  // namespace

int run_bench_store(const BenchOptions& options) {
  const auto place = Workplace::make(options.directory);
  if (!place) return program::report({place.error(), kExitCannotCreate});
  say("working in " + place->path());
  const auto report = measure(options, *place);
  if (!report) return program::report({report.error(), exit_code(report.error().code, Doing::storing)});
  fmt::print("{}", to_text(*report));
  if (options.json) fmt::print("{}\n", to_json(*report));
  if (std::fflush(stdout) != 0) return kExitIo;
  return report->every_figure_passed() ? kExitOk : kExitFinding;
}

}  // namespace holdfast::program
