// SPDX-License-Identifier: MIT
// The page of a report: demonstration/page.html, filled in.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include <holdfast/check.hpp>

#include "demonstration/chart.hpp"
#include "demonstration/report.hpp"
#include "page_html.hpp"

namespace holdfast::demo {
namespace {

constexpr double kRateBucketsMax = 180;  // of a rate over time: a step is 4 units of the chart's width

[[nodiscard]] std::vector<Band> bands_of(const History& history) {
  std::vector<Band> bands;
  for (const Fault& fault : history.faults) {
    const bool is_broker = fault.kind == FaultKind::broker_killed;
    bands.push_back({is_broker ? "outage" : "kill", is_broker ? "broker killed" : "device killed",
                     history.seconds(fault.killed), history.seconds(fault.restarted)});
  }
  return bands;
}

[[nodiscard]] std::string backlog_chart(const History& history) {
  Series backlog{"backlog", {}, true};
  for (const Sample& sample : history.samples)
    backlog.points.push_back({history.seconds(sample.at), static_cast<double>(sample.backlog)});
  return to_svg({"Backlog of the device over time, in events",
                 history.seconds(history.ended),
                 {std::move(backlog)},
                 bands_of(history)});
}

/// Rows per second, as steps.
[[nodiscard]] Series rate_of(std::string css_class, const History& history,
                             const std::vector<LedgerRow>& rows) {
  const double whole = std::max(history.seconds(history.ended), 1.0);
  const double width = std::max(0.5, whole / kRateBucketsMax);
  std::vector<double> buckets(static_cast<std::size_t>(std::ceil(whole / width)) + 1);
  for (const LedgerRow& row : rows) {
    const double at = history.seconds(row.at) / width;
    if (at >= 0 && at < static_cast<double>(buckets.size()))
      buckets[static_cast<std::size_t>(at)] += 1 / width;
  }
  Series series{std::move(css_class), {}, false};
  for (std::size_t i = 0; static_cast<double>(i + 1) * width <= whole; ++i) {  // whole steps only
    series.points.push_back({static_cast<double>(i) * width, buckets[i]});
    series.points.push_back({static_cast<double>(i + 1) * width, buckets[i]});
  }
  return series;
}

[[nodiscard]] std::string rate_chart(const Report& report) {
  const History& history = report.history;
  return to_svg(
      {"Events committed and applied per second",
       history.seconds(history.ended),
       {rate_of("applied", history, report.applied), rate_of("committed", history, report.committed)},
       bands_of(history)});
}

[[nodiscard]] std::string figures_html(const Report& report) {
  std::string html;
  for (const Figure& figure : figures_of(report))
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"figure{}\">{}</td><td class=\"note soft\">{}</td></tr>\n",
        escaped(figure.name), figure.wrong ? " wrong" : "", escaped(figure.value), escaped(figure.note));
  return html;
}

[[nodiscard]] std::string complaints_html(const Report& report) {
  std::string html;
  for (const std::string& complaint : report.complaints()) html += "<p>" + escaped(complaint) + "</p>\n";
  return html;
}

[[nodiscard]] std::string story_html(const History& history) {
  std::string html;
  for (const StoryLine& line : history.story)
    html += fmt::format("<li><time>{:.1f} s</time><span>{}</span></li>\n",
                        std::max(0.0, history.seconds(line.at)), escaped(line.text));
  return html;
}

[[nodiscard]] std::string ids_html(std::string_view name, const Ids& ids) {
  if (ids.count == 0) return {};
  std::string html = fmt::format("<h2>{} ({})</h2>\n<pre>", escaped(name), ids.count);
  for (const std::string& id : ids.first) html += escaped(id) + "\n";
  if (ids.count > ids.first.size()) html += fmt::format("and {} more", ids.count - ids.first.size());
  return html + "</pre>\n";
}

}  // namespace

std::string filled(std::string_view page,
                   const std::vector<std::pair<std::string_view, std::string>>& values) {
  std::string result;
  for (;;) {
    const std::size_t begin = page.find("{{");
    result += page.substr(0, begin);
    if (begin == std::string_view::npos) return result;
    const std::size_t end = page.find("}}", begin);
    HOLDFAST_CHECK(end != std::string_view::npos);
    const std::string_view name = page.substr(begin + 2, end - begin - 2);
    const auto value =
        std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == name; });
    HOLDFAST_CHECK(value != values.end());
    result += value->second;
    page.remove_prefix(end + 2);
  }
}

std::string to_page(const Report& report) {
  const Verdict& verdict = report.verdict;
  return filled(
      kDemoPageHtml,
      {{"outcome", report.complaints().empty() ? "passed" : "failed"},
       {"headline", escaped(report.headline())},
       {"subtitle", escaped(fmt::format("Holdfast demo, seed {}: {} events a second for {} s, {}",
                                        report.seed, report.events_per_s, report.seconds,
                                        verdict.faults ? "the broker and the device process killed on the way"
                                                       : "without faults"))},
       {"complaints", complaints_html(report)},
       {"figures", figures_html(report)},
       {"backlog_chart", backlog_chart(report.history)},
       {"rate_chart", rate_chart(report)},
       {"story", story_html(report.history)},
       {"wrong_ids", ids_html("Lost", verdict.lost) + ids_html("Phantom", verdict.phantom) +
                         ids_html("Applied twice", verdict.applied_twice)},
       {"command", escaped(report.command())},
       {"environment", escaped(report.environment)}});
}

}  // namespace holdfast::demo
