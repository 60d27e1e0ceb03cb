// SPDX-License-Identifier: MIT
#include "prove/growth/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace holdfast::prove {
namespace {

using Json = nlohmann::ordered_json;

struct Column {
  const char* title;
  const char* what;
  const char* colour;
  double GrowthPoint::*value;
  double GrowthPoint::*raw;  // what raw SQLite took then, when the disk is in it; else null
};

constexpr std::array<Column, 5> kColumns = {{
    {"poll", "fetch of the first 100 that wait", "#0b6e99", &GrowthPoint::fetch_ms, nullptr},
    {"commit", "a write of one event", "#2a7d2a", &GrowthPoint::commit_ms, &GrowthPoint::raw_ms},
    {"purge", "of 1,000 rows", "#b3541e", &GrowthPoint::purge_ms, &GrowthPoint::raw_purging_ms},
    {"commit while purging", "it takes rows along", "#6b4fa0", &GrowthPoint::commit_purging_ms,
     &GrowthPoint::raw_purging_ms},
    {"control", "a table scanned for published_at IS NULL", "#888888", &GrowthPoint::naive_poll_ms, nullptr},
}};

constexpr std::size_t kControl = kColumns.size() - 1;

[[nodiscard]] double times_as_long(const GrowthReport& report, double GrowthPoint::*value) {
  return std::max(report.points.back().*value, kTooShortMs) /
         std::max(report.points.front().*value, kTooShortMs);
}

/// By itself, and beside raw SQLite at the same time: a disk that became slow makes both slow, and one that was slow at
/// first does not make the ratio grow. The smaller of the two is what the rows are to blame for.
[[nodiscard]] double growth(const GrowthReport& report, const Column& column) {
  const double times = times_as_long(report, column.value);
  return column.raw == nullptr ? times : std::min(times, times / times_as_long(report, column.raw));
}

/// Milliseconds on a scale of decades from 0.01 to 1,000, as a height of the chart.
constexpr double kDecades = 5;
constexpr double kHeight = 300;
constexpr double kWidth = 600;
[[nodiscard]] double height_of(double ms) {
  const double decades = std::clamp(std::log10(std::max(ms, 0.01)) + 2, 0.0, kDecades);
  return kHeight - decades * kHeight / kDecades;
}

[[nodiscard]] std::string chart(const GrowthReport& report) {
  std::string svg = fmt::format(
      "<svg viewBox='-60 -10 {} {}' role='img' aria-label='Milliseconds by rows, both in decades'>\n",
      kWidth + 130, kHeight + 50);
  for (int decade = 0; decade <= static_cast<int>(kDecades); ++decade) {
    const double y = kHeight - decade * kHeight / kDecades;
    svg += fmt::format(
        "<line x1='0' x2='{}' y1='{}' y2='{}' stroke='#ddd'/><text x='-8' y='{}' text-anchor='end'>{:g} "
        "ms</text>\n",
        kWidth, y, y, y + 4, std::pow(10.0, decade - 2));
  }
  const double step = kWidth / static_cast<double>(std::max<std::size_t>(report.points.size() - 1, 1));
  for (const Column& column : kColumns) {
    std::string line;
    for (std::size_t i = 0; i < report.points.size(); ++i)
      line += fmt::format("{:.1f},{:.1f} ", static_cast<double>(i) * step,
                          height_of(report.points[i].*column.value));
    svg += fmt::format("<polyline fill='none' stroke='{}' stroke-width='2' points='{}'/>\n", column.colour,
                       line);
  }
  for (std::size_t i = 0; i < report.points.size(); ++i)
    svg += fmt::format("<text x='{:.1f}' y='{}' text-anchor='middle'>{} rows</text>\n",
                       static_cast<double>(i) * step, kHeight + 24, report.points[i].rows);
  return svg + "</svg>\n";
}

[[nodiscard]] std::string table(const GrowthReport& report) {
  std::string html = "<table><tr><th>rows kept</th>";
  for (const Column& column : kColumns)
    html += fmt::format("<th style='color:{}'>{}, ms<br><small>{}</small></th>", column.colour, column.title,
                        column.what);
  html += "</tr>\n";
  for (const GrowthPoint& point : report.points) {
    html += fmt::format("<tr><td>{}</td>", point.rows);
    for (const Column& column : kColumns) html += fmt::format("<td>{:.3f}</td>", point.*column.value);
    html += "</tr>\n";
  }
  return html + "</table>\n";
}

[[nodiscard]] std::string verdict_of(const GrowthReport& report) {
  const auto complaints = report.complaints();
  if (complaints.empty()) return "Passed: poll, commit and purge cost the same, however many rows there are.";
  std::string text = "Not passed.";
  for (const std::string& complaint : complaints) text += "\n  " + complaint;
  return text;
}

[[nodiscard]] std::string measured_on(const GrowthReport& report) {
  return fmt::format("SQLite {}, {}, {}{}", report.sqlite, report.file_system, report.machine,
                     report.optimised ? "" : "; built for debugging: these times say little");
}

}  // namespace

std::vector<std::string> GrowthReport::complaints() const {
  if (points.size() < 2) return {"Nothing grew, so nothing is proved."};
  std::vector<std::string> all;
  for (const GrowthPoint& point : points)
    if (point.purge_steps < kPurgeStepsMin)
      all.push_back(fmt::format("With {} rows there were {} steps of a purge; {} is the least to judge by.",
                                point.rows, point.purge_steps, kPurgeStepsMin));
  for (std::size_t i = 0; i < kControl; ++i) {
    const Column& column = kColumns[i];
    const double times = growth(*this, column);
    if (times > kGrowthMax)
      all.push_back(fmt::format("{}: {:.1f} times as long with {} rows as with {}; {} times is the bar.",
                                column.title, times, points.back().rows, points.front().rows, kGrowthMax));
  }
  if (growth(*this, kColumns[kControl]) <= kGrowthMax)
    all.emplace_back("The control did not grow, so this measurement would not have seen growth.");
  return all;
}

std::string to_text(const GrowthReport& report) {
  std::string text = measured_on(report) + "; times in ms\n\n";
  text += fmt::format("  {:>10} {:>12} {:>8} {:>15} {:>13} {:>21} {:>13} {:>9}\n", "rows kept", "poll of 100",
                      "commit", "purge of 1,000", "longest step", "commit while purging", "raw SQLite",
                      "control");
  for (const GrowthPoint& point : report.points)
    text += fmt::format(
        "  {:>10} {:>12.3f} {:>8.3f} {:>15.3f} {:>13.3f} {:>21.3f} {:>13} {:>9.3f}\n", point.rows,
        point.fetch_ms, point.commit_ms, point.purge_ms, point.purge_step_ms_max, point.commit_purging_ms,
        fmt::format("{:.3f} {:.3f}", point.raw_ms, point.raw_purging_ms), point.naive_poll_ms);
  text += "\n  raw SQLite: a commit of it, in turns with our commits, and with the steps of the purge\n";
  text += "  control: the poll of a table that is scanned for `published_at IS NULL`, without an index\n\n";
  return text + verdict_of(report) + "\n";
}

std::string to_json(const GrowthReport& report) {
  Json points = Json::array();
  for (const GrowthPoint& point : report.points)
    points.push_back({{"rows", point.rows},
                      {"fetch_100_ms", point.fetch_ms},
                      {"commit_ms", point.commit_ms},
                      {"raw_commit_ms", point.raw_ms},
                      {"purge_1000_ms", point.purge_ms},
                      {"purge_step_ms_max", point.purge_step_ms_max},
                      {"purge_step_rows_max", point.purge_step_rows_max},
                      {"purged", point.purged},
                      {"purge_steps", point.purge_steps},
                      {"commit_while_purging_ms", point.commit_purging_ms},
                      {"raw_commit_while_purging_ms", point.raw_purging_ms},
                      {"naive_poll_ms", point.naive_poll_ms}});
  const Json json = {{"format", "dev.holdfast.prove.growth.v1"},
                     {"passed", report.complaints().empty()},
                     {"sqlite", report.sqlite},
                     {"file_system", report.file_system},
                     {"machine", report.machine},
                     {"optimised", report.optimised},
                     {"points", points},
                     {"complaints", report.complaints()}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_html(const GrowthReport& report) {
  return "<!doctype html><html lang='en'><meta charset='utf-8'><title>holdfast prove growth</title>\n"
         "<style>body{font:15px/1.5 sans-serif;max-width:50rem;margin:2rem auto}"
         "svg text{font:12px sans-serif}td,th{padding:.2rem .8rem;text-align:right}</style>\n"
         "<h1>What a growing table costs</h1>\n" +
         chart(report) + table(report) + "<p>" + verdict_of(report) + "</p><p>" + measured_on(report) +
         "</p></html>\n";
}

}  // namespace holdfast::prove
