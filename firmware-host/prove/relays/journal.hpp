// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The claim journal of `holdfast prove relays`: what each connection of a device is given to publish, and what became
/// of it, in one order for all. A line is written before what it names is done, and outlives a SIGKILL.
///
/// A line is MS STEP ... and a full stop: the boot clock in milliseconds, one of these, and a sign that it is whole, as a
/// SIGKILL may leave the beginning of one.
///
///   life        a device process begins; nothing of an earlier one is in flight
///   connects N             connection N begins a pass
///   publishes N ID KEY     it is given this event
///   not_taken N ID         the link did not take it
///   acknowledged N ID      the broker has it
///   refused N ID           the broker does not want it now
///   drops N                the pass is over; what has no answer is in flight no more
namespace holdfast::prove {

enum class ClaimStep : std::uint8_t { life, connects, publishes, not_taken, acknowledged, refused, drops };
inline constexpr int kSteps = 7;

struct JournalLine {
  ClaimStep step = ClaimStep::life;
  std::size_t connection = 0;  ///< from 1; 0: life
  std::string id = {};
  std::string key = {};
  std::int64_t at_ms = 0;  ///< boot clock
};

[[nodiscard]] std::string to_text(const JournalLine& line);  ///< without a line end
[[nodiscard]] std::optional<JournalLine> journal_line(std::string_view text);

/// Reads a journal that is still being written: what has come since the last time, in whole lines.
class JournalReader {
 public:
  explicit JournalReader(std::string path) : path_(std::move(path)) {}
  void read_more();
  [[nodiscard]] const std::vector<JournalLine>& lines() const noexcept { return lines_; }
  /// Lines that make no sense; a journal has none, but for what a killed process left of one before the next `life`.
  [[nodiscard]] std::size_t unreadable() const noexcept { return unreadable_ + (is_torn_ ? 1 : 0); }

 private:
  void take(const std::string& text);
  std::string path_;
  std::uint64_t offset_ = 0;
  std::vector<JournalLine> lines_;
  std::size_t unreadable_ = 0;
  bool is_torn_ = false;  // the line before this one makes no sense
};

}  // namespace holdfast::prove
