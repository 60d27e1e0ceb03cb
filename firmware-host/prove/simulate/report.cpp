// SPDX-License-Identifier: MIT
#include "prove/simulate/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace holdfast::prove {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kFirstNotes = 24;  // that are printed; the page and the JSON have more
constexpr std::size_t kLastNotes = 8;
constexpr std::size_t kJsonNotesMax = 500;

std::string who(std::size_t device) {
  return device == kNobody ? "" : "device-" + std::to_string(device + 1);
}

std::string line_of(const SimulatedNote& note) {
  return fmt::format("  {:<16} {:<10} {}\n", when(note.at), who(note.device), note.text);
}

std::string notes_text(const SimulatedStory& story) {
  const auto& notes = story.notes;
  std::string text;
  const std::size_t first = notes.size() <= kFirstNotes + kLastNotes + 1 ? notes.size() : kFirstNotes;
  for (std::size_t i = 0; i < first; ++i) text += line_of(notes[i]);
  if (first == notes.size()) return text;
  text += fmt::format("  ... and {} more\n", story.notes_in_all - first - kLastNotes);
  for (std::size_t i = notes.size() - kLastNotes; i < notes.size(); ++i) text += line_of(notes[i]);
  return text;
}

std::string troubles_text(const SimulatedStory& story) {
  std::string text;
  for (std::size_t i = 0; i < kTroubles; ++i) {
    if (story.counts[i] > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", story.counts[i], kTroubleNames[i]);
  }
  return text.empty() ? "none" : text;
}

std::string bytes_text(std::uint64_t bytes) {
  return fmt::format("{}.{} MiB", bytes >> 20U, (bytes & 0xFFFFFU) * 10 >> 20U);
}

std::uint64_t declared(const SimulatedFates& fates, std::string_view reason) {
  const auto found = fates.declared.find(std::string(reason));
  return found == fates.declared.end() ? 0 : found->second;
}

std::string row(std::string_view name, const SimulatedFates& fates, std::uint64_t rejected,
                std::uint64_t boots, const std::string& peak) {
  const std::uint64_t shed = declared(fates, "shed");
  return fmt::format("  {:<10} {:>11} {:>11} {:>11} {:>9} {:>11} {:>9} {:>6} {:>9} {:>7} {:>11}\n", name,
                     fates.committed, fates.applied, shed, fates.declared_in_all() - shed, fates.rolled_back,
                     fates.forgotten, fates.lost, rejected, boots, peak);
}

std::string table(const SimulateReport& report) {
  std::string text = fmt::format(
      "  {:<10} {:>11} {:>11} {:>11} {:>9} {:>11} {:>9} {:>6} {:>9} {:>7} {:>11}\n", "", "committed",
      "applied", "shed", "other", "rolled back", "forgotten", "lost", "no room", "boots", "peak disk");
  std::uint64_t rejected = 0;
  std::uint64_t boots = 0;
  for (const SimulatedDevice& device : report.devices) {
    text += row(device.name, device.fates, device.rejected, device.boots, bytes_text(device.peak_bytes));
    rejected += device.rejected;
    boots += device.boots;
  }
  if (report.devices.size() > 1) text += row("all", report.total(), rejected, boots, "");
  return text;
}

Json fates_json(const SimulatedFates& fates) {
  Json declared = Json::object();
  for (const auto& [reason, count] : fates.declared) declared[reason] = count;
  return {{"committed", fates.committed},
          {"applied", fates.applied},
          {"declared", fates.declared_in_all()},
          {"declared_by_reason", std::move(declared)},
          {"rolled_back", fates.rolled_back},
          {"forgotten_by_broker", fates.forgotten},
          {"lost", fates.lost}};
}

Json devices_json(const SimulateReport& report) {
  Json all = Json::array();
  for (const SimulatedDevice& device : report.devices) {
    Json one = {{"name", device.name},
                {"cut_off", device.plan.is_cut_off},
                {"event_period_ms", device.plan.period.count() / 1'000'000},
                {"budget_bytes", device.plan.budget_bytes},
                {"peak_bytes", device.peak_bytes},
                {"boots", device.boots},
                {"refused_for_room", device.rejected}};
    one.update(fates_json(device.fates));
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

std::string command_for(const SimulateReport& report) {
  const SimulateOptions& o = report.plan.options;
  return fmt::format("holdfast simulate --seed {} --days {} --devices {} --scenario {}", o.seed, o.days,
                     o.devices, to_string(o.scenario));
}

std::string headline_of(const SimulateReport& report) {
  const SimulatedFates all = report.total();
  if (!report.passed()) return fmt::format("Not passed: {} promises broken.", report.complaints_in_all);
  std::string text = fmt::format("Passed: {} events committed = {} applied once + {} declared lost",
                                 all.committed, all.applied, all.declared_in_all());
  if (all.rolled_back > 0)
    text += fmt::format(" + {} on images that were replaced by older ones", all.rolled_back);
  if (all.forgotten > 0) text += fmt::format(" + {} that the broker acknowledged and forgot", all.forgotten);
  return text + ".";
}

std::string to_text(const SimulateReport& report) {
  const SimulateOptions& o = report.plan.options;
  std::string text =
      fmt::format("{} days of {} device{}, seed {}, scenario {}. Holdfast {}.\n\n", o.days, o.devices,
                  o.devices == 1 ? "" : "s", o.seed, to_string(o.scenario), HOLDFAST_VERSION);
  text += notes_text(report.story);
  text += "\nTrouble: " + troubles_text(report.story) + ".\n\n" + table(report);
  text += fmt::format(
      "\nPublished {} times, received {} messages: {} duplicates, {} gap records, {} rewinds reported.\n"
      "The backend asked {} times for what it missed; the broker threw away {} messages. Drained in {}.\n\n",
      report.published, report.received, report.duplicates, report.gap_records, report.rewinds,
      report.resend_requests, report.broker_dropped, length(report.drained_in));
  text += headline_of(report) + "\n";
  for (const std::string& complaint : report.complaints) text += "  " + complaint + "\n";
  if (report.complaints_in_all > report.complaints.size())
    text += fmt::format("  ... and {} more\n", report.complaints_in_all - report.complaints.size());
  if (!report.passed()) text += "Again: " + command_for(report) + "\n";
  return text;
}

std::string to_json(const SimulateReport& report) {
  const SimulateOptions& o = report.plan.options;
  Json troubles = Json::object();
  for (std::size_t i = 0; i < kTroubles; ++i) {
    if (report.story.counts[i] > 0) troubles[std::string(kTroubleNames[i])] = report.story.counts[i];
  }
  Json notes = Json::array();
  for (const SimulatedNote& note : report.story.notes) {
    if (notes.size() == kJsonNotesMax) break;
    notes.push_back(
        {{"seconds", note.at / std::chrono::seconds(1)}, {"device", who(note.device)}, {"text", note.text}});
  }
  std::uint64_t peak = 0;
  for (const SimulatedDevice& device : report.devices) peak = std::max(peak, device.peak_bytes);
  const auto count = [&](Mishap trouble) { return report.story.counts[static_cast<std::size_t>(trouble)]; };
  Json json = {{"format", "dev.holdfast.simulate.v1"},
               {"passed", report.passed()},
               {"holdfast", HOLDFAST_VERSION},
               {"seed", o.seed},
               {"days", o.days},
               {"scenario", to_string(o.scenario)}};
  json.update(fates_json(report.total()));
  json.update(
      Json{{"published", report.published},
           {"delivered", report.received},
           {"duplicates", report.duplicates},
           {"gap_records", report.gap_records},
           {"gap_records_never_committed", report.never_committed},
           {"rewinds", report.rewinds},
           {"resend_requests", report.resend_requests},
           {"broker_dropped", report.broker_dropped},
           {"connects", report.connects},
           {"power_cuts", count(Mishap::power_cut) + count(Mishap::cut_at_work) + count(Mishap::backend_cut)},
           {"peak_bytes", peak},
           {"drained_in_s", report.drained_in / std::chrono::seconds(1)},
           {"troubles", std::move(troubles)},
           {"devices", devices_json(report)},
           {"notes", std::move(notes)},
           {"notes_in_all", report.story.notes_in_all},
           {"complaints", report.complaints},
           {"complaints_in_all", report.complaints_in_all},
           {"command", command_for(report)}});
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace holdfast::prove
