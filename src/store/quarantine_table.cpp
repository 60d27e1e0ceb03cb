// SPDX-License-Identifier: MIT
#include "store/quarantine_table.hpp"

#include <sqlite3.h>

namespace holdfast::store {
namespace {

constexpr std::string_view kList =
    "SELECT seq, epoch, key, type, topic, length(data), reason, detail, attempts, first_utc_ns, last_utc_ns, "
    "requeued "
    "FROM hf_quarantine WHERE lane = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
constexpr std::string_view kRequeue =
    "UPDATE hf_quarantine SET requeued = 1 WHERE rowid IN (SELECT rowid FROM hf_quarantine "
    "WHERE lane = ?1 AND seq BETWEEN ?2 AND ?3 AND requeued = 0 ORDER BY seq LIMIT ?4)";
constexpr std::string_view kDiscard =
    "DELETE FROM hf_quarantine WHERE rowid IN (SELECT rowid FROM hf_quarantine WHERE lane = ?1 AND seq "
    "BETWEEN ?2 AND ?3 "
    "ORDER BY seq LIMIT ?4)";
constexpr std::string_view kRequeued =
    "SELECT " HF_EVENT_COLUMNS
    ", lane FROM hf_quarantine WHERE (lane, seq) > (?1, ?2) AND requeued = 1 "
    "ORDER BY lane, seq";
constexpr std::string_view kRelease = "DELETE FROM hf_quarantine WHERE lane = ?1 AND seq = ?2";
constexpr std::string_view kRefuse =
    "UPDATE hf_quarantine SET requeued = 0, attempts = attempts + 1, reason = ?3, detail = ?4, last_utc_ns = "
    "?5 "
    "WHERE lane = ?1 AND seq = ?2";
constexpr std::string_view kSeqs =
    "SELECT seq, epoch, length(data) FROM hf_quarantine WHERE lane = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY "
    "seq";

UtcTime utc_of(std::int64_t ns) { return UtcTime(Duration(ns)); }

}  // namespace

Result<QuarantineTable> QuarantineTable::open(Connection& connection) {
  QuarantineTable table;
  table.db_ = connection.handle();
  auto done = prepare_all(connection.handle(), {{&table.list_, kList},
                                                {&table.requeue_, kRequeue},
                                                {&table.discard_, kDiscard},
                                                {&table.requeued_, kRequeued},
                                                {&table.release_, kRelease},
                                                {&table.refuse_, kRefuse},
                                                {&table.seqs_, kSeqs}});
  if (!done) return tl::unexpected<Error>(done.error());
  return table;
}

Result<std::vector<QuarantinedRow>> QuarantineTable::list(LaneNumber lane, std::int64_t after_seq,
                                                          std::size_t rows_max, TextTable& texts) {
  const ResetGuard guard(list_);
  list_.bind(1, lane).bind(2, after_seq).bind(3, static_cast<std::int64_t>(rows_max));
  std::vector<QuarantinedRow> rows;
  for (;;) {
    const auto stepped = list_.step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done) return rows;
    QuarantinedRow row;
    row.epoch_number = list_.integer(1);
    row.event.id.seq = list_.integer(0);
    row.event.key = list_.text(2);
    for (const auto& [field, column] : {std::pair{&row.event.type, 3}, {&row.event.topic, 4}}) {
      auto text = texts.read(list_, column);
      if (!text) return tl::unexpected<Error>(text.error());
      *field = std::move(*text).value_or(std::string());
    }
    row.event.data_bytes = static_cast<std::size_t>(list_.integer(5));
    row.event.reason = static_cast<std::int32_t>(list_.integer(6));
    row.event.detail = list_.text(7);
    row.event.attempts = list_.integer(8);
    row.event.first_attempt = utc_of(list_.integer(9));
    row.event.last_attempt = utc_of(list_.integer(10));
    row.event.requeued = list_.integer(11) != 0;
    rows.push_back(std::move(row));
  }
}

Result<std::size_t> QuarantineTable::requeue(LaneNumber lane, std::int64_t first_seq, std::int64_t last_seq,
                                             std::size_t rows_max) {
  return change(requeue_.bind(1, lane)
                    .bind(2, first_seq)
                    .bind(3, last_seq)
                    .bind(4, static_cast<std::int64_t>(rows_max)));
}

Result<std::size_t> QuarantineTable::discard(LaneNumber lane, std::int64_t first_seq, std::int64_t last_seq,
                                             std::size_t rows_max) {
  return change(discard_.bind(1, lane)
                    .bind(2, first_seq)
                    .bind(3, last_seq)
                    .bind(4, static_cast<std::int64_t>(rows_max)));
}

Result<std::size_t> QuarantineTable::release(const RequeuedPlace& place) {
  return change(release_.bind(1, place.lane).bind(2, place.seq));
}

/// Runs it, and returns how many rows it has changed.
Result<std::size_t> QuarantineTable::change(Statement& statement) {
  auto done = statement.run();
  if (!done) return tl::unexpected<Error>(done.error());
  return static_cast<std::size_t>(sqlite3_changes(db_));
}

Result<void> QuarantineTable::refuse(const RefusalNote& note) {
  return refuse_.bind(1, note.lane)
      .bind(2, note.seq)
      .bind(3, std::int64_t{note.reason})
      .bind(4, note.detail)
      .bind(5, note.utc.time_since_epoch().count())
      .run();
}

Result<std::vector<QuarantinedSeq>> QuarantineTable::seqs(LaneNumber lane, std::int64_t first_seq,
                                                          std::int64_t last_seq) {
  const ResetGuard guard(seqs_);
  seqs_.bind(1, lane).bind(2, first_seq).bind(3, last_seq);
  std::vector<QuarantinedSeq> seqs;
  for (;;) {
    const auto stepped = seqs_.step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done) return seqs;
    seqs.push_back({seqs_.integer(0), seqs_.integer(1), seqs_.integer(2)});
  }
}

}  // namespace holdfast::store
