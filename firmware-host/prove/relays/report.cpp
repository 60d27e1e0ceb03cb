// SPDX-License-Identifier: MIT
#include "prove/relays/report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace holdfast::prove {
namespace {

using Json = nlohmann::ordered_json;

[[nodiscard]] std::string row(const char* name, std::uint64_t figure, const char* note) {
  return fmt::format("  {:<40} {:>9}   {}\n", name, figure, note);
}

[[nodiscard]] std::string connections_table(const RelaysVerdict& verdict) {
  std::string text =
      fmt::format("  {:<12} {:>10} {:>13} {:>8}\n", "connection", "published", "acknowledged", "passes");
  for (std::size_t n = 0; n < verdict.connections.size(); ++n) {
    const ConnectionFigures& one = verdict.connections[n];
    text += fmt::format("  {:<12} {:>10} {:>13} {:>8}\n", n + 1, one.published, one.acknowledged, one.passes);
  }
  return text;
}

[[nodiscard]] Json connections_json(const RelaysVerdict& verdict) {
  Json all = Json::array();
  for (const ConnectionFigures& one : verdict.connections)
    all.push_back({{"published", one.published}, {"acknowledged", one.acknowledged}, {"passes", one.passes}});
  return all;
}

}  // namespace

std::vector<std::string> RelaysReport::complaints() const {
  std::vector<std::string> all = verdict.complaints();
  all.insert(all.end(), machinery.begin(), machinery.end());
  return all;
}

std::string RelaysReport::command() const {
  return fmt::format("holdfast prove relays --connections {} --lives {} --seed {}",
                     verdict.connections.size(), lives, seed);
}

std::string to_text(const RelaysReport& report) {
  const RelaysVerdict& verdict = report.verdict;
  std::string text = fmt::format(
      "{} lives of a device with {} connections, seed {}, {:.0f} s: {} connections broken, {} processes "
      "killed.\n\n",
      report.lives, verdict.connections.size(), report.seed, report.seconds, report.counts.link_faults,
      report.counts.process_kills);
  text += connections_table(verdict) + "\n";
  text += row("committed", verdict.events.committed, "rows in the device's own table");
  text += row("published again", verdict.published_again, "after a connection or a process had died");
  text += row("received more than once", verdict.events.received_again.count, "");
  text += row("shares handed over", verdict.handovers, "another connection went on with them");
  text += row("taken from a stuck connection", verdict.stuck, "that did nothing for two thirds of a term");
  text += row("keys", verdict.keys, "of the lane that is divided");
  text += row("published twice in one pass", verdict.twice_in_a_pass.count, "");
  text += row("published again after acknowledgement", verdict.after_acknowledgement.count, "in one life");
  text += row("claimed by two connections at a time", verdict.claimed_twice.count, "");
  text += row("out of order of their key", verdict.out_of_order.count, "at the consumer");
  text += row("lost", verdict.events.lost.count, "");
  text += row("phantom", verdict.events.phantom.count, "");
  text += row("applied twice", verdict.events.applied_twice.count, "");
  const std::vector<std::string> complaints = report.complaints();
  text += complaints.empty() ? "\nPassed: the claims were disjoint, and the order of each key held.\n"
                             : "\nNot passed.\n";
  for (const std::string& complaint : complaints) text += "  " + complaint + "\n";
  if (!complaints.empty()) text += "Repeat: " + report.command() + "\n";
  return text;
}

std::string to_json(const RelaysReport& report) {
  const RelaysVerdict& verdict = report.verdict;
  const Json json = {{"format", "dev.holdfast.prove.relays.v1"},
                     {"passed", report.complaints().empty()},
                     {"seed", report.seed},
                     {"lives", report.lives},
                     {"seconds", std::round(report.seconds * 10) / 10},
                     {"process_kills", report.counts.process_kills},
                     {"link_faults", report.counts.link_faults},
                     {"connections", connections_json(verdict)},
                     {"committed", verdict.events.committed},
                     {"published_again", verdict.published_again},
                     {"received_more_than_once", verdict.events.received_again.count},
                     {"handovers", verdict.handovers},
                     {"taken_from_stuck", verdict.stuck},
                     {"keys", verdict.keys},
                     {"twice_in_a_pass", verdict.twice_in_a_pass.count},
                     {"after_acknowledgement", verdict.after_acknowledgement.count},
                     {"claimed_twice", verdict.claimed_twice.count},
                     {"out_of_order", verdict.out_of_order.count},
                     {"unclaimed", verdict.unclaimed.count},
                     {"lost", verdict.events.lost.count},
                     {"phantom", verdict.events.phantom.count},
                     {"applied_twice", verdict.events.applied_twice.count},
                     {"gaps", verdict.gaps},
                     {"complaints", report.complaints()},
                     {"command", report.command()}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace holdfast::prove
