// SPDX-License-Identifier: MIT
#include "bench/report.hpp"

#include <fmt/format.h>

#include "bench/figure_report.hpp"
#include "bench/load.hpp"

namespace holdfast::bench {

using Json = nlohmann::ordered_json;

bool Report::every_figure_passed() const { return bench::every_figure_passed(figures); }

std::string to_text(const Report& report) {
  const Environment& where = report.environment;
  std::string text = fmt::format(
      "Holdfast {}, SQLite {}, {}, {}, {} cores. {} B payload with a state row, medians of {} rounds.\n",
      HOLDFAST_VERSION, where.sqlite, where.file_system, where.machine, where.cores, kPayloadBytes,
      report.rounds);
  text += fmt::format("The large store has {} rows and a budget of {} MiB.\n", report.large,
                      report.large_budget_bytes >> 20U);
  if (!where.optimised) text += "This program was built for debugging: its speeds say little.\n";
  const std::string small =
      report.quick ? fmt::format("with {} rows: a quick run is no verdict.", report.large) : "";
  return text + figures_text(report.figures) + verdict_of(report.figures, small) + "\n";
}

std::string to_json(const Report& report) {
  const Environment& where = report.environment;
  Json json = {{"format", "dev.holdfast.bench.store.v1"},
               {"passed", report.passed()},
               {"quick", report.quick},
               {"holdfast", HOLDFAST_VERSION},
               {"sqlite", where.sqlite},
               {"file_system", where.file_system},
               {"machine", where.machine},
               {"cores", where.cores},
               {"optimised", where.optimised},
               {"payload_bytes", kPayloadBytes},
               {"rounds", report.rounds},
               {"events", report.events},
               {"large", report.large},
               {"large_budget_bytes", report.large_budget_bytes},
               {"figures", figures_json(report.figures)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace holdfast::bench
