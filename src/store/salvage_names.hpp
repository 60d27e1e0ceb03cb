// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/event.hpp>
#include <holdfast/result.hpp>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/damaged_table.hpp"
#include "store/salvage.hpp"

namespace holdfast::store {

/// What the numbers in the rows of a damaged store stand for. There may be two answers, of a table and of its
/// index; the checksum of a row tells which of them is right.
class SalvageNames {
 public:
  /// `epochs` are those that the table gave; an epoch that only the index knows is added to them.
  [[nodiscard]] Result<void> open(sqlite3* db, std::map<std::int64_t, SalvagedEpoch>& epochs);

  /// The row on which `row` stands, with `column` its seq and then the columns of lane_table.sql in order.
  /// nullopt: it is not what was written.
  [[nodiscard]] Result<std::optional<SalvagedRow>> read(const Statement& row, int column, LaneNumber lane);

 private:
  static constexpr std::size_t kCachedTextsMax = 1024;
  static constexpr std::size_t kIndexBytesMax = 16U * 1024 * 1024;
  using Texts = std::vector<std::string>;
  Result<Texts> texts(const Statement& row, int column, bool second_copies);
  Result<std::optional<std::string>> text_of(std::int64_t id);
  Result<void> load_text_index();
  Result<void> load_epoch_index();
  std::vector<Epoch> epochs_of(std::int64_t number, bool second_copies) const;
  Result<bool> complete(const Statement& row, int column, std::int64_t crc, bool second_copies,
                        SalvagedRow& salvaged);

  sqlite3* db_ = nullptr;
  std::map<std::int64_t, SalvagedEpoch>* epochs_ = nullptr;
  std::optional<Statement> text_;
  std::unordered_map<std::int64_t, std::string> texts_;
  std::unordered_map<std::int64_t, std::string> index_texts_;
  std::size_t index_bytes_ = 0;
  bool index_loaded_ = false;
  std::map<std::int64_t, Epoch> index_epochs_;
};

}  // namespace holdfast::store
