// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/options.hpp>
#include <holdfast/result.hpp>
#include <string>
#include <vector>

#include "store/sqlite.hpp"
#include "store/stored_event.hpp"

namespace holdfast::store {

/// A row of hf_lane. `below` counts what lies at or below the cursor.
struct LaneRecord {
  LaneNumber lane = 0;
  LaneOptions options;
  std::int64_t cursor = 0;        ///< durable: it and all below are settled
  std::int64_t cursor_bytes = 0;  ///< running total of data bytes up to it
  std::int64_t lost_events = 0;   ///< declared in gap records, ever
  std::int64_t lost_bytes = 0;
  std::int64_t lost_events_below = 0;
  std::int64_t lost_bytes_below = 0;
  bool paused = false;   ///< not drained
  bool retired = false;  ///< removed: there is no table, and its sequence goes on should it come back
};

/// hf_lane: which lanes there are and were, how they are treated, and how far each is settled. The caller
/// holds a transaction for every change.
class LaneTable {
 public:
  [[nodiscard]] static Result<LaneTable> open(Connection& connection);

  /// Makes the lanes that are not there (any more), and stores changed settings.
  [[nodiscard]] Result<void> configure(Connection& connection, const std::vector<LaneOptions>& lanes);
  /// By priority, then by number; retired ones too.
  [[nodiscard]] Result<std::vector<LaneRecord>> list();
  /// Cursor, totals and losses.
  [[nodiscard]] Result<void> store_progress(const LaneRecord& record);
  [[nodiscard]] Result<void> set_paused(LaneNumber lane, bool paused);
  [[nodiscard]] Result<void> set_retired(LaneNumber lane, bool retired);

 private:
  Result<void> configure_lane(Connection& connection, const LaneOptions& options,
                              const std::vector<LaneRecord>& stored, LaneNumber next);
  Statement add_;
  Statement set_options_;
  Statement list_;
  Statement store_progress_;
  Statement set_paused_;
  Statement set_retired_;
};

}  // namespace holdfast::store
