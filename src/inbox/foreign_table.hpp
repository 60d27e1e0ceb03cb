// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "inbox/rows.hpp"

namespace holdfast::inbox {

namespace sql {

inline constexpr std::string_view kForeignInsert =
    "INSERT INTO hf_in_foreign (source, id, applied_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
// The age index names the rows, the primary key deletes them: no scan, however many there are.
inline constexpr std::string_view kForeignSweep =
    "DELETE FROM hf_in_foreign WHERE (source, id) IN "
    "(SELECT source, id FROM hf_in_foreign WHERE applied_at < ?1 ORDER BY applied_at LIMIT ?2)";

}  // namespace sql

/// hf_in_foreign: the ids of other producers' events, for a time.
class ForeignTable {
 public:
  /// Of `source` and of `id`: longer ones are refused.
  static constexpr std::size_t kTextBytesMax = 1024;

  [[nodiscard]] Result<void> prepare(sqlite3* db) {
    db_ = db;
    return store::prepare_all(db, {{&insert_, sql::kForeignInsert}, {&sweep_, sql::kForeignSweep}});
  }
  /// False: it was there.
  [[nodiscard]] Result<bool> add(std::string_view source, std::string_view id, std::int64_t applied_at) {
    if (auto done = insert_.bind(1, source).bind(2, id).bind(3, applied_at).run(); !done) return failed(done);
    return sqlite3_changes(db_) == 1;
  }
  /// Forgets at most `rows_max` that are older; returns how many.
  [[nodiscard]] Result<std::size_t> sweep(std::int64_t older_than, std::int64_t rows_max) {
    if (auto done = sweep_.bind(1, older_than).bind(2, rows_max).run(); !done) return failed(done);
    return static_cast<std::size_t>(sqlite3_changes(db_));
  }

 private:
  sqlite3* db_ = nullptr;
  Statement insert_;
  Statement sweep_;
};

}  // namespace holdfast::inbox
