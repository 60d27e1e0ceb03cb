// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/platform/entropy.hpp>
#include <holdfast/result.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "store/sqlite.hpp"
#include "store/stored_event.hpp"

namespace holdfast::store {

/// A declared loss, as stored: names the epoch and lane by number.
struct GapRow {
  std::int64_t n = 0;
  std::int64_t epoch_number = 0;
  LaneNumber lane = 0;
  std::int64_t first_seq = 0;
  std::int64_t last_seq = 0;
  std::int64_t missing = 0;
  std::int64_t bytes = 0;
  std::string reason;
  bool acknowledged = false;  ///< as read; new ones are not
};

/// What the broker said about an event, and when (utc is for people).
struct RefusalNote {
  LaneNumber lane = 0;
  std::int64_t seq = 0;
  std::int32_t reason = 0;
  std::string detail;
  UtcTime utc;
};

/// hf_failed, hf_quarantine and hf_gap: events that the broker refused, and losses that are not declared yet.
/// The caller holds a transaction for every change.
class LossTable {
 public:
  /// `numbers` must outlive the table: gap records are named by random numbers, new whenever their content changes.
  /// A counter would come again in a restored copy of the store, and one id would name two records.
  [[nodiscard]] static Result<LossTable> open(Connection& connection, platform::Entropy& numbers);

  /// One more refused attempt of an event that stays pending. Beyond limits::kFailedRowsMax it is not
  /// remembered.
  [[nodiscard]] Result<void> note_failure(const RefusalNote& note);
  /// Forgets the failures of a lane up to its cursor.
  [[nodiscard]] Result<void> forget_failures(LaneNumber lane, std::int64_t up_to_seq);
  [[nodiscard]] bool any_failures() const noexcept { return failed_rows_ > 0; }

  /// Moves a row from its lane into the quarantine. The caller has looked at quarantined() and the bound.
  [[nodiscard]] Result<void> quarantine(Connection& connection, const RefusalNote& note);
  [[nodiscard]] std::int64_t quarantined() const noexcept { return quarantined_rows_; }
  /// So many rows have left the quarantine in this transaction.
  void count_released(std::int64_t rows) noexcept { quarantined_rows_ -= rows; }
  [[nodiscard]] Result<std::int64_t> quarantined_of(LaneNumber lane);
  /// Quarantined seqs of the lane above `after_seq`, ascending.
  [[nodiscard]] Result<std::vector<std::int64_t>> quarantined_above(LaneNumber lane, std::int64_t after_seq);

  /// Declares a loss. It merges with the lane's newest gap when they touch, are of one epoch and reason, and
  /// that one was not handed out yet: what is in flight is frozen. Beyond limits::kGapRowsMax of a lane two
  /// neighbours of one epoch become one sparse hull under a new number.
  [[nodiscard]] Result<void> add_gap(const GapRow& gap);
  /// Unacknowledged ones, at most `rows_max`; they are frozen from now on.
  [[nodiscard]] Result<std::vector<GapRow>> gaps(std::size_t rows_max);
  /// The broker has acknowledged the gap. Its row stays until the cursor has passed it, to explain the hole.
  [[nodiscard]] Result<void> acknowledge_gap(std::int64_t n);
  /// Forgets acknowledged gaps that the cursor has passed.
  [[nodiscard]] Result<void> forget_gaps(LaneNumber lane, std::int64_t cursor);
  [[nodiscard]] bool any_acknowledged() const noexcept { return acknowledged_gaps_ > 0; }
  /// Gaps that reach above `after_seq`, acknowledged ones too, in order.
  [[nodiscard]] Result<std::vector<GapRow>> gaps_above(LaneNumber lane, std::int64_t after_seq);

  /// The highest seq of the lane that only a gap or the quarantine still knows; 0 for none.
  [[nodiscard]] Result<std::int64_t> highest_seq(LaneNumber lane);
  /// The lowest epoch number that a gap or the quarantine refers to; INT64_MAX for none.
  [[nodiscard]] Result<std::int64_t> lowest_epoch_number();
  /// For a gap record: never given before.
  [[nodiscard]] std::int64_t new_number();

  /// The transaction was committed, or rolled back.
  void committed();
  [[nodiscard]] Result<void> rolled_back();

 private:
  /// Counts rows again.
  [[nodiscard]] Result<void> recount();
  [[nodiscard]] Result<void> insert_gap(const GapRow& gap);
  [[nodiscard]] Result<bool> merge_into_newest(const GapRow& gap);
  [[nodiscard]] Result<void> merge_two(LaneNumber lane);

  Statement note_failure_;
  Statement forget_failures_;
  Statement count_failed_;
  Statement count_quarantined_;
  Statement quarantined_of_;
  Statement quarantined_above_;
  Statement add_gap_;
  Statement extend_gap_;
  Statement gaps_;
  Statement gaps_of_;
  Statement gaps_above_;
  Statement count_gaps_;
  Statement count_acknowledged_;
  Statement acknowledge_gap_;
  Statement delete_gap_;
  Statement forget_gaps_;
  Statement highest_seq_;
  Statement lowest_epoch_;
  std::int64_t failed_rows_ = 0;
  std::int64_t quarantined_rows_ = 0;
  std::int64_t acknowledged_gaps_ = 0;
  sqlite3* db_ = nullptr;
  platform::Entropy* numbers_ = nullptr;
  // Per lane the newest gap that may still grow; as of this transaction, and as of the last commit.
  std::map<LaneNumber, GapRow> open_gaps_;
  std::map<LaneNumber, GapRow> open_gaps_kept_;
};

}  // namespace holdfast::store
