// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "unit/store/world.hpp"

namespace holdfast::store::test {

/// What the writers of a device were told, held against what its store holds (G3): each event that was told to be
/// stored is in the backlog with its bytes, or was acknowledged, or lies inside a gap record; and the records count
/// exactly what is missing. Gap records must not be acknowledged meanwhile.
class Ledger {
 public:
  explicit Ledger(Device& device) : device_(device) {}

  /// Writes `count` events of `bytes` each in one write, and remembers what it was told.
  [[nodiscard]] WriteResult write(std::string_view lane, std::size_t count, std::size_t bytes);
  /// Acknowledges the `count` oldest events of the backlog and stores that.
  void acknowledge(LaneNumber lane, std::size_t count);
  /// Quarantines the oldest event of the backlog; true when that was committed.
  [[nodiscard]] bool quarantine_oldest(LaneNumber lane);

  void expect_all_accounted_for();

  [[nodiscard]] std::map<std::int64_t, StoredEvent> backlog(LaneNumber lane);
  [[nodiscard]] std::vector<GapRecord> gaps(std::string_view lane);

 private:
  void keep_house();
  void expect_accounted_for(LaneNumber lane, std::string_view name);

  Device& device_;
  std::map<std::string, std::string> told_;  ///< id to data
  std::map<LaneNumber, std::set<std::int64_t>> acknowledged_;
  std::uint64_t written_ = 0;
};

/// A lane's numbers and what is missing, without knowing what was told: every seq above the cursor is in the backlog
/// or in a gap record. For stores whose writer was killed.
void expect_declared(Device& device, LaneNumber lane, std::string_view name);

}  // namespace holdfast::store::test
