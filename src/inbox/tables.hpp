// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "inbox/applied_table.hpp"
#include "inbox/declared_tables.hpp"
#include "inbox/epoch_table.hpp"
#include "inbox/foreign_table.hpp"
#include "inbox/rewind_table.hpp"
#include "inbox/source_table.hpp"

namespace holdfast::inbox {

namespace sql {

inline constexpr std::string_view kStreamRows =
    "SELECT (SELECT count(*) FROM hf_in_applied WHERE source = ?1 AND epoch = ?2) + "
    "(SELECT count(*) FROM hf_in_declared WHERE source = ?1 AND epoch = ?2) + "
    "(SELECT count(*) FROM hf_in_sparse WHERE source = ?1 AND epoch = ?2)";
inline constexpr std::string_view kStreamSpan =
    "SELECT min(first), max(last) FROM ("
    "SELECT first, last FROM hf_in_applied WHERE source = ?1 AND epoch = ?2 UNION ALL "
    "SELECT first, last FROM hf_in_declared WHERE source = ?1 AND epoch = ?2 UNION ALL "
    "SELECT first, last FROM hf_in_sparse WHERE source = ?1 AND epoch = ?2)";
// Over all epochs of a lane: its seqs continue from one to the next.
inline constexpr std::string_view kHighestUpTo =
    "SELECT max(min(last, ?2)) FROM ("
    "SELECT first, last FROM hf_in_applied WHERE source = ?1 UNION ALL "
    "SELECT first, last FROM hf_in_declared WHERE source = ?1) WHERE first <= ?2";
inline constexpr std::string_view kAllRows =
    "SELECT (SELECT count(*) FROM hf_in_applied) + (SELECT count(*) FROM hf_in_declared) + "
    "(SELECT count(*) FROM hf_in_sparse)";
inline constexpr std::string_view kAllStreams =
    "SELECT s.name, s.lane, s.device, s.source, e.epoch FROM hf_in_source s "
    "JOIN hf_in_epoch e ON e.device = s.device ORDER BY s.name, e.ordinal";

}  // namespace sql

/// What spans several tables, read only.
class StreamQueries {
 public:
  [[nodiscard]] Result<void> prepare(sqlite3* db) {
    return store::prepare_all(db, {{&rows_, sql::kStreamRows},
                                   {&span_, sql::kStreamSpan},
                                   {&up_to_, sql::kHighestUpTo},
                                   {&all_rows_, sql::kAllRows},
                                   {&all_streams_, sql::kAllStreams}});
  }

  /// Rows that remember what was applied or declared of the stream; without one, of all.
  [[nodiscard]] Result<std::int64_t> rows(Stream stream) {
    return first_row(bind_stream(rows_, stream), first_integer).map(value_or_zero);
  }
  [[nodiscard]] Result<std::int64_t> rows() { return first_row(all_rows_, first_integer).map(value_or_zero); }

  /// From the lowest to the highest seq that was applied or declared.
  [[nodiscard]] Result<std::optional<Interval>> span(Stream stream) {
    auto ends = first_row(bind_stream(span_, stream), [](Statement& row) {
      return Interval{row.integer(0), row.integer(1)};  // NULL, when there is nothing, reads as 0
    });
    if (ends && *ends && (*ends)->last == 0) return std::nullopt;
    return ends;
  }
  /// The highest known seq of the lane, whatever its epoch, that is not above `seq`; 0: none.
  [[nodiscard]] Result<std::int64_t> highest_up_to(std::int64_t source, std::int64_t seq) {
    return first_row(up_to_.bind(1, source).bind(2, seq), first_integer).map(value_or_zero);
  }

  /// Every lane with every epoch of its device: name, lane, device, source, epoch; by name and time.
  [[nodiscard]] Statement& all_streams() { return all_streams_; }

 private:
  static Statement& bind_stream(Statement& statement, Stream stream) {
    return statement.bind(1, stream.source).bind(2, stream.epoch);
  }
  static std::int64_t value_or_zero(const std::optional<std::int64_t>& value) { return value.value_or(0); }

  Statement rows_;
  Statement span_;
  Statement up_to_;
  Statement all_rows_;
  Statement all_streams_;
};

/// All tables of one database, prepared.
struct Tables {
  AppliedTable applied;
  DeclaredTable declared;
  SparseTable sparse;
  SourceTable sources;
  EpochTable epochs;
  RewindTable rewinds;
  ForeignTable foreign;
  StreamQueries streams;

  [[nodiscard]] Result<void> prepare(sqlite3* db, std::size_t sources_max) {
    return applied.prepare(db)
        .and_then([&] { return declared.prepare(db); })
        .and_then([&] { return sparse.prepare(db); })
        .and_then([&] { return sources.prepare(db, sources_max); })
        .and_then([&] { return epochs.prepare(db); })
        .and_then([&] { return rewinds.prepare(db); })
        .and_then([&] { return foreign.prepare(db); })
        .and_then([&] { return streams.prepare(db); });
  }
};

}  // namespace holdfast::inbox
