// SPDX-License-Identifier: MIT
#include "store/loss_table.hpp"

#include <algorithm>
#include <holdfast/limits.hpp>

namespace holdfast::store {
namespace {

constexpr std::string_view kNoteFailure =
    "INSERT INTO hf_failed (lane, seq, attempts, reason, detail, first_utc_ns, last_utc_ns) "
    "SELECT ?1, ?2, 1, ?3, ?4, ?5, ?5 WHERE 1 ON CONFLICT (lane, seq) DO UPDATE SET attempts = attempts + 1, "
    "reason = excluded.reason, detail = excluded.detail, last_utc_ns = excluded.last_utc_ns";
constexpr std::string_view kForgetFailures = "DELETE FROM hf_failed WHERE lane = ?1 AND seq <= ?2";
constexpr std::string_view kCountFailed = "SELECT count(*) FROM hf_failed";
constexpr std::string_view kCountQuarantined = "SELECT count(*) FROM hf_quarantine";
constexpr std::string_view kQuarantinedOf = "SELECT count(*) FROM hf_quarantine WHERE lane = ?1";
constexpr std::string_view kQuarantinedAbove =
    "SELECT seq FROM hf_quarantine WHERE lane = ?1 AND seq > ?2 ORDER BY seq";
constexpr std::string_view kAddGap =
    "INSERT INTO hf_gap (n, epoch, lane, first_seq, last_seq, missing, bytes, reason) "
    "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8";
constexpr std::string_view kExtendGap =
    "UPDATE hf_gap SET n = ?6, first_seq = ?2, last_seq = ?3, missing = ?4, bytes = ?5 WHERE n = ?1";
#define HF_GAP_COLUMNS "n, epoch, lane, first_seq, last_seq, missing, bytes, reason, acknowledged"
constexpr std::string_view kGaps =
    "SELECT " HF_GAP_COLUMNS " FROM hf_gap WHERE acknowledged = 0 ORDER BY lane, first_seq LIMIT ?1";
constexpr std::string_view kGapsOf =
    "SELECT " HF_GAP_COLUMNS " FROM hf_gap WHERE lane = ?1 ORDER BY epoch, first_seq";
constexpr std::string_view kGapsAbove =
    "SELECT " HF_GAP_COLUMNS " FROM hf_gap WHERE lane = ?1 AND last_seq > ?2 ORDER BY first_seq";
#undef HF_GAP_COLUMNS
constexpr std::string_view kCountGaps = "SELECT count(*) FROM hf_gap WHERE lane = ?1";
constexpr std::string_view kCountAcknowledged = "SELECT count(*) FROM hf_gap WHERE acknowledged = 1";
constexpr std::string_view kAcknowledgeGap = "UPDATE hf_gap SET acknowledged = 1 WHERE n = ?1";
constexpr std::string_view kDeleteGap = "DELETE FROM hf_gap WHERE n = ?1";
constexpr std::string_view kForgetGaps =
    "DELETE FROM hf_gap WHERE lane = ?1 AND acknowledged = 1 AND last_seq <= ?2";
constexpr std::string_view kHighestSeq =
    "SELECT max(coalesce((SELECT max(last_seq) FROM hf_gap WHERE lane = ?1), 0), "
    "coalesce((SELECT max(seq) FROM hf_quarantine WHERE lane = ?1), 0))";
constexpr std::string_view kLowestEpoch =
    "SELECT min(coalesce((SELECT min(epoch) FROM hf_gap), 9223372036854775807), "
    "coalesce((SELECT min(epoch) FROM hf_quarantine), 9223372036854775807))";
// {lane} is the number of the lane's table. The failure's history, if there is one, moves along.
constexpr std::string_view kQuarantine =
    "INSERT INTO hf_quarantine SELECT ?1, seq, epoch, boot, since_boot_ns, key, type, topic, content_type, "
    "attributes, ttl_s, total_bytes, crc, data, ?3, ?4, "
    "1 + coalesce((SELECT attempts FROM hf_failed WHERE lane = ?1 AND seq = ?2), 0), "
    "coalesce((SELECT first_utc_ns FROM hf_failed WHERE lane = ?1 AND seq = ?2), ?5), ?5, 0 "
    "FROM hf_lane_{lane} WHERE seq = ?2";

Result<std::int64_t> integer_of(Statement& statement) {
  const ResetGuard guard(statement);
  const auto stepped = statement.step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  return statement.integer(0);
}

}  // namespace

Result<LossTable> LossTable::open(Connection& connection, platform::Entropy& numbers) {
  LossTable table;
  table.numbers_ = &numbers;
  auto done = prepare_all(connection.handle(), {{&table.note_failure_, kNoteFailure},
                                                {&table.forget_failures_, kForgetFailures},
                                                {&table.count_failed_, kCountFailed},
                                                {&table.count_quarantined_, kCountQuarantined},
                                                {&table.quarantined_of_, kQuarantinedOf},
                                                {&table.quarantined_above_, kQuarantinedAbove},
                                                {&table.add_gap_, kAddGap},
                                                {&table.extend_gap_, kExtendGap},
                                                {&table.gaps_, kGaps},
                                                {&table.gaps_of_, kGapsOf},
                                                {&table.gaps_above_, kGapsAbove},
                                                {&table.count_gaps_, kCountGaps},
                                                {&table.count_acknowledged_, kCountAcknowledged},
                                                {&table.acknowledge_gap_, kAcknowledgeGap},
                                                {&table.delete_gap_, kDeleteGap},
                                                {&table.forget_gaps_, kForgetGaps},
                                                {&table.highest_seq_, kHighestSeq},
                                                {&table.lowest_epoch_, kLowestEpoch}});
  table.db_ = connection.handle();
  if (done) done = table.recount();
  if (!done) return tl::unexpected<Error>(done.error());
  return table;
}

Result<void> LossTable::recount() {
  const auto failed = integer_of(count_failed_);
  if (!failed) return tl::unexpected<Error>(failed.error());
  const auto quarantined = integer_of(count_quarantined_);
  if (!quarantined) return tl::unexpected<Error>(quarantined.error());
  const auto acknowledged = integer_of(count_acknowledged_);
  if (!acknowledged) return tl::unexpected<Error>(acknowledged.error());
  acknowledged_gaps_ = *acknowledged;
  failed_rows_ = *failed;
  quarantined_rows_ = *quarantined;
  return {};
}

Result<void> LossTable::note_failure(const RefusalNote& note) {
  if (failed_rows_ >= static_cast<std::int64_t>(limits::kFailedRowsMax)) return {};
  auto done = note_failure_.bind(1, note.lane)
                  .bind(2, note.seq)
                  .bind(3, std::int64_t{note.reason})
                  .bind(4, note.detail)
                  .bind(5, note.utc.time_since_epoch().count())
                  .run();
  if (done) ++failed_rows_;  // an upper bound: a repeated failure counts again until the next recount
  return done;
}

Result<void> LossTable::forget_failures(LaneNumber lane, std::int64_t up_to_seq) {
  auto done = forget_failures_.bind(1, lane).bind(2, up_to_seq).run();
  return done ? recount() : done;
}

Result<void> LossTable::quarantine(Connection& connection, const RefusalNote& note) {
  std::string sql(kQuarantine);
  constexpr std::string_view kPlace = "{lane}";
  sql.replace(sql.find(kPlace), kPlace.size(), std::to_string(note.lane));
  auto statement = Statement::prepare(connection.handle(), sql, false);
  if (!statement) return tl::unexpected<Error>(statement.error());
  auto done = statement->bind(1, note.lane)
                  .bind(2, note.seq)
                  .bind(3, std::int64_t{note.reason})
                  .bind(4, note.detail)
                  .bind(5, note.utc.time_since_epoch().count())
                  .run();
  if (done) ++quarantined_rows_;
  return done;
}

Result<std::int64_t> LossTable::quarantined_of(LaneNumber lane) {
  return integer_of(quarantined_of_.bind(1, lane));
}

Result<std::vector<std::int64_t>> LossTable::quarantined_above(LaneNumber lane, std::int64_t after_seq) {
  const ResetGuard guard(quarantined_above_);
  quarantined_above_.bind(1, lane).bind(2, after_seq);
  std::vector<std::int64_t> seqs;
  for (;;) {
    const auto stepped = quarantined_above_.step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done) return seqs;
    seqs.push_back(quarantined_above_.integer(0));
  }
}

// 62 bits, from 1: a JSON reader's integer, and no rowid that SQLite would have to search a place for.
std::int64_t LossTable::new_number() { return static_cast<std::int64_t>(numbers_->next() >> 2U) + 1; }

Result<void> LossTable::insert_gap(const GapRow& gap) {
  GapRow stored = gap;
  stored.n = new_number();
  auto done = add_gap_.bind(1, stored.n)
                  .bind(2, gap.epoch_number)
                  .bind(3, gap.lane)
                  .bind(4, gap.first_seq)
                  .bind(5, gap.last_seq)
                  .bind(6, gap.missing)
                  .bind(7, gap.bytes)
                  .bind(8, gap.reason)
                  .run();
  if (done) open_gaps_[gap.lane] = std::move(stored);
  return done;
}

Result<bool> LossTable::merge_into_newest(const GapRow& gap) {
  const auto open = open_gaps_.find(gap.lane);
  if (open == open_gaps_.end()) return false;
  GapRow& newest = open->second;
  const bool touch = gap.first_seq <= newest.last_seq + 1 && gap.last_seq >= newest.first_seq - 1;
  if (!touch || gap.epoch_number != newest.epoch_number || gap.reason != newest.reason) return false;
  newest.first_seq = std::min(newest.first_seq, gap.first_seq);
  newest.last_seq = std::max(newest.last_seq, gap.last_seq);
  newest.missing += gap.missing;
  newest.bytes += gap.bytes;
  const std::int64_t number = new_number();
  auto done = extend_gap_.bind(1, newest.n)
                  .bind(2, newest.first_seq)
                  .bind(3, newest.last_seq)
                  .bind(4, newest.missing)
                  .bind(5, newest.bytes)
                  .bind(6, number)
                  .run();
  if (!done) return tl::unexpected<Error>(done.error());
  newest.n = number;
  return true;
}

Result<void> LossTable::add_gap(const GapRow& gap) {
  const auto merged = merge_into_newest(gap);
  if (!merged) return tl::unexpected<Error>(merged.error());
  if (*merged) return {};
  const auto rows = integer_of(count_gaps_.bind(1, gap.lane));
  if (!rows) return tl::unexpected<Error>(rows.error());
  if (*rows >= static_cast<std::int64_t>(limits::kGapRowsMax)) {
    if (auto done = merge_two(gap.lane); !done) return done;
  }
  return insert_gap(gap);
}

namespace {

GapRow gap_of(const Statement& row) {
  return {row.integer(0), row.integer(1), row.integer(2),           row.integer(3),     row.integer(4),
          row.integer(5), row.integer(6), std::string(row.text(7)), row.integer(8) != 0};
}

Result<std::vector<GapRow>> gaps_from(Statement& statement) {
  const ResetGuard guard(statement);
  std::vector<GapRow> rows;
  for (;;) {
    const auto stepped = statement.step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done) return rows;
    rows.push_back(gap_of(statement));
  }
}

}  // namespace

// The two neighbours of one epoch that are nearest to each other. An acknowledged one may be among them: the
// consumer hears of it twice, which is harmless. Gaps that all have epochs of their own cannot merge, and are
// then bounded by the number of openings.
Result<void> LossTable::merge_two(LaneNumber lane) {
  auto rows = gaps_from(gaps_of_.bind(1, lane));
  if (!rows) return tl::unexpected<Error>(rows.error());
  auto nearest = rows->end();
  std::int64_t distance = 0;
  for (auto it = rows->begin(); it != rows->end() && it + 1 != rows->end(); ++it) {
    if (it->epoch_number != (it + 1)->epoch_number) continue;
    // Quarantined events may still come, and the consumer keeps a place for them.
    if ((it->reason == "quarantined") != ((it + 1)->reason == "quarantined")) continue;
    const std::int64_t between = (it + 1)->first_seq - it->last_seq;
    if (nearest == rows->end() || between < distance) {
      nearest = it;
      distance = between;
    }
  }
  if (nearest == rows->end()) return {};
  GapRow merged = *nearest;
  const GapRow& other = *(nearest + 1);
  merged.last_seq = std::max(merged.last_seq, other.last_seq);
  merged.missing += other.missing;
  merged.bytes += other.bytes;
  if (merged.reason != other.reason) merged.reason = "mixed";
  for (const std::int64_t n : {nearest->n, other.n}) {
    if (auto done = delete_gap_.bind(1, n).run(); !done) return done;
  }
  return insert_gap(merged);
}

Result<std::vector<GapRow>> LossTable::gaps(std::size_t rows_max) {
  open_gaps_.clear();
  open_gaps_kept_.clear();
  return gaps_from(gaps_.bind(1, static_cast<std::int64_t>(rows_max)));
}

Result<std::vector<GapRow>> LossTable::gaps_above(LaneNumber lane, std::int64_t after_seq) {
  return gaps_from(gaps_above_.bind(1, lane).bind(2, after_seq));
}

Result<void> LossTable::acknowledge_gap(std::int64_t n) {
  auto done = acknowledge_gap_.bind(1, n).run();
  if (done) acknowledged_gaps_ += sqlite3_changes(db_);
  return done;
}

Result<void> LossTable::forget_gaps(LaneNumber lane, std::int64_t cursor) {
  auto done = forget_gaps_.bind(1, lane).bind(2, cursor).run();
  if (done) acknowledged_gaps_ -= sqlite3_changes(db_);
  return done;
}

void LossTable::committed() { open_gaps_kept_ = open_gaps_; }

Result<void> LossTable::rolled_back() {
  open_gaps_ = open_gaps_kept_;
  return recount();
}

Result<std::int64_t> LossTable::highest_seq(LaneNumber lane) {
  return integer_of(highest_seq_.bind(1, lane));
}

Result<std::int64_t> LossTable::lowest_epoch_number() { return integer_of(lowest_epoch_); }

}  // namespace holdfast::store
