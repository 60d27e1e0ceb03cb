// SPDX-License-Identifier: MIT
#include "bench/figure_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace holdfast::bench {
namespace {

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

[[nodiscard]] nlohmann::ordered_json figure_json(const Figure& figure) {
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

}  // namespace

bool every_figure_passed(const std::vector<Figure>& figures) {
  return std::all_of(figures.begin(), figures.end(), [](const Figure& figure) { return figure.passed(); });
}

std::string figures_text(const std::vector<Figure>& figures) {
  std::string text = fmt::format("\n  {:<50} {:>10} {:>10}  {:<8} {:>7}  {:<15} {}\n", "figure", "measured",
                                 "ceiling", "unit", "ratio", "bar", "ok");
  for (const Figure& figure : figures) text += line_of(figure);
  text += "\nThe ceiling of each:\n";
  for (const Figure& figure : figures) text += fmt::format("  {:<50} {}\n", figure.title, figure.ceiling_is);
  return text + "\n";
}

nlohmann::ordered_json figures_json(const std::vector<Figure>& figures) {
  auto json = nlohmann::ordered_json::array();
  for (const Figure& figure : figures) json.push_back(figure_json(figure));
  return json;
}

std::string verdict_of(const std::vector<Figure>& figures, const std::string& why_no_verdict) {
  const auto short_of =
      std::count_if(figures.begin(), figures.end(), [](const Figure& figure) { return !figure.passed(); });
  if (short_of > 0) return fmt::format("{} of {} figures fall short.", short_of, figures.size());
  if (!why_no_verdict.empty()) return "All figures meet their bars, but " + why_no_verdict;
  return "All figures meet their bars.";
}

}  // namespace holdfast::bench
