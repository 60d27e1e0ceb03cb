// SPDX-License-Identifier: MIT
#pragma once

#include "inbox/interval_set.hpp"
#include "inbox/rows.hpp"

namespace holdfast::inbox {

namespace sql {

inline constexpr std::string_view kAppliedBelow =
    "SELECT first, last FROM hf_in_applied WHERE source = ?1 AND epoch = ?2 AND first <= ?3 "
    "ORDER BY first DESC LIMIT 1";
inline constexpr std::string_view kAppliedAt =
    "SELECT first, last FROM hf_in_applied WHERE source = ?1 AND epoch = ?2 AND first = ?3";
inline constexpr std::string_view kAppliedWithin =
    "SELECT first, last FROM hf_in_applied "
    "WHERE source = ?1 AND epoch = ?2 AND first <= ?4 AND last >= ?3 ORDER BY first";
// In order, an event is this one statement. It names the old end, so that a stale memory changes nothing.
inline constexpr std::string_view kAppliedExtend =
    "UPDATE hf_in_applied SET last = ?5 WHERE source = ?1 AND epoch = ?2 AND first = ?3 AND last = ?4";
inline constexpr std::string_view kAppliedInsert =
    "INSERT INTO hf_in_applied (source, epoch, first, last) VALUES (?1, ?2, ?3, ?4)";
inline constexpr std::string_view kAppliedDelete =
    "DELETE FROM hf_in_applied WHERE source = ?1 AND epoch = ?2 AND first = ?3";
inline constexpr std::string_view kAppliedDeleteAll =
    "DELETE FROM hf_in_applied WHERE source = ?1 AND epoch = ?2";

}  // namespace sql

/// hf_in_applied: the seqs whose effect is committed.
class AppliedTable {
 public:
  [[nodiscard]] Result<void> prepare(sqlite3* db);

  /// The interval with the greatest first <= seq.
  [[nodiscard]] Result<std::optional<Interval>> below(Stream stream, std::int64_t seq);
  [[nodiscard]] Result<std::optional<Interval>> highest(Stream stream) { return below(stream, kSeqMax); }
  [[nodiscard]] Result<std::vector<Interval>> within(Stream stream, const Interval& range);

  /// Lets `interval` end at `last` instead. False: the row is not as remembered, nothing is changed.
  [[nodiscard]] Result<bool> extend(Stream stream, const Interval& interval, std::int64_t last);

  /// The neighbours of a seq, and what adding it means.
  struct Place {
    Placement placement = Placement::known;
    std::optional<Interval> below;
    std::optional<Interval> above;
  };
  [[nodiscard]] Result<Place> find(Stream stream, std::int64_t seq);
  /// Adds a seq where find() says. Returns by how many rows the table grew: -1, 0 or 1.
  [[nodiscard]] Result<int> add(Stream stream, std::int64_t seq, const Place& place);

  /// Makes `intervals` all that is known of the stream. Returns by how many rows the table grew.
  [[nodiscard]] Result<std::int64_t> replace(Stream stream, std::span<const Interval> intervals);

 private:
  [[nodiscard]] Result<void> insert(Stream stream, const Interval& interval);
  [[nodiscard]] Result<void> erase(Stream stream, std::int64_t first);

  sqlite3* db_ = nullptr;
  Statement below_;
  Statement at_;
  Statement within_;
  Statement extend_;
  Statement insert_;
  Statement delete_;
  Statement delete_all_;
};

}  // namespace holdfast::inbox
