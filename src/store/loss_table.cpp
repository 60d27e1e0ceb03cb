// SPDX-License-Identifier: MIT
#include "store/loss_table.hpp"

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
    "INSERT INTO hf_gap (epoch, lane, first_seq, last_seq, missing, bytes, reason) SELECT ?1, ?2, ?3, ?4, "
    "?5, ?6, ?7";
constexpr std::string_view kGaps =
    "SELECT n, epoch, lane, first_seq, last_seq, missing, bytes, reason FROM hf_gap ORDER BY lane, first_seq";
constexpr std::string_view kForgetGap = "DELETE FROM hf_gap WHERE n = ?1";
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
    "coalesce((SELECT first_utc_ns FROM hf_failed WHERE lane = ?1 AND seq = ?2), ?5), ?5 "
    "FROM hf_lane_{lane} WHERE seq = ?2";

Result<std::int64_t> integer_of(Statement& statement) {
  const ResetGuard guard(statement);
  const auto stepped = statement.step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  return statement.integer(0);
}

}  // namespace

Result<LossTable> LossTable::open(Connection& connection) {
  LossTable table;
  auto done = prepare_all(connection.handle(), {{&table.note_failure_, kNoteFailure},
                                                {&table.forget_failures_, kForgetFailures},
                                                {&table.count_failed_, kCountFailed},
                                                {&table.count_quarantined_, kCountQuarantined},
                                                {&table.quarantined_of_, kQuarantinedOf},
                                                {&table.quarantined_above_, kQuarantinedAbove},
                                                {&table.add_gap_, kAddGap},
                                                {&table.gaps_, kGaps},
                                                {&table.forget_gap_, kForgetGap},
                                                {&table.highest_seq_, kHighestSeq},
                                                {&table.lowest_epoch_, kLowestEpoch}});
  if (done) done = table.recount();
  if (!done) return tl::unexpected<Error>(done.error());
  return table;
}

Result<void> LossTable::recount() {
  const auto failed = integer_of(count_failed_);
  if (!failed) return tl::unexpected<Error>(failed.error());
  const auto quarantined = integer_of(count_quarantined_);
  if (!quarantined) return tl::unexpected<Error>(quarantined.error());
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

Result<void> LossTable::add_gap(const GapRow& gap) {
  return add_gap_.bind(1, gap.epoch_number)
      .bind(2, gap.lane)
      .bind(3, gap.first_seq)
      .bind(4, gap.last_seq)
      .bind(5, gap.missing)
      .bind(6, gap.bytes)
      .bind(7, gap.reason)
      .run();
}

Result<std::vector<GapRow>> LossTable::gaps() {
  const ResetGuard guard(gaps_);
  std::vector<GapRow> rows;
  for (;;) {
    const auto stepped = gaps_.step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done) return rows;
    rows.push_back({gaps_.integer(0), gaps_.integer(1), gaps_.integer(2), gaps_.integer(3), gaps_.integer(4),
                    gaps_.integer(5), gaps_.integer(6), std::string(gaps_.text(7))});
  }
}

Result<void> LossTable::forget_gap(std::int64_t n) { return forget_gap_.bind(1, n).run(); }

Result<std::int64_t> LossTable::highest_seq(LaneNumber lane) {
  return integer_of(highest_seq_.bind(1, lane));
}

Result<std::int64_t> LossTable::lowest_epoch_number() { return integer_of(lowest_epoch_); }

}  // namespace holdfast::store
