// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What `prove growth` measured and what it concludes. Pure.
namespace holdfast::prove {

/// A store in which so many delivered events are kept, and 100 wait.
struct GrowthPoint {
  std::uint64_t rows = 0;
  double fetch_ms = 0;           ///< the relay's poll: the first 100 that wait; median
  double commit_ms = 0;          ///< a write of one event; median
  double raw_ms = 0;             ///< a commit of raw SQLite, in turns with those; median
  double purge_ms = 0;           ///< for each 1,000 rows that are deleted; median of the steps
  double purge_step_ms_max = 0;  ///< the longest time that a purge had the store
  /// As commit_ms, while rows are to be purged: a commit takes some of them along.
  double commit_purging_ms = 0;
  double raw_purging_ms = 0;  ///< as raw_ms, in turns with the steps
  std::uint64_t purged = 0;   ///< rows, in steps that were measured
  std::uint64_t purge_steps = 0;
  std::uint64_t purge_step_rows_max = 0;
  double naive_poll_ms = 0;  ///< the control: see control.hpp
};

/// A cost that grew with the rows would be a hundred times larger at a hundred times the rows; the rest of this room is
/// for the machine's moods.
inline constexpr double kGrowthMax = 5;
/// A shorter time counts as this: below it the clock and the scheduler are what is measured.
inline constexpr double kTooShortMs = 0.05;
/// With fewer, the median is what one flush happened to take.
inline constexpr std::uint64_t kPurgeStepsMin = 3;

struct GrowthReport {
  std::vector<GrowthPoint> points;  ///< by rows
  std::string sqlite;
  std::string file_system;
  std::string machine;
  bool optimised = false;  ///< false: built for debugging, and the times say little

  /// Why the proof failed, a sentence each. Empty: nothing grew with the table.
  [[nodiscard]] std::vector<std::string> complaints() const;
};

[[nodiscard]] std::string to_text(const GrowthReport& report);
[[nodiscard]] std::string to_json(const GrowthReport& report);  ///< one line
/// A page with the table and a chart of it, in one file.
[[nodiscard]] std::string to_html(const GrowthReport& report);

}  // namespace holdfast::prove
