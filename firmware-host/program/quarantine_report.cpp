// SPDX-License-Identifier: MIT
#include "program/quarantine_report.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "program/talk.hpp"
#include "wire/time_text.hpp"

namespace holdfast::program {

std::string quarantine_json(const std::vector<QuarantinedEvent>& events) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const QuarantinedEvent& event : events) {
    list.push_back({{"id", event.id.text()},
                    {"lane", event.id.lane},
                    {"seq", event.id.seq},
                    {"key", event.key},
                    {"type", event.type},
                    {"topic", event.topic},
                    {"data_bytes", event.data_bytes},
                    {"reason", event.reason},
                    {"detail", event.detail},
                    {"attempts", event.attempts},
                    {"first_attempt", wire::time_text(event.first_attempt)},
                    {"last_attempt", wire::time_text(event.last_attempt)},
                    {"requeued", event.requeued}});
  }
  const nlohmann::ordered_json document = {{"format", "dev.holdfast.quarantine.v1"},
                                           {"events", std::move(list)}};
  return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string quarantine_table(const std::vector<QuarantinedEvent>& events) {
  if (events.empty()) return "nothing is in quarantine";
  std::string text;
  std::array<char, 160> line{};
  std::snprintf(line.data(), line.size(), "%-16s %10s %10s %6s %9s  %-27s %s", "lane", "seq", "bytes",
                "reason", "attempts", "last attempt", "topic, and what the broker said");
  text += line.data();
  for (const QuarantinedEvent& event : events) {
    std::snprintf(line.data(), line.size(), "\n%-16s %10lld %10zu   0x%02X %9lld  %-27s ",
                  event.id.lane.c_str(), static_cast<long long>(event.id.seq), event.data_bytes,
                  static_cast<unsigned>(event.reason) & 0xFFU, static_cast<long long>(event.attempts),
                  wire::time_text(event.last_attempt).c_str());
    text += line.data();
    text += printable(event.topic);
    if (!event.detail.empty()) text += ": " + printable(event.detail);
    if (event.requeued) text += " (on its way again)";
  }
  return text;
}

Result<SeqSpan> parse_seqs(std::string_view text) {
  if (text == "all") return SeqSpan{};
  const std::size_t dash = text.find('-');
  const auto first = base::parse_decimal(text.substr(0, dash));
  const std::string_view end = dash == std::string_view::npos ? text : text.substr(dash + 1);
  const auto last =
      end.empty() && dash != std::string_view::npos ? std::optional(INT64_MAX) : base::parse_decimal(end);
  if (first && last && *first >= 1 && *last >= *first) return SeqSpan{*first, *last};
  return fail(ErrorCode::invalid, "read '" + std::string(text) + "'", "seqs are 3, 3-7, 3- or all");
}

}  // namespace holdfast::program
