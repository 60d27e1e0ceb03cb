// SPDX-License-Identifier: MIT
#include "program/status_report.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/host.hpp>

#include "program/broker.hpp"
#include "program/talk.hpp"
#include "program/units.hpp"
#include "wire/time_text.hpp"

namespace holdfast::program {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "dev.holdfast.status.v1";

struct Sums {
  std::int64_t committed = 0;
  std::int64_t settled = 0;
  std::int64_t backlog = 0;
  std::int64_t quarantined = 0;
  std::int64_t lost = 0;
};

[[nodiscard]] Sums sums_of(const Statistics& statistics) {
  Sums sums;
  for (const LaneStatistics& lane : statistics.lanes) {
    sums.committed += lane.committed_seq;
    sums.settled += lane.committed_seq - lane.backlog_events;
    sums.backlog += lane.backlog_events;
    sums.quarantined += lane.quarantined_events;
    sums.lost += lane.lost_events_ever;
  }
  return sums;
}

[[nodiscard]] Json lane_json(const LaneStatistics& lane) {
  Json json = {{"name", lane.name},
               {"committed_seq", lane.committed_seq},
               {"settled_seq", lane.settled_seq},
               {"backlog_events", lane.backlog_events},
               {"backlog_bytes", lane.backlog_bytes},
               {"quarantined_events", lane.quarantined_events},
               {"lost_events_ever", lane.lost_events_ever},
               {"oldest_age_s", nullptr},
               {"lost_bytes_ever", lane.lost_bytes_ever},
               {"retained_events", lane.retained_events},
               {"retained_bytes", lane.retained_bytes},
               {"rejected_events", lane.rejected_events},
               {"shed_events", lane.shed_events},
               {"paused", lane.paused}};
  if (lane.oldest_age) json["oldest_age_s"] = std::chrono::duration<double>(*lane.oldest_age).count();
  return json;
}

[[nodiscard]] Json lane_array(const std::vector<LaneStatistics>& lanes) {
  Json json = Json::array();
  for (const LaneStatistics& lane : lanes) json.push_back(lane_json(lane));
  return json;
}

[[nodiscard]] Json store_json(const StatusContext& context, const StoreStatistics& store) {
  Json json = {{"path", context.path},
               {"epoch", nullptr},
               {"writes_committed", store.writes_committed},
               {"writes_failed", store.writes_failed},
               {"events_committed", store.events_committed},
               {"event_bytes_committed", store.event_bytes_committed},
               {"groups_committed", store.groups_committed},
               {"commits_unknown", store.commits_unknown},
               {"rows_purged", store.rows_purged},
               {"checkpoints", store.checkpoints},
               {"checkpoint_failures", store.checkpoint_failures},
               {"wal_pages", store.wal_pages},
               {"database_bytes", store.database_bytes},
               {"free_bytes", store.free_bytes},
               {"budget_bytes", store.budget_bytes},
               {"degraded", store.degraded},
               {"group_events_largest", store.group_events_largest},
               {"groups_split", store.groups_split},
               {"settle_commits", store.settle_commits},
               {"bytes_written", store.bytes_written},
               {"reserve_bytes", store.reserve_bytes},
               {"state_bytes", store.state_bytes},
               {"tables_bytes", store.tables_bytes},
               {"pressure", to_string(store.pressure)},
               {"pressure_reason", store.pressure_reason},
               {"growing", store.growing},
               {"file_system", store.file_system},
               {"warning", store.warning},
               {"check_running", store.check_running},
               {"rows_checked", store.rows_checked},
               {"rows_damaged", store.rows_damaged}};
  if (store.newest_epoch) json["epoch"] = store.newest_epoch->text();
  return json;
}

[[nodiscard]] Json alarm_array(const std::vector<RelayAlarm>& alarms) {
  Json json = Json::array();
  for (const RelayAlarm alarm : alarms) json.push_back(to_string(alarm));
  return json;
}

/// What an operator should think of an alarm.
[[nodiscard]] std::string_view alarm_words(std::string_view alarm) {
  if (alarm == to_string(RelayAlarm::credentials_refused))
    return "the broker does not accept the user, the password or the certificate; tried again every 30 s to "
           "10 min";
  if (alarm == to_string(RelayAlarm::duplicate_identity))
    return "the connection is taken away again and again: does another client use this client id?";
  if (alarm == to_string(RelayAlarm::topics_denied))
    return "the broker does not allow some topics; their events wait: see its access rules";
  if (alarm == to_string(RelayAlarm::stalled))
    return "connected, but nothing is acknowledged, and reconnecting did not help: see the broker's log";
  if (alarm == to_string(RelayAlarm::quarantine_full))
    return "a refused event has no place in the quarantine, and its lane waits: requeue or discard some";
  return "unknown to this holdfast";
}

[[nodiscard]] Json relay_json(const std::string& url, const RelayStatistics& relay) {
  return {{"broker", url},
          {"state", to_string(relay.state)},
          {"connects", relay.connects},
          {"connect_failures", relay.connect_failures},
          {"disconnects", relay.disconnects},
          {"published", relay.published},
          {"republished", relay.republished},
          {"acknowledged", relay.acknowledged},
          {"refused", relay.refused},
          {"quarantined", relay.quarantined},
          {"ack_timeouts", relay.ack_timeouts},
          {"in_flight_events", relay.in_flight_events},
          {"in_flight_bytes", relay.in_flight_bytes},
          {"window_events", relay.window_events},
          {"last_reason", relay.last_reason},
          {"last_error", relay.last_error},
          {"alarms", alarm_array(relay.alarms)},
          {"stalls", relay.stalls},
          {"takeovers", relay.takeovers},
          {"topics_denied", relay.topics_denied},
          {"keys_held", relay.keys_held},
          {"suspects", relay.suspects},
          {"resend_requests", relay.resend_requests},
          {"resend_refused", relay.resend_refused},
          {"resent", relay.resent},
          {"keep_alive_s", relay.keep_alive_s},
          {"outside_window", relay.outside_window},
          {"shares", relay.shares},
          {"leases_taken", relay.leases_taken},
          {"leases_lost", relay.leases_lost}};
}

[[nodiscard]] std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

/// Right-aligned columns; the first is left-aligned.
/// A text of the document, without orders to a terminal: whoever wrote the file.
[[nodiscard]] std::string words(const Json& text) { return printable(text.get<std::string>()); }

[[nodiscard]] std::string table_row(const std::vector<std::string>& cells) {
  std::string row = cells.at(0) + std::string(cells[0].size() < 16 ? 16 - cells[0].size() : 1, ' ');
  for (std::size_t i = 1; i < cells.size(); ++i) row += padded(cells[i], 13);
  return row + "\n";
}

[[nodiscard]] std::string lanes_text(const Json& lanes) {
  std::string text =
      table_row({"lane", "committed", "settled", "backlog", "bytes", "quarantined", "lost ever", "oldest"});
  for (const Json& lane : lanes) {
    const Json& age = lane.at("oldest_age_s");
    const auto number = [&](const char* name) { return std::to_string(lane.at(name).get<std::int64_t>()); };
    text += table_row({words(lane.at("name")), number("committed_seq"), number("settled_seq"),
                       number("backlog_events"), number("backlog_bytes"), number("quarantined_events"),
                       number("lost_events_ever"),
                       age.is_null() ? "-" : std::to_string(age.get<std::int64_t>()) + " s"});
  }
  return text;
}

/// What is not usual about the lanes, a line each; a document of an older holdfast does not have the numbers.
[[nodiscard]] std::string lane_notes(const Json& lanes) {
  std::string text;
  for (const Json& lane : lanes) {
    std::string notes;
    const auto note = [&](const std::string& words) { notes += (notes.empty() ? " " : ", ") + words; };
    const auto number = [&](const char* name) { return lane.value(name, std::uint64_t{0}); };
    if (lane.value("paused", false)) note("PAUSED: not delivered until `holdfast lane resume`");
    if (number("retained_events") != 0)
      note("retained " + std::to_string(number("retained_events")) + " events, " +
           size_text(number("retained_bytes")));
    if (number("rejected_events") != 0) note("rejected " + std::to_string(number("rejected_events")));
    if (number("shed_events") != 0) note("shed " + std::to_string(number("shed_events")));
    if (!notes.empty()) text += words(lane.at("name")) + ":" + notes + "\n";
  }
  return text.empty() ? text : "\n" + text;
}

[[nodiscard]] std::string size_lines(const Json& store) {
  constexpr std::uint64_t kPageBytes = 4096;
  const auto bytes = [&](const char* name) { return store.value(name, std::uint64_t{0}); };
  const std::uint64_t database = bytes("database_bytes");
  std::string text = "budget    " + size_text(bytes("budget_bytes")) + " with the WAL; used " +
                     size_text(database - std::min(bytes("free_bytes"), database)) + ", free " +
                     size_text(bytes("free_bytes")) + ", of it reserve " + size_text(bytes("reserve_bytes")) +
                     "\n";
  const std::string file_system = store.value("file_system", std::string());
  text += "file      " + (file_system.empty() ? "unknown file system" : printable(file_system)) + ", " +
          (store.value("growing", false) ? "growing" : "constant") + ", " +
          std::to_string(database / kPageBytes) + " pages of 4 KiB, " +
          std::to_string(bytes("free_bytes") / kPageBytes) + " free, WAL " +
          std::to_string(bytes("wal_pages")) + "\n";
  return text;
}

/// "shed (used 83 % of 13,000 pages: shed until below 70 %)", without a reason that is older than the state.
[[nodiscard]] std::string pressure_text(const std::string& state, std::string reason) {
  if (reason.find(": " + state) == std::string::npos) return printable(state);
  if (reason.ends_with(": normal")) reason.resize(reason.size() - std::string_view(": normal").size());
  return printable(state + " (" + reason + ")");
}

[[nodiscard]] std::string disk_lines(const Json& store) {
  std::string text = "disk      " +
                     pressure_text(store.value("pressure", std::string("unknown")),
                                   store.value("pressure_reason", std::string())) +
                     "\n" + size_lines(store);
  const std::string warning = store.value("warning", std::string());
  if (!warning.empty()) text += "warning   " + printable(warning) + "\n";
  if (store.value("check_running", false))
    text += "check     running after an unclean stop, " +
            std::to_string(store.value("rows_checked", std::uint64_t{0})) + " rows so far\n";
  if (const auto damaged = store.value("rows_damaged", std::uint64_t{0}); damaged != 0)
    text += "damage    " + std::to_string(damaged) + " rows set aside and declared lost\n";
  if (store.at("degraded").get<bool>()) text += "          DEGRADED: reads only, after an I/O error\n";
  return text;
}

/// What is not usual about the relay, a line each.
[[nodiscard]] std::string relay_notes(const Json& relay) {
  std::string text;
  if (relay.value("outside_window", false)) text += "          outside the connection windows: events wait\n";
  for (const Json& alarm : relay.value("alarms", Json::array())) {
    const std::string name = alarm.get<std::string>();
    text += "          ALARM " + printable(name) + ": " + std::string(alarm_words(name)) + "\n";
  }
  const auto count = [&](const char* name, const char* words) {
    const auto number = relay.value(name, std::uint64_t{0});
    if (number != 0) text += "          " + std::to_string(number) + " " + words + "\n";
  };
  count("topics_denied", "topics denied now");
  count("keys_held", "keys held now behind a refused event of theirs");
  count("takeovers", "times taken over by another client");
  count("stalls", "times reconnected because nothing was acknowledged");
  count("suspects", "events sent alone because connections died with them");
  count("resent", "events sent again on request");
  count("resend_refused", "requests to send again refused");
  return text;
}

[[nodiscard]] std::string relay_text(const Json& relay) {
  const auto number = [&](const char* name) { return std::to_string(relay.at(name).get<std::uint64_t>()); };
  std::string text = "relay     " + words(relay.at("state")) + ", " + words(relay.at("broker")) +
                     ", in flight " + number("in_flight_events") + " of " + number("window_events") +
                     ", acknowledged " + number("acknowledged") + ", republished " + number("republished") +
                     ", refused " + number("refused") + "\n";
  const std::string error = relay.at("last_error").get<std::string>();
  if (!error.empty()) text += "          last error: " + printable(error) + "\n";
  return text + relay_notes(relay);
}

[[nodiscard]] std::string document_text(const Json& status) {
  const Json& store = status.at("store");
  const Json& epoch = store.at("epoch");
  std::string text = "store     " + words(store.at("path")) + " (" + words(status.at("state")) + ")\n";
  text += "device    " + words(status.at("device")) + "\n";
  text += "epoch     " + (epoch.is_null() ? "none: there was no event yet" : words(epoch)) + "\n";
  text += disk_lines(store);
  if (status.contains("relay")) text += relay_text(status.at("relay"));
  text += "at        " + words(status.at("time")) +
          (status.at("time_trusted").get<bool>() ? "" : " (the clock is not synchronised)") + "\n\n";
  return text + lanes_text(status.at("lanes")) + lane_notes(status.at("lanes"));
}

/// A fraction that fits no integer type would be undefined to convert, and no document of ours has one.
[[nodiscard]] bool fits_integers(const Json& value) {
  constexpr double kMost = 9e15;
  return !value.is_number_float() || (value.get<double>() >= 0 && value.get<double>() <= kMost);
}

/// Reads a document with `read`, whatever it holds.
template <class Read>
[[nodiscard]] auto read_document(std::string_view text, Read read) -> Result<decltype(read(Json()))> {
  try {
    bool all_fit = true;
    const Json status = Json::parse(text, [&](int /*depth*/, Json::parse_event_t event, const Json& value) {
      all_fit = all_fit && (event != Json::parse_event_t::value || fits_integers(value));
      return true;
    });
    if (all_fit && status.at("format") == kFormat) return read(status);
  } catch (const Json::exception&) {  // reported below
  }
  return fail(ErrorCode::invalid, "read the status", "it is not a status document of holdfast");
}

}  // namespace

std::string status_json(const StatusContext& context, const Statistics& statistics, PlatformView platform) {
  const platform::WallTime wall = platform.clock.wall();
  Json json = {
      {"format", kFormat},
      {"version", HOLDFAST_VERSION},
      {"state", context.state},
      {"pid", platform.host.process_id()},
      {"boot_id", platform.host.boot_id()},
      {"since_boot_s", std::chrono::duration<double>(platform.clock.now().time_since_epoch()).count()},
      {"time", wire::time_text(wall.utc)},
      {"time_trusted", wall.trusted},
      {"device", statistics.store.device},
      {"readings_lost", context.readings_lost},
      {"sensor_errors", context.sensor_errors},
      {"store", store_json(context, statistics.store)}};
  if (!context.broker_url.empty()) json["relay"] = relay_json(context.broker_url, statistics.relay);
  if (statistics.relays.size() > 1) {
    json["relays"] = Json::array();
    for (const RelayStatistics& relay : statistics.relays)
      json["relays"].push_back(relay_json(context.broker_url, relay));
  }
  json["lanes"] = lane_array(statistics.lanes);
  // Paths may be any bytes; JSON may not.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::string> status_text(std::string_view json) { return read_document(json, document_text); }

std::string lanes_json(const std::vector<LaneStatistics>& lanes) {
  return Json{{"format", "dev.holdfast.lanes.v1"}, {"lanes", lane_array(lanes)}}.dump();
}

std::string lanes_table(const std::vector<LaneStatistics>& lanes) {
  const Json json = lane_array(lanes);
  std::string text = lanes_text(json) + lane_notes(json);
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

Result<StatusAuthor> status_author(std::string_view json) {
  return read_document(json, [](const Json& status) {
    return StatusAuthor{status.at("pid").get<std::int64_t>(), status.at("boot_id").get<std::string>(),
                        status.at("state") == "running"};
  });
}

std::string status_line(const Statistics& statistics, const std::string& broker_url) {
  const Sums sums = sums_of(statistics);
  const RelayStatistics& relay = statistics.relay;
  std::string line(to_string(relay.state));
  line += "  committed " + std::to_string(sums.committed) + "  settled " + std::to_string(sums.settled) +
          "  backlog " + std::to_string(sums.backlog) + "  in flight " +
          std::to_string(relay.in_flight_events);
  if (sums.quarantined != 0) line += "  quarantined " + std::to_string(sums.quarantined);
  if (sums.lost != 0) line += "  declared lost " + std::to_string(sums.lost);
  for (const RelayAlarm alarm : relay.alarms) line += "  ALARM " + std::string(to_string(alarm));
  if (relay.outside_window) line += "  outside the connection windows";
  const StoreStatistics& store = statistics.store;
  if (store.pressure != Pressure::normal)
    line += "  disk " + pressure_text(std::string(to_string(store.pressure)), store.pressure_reason);
  if (!store.warning.empty()) line += "  warning: " + store.warning;
  if (store.degraded) line += "  DEGRADED: reads only, after an I/O error; see the kernel's log";
  if (relay.state != RelayState::connected && !relay.outside_window && !relay.last_error.empty())
    line += "  | " + connection_error(broker_url, relay.last_reason, relay.last_error).text();
  return line;
}

}  // namespace holdfast::program
