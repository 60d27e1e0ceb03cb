// SPDX-License-Identifier: MIT
// The page of a simulation: page.html, filled in.
#include "prove/simulate/page.hpp"

#include <fmt/format.h>

#include "demonstration/chart.hpp"
#include "demonstration/report.hpp"
#include "page_html.hpp"
#include "prove/simulate/chart.hpp"
#include "prove/simulate/report.hpp"

namespace holdfast::prove {
namespace {

using demo::escaped;

constexpr std::size_t kStoryMax = 400;

std::string cell(std::uint64_t value, bool wrong = false) {
  return fmt::format("<td{}>{}</td>", wrong ? " class=\"wrong\"" : "", value);
}

std::string row(std::string_view name, const SimulatedFates& fates, std::uint64_t boots,
                const std::string& peak) {
  const auto shed = fates.declared.find("shed");
  const std::uint64_t given_up = shed == fates.declared.end() ? 0 : shed->second;
  return fmt::format("<tr><th scope=\"row\">{}</th>{}{}{}{}{}{}{}<td>{}</td><td>{}</td></tr>\n",
                     escaped(name), cell(fates.committed), cell(fates.applied), cell(given_up),
                     cell(fates.declared_in_all() - given_up), cell(fates.rolled_back), cell(fates.forgotten),
                     cell(fates.lost, fates.lost > 0), boots, peak);
}

std::string figures_html(const SimulateReport& report) {
  std::string html =
      "<thead><tr><th></th><th>committed</th><th>applied</th><th>shed</th><th>other</th><th>rolled back</th>"
      "<th>forgotten</th><th>lost</th><th>boots</th><th>peak disk</th></tr></thead>\n";
  std::uint64_t boots = 0;
  for (const SimulatedDevice& device : report.devices) {
    html += row(device.name, device.fates, device.boots, fmt::format("{} KiB", device.peak_bytes >> 10U));
    boots += device.boots;
  }
  if (report.devices.size() > 1) html += row("all", report.total(), boots, "");
  return html;
}

std::string figure(const SimulateReport& report, std::size_t device, const std::string& title,
                   const std::string& note) {
  return fmt::format(
      "<figure><figcaption><b>{}</b><span class=\"soft\">{}</span></figcaption>\n{}</figure>\n",
      escaped(title), escaped(note), timeline_svg(report, device));
}

std::string charts_html(const SimulateReport& report) {
  std::string html;
  for (std::size_t i = 0; i < report.devices.size(); ++i) {
    const DevicePlan& plan = report.devices[i].plan;
    html += figure(report, i, report.devices[i].name,
                   fmt::format("an event every {}.{} s, budget {} MiB{}", plan.period.count() / 1'000'000'000,
                               plan.period.count() / 100'000'000 % 10, plan.budget_bytes >> 20U,
                               plan.is_cut_off ? ", no broker before the end" : ""));
  }
  return html + figure(report, kNobody, "broker and backend",
                       fmt::format("the broker keeps {} messages for the backend",
                                   report.plan.session_messages_max));
}

std::string story_html(const SimulatedStory& story) {
  std::string html;
  for (std::size_t i = 0; i < std::min(kStoryMax, story.notes.size()); ++i) {
    const SimulatedNote& note = story.notes[i];
    html += fmt::format("<li><time>{}</time><b>{}</b><span>{}</span></li>\n", when(note.at),
                        note.device == kNobody ? "" : "device-" + std::to_string(note.device + 1),
                        escaped(note.text));
  }
  return html;
}

std::string complaints_html(const SimulateReport& report) {
  std::string html;
  for (const std::string& complaint : report.complaints) html += "<p>" + escaped(complaint) + "</p>\n";
  return html;
}

}  // namespace

std::string to_page(const SimulateReport& report) {
  const SimulateOptions& o = report.plan.options;
  const std::uint64_t told = std::min<std::uint64_t>(kStoryMax, report.story.notes.size());
  const std::uint64_t more = report.story.notes_in_all - told;
  return demo::filled(
      kSimulatePageHtml,
      {{"outcome", report.passed() ? "passed" : "failed"},
       {"headline", escaped(headline_of(report))},
       {"subtitle",
        escaped(fmt::format(
            "{} days of {} device{} in simulated time, scenario {}, seed {}; {} duplicates recognised, "
            "{} gap records; drained {} after the last trouble",
            o.days, o.devices, o.devices == 1 ? "" : "s", to_string(o.scenario), o.seed, report.duplicates,
            report.gap_records, length(report.drained_in)))},
       {"complaints", complaints_html(report)},
       {"figures", figures_html(report)},
       {"charts", charts_html(report)},
       {"story", story_html(report.story)},
       {"more", more > 0 ? fmt::format("<p class=\"soft\">... and {} more</p>", more) : ""},
       {"command", escaped(command_for(report))},
       {"version", HOLDFAST_VERSION}});
}

}  // namespace holdfast::prove
