// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "inbox/rows.hpp"

namespace holdfast::inbox {

namespace sql {

inline constexpr std::string_view kDeviceFind = "SELECT device FROM hf_in_device WHERE name = ?1";
// Rows are never deleted, so the greatest number is the count; nothing comes back when the bound is reached.
inline constexpr std::string_view kDeviceInsert =
    "INSERT INTO hf_in_device (name) SELECT ?1 WHERE (SELECT coalesce(max(device), 0) FROM hf_in_device) < "
    "?2 "
    "RETURNING device";
inline constexpr std::string_view kSourceFind = "SELECT source, device FROM hf_in_source WHERE name = ?1";
inline constexpr std::string_view kSourceInsert =
    "INSERT INTO hf_in_source (name, device, lane) SELECT ?1, ?2, ?3 "
    "WHERE (SELECT coalesce(max(source), 0) FROM hf_in_source) < ?4 RETURNING source, device";
inline constexpr std::string_view kSourceCount = "SELECT coalesce(max(source), 0) FROM hf_in_source";
inline constexpr std::string_view kSourceOfDevice = "SELECT source, lane FROM hf_in_source WHERE device = ?1";

}  // namespace sql

/// A source's number and its device's.
struct SourceRow {
  std::int64_t source = 0;
  std::int64_t device = 0;
};

/// A lane of a device, as a source.
struct LaneRow {
  std::int64_t source = 0;
  std::string lane;
};

/// hf_in_device and hf_in_source: names as numbers, bounded in number.
class SourceTable {
 public:
  [[nodiscard]] Result<void> prepare(sqlite3* db, std::size_t sources_max);
  /// The number of a name, made when it is new. Nothing: there are `sources_max` already.
  [[nodiscard]] Result<std::optional<std::int64_t>> device(std::string_view name);
  [[nodiscard]] Result<std::optional<SourceRow>> source(std::string_view name, std::int64_t device,
                                                        std::string_view lane);
  [[nodiscard]] Result<std::vector<LaneRow>> lanes_of(std::int64_t device);
  [[nodiscard]] Result<std::int64_t> count();

 private:
  std::int64_t sources_max_ = 0;
  Statement find_device_;
  Statement insert_device_;
  Statement find_source_;
  Statement insert_source_;
  Statement count_;
  Statement of_device_;
};

}  // namespace holdfast::inbox
