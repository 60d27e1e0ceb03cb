// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "inbox/interval_set.hpp"
#include "inbox/rows.hpp"

namespace holdfast::inbox {

namespace sql {

inline constexpr std::string_view kDeclaredBelow =
    "SELECT first, last, reason FROM hf_in_declared WHERE source = ?1 AND epoch = ?2 AND first <= ?3 "
    "ORDER BY first DESC LIMIT 1";
inline constexpr std::string_view kDeclaredAbove =
    "SELECT first, last, reason FROM hf_in_declared WHERE source = ?1 AND epoch = ?2 AND first > ?3 "
    "ORDER BY first LIMIT 1";
inline constexpr std::string_view kDeclaredWithin =
    "SELECT first, last, reason FROM hf_in_declared "
    "WHERE source = ?1 AND epoch = ?2 AND first <= ?4 AND last >= ?3 ORDER BY first";
inline constexpr std::string_view kDeclaredInsert =
    "INSERT INTO hf_in_declared (source, epoch, first, last, reason) VALUES (?1, ?2, ?3, ?4, ?5)";
inline constexpr std::string_view kDeclaredDelete =
    "DELETE FROM hf_in_declared WHERE source = ?1 AND epoch = ?2 AND first = ?3";

inline constexpr std::string_view kSparseWithin =
    "SELECT first, last, missing, reason FROM hf_in_sparse "
    "WHERE source = ?1 AND epoch = ?2 AND first <= ?4 AND last >= ?3 ORDER BY first, last";
inline constexpr std::string_view kSparseInsert =
    "INSERT INTO hf_in_sparse (source, epoch, first, last, missing, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
    "ON CONFLICT (source, epoch, first, last) DO UPDATE SET missing = excluded.missing";
inline constexpr std::string_view kSparseDelete =
    "DELETE FROM hf_in_sparse WHERE source = ?1 AND epoch = ?2 AND first = ?3 AND last = ?4";

}  // namespace sql

/// The one reason whose seqs may still arrive: a quarantined event can be requeued with its old id. What was
/// shed, damaged or is not retained is gone.
inline constexpr std::string_view kMayReturn = "quarantined";

struct Declared {
  Interval range;
  std::string reason;
};

/// hf_in_declared: seqs that gap records explain one by one, disjoint from the applied ones.
class DeclaredTable {
 public:
  [[nodiscard]] Result<void> prepare(sqlite3* db);

  /// The range that holds `seq`.
  [[nodiscard]] Result<std::optional<Declared>> holding(Stream stream, std::int64_t seq);
  [[nodiscard]] Result<std::optional<Declared>> above(Stream stream, std::int64_t seq);
  [[nodiscard]] Result<std::vector<Declared>> within(Stream stream, const Interval& range);

  /// Adds a range in which nothing is declared yet; it merges with neighbours of the same reason. Returns by
  /// how many rows the table grew: -1, 0 or 1.
  [[nodiscard]] Result<int> add(Stream stream, Declared piece);
  /// Takes `seq` out of the range that holds it. Returns by how many rows the table grew.
  [[nodiscard]] Result<int> split(Stream stream, const Declared& whole, std::int64_t seq);
  [[nodiscard]] Result<void> erase(Stream stream, std::int64_t first);

 private:
  [[nodiscard]] Result<std::optional<Declared>> below(Stream stream, std::int64_t seq);
  [[nodiscard]] Result<void> insert(Stream stream, const Declared& piece);

  Statement below_;
  Statement above_;
  Statement within_;
  Statement insert_;
  Statement delete_;
};

struct Sparse {
  SparseHull hull;
  std::string reason;
};

/// hf_in_sparse: gap records that do not say which seqs of their hull they explain.
class SparseTable {
 public:
  [[nodiscard]] Result<void> prepare(sqlite3* db);
  [[nodiscard]] Result<std::vector<Sparse>> within(Stream stream, const Interval& range);
  /// Inserts, or sets the count of this hull.
  [[nodiscard]] Result<void> put(Stream stream, const Sparse& sparse);
  [[nodiscard]] Result<void> erase(Stream stream, const Interval& hull);

 private:
  Statement within_;
  Statement put_;
  Statement delete_;
};

}  // namespace holdfast::inbox
