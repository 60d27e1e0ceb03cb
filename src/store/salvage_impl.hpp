// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/damaged_table.hpp"
#include "store/damaged_vfs.hpp"
#include "store/salvage.hpp"
#include "store/salvage_losses.hpp"
#include "store/salvage_names.hpp"

/// What is behind a Salvager: salvage.cpp opens the damaged store and hands out its rows, salvage_tables.cpp reads the
/// small tables, and salvage_lanes.cpp finds out what became of each seq of a lane.
namespace holdfast::store {

// Beyond it a number is taken for damage: no store gives so many seqs.
inline constexpr std::int64_t kSalvagedSeqMax = std::int64_t{1} << 53;

inline constexpr const char* kSalvagedColumns =
    "seq, epoch, boot, since_boot_ns, key, type, topic, content_type, attributes, ttl_s, total_bytes, crc, "
    "data";

[[nodiscard]] inline bool is_seq(std::int64_t seq) noexcept { return seq >= 0 && seq <= kSalvagedSeqMax; }

// Columns by name, since older stores have fewer.
[[nodiscard]] std::int64_t integer_of(const Statement& row, std::string_view name,
                                      std::int64_t otherwise = 0);
[[nodiscard]] std::string text_of(const Statement& row, std::string_view name);
[[nodiscard]] std::optional<std::int64_t> optional_of(const Statement& row, std::string_view name);

struct CloseSqlite {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
using SqliteHandle = std::unique_ptr<sqlite3, CloseSqlite>;

struct Salvager::Impl {
  std::unique_ptr<DamagedVfs> vfs;
  SqliteHandle db;
  Salvage salvage;
  SalvageNames names;
  std::vector<KeySpan> quarantine_spans;
  std::map<LaneNumber, std::vector<std::int64_t>> quarantined;
  std::map<LaneNumber, std::vector<SalvagedGap>> gaps;
  bool gaps_whole = true;

  Result<void> survey(const SalvageSource& source);
  Result<void> read_schema();
  Result<void> read_store();
  Result<void> read_leases();
  Result<void> read_boots();
  Result<void> read_epochs();
  Result<void> read_epoch_ends();
  Result<void> read_lanes(const SalvageSource& source);
  Result<void> name_lanes(const SalvageSource& source);
  Result<void> read_gaps();
  Result<void> read_quarantine();
  Result<void> survey_lane(SalvagedLane& lane);
  Result<void> fit_cursor(SalvagedLane& lane, DamagedTable& rows);
  Result<void> walk_lane(SalvagedLane& lane, DamagedTable& rows, LaneLosses& losses);
  void conclude(SalvagedLane& lane, LaneLosses losses);

  void find(std::string finding) { salvage.findings.push_back(std::move(finding)); }
  Result<bool> both_ways(const std::string& select, const std::string& order,
                         const std::function<Result<bool>(const Statement&)>& take);
  Result<std::optional<DamagedTable>> lane_table(LaneNumber lane) {
    return DamagedTable::open(db.get(), "hf_lane_" + std::to_string(lane), "seq", kSalvagedColumns);
  }
};

}  // namespace holdfast::store
