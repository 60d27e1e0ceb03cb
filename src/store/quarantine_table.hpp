// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/outbox.hpp>
#include <vector>

#include "store/lane_rows.hpp"
#include "store/loss_table.hpp"
#include "store/replay.hpp"

namespace holdfast::store {

/// A quarantined event as a listing shows it: without its data.
struct QuarantinedRow {
  std::int64_t epoch_number = 0;
  QuarantinedEvent event;  ///< but for id.epoch and id.lane
};

/// What the quarantine knows of a seq that a consumer misses.
struct QuarantinedSeq {
  std::int64_t seq = 0;
  std::int64_t epoch_number = 0;
  std::int64_t bytes = 0;
};

/// hf_quarantine, for operators and for what they have sent on its way again. How events come here is LossTable's
/// business. The caller holds a transaction for every change.
class QuarantineTable {
 public:
  [[nodiscard]] static Result<QuarantineTable> open(Connection& connection);

  [[nodiscard]] Result<std::vector<QuarantinedRow>> list(LaneNumber lane, std::int64_t after_seq,
                                                         std::size_t rows_max, TextTable& texts);
  /// Marks the oldest of first..last that are not marked, at most `rows_max`; returns how many. A row that was there
  /// before the schema had marks is written anew as a whole, so the caller bounds the block.
  [[nodiscard]] Result<std::size_t> requeue(LaneNumber lane, std::int64_t first_seq, std::int64_t last_seq,
                                            std::size_t rows_max);
  /// Deletes the oldest of first..last, at most `rows_max`; returns how many.
  [[nodiscard]] Result<std::size_t> discard(LaneNumber lane, std::int64_t first_seq, std::int64_t last_seq,
                                            std::size_t rows_max);
  /// Marked rows above `after`, by lane and seq; `take` says of each whether to go on.
  template <class Take>
  [[nodiscard]] Result<void> scan_requeued(const RequeuedPlace& after, TextTable& texts, Take take) {
    const ResetGuard guard(requeued_);
    requeued_.bind(1, after.lane).bind(2, after.seq);
    for (;;) {
      const auto stepped = requeued_.step();
      if (!stepped) return tl::unexpected<Error>(stepped.error());
      if (*stepped == Step::done) return {};
      auto row = read_event(requeued_, requeued_.integer(kLaneColumn), texts);
      if (!row) return tl::unexpected<Error>(row.error());
      if (!take(std::move(*row))) return {};
    }
  }
  /// The broker has it. Returns how many rows that were: it may have been discarded meanwhile.
  [[nodiscard]] Result<std::size_t> release(const RequeuedPlace& place);
  /// It is refused for good once more, and stays.
  [[nodiscard]] Result<void> refuse(const RefusalNote& note);
  [[nodiscard]] Result<std::vector<QuarantinedSeq>> seqs(LaneNumber lane, std::int64_t first_seq,
                                                         std::int64_t last_seq);

 private:
  [[nodiscard]] Result<std::size_t> change(Statement& statement);

  static constexpr int kLaneColumn = 13;
  sqlite3* db_ = nullptr;
  Statement list_;
  Statement requeue_;
  Statement discard_;
  Statement requeued_;
  Statement release_;
  Statement refuse_;
  Statement seqs_;
};

}  // namespace holdfast::store
