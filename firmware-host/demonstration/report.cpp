// SPDX-License-Identifier: MIT
#include "demonstration/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

namespace holdfast::demo {
namespace {

using Json = nlohmann::ordered_json;

[[nodiscard]] double milliseconds(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

[[nodiscard]] std::string readable(Duration time) {
  const double ms = milliseconds(time);
  if (ms < 10) return fmt::format("{:.1f} ms", ms);
  if (ms < 1000) return fmt::format("{:.0f} ms", ms);
  return fmt::format("{:.1f} s", ms / 1000);
}

/// Rounded: more digits than a millionth of a second only make the document longer.
[[nodiscard]] double rounded(double value) { return std::round(value * 1000) / 1000; }

[[nodiscard]] Json latency_json(const Latency& latency) {
  return {{"p50", rounded(milliseconds(latency.p50))}, {"p99", rounded(milliseconds(latency.p99))}};
}

[[nodiscard]] Json fault_json(const History& history, const Fault& fault) {
  const bool is_broker = fault.kind == FaultKind::broker_killed;
  return {{"killed", is_broker ? "broker" : "device"},
          {"in_flight", fault.in_flight},
          {"from_s", rounded(history.seconds(fault.killed))},
          {"until_s", rounded(history.seconds(fault.restarted))},
          {"recovered_s", rounded(history.seconds(fault.recovered))}};
}

[[nodiscard]] Figure count(std::string name, std::uint64_t value, std::string note, bool wrong) {
  return {std::move(name), std::to_string(value), std::move(note), wrong};
}

[[nodiscard]] Figure time_of(std::string name, Duration all, Duration calm, bool faults) {
  return {std::move(name), readable(all), faults ? readable(calm) + " apart from the faults" : "", false};
}

}  // namespace

std::vector<std::string> Report::complaints() const {
  std::vector<std::string> all = verdict.complaints();
  all.insert(all.end(), history.machinery.begin(), history.machinery.end());
  return all;
}

std::string Report::headline() const {
  if (!complaints().empty()) return "The demo failed";
  return fmt::format("All {} events were applied once", verdict.committed);
}

std::string Report::command() const {
  return fmt::format("./firmware-host/demo --seed {} --seconds {}{}", seed, seconds,
                     verdict.faults ? "" : " --no-faults");
}

std::vector<Figure> figures_of(const Report& report) {
  const Verdict& verdict = report.verdict;
  return {
      count("committed", verdict.committed, "rows that the device wrote in the events' transactions",
            verdict.committed == 0),
      count("delivered", verdict.delivered, "of them in the table of the consumer's effects",
            verdict.delivered != verdict.committed),
      count("duplicates received", verdict.duplicates_received, "and suppressed by the inbox",
            (verdict.faults && verdict.duplicates_received == 0) || verdict.duplicates_stray != 0),
      count("applied twice", verdict.applied_twice.count, "ids with more than one effect",
            verdict.applied_twice.count != 0),
      count("lost", verdict.lost.count, "committed, never applied", verdict.lost.count != 0),
      count("phantom", verdict.phantom.count, "applied, never committed", verdict.phantom.count != 0),
      count("gaps", verdict.gaps, "ranges that the inbox misses", verdict.gaps != 0),
      count("backlog peak", report.history.backlog_peak(), "events waiting on the device", false),
      time_of("p50 until applied", verdict.latency.p50, verdict.latency_calm.p50, verdict.faults),
      time_of("p99 until applied", verdict.latency.p99, verdict.latency_calm.p99, verdict.faults),
  };
}

std::string to_text(const Report& report) {
  std::string text;
  for (const Figure& figure : figures_of(report)) {
    text += fmt::format("  {:<20} {:>8}", figure.name, figure.value);
    if (!figure.note.empty()) text += "   " + figure.note;
    if (figure.wrong) text += "   <-- wrong";
    text += '\n';
  }
  text += "\n" + report.headline() + ".\n";
  for (const std::string& complaint : report.complaints()) text += "  " + complaint + "\n";
  if (!report.page.empty()) text += "Page:   " + report.page + "\n";
  return text + "Repeat: " + report.command() + "\n";
}

std::string to_json(const Report& report) {
  const Verdict& verdict = report.verdict;
  Json json = {{"format", "dev.holdfast.demo.v1"},
               {"passed", report.complaints().empty()},
               {"committed", verdict.committed},
               {"delivered", verdict.delivered},
               {"duplicates_received", verdict.duplicates_received},
               {"duplicates_stray", verdict.duplicates_stray},
               {"applied_twice", verdict.applied_twice.count},
               {"lost", verdict.lost.count},
               {"phantom", verdict.phantom.count},
               {"gaps", verdict.gaps},
               {"events_per_s", report.events_per_s},
               {"backlog_peak", report.history.backlog_peak()},
               {"latency_ms", latency_json(verdict.latency)},
               {"latency_calm_ms", latency_json(verdict.latency_calm)},
               {"faults", Json::array()},
               {"ids",
                {{"applied_twice", verdict.applied_twice.first},
                 {"lost", verdict.lost.first},
                 {"phantom", verdict.phantom.first}}},
               {"complaints", report.complaints()},
               {"seed", report.seed},
               {"seconds", report.seconds},
               {"page", report.page}};
  for (const Fault& fault : report.history.faults)
    json["faults"].push_back(fault_json(report.history, fault));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace holdfast::demo
