// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <holdfast/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/salvage.hpp"
#include "store/sqlite.hpp"

namespace holdfast::store {

/// The file's fault, and not that of the machine (memory) or of somebody who holds a lock.
[[nodiscard]] bool is_damage(const Error& error) noexcept;

/// A statement of a damaged database: nullopt when its table or index cannot be found.
[[nodiscard]] Result<std::optional<Statement>> prepare_damaged(sqlite3* db, const std::string& sql);

/// Rows of `up` until it ends or meets damage, and then those of `down`, which walks the other way. `take` may
/// see a row twice, and returns false to end. True when all was read.
[[nodiscard]] Result<bool> read_both_ways(sqlite3* db, const std::string& up, const std::string& down,
                                          const std::function<Result<bool>(const Statement&)>& take);

/// A rowid table of which some pages are damaged. Keys must rise strictly as SQLite hands them out: a page
/// that is linked in twice, or in a circle, ends a walk as a damaged one does.
class DamagedTable {
 public:
  /// `columns` are selected by for_each(), the key first. nullopt: there is no such table to be found.
  [[nodiscard]] static Result<std::optional<DamagedTable>> open(sqlite3* db, const std::string& table,
                                                                const std::string& key,
                                                                const std::string& columns);
  /// The ranges above `after` that can be walked, ascending. Rows in them may still not read.
  [[nodiscard]] Result<std::vector<KeySpan>> find_spans(std::int64_t after);
  /// Hands out the rows of the spans, and the keys whose rows do not read.
  [[nodiscard]] Result<void> for_each(const std::vector<KeySpan>& spans,
                                      const std::function<Result<void>(const Statement&)>& take,
                                      const std::function<void(std::int64_t)>& unreadable);

 private:
  struct Hole {  // nothing is known of the keys between; both ends excluded
    std::int64_t low = 0;
    std::int64_t high = 0;
  };
  /// Where a walk came to.
  struct Walk {
    std::optional<KeySpan> span;
    bool whole = false;                  ///< it ended at its bound, not at damage
    std::optional<std::int64_t> resume;  ///< begin again above this key
  };
  static void out_of_order(Walk& walk, std::int64_t key, std::int64_t low);
  Result<Walk> walk_up(const Hole& within);
  Result<Walk> walk_down(const Hole& within);
  Result<std::optional<Hole>> climb(std::int64_t after, std::vector<KeySpan>& found);
  Result<void> probe(std::vector<Hole> holes, std::vector<KeySpan>& found);
  Result<std::optional<std::int64_t>> next_key(std::int64_t after);

  Statement up_;
  Statement down_;
  Statement rows_;
  int probes_left_ = 0;
};

}  // namespace holdfast::store
