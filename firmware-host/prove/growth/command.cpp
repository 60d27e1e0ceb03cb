// SPDX-License-Identifier: MIT
// `holdfast prove growth`: what poll, commit and purge cost while the table grows.
#include "prove/growth/command.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include <holdfast/platform/linux.hpp>

#include "bench/machine.hpp"
#include "bench/workplace.hpp"
#include "program/exit_code.hpp"
#include "program/talk.hpp"
#include "prove/growth/control.hpp"
#include "prove/growth/measure.hpp"

namespace holdfast::program {
namespace {

using namespace holdfast::prove;

constexpr std::uint64_t kRawBytes = 32ULL << 20U;

[[nodiscard]] Result<GrowthReport> measure(const ProveGrowthOptions& options, const bench::Workplace& place) {
  const platform::LinuxPlatform platform;
  GrowthReport report;
  report.sqlite = sqlite3_libversion();
  report.machine = bench::machine_name();
  report.optimised = bench::kOptimised;
  const auto found = platform.disk().file_system(place.path());
  if (!found) return tl::unexpected<Error>(found.error());
  report.file_system = found->name;
  auto raw = bench::RawLog::make(place / bench::kRawFile, kRawBytes, "");
  if (!raw) return tl::unexpected<Error>(raw.error());
  for (std::uint64_t rows = options.fewest_rows;; rows = std::min(rows * 10, options.rows)) {
    say(fmt::format("{} rows", rows));
    const auto point = measure_growth(place / bench::kGrowthFile, rows, *raw, platform.view());
    if (!point) return tl::unexpected<Error>(point.error());
    report.points.push_back(*point);
    const auto control = naive_poll_ms(place / bench::kControlFile, rows);
    if (!control) return tl::unexpected<Error>(control.error());
    report.points.back().naive_poll_ms = *control;
    if (rows == options.rows) return report;
  }
}

}  // namespace

int run_prove_growth(const ProveGrowthOptions& options) {
  const auto place = bench::Workplace::make(options.directory);
  if (!place) return program::report({place.error(), kExitCannotCreate});
  const auto report = measure(options, *place);
  if (!report) return program::report({report.error(), exit_code(report.error().code, Doing::storing)});
  fmt::print("{}", to_text(*report));
  if (options.json) fmt::print("{}\n", to_json(*report));
  if (std::fflush(stdout) != 0) return kExitIo;
  if (!options.html.empty()) {
    std::ofstream page(options.html, std::ios::binary);
    page << to_html(*report) << std::flush;
    if (!page)
      return program::report(
          {{ErrorCode::io_error, 0, "write " + options.html, "cannot write it"}, kExitCannotCreate});
  }
  return report->complaints().empty() ? kExitOk : kExitFinding;
}

}  // namespace holdfast::program
