// SPDX-License-Identifier: MIT
#include "bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bench/load.hpp"

namespace holdfast::bench {
namespace {

using Json = nlohmann::ordered_json;

/// Three digits behind the point say enough, and keep the document short.
[[nodiscard]] double rounded(double value) { return std::round(value * 1000) / 1000; }

[[nodiscard]] std::string number(double value) {
  if (value >= 100 || value == std::floor(value)) return fmt::format("{:.0f}", value);
  return value < 1 ? fmt::format("{:.3f}", value) : fmt::format("{:.2f}", value);
}

[[nodiscard]] std::string bar_of(const Figure& figure) {
  const char* sign = figure.kind == BarKind::at_least ? ">=" : "<=";
  const std::string unit = figure.value_is == "ratio" ? "" : " " + figure.value_is;
  return fmt::format("{} {}{}", sign, number(figure.bar), unit);
}

[[nodiscard]] Json figure_json(const Figure& figure) {
  return {{"id", figure.id},
          {"title", figure.title},
          {"unit", figure.unit},
          {"measured", rounded(figure.measured)},
          {"ceiling", rounded(figure.ceiling)},
          {"ceiling_is", figure.ceiling_is},
          {"ratio", rounded(figure.ratio)},
          {"value", rounded(figure.value)},
          {"value_is", figure.value_is},
          {"bar", figure.bar},
          {"bar_is", figure.kind == BarKind::at_least ? "at_least" : "at_most"},
          {"passed", figure.passed()},
          {"sound", figure.sound},
          {"note", figure.note}};
}

[[nodiscard]] std::string line_of(const Figure& figure) {
  std::string line =
      fmt::format("  {:<50} {:>10} {:>10}  {:<8} {:>7}  {:<15} {}", figure.title, number(figure.measured),
                  number(figure.ceiling), figure.unit, fmt::format("{:.2f}", figure.ratio), bar_of(figure),
                  figure.passed() ? "ok" : "SHORT");
  if (!figure.note.empty()) line += "  (" + figure.note + ")";
  return line + '\n';
}

[[nodiscard]] std::string verdict_of(const Report& report) {
  const auto short_of = std::count_if(report.figures.begin(), report.figures.end(),
                                      [](const Figure& figure) { return !figure.passed(); });
  if (short_of > 0) return fmt::format("{} of {} figures fall short.", short_of, report.figures.size());
  if (report.quick)
    return fmt::format("All figures meet their bars, but with {} rows: a quick run is no verdict.",
                       report.large);
  return "All figures meet their bars.";
}

}  // namespace

bool Report::every_figure_passed() const {
  return std::all_of(figures.begin(), figures.end(), [](const Figure& figure) { return figure.passed(); });
}

std::string to_text(const Report& report) {
  const Environment& where = report.environment;
  std::string text = fmt::format(
      "Holdfast {}, SQLite {}, {}, {}, {} cores. {} B payload with a state row, medians of {} rounds.\n",
      HOLDFAST_VERSION, where.sqlite, where.file_system, where.machine, where.cores, kPayloadBytes,
      report.rounds);
  text += fmt::format("The large store has {} rows and a budget of {} MiB.\n", report.large,
                      report.large_budget_bytes >> 20U);
  if (!where.optimised) text += "This program was built for debugging: its speeds say little.\n";
  text += fmt::format("\n  {:<50} {:>10} {:>10}  {:<8} {:>7}  {:<15} {}\n", "figure", "measured", "ceiling",
                      "unit", "ratio", "bar", "ok");
  for (const Figure& figure : report.figures) text += line_of(figure);
  text += "\nThe ceiling of each:\n";
  for (const Figure& figure : report.figures)
    text += fmt::format("  {:<50} {}\n", figure.title, figure.ceiling_is);
  return text + "\n" + verdict_of(report) + "\n";
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
               {"figures", Json::array()}};
  for (const Figure& figure : report.figures) json["figures"].push_back(figure_json(figure));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace holdfast::bench
