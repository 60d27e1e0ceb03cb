// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/inbox.hpp>
#include <string>
#include <string_view>

#include "inbox/rows.hpp"

namespace holdfast::inbox {

namespace sql {

// One report per epoch: nothing happens when it was made before.
inline constexpr std::string_view kRewindMark =
    "UPDATE hf_in_epoch SET rewound = 1 WHERE device = ?1 AND epoch = ?2 AND rewound = 0";
inline constexpr std::string_view kRewindUnmark =
    "UPDATE hf_in_epoch SET rewound = 0 WHERE device = ?1 AND epoch = ?2";
inline constexpr std::string_view kRewindInsert =
    "INSERT INTO hf_in_rewind (device, epoch, parent, what) VALUES (?1, ?2, ?3, ?4) RETURNING rewind";
inline constexpr std::string_view kRewindTrim = "DELETE FROM hf_in_rewind WHERE rewind <= ?1";
inline constexpr std::string_view kRewindWithdraw =
    "DELETE FROM hf_in_rewind WHERE device = ?1 AND parent = ?2 RETURNING epoch";
inline constexpr std::string_view kRewindCount =
    "UPDATE hf_in_meta SET value = value + ?1 WHERE name = 'rewinds'";
inline constexpr std::string_view kRewindTotal = "SELECT value FROM hf_in_meta WHERE name = 'rewinds'";
inline constexpr std::string_view kRewindList =
    "SELECT d.name, r.epoch, r.what FROM hf_in_rewind r JOIN hf_in_device d ON d.device = r.device "
    "ORDER BY r.rewind LIMIT ?1";

}  // namespace sql

/// hf_in_rewind: what showed that a store went back in time. The newest kRewindsMax are kept, and counted for
/// ever.
class RewindTable {
 public:
  static constexpr std::int64_t kRewindsMax = 1000;

  [[nodiscard]] Result<void> prepare(sqlite3* db);

  /// False: this epoch was reported before. `parent`: the report rests only on this parent being unknown.
  [[nodiscard]] Result<bool> report(std::int64_t device, std::int64_t epoch,
                                    std::optional<std::int64_t> parent, std::string_view what);
  /// `parent` became known: takes the reports back that rested on the contrary.
  [[nodiscard]] Result<void> withdraw(std::int64_t device, std::int64_t parent);
  [[nodiscard]] Result<std::vector<Rewind>> list(std::size_t rewinds_max);
  [[nodiscard]] Result<std::int64_t> total();

 private:
  [[nodiscard]] Result<void> count(std::int64_t by) { return count_.bind(1, by).run(); }

  sqlite3* db_ = nullptr;
  Statement mark_;
  Statement unmark_;
  Statement insert_;
  Statement trim_;
  Statement withdraw_;
  Statement count_;
  Statement total_;
  Statement list_;
};

}  // namespace holdfast::inbox
