// SPDX-License-Identifier: MIT
#include "prove/crash_report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace holdfast::prove {
namespace {

using Json = nlohmann::ordered_json;

CutCount total(const CrashReport& report) {
  CutCount all;
  for (const auto& [cut, count] : report.by_cut) {
    all.states += count.states;
    all.there += count.there;
    all.gone += count.gone;
  }
  return all;
}

std::string histogram(const CrashReport& report) {
  std::string text = fmt::format("\n  {:<14} {:<18} {:>10} {:>10} {:>10}\n", "the store was",
                                 "last operation", "states", "there", "gone");
  for (const auto& [cut, count] : report.by_cut)
    text += fmt::format("  {:<14} {:<18} {:>10} {:>10} {:>10}\n", to_string(cut.first), cut.second,
                        count.states, count.there, count.gone);
  const CutCount all = total(report);
  text += fmt::format("  {:<14} {:<18} {:>10} {:>10} {:>10}\n", "all", "", all.states, all.there, all.gone);
  return text +
         "\nThere, gone: a write was in progress at the cut, and all of it was there afterwards, or none.\n";
}

std::string bad_text(const CrashReport& report, const BadState& bad) {
  std::string text = fmt::format("\nstate {}: survived: {}\n", bad.name.text(), bad.survived);
  for (const std::string& complaint : bad.complaints) text += "  " + complaint + "\n";
  return text + "  again: " + command_for(report, bad) + "\n";
}

}  // namespace

std::string command_for(const CrashReport& report, const BadState& bad) {
  return fmt::format("holdfast prove crash --seed {} --only {}", report.seed, bad.name.text());
}

std::string to_text(const CrashReport& report, const CrashRun& run) {
  const double rate = run.seconds > 0 ? static_cast<double>(report.states) / run.seconds : 0;
  std::string text = fmt::format(
      "{} distinct crash states ({} of them cut twice), {} images, {} operations of {} workloads.\n"
      "Holdfast {}, SQLite {}, seed {}: {:.1f} s on {} threads, {:.0f} states/s.\n",
      report.states, report.second_cuts, report.images, report.operations, report.rounds, HOLDFAST_VERSION,
      run.sqlite, report.seed, run.seconds, run.threads, rate);
  text += histogram(report);
  for (const std::string& complaint : report.complaints) text += "without a cut: " + complaint + "\n";
  for (const BadState& bad : report.bad) text += bad_text(report, bad);
  if (report.passed()) return text + "\nEvery state kept every promise.\n";
  return text + fmt::format("\n{} states broke a promise.\n", report.bad_states);
}

std::string to_json(const CrashReport& report, const CrashRun& run) {
  const CutCount all = total(report);
  auto by_cut = Json::array();
  for (const auto& [cut, count] : report.by_cut)
    by_cut.push_back({{"phase", to_string(cut.first)},
                      {"operation", cut.second},
                      {"states", count.states},
                      {"there", count.there},
                      {"gone", count.gone}});
  auto bad = Json::array();
  for (const BadState& one : report.bad)
    bad.push_back({{"state", one.name.text()},
                   {"survived", one.survived},
                   {"complaints", one.complaints},
                   {"command", command_for(report, one)}});
  const Json json = {{"format", "dev.holdfast.prove.crash.v1"},
                     {"passed", report.passed()},
                     {"holdfast", HOLDFAST_VERSION},
                     {"sqlite", run.sqlite},
                     {"media", "honest"},
                     {"seed", report.seed},
                     {"states", report.states},
                     {"second_cuts", report.second_cuts},
                     {"images", report.images},
                     {"rounds", report.rounds},
                     {"operations", report.operations},
                     {"writes_there", all.there},
                     {"writes_gone", all.gone},
                     {"seconds", std::round(run.seconds * 1000) / 1000},
                     {"threads", run.threads},
                     {"by_cut", std::move(by_cut)},
                     {"bad_states", report.bad_states},
                     {"bad", std::move(bad)},
                     {"complaints", report.complaints}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace holdfast::prove
