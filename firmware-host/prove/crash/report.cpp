// SPDX-License-Identifier: MIT
#include "prove/crash/report.hpp"

#include <fmt/format.h>

#include <algorithm>
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
    for (std::size_t i = 0; i < all.outcomes.size(); ++i) all.outcomes.at(i) += count.outcomes.at(i);
  }
  return all;
}

std::string honest_line(std::string_view phase, std::string_view operation, const CutCount& count) {
  return fmt::format("  {:<14} {:<18} {:>10} {:>10} {:>10}\n", phase, operation, count.states, count.there,
                     count.gone);
}

std::string worn_line(std::string_view phase, std::string_view operation, const CutCount& count) {
  std::string text = fmt::format("  {:<14} {:<18} {:>10}", phase, operation, count.states);
  for (const std::uint64_t states : count.outcomes) text += fmt::format(" {:>9}", states);
  return text + '\n';
}

std::string histogram(const CrashReport& report) {
  const bool honest = report.media == Media::honest;
  const auto line = honest ? &honest_line : &worn_line;
  std::string text = fmt::format("\n  {:<14} {:<18} {:>10}", "the store was", "last operation", "states");
  if (honest) text += fmt::format(" {:>10} {:>10}", "there", "gone");
  for (std::size_t i = 0; !honest && i < kOutcomeNames.size(); ++i)
    text += fmt::format(" {:>9}", kOutcomeNames.at(i));
  text += '\n';
  for (const auto& [cut, count] : report.by_cut) text += line(to_string(cut.first), cut.second, count);
  text += line("all", "", total(report));
  if (honest)
    return text +
           "\nThere, gone: a write was in progress at the cut, and all of it was there afterwards, or "
           "none.\n";
  return text +
         "\nWhole: as if the medium were honest. Went back: later writes are gone, and the new epoch says "
         "where its\n"
         "parent ends. Declared: gap records say what is gone. Set aside: a new store was made of what could "
         "be read.\n"
         "Refused: not opened, and nothing of it taken away.\n" +
         fmt::format("State has no checksum: in {} states a value was none that its key had been given.\n",
                     report.state_differs);
}

std::string bad_text(const CrashReport& report, const BadState& bad) {
  std::string text = fmt::format("\nstate {}: survived: {}\n", bad.name.text(), bad.survived);
  for (const std::string& complaint : bad.complaints) text += "  " + complaint + "\n";
  return text + "  again: " + command_for(report, bad) + "\n";
}

// Worse media only.
Json outcomes_json(const CutCount& count) {
  auto json = Json::object();
  for (std::size_t i = 0; i < kOutcomeNames.size(); ++i) {
    std::string name(kOutcomeNames.at(i));
    std::replace(name.begin(), name.end(), ' ', '_');
    json[name] = count.outcomes.at(i);
  }
  return json;
}

}  // namespace

std::string command_for(const CrashReport& report, const BadState& bad) {
  const bool honest = report.media == Media::honest;
  return fmt::format("holdfast prove crash{}{} --seed {} --only {}", honest ? "" : " --media ",
                     honest ? "" : to_string(report.media), report.seed, bad.name.text());
}

std::string to_text(const CrashReport& report, const CrashRun& run) {
  const double rate = run.seconds > 0 ? static_cast<double>(report.states) / run.seconds : 0;
  std::string text = fmt::format(
      "{} distinct crash states on {} media ({} of them cut twice, {} drained to a consumer), {} images,\n"
      "{} operations of {} workloads.\n"
      "Holdfast {}, SQLite {}, seed {}: {:.1f} s on {} threads, {:.0f} states/s.\n",
      report.states, to_string(report.media), report.second_cuts, report.drained, report.images,
      report.operations, report.rounds, HOLDFAST_VERSION, run.sqlite, report.seed, run.seconds, run.threads,
      rate);
  text += histogram(report);
  for (const std::string& complaint : report.complaints) text += "without a cut: " + complaint + "\n";
  for (const BadState& bad : report.bad) text += bad_text(report, bad);
  if (report.passed()) return text + "\nEvery state kept every promise of its medium.\n";
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
  for (std::size_t i = 0; report.media != Media::honest && i < by_cut.size(); ++i)
    by_cut[i]["outcomes"] =
        outcomes_json(std::next(report.by_cut.begin(), static_cast<std::ptrdiff_t>(i))->second);
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
                     {"media", to_string(report.media)},
                     {"seed", report.seed},
                     {"states", report.states},
                     {"second_cuts", report.second_cuts},
                     {"drained", report.drained},
                     {"outcomes", outcomes_json(all)},
                     {"state_differs", report.state_differs},
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
