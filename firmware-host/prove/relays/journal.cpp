// SPDX-License-Identifier: MIT
#include "prove/relays/journal.hpp"

#include <array>
#include <fstream>
#include <sstream>

namespace holdfast::prove {
namespace {

constexpr std::array<std::string_view, kSteps> kNames = {"life",         "connects", "publishes", "not_taken",
                                                         "acknowledged", "refused",  "drops"};

constexpr const char* kWhole = ".";

[[nodiscard]] std::optional<ClaimStep> step(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<ClaimStep>(i);
  return std::nullopt;
}

[[nodiscard]] bool has_id(ClaimStep step) {
  return step != ClaimStep::life && step != ClaimStep::connects && step != ClaimStep::drops;
}

}  // namespace

std::string to_text(const JournalLine& line) {
  std::string text = std::to_string(line.at_ms) + ' ';
  text += kNames[static_cast<std::size_t>(line.step)];
  if (line.step != ClaimStep::life) text += ' ' + std::to_string(line.connection);
  if (has_id(line.step)) text += ' ' + line.id;
  if (line.step == ClaimStep::publishes) text += ' ' + line.key;
  return text + ' ' + kWhole;
}

std::optional<JournalLine> journal_line(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::int64_t at_ms = 0;
  std::string name;
  words >> at_ms >> name;
  const auto found = step(name);
  if (!found) return std::nullopt;
  JournalLine line{.step = *found, .at_ms = at_ms};
  if (line.step != ClaimStep::life) words >> line.connection;
  if (has_id(line.step)) words >> line.id;
  if (line.step == ClaimStep::publishes) words >> line.key;
  std::string end;
  words >> end;
  std::string too_much;
  if (words.fail() || end != kWhole || (words >> too_much)) return std::nullopt;
  return line;
}

void JournalReader::read_more() {
  std::ifstream in(path_, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(offset_));
  std::string text;
  while (std::getline(in, text) && !in.eof()) {  // a line without an end is still being written
    offset_ += text.size() + 1;
    if (!text.empty()) take(text);
  }
}

void JournalReader::take(const std::string& text) {
  auto line = journal_line(text);
  const bool was_killed_in_it = line && line->step == ClaimStep::life;
  if (is_torn_ && !was_killed_in_it) ++unreadable_;
  is_torn_ = !line;
  if (line) lines_.push_back(std::move(*line));
}

}  // namespace holdfast::prove
