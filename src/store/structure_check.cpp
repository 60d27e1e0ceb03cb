// SPDX-License-Identifier: MIT
//
// What a session takes on trust. A schema of which a bit turned may parse and lack a table or a column. SQLite compares
// each entry of a table with those of its indexes: a name or number of which only one copy has turned a bit shows here. A
// cursor has no second copy, but cursor_bytes beside it is the running total up to it, and the rows around the cursor carry
// that total as well. Where a lane ends has none either, but the newest epoch says how far it had come by then.
#include <array>
#include <charconv>

#include "store/salvage.hpp"

namespace holdfast::store {
namespace {

// Every column that a session uses, but those of lane_table.sql.
constexpr std::array kUsed = {
    "SELECT id, device, budget_bytes, growing, clean, restored, table_pages FROM hf_store",
    "SELECT boot, boot_id, anchor_since_boot_ns, anchor_utc_ns FROM hf_boot",
    "SELECT n, epoch, parent, boot, reason, fingerprint, acknowledged FROM hf_epoch",
    "SELECT n, lane_name, last_seq FROM hf_epoch_end",
    "SELECT lane, name, priority, cursor, cursor_bytes, lost_events, lost_bytes, lost_events_below, "
    "lost_bytes_below, when_full, guaranteed_bytes, max_bytes, ttl_s, commit_delay_ms, paused, retired FROM "
    "hf_lane",
    "SELECT id, text FROM hf_text",
    "SELECT key, version, content_type, value FROM hf_state",
    "SELECT lane, seq, attempts, reason, detail, first_utc_ns, last_utc_ns FROM hf_failed",
    "SELECT lane, seq, epoch, boot, since_boot_ns, key, type, topic, content_type, attributes, ttl_s, "
    "total_bytes, crc, "
    "data, reason, detail, attempts, first_utc_ns, last_utc_ns FROM hf_quarantine",
    "SELECT n, epoch, lane, first_seq, last_seq, missing, bytes, reason, acknowledged FROM hf_gap",
    "SELECT n, key, receipt FROM hf_key",
};
constexpr std::string_view kLaneColumns =
    "SELECT seq, epoch, boot, since_boot_ns, key, type, topic, content_type, attributes, ttl_s, total_bytes, "
    "crc, data "
    "FROM ";
constexpr const char* kLanes = "SELECT lane, cursor, cursor_bytes FROM hf_lane WHERE retired = 0";

tl::unexpected<Error> corrupt(const std::string& where, const std::string& what) {
  return fail(ErrorCode::corrupt, where, what, SQLITE_CORRUPT);
}

struct LaneCursor {
  std::int64_t lane = 0;
  std::int64_t cursor = 0;
  std::int64_t cursor_bytes = 0;
};

// A table or column that is not there is an SQLITE_ERROR elsewhere; here it is damage.
Result<void> check_prepares(Connection& connection, const std::string& sql) {
  auto prepared = Statement::prepare(connection.handle(), sql, false);
  if (prepared) return {};
  if ((prepared.error().native & 0xFF) == SQLITE_ERROR)
    return corrupt("check the schema", prepared.error().hint);
  return tl::unexpected<Error>(prepared.error());
}

Result<void> check_table(Connection& connection, const std::string& table) {
  const std::string sql = "PRAGMA integrity_check(" + table + ")";
  auto check = Statement::prepare(connection.handle(), sql, false);
  if (!check) return tl::unexpected<Error>(check.error());
  const auto stepped = check->step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  if (*stepped == Step::row && check->text(0) == "ok") return {};
  if (auto sound = check_was_made(check->text(0)); !sound) return sound;
  return corrupt("check " + table, std::string(check->text(0)));
}

Result<std::vector<LaneCursor>> lane_cursors(Connection& connection) {
  auto list = Statement::prepare(connection.handle(), kLanes, false);
  if (!list) return tl::unexpected<Error>(list.error());
  std::vector<LaneCursor> lanes;
  for (;;) {
    const auto stepped = list->step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done) return lanes;
    lanes.push_back({list->integer(0), list->integer(1), list->integer(2)});
  }
}

constexpr std::string_view kEpochEnd =
    "SELECT last_seq FROM hf_epoch_end WHERE n = (SELECT max(n) FROM hf_epoch) "
    "AND lane_name = (SELECT name FROM hf_lane WHERE lane = ?1)";

// A page that is an older one, and sound by itself, takes a lane back to where it was then.
Result<void> check_end(Connection& connection, const LaneCursor& lane, const std::string& table) {
  auto stated = Statement::prepare(connection.handle(), kEpochEnd, false);
  auto reached = Statement::prepare(connection.handle(),
                                    "SELECT max(?2, coalesce((SELECT max(seq) FROM " + table +
                                        "), 0), "
                                        "coalesce((SELECT max(last_seq) FROM hf_gap WHERE lane = ?1), 0), "
                                        "coalesce((SELECT max(seq) FROM hf_quarantine WHERE lane = ?1), 0))",
                                    false);
  if (!stated || !reached) return tl::unexpected<Error>(stated ? reached.error() : stated.error());
  const auto is_stated = stated->bind(1, lane.lane).step();
  if (!is_stated) return tl::unexpected<Error>(is_stated.error());
  if (*is_stated == Step::done) return {};
  const auto stepped = reached->bind(1, lane.lane).bind(2, lane.cursor).step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  if (reached->integer(0) >= stated->integer(0)) return {};
  return corrupt("check " + table, "it ends below where it had come when the newest epoch began");
}

constexpr std::string_view kExplained =
    "SELECT (SELECT coalesce(sum(min(last_seq, ?3 - 1) - max(first_seq, ?2 + 1) + 1), 0) FROM hf_gap "
    "WHERE lane = ?1 AND last_seq > ?2 AND first_seq < ?3) + "
    "(SELECT count(*) FROM hf_quarantine WHERE lane = ?1 AND seq > ?2 AND seq < ?3)";

// Seqs between the cursor and the next row have gone with a record, or are in quarantine; else the cursor has
// turned to a lower one, and would never pass them.
Result<void> check_explained(Connection& connection, const LaneCursor& lane, std::int64_t next_seq) {
  auto explained = Statement::prepare(connection.handle(), kExplained, false);
  if (!explained) return tl::unexpected<Error>(explained.error());
  const auto stepped = explained->bind(1, lane.lane).bind(2, lane.cursor).bind(3, next_seq).step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  if (explained->integer(0) >= next_seq - lane.cursor - 1) return {};
  return corrupt("check hf_lane_" + std::to_string(lane.lane), "events after its cursor are not there");
}

Result<void> check_cursor(Connection& connection, const LaneCursor& lane) {
  const std::string table = "hf_lane_" + std::to_string(lane.lane);
  const std::string where = "check " + table;
  if (auto done = check_prepares(connection, std::string(kLaneColumns) + table); !done) return done;
  if (lane.cursor < 0 || lane.cursor_bytes < 0) return corrupt(where, "its cursor is below zero");
  if (auto done = check_end(connection, lane, table); !done) return done;
  auto below = Statement::prepare(
      connection.handle(), "SELECT total_bytes FROM " + table + " WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1",
      false);
  if (!below) return tl::unexpected<Error>(below.error());
  const auto row_below = below->bind(1, lane.cursor).step();
  if (!row_below) return tl::unexpected<Error>(row_below.error());
  if (*row_below == Step::row && below->integer(0) > lane.cursor_bytes)
    return corrupt(where, "its cursor does not fit the settled events");
  auto above = Statement::prepare(
      connection.handle(),
      "SELECT seq, total_bytes - length(data) FROM " + table + " WHERE seq > ?1 ORDER BY seq LIMIT 1", false);
  if (!above) return tl::unexpected<Error>(above.error());
  const auto row_above = above->bind(1, lane.cursor).step();
  if (!row_above) return tl::unexpected<Error>(row_above.error());
  if (*row_above == Step::done) return {};
  const bool next = above->integer(0) == lane.cursor + 1;
  const std::int64_t total = above->integer(1);
  if (total < lane.cursor_bytes || (next && total != lane.cursor_bytes))
    return corrupt(where, "its cursor does not fit the events that wait");
  return next ? Result<void>() : check_explained(connection, lane, above->integer(0));
}

}  // namespace

// "Tree 5 page 5: unable to get the page. error code=266", or, for an overflow page, "failed to get page 5".
Result<void> check_was_made(std::string_view finding) {
  constexpr std::string_view kCode = "error code=";
  int code = SQLITE_OK;
  if (finding.find("failed to get page") != std::string_view::npos) code = SQLITE_IOERR_READ;
  if (const auto at = finding.find(kCode); at != std::string_view::npos)
    (void)std::from_chars(finding.data() + at + kCode.size(), finding.data() + finding.size(), code);
  const bool failed =
      (code & 0xFF) == SQLITE_IOERR && code != SQLITE_IOERR_DATA && code != SQLITE_IOERR_CORRUPTFS;
  if (!failed) return {};
  return fail(ErrorCode::io_error, "check the file", "the disk reported an error; see the kernel's log",
              code);
}

Result<void> check_structure(Connection& connection) {
  for (const char* used : kUsed) {
    if (auto done = check_prepares(connection, used); !done) return done;
  }
  for (const char* table : {"hf_store", "hf_boot", "hf_epoch", "hf_epoch_end", "hf_lane", "hf_gap"}) {
    if (auto done = check_table(connection, table); !done) return done;
  }
  const auto lanes = lane_cursors(connection);
  if (!lanes) return tl::unexpected<Error>(lanes.error());
  for (const LaneCursor& lane : *lanes) {
    if (auto done = check_cursor(connection, lane); !done) return done;
  }
  return {};
}

}  // namespace holdfast::store
