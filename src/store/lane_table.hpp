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

/// A row of hf_lane.
struct LaneRecord {
  LaneNumber lane = 0;
  std::string name;
  int priority = 1;
  std::int64_t cursor = 0;        ///< durable: it and all below are settled
  std::int64_t cursor_bytes = 0;  ///< running total of data bytes up to it
  std::int64_t lost_events = 0;   ///< declared in gap records, ever
};

/// hf_lane: which lanes there are, and how far each is settled.
class LaneTable {
 public:
  [[nodiscard]] static Result<LaneTable> open(Connection& connection);

  /// Makes the lanes that are not there yet and stores changed priorities. The caller holds a transaction.
  [[nodiscard]] Result<void> configure(Connection& connection, const std::vector<LaneOptions>& lanes);
  /// By priority, then by number.
  [[nodiscard]] Result<std::vector<LaneRecord>> list();
  [[nodiscard]] Result<void> set_cursor(LaneNumber lane, std::int64_t cursor, std::int64_t cursor_bytes);
  [[nodiscard]] Result<void> add_lost(LaneNumber lane, std::int64_t events);

 private:
  Statement add_;
  Statement set_priority_;
  Statement list_;
  Statement set_cursor_;
  Statement add_lost_;
};

}  // namespace holdfast::store
