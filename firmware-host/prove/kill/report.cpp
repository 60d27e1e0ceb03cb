// SPDX-License-Identifier: MIT
#include "prove/kill/report.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

namespace holdfast::prove {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kCommandsMax = 5;

[[nodiscard]] Json tally_json(const Tally& tally) {
  return {{"committed", tally.committed},
          {"lost", tally.lost.count},
          {"phantom", tally.phantom.count},
          {"received_more_than_once", tally.received_again.count},
          {"applied_twice", tally.applied_twice.count},
          {"ids",
           {{"lost", tally.lost.first},
            {"phantom", tally.phantom.first},
            {"applied_twice", tally.applied_twice.first}}}};
}

template <typename Figure>
[[nodiscard]] std::string row(const char* name, const KillVerdict& verdict, Figure figure, const char* note) {
  return fmt::format("  {:<24} {:>14} {:>15} {:>10}   {}\n", name, figure(verdict.commit_first),
                     figure(verdict.publish_first), figure(verdict.holdfast), note);
}
[[nodiscard]] std::string row(const char* name, const KillVerdict& verdict, demo::Ids Tally::*ids,
                              const char* note) {
  return row(
      name, verdict, [ids](const Tally& tally) { return (tally.*ids).count; }, note);
}

}  // namespace

std::vector<std::string> KillReport::complaints() const {
  std::vector<std::string> all = verdict.complaints();
  all.insert(all.end(), machinery.begin(), machinery.end());
  return all;
}

std::vector<std::string> KillReport::commands() const {
  std::set<std::uint64_t> seeds;
  for (const demo::Ids* ids : {&verdict.holdfast.lost, &verdict.holdfast.applied_twice}) {
    for (const std::string& id : ids->first) {
      const auto found = seed_of.find(id);
      if (found != seed_of.end() && seeds.size() < kCommandsMax) seeds.insert(found->second);
    }
  }
  std::vector<std::string> all;
  for (const std::uint64_t one : seeds)
    all.push_back(fmt::format("holdfast prove kill --runs 1 --seed {}", one));
  return all;
}

std::string to_text(const KillReport& report) {
  const KillVerdict& verdict = report.verdict;
  std::string text = fmt::format(
      "{} runs, seeds {} to {}, {:.0f} s: {} device processes killed, {} brokers killed, the network "
      "failed {} times.\n\n",
      report.runs, report.seed, report.seed + report.runs - 1, report.seconds, report.counts.device_kills,
      report.counts.broker_kills, report.counts.network_troubles);
  text += fmt::format("  {:<24} {:>30}\n", "", "dual writes, which");
  text +=
      fmt::format("  {:<24} {:>14} {:>15} {:>10}\n", "events", "commit first", "publish first", "Holdfast");
  text += row(
      "committed", verdict, [](const Tally& tally) { return tally.committed; },
      "rows in the device's own table");
  text += row("lost", verdict, &Tally::lost, "committed, never received");
  text += row("phantom", verdict, &Tally::phantom, "received, never committed");
  text += row("received more than once", verdict, &Tally::received_again, "");
  text += row("applied twice", verdict, &Tally::applied_twice, "a dual write's consumer has no inbox");
  const std::vector<std::string> complaints = report.complaints();
  text += complaints.empty()
              ? "\nPassed: the same kills made both dual writes lose or invent events, and Holdfast none.\n"
              : "\nNot passed.\n";
  for (const std::string& complaint : complaints) text += "  " + complaint + "\n";
  for (const std::string& command : report.commands()) text += "Repeat: " + command + "\n";
  return text;
}

std::string to_json(const KillReport& report) {
  Json holdfast = tally_json(report.verdict.holdfast);
  holdfast["gaps"] = report.verdict.gaps;
  const Json json = {{"format", "dev.holdfast.prove.kill.v1"},
                     {"passed", report.complaints().empty()},
                     {"seed", report.seed},
                     {"runs", report.runs},
                     {"seconds", std::round(report.seconds * 10) / 10},
                     {"device_kills", report.counts.device_kills},
                     {"broker_kills", report.counts.broker_kills},
                     {"network_troubles", report.counts.network_troubles},
                     {"commits_first", tally_json(report.verdict.commit_first)},
                     {"publishes_first", tally_json(report.verdict.publish_first)},
                     {"holdfast", holdfast},
                     {"complaints", report.complaints()},
                     {"commands", report.commands()}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace holdfast::prove
