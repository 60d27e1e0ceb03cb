// SPDX-License-Identifier: MIT
#include "bench/raw_log.hpp"

#include <filesystem>
#include <fstream>

#include "bench/load.hpp"

namespace holdfast::bench {
namespace {

constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t kFrameBytes = 24 + kPageBytes;
/// Of the WAL: the checkpoint mark and the largest group that may come before it.
constexpr std::uint64_t kWalFrames = kCheckpointFrames + 300;

constexpr const char* kTables =
    "CREATE TABLE state(k TEXT PRIMARY KEY, v BLOB, t INTEGER) WITHOUT ROWID;"
    "CREATE TABLE log(seq INTEGER PRIMARY KEY, lane INTEGER, k TEXT, p BLOB);"
    "CREATE TABLE meta(id INTEGER PRIMARY KEY, cursor INTEGER);"
    "INSERT INTO meta VALUES (1, 0);";
// locking_mode first, or a -shm file appears.
constexpr const char* kSettings =
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_spill=OFF; PRAGMA page_size=4096; PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=-1; PRAGMA "
    "secure_delete=OFF;";
// Before there is a WAL: the database grows to its size in one transaction, and is emptied again.
constexpr const char* kFillSettings =
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
    "PRAGMA secure_delete=OFF; CREATE TABLE fill(b BLOB); BEGIN;";

tl::unexpected<Error> sql_failed(sqlite3* db, const std::string& what) {
  return fail(ErrorCode::io_error, what, sqlite3_errmsg(db), sqlite3_extended_errcode(db));
}

Result<void> execute(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return sql_failed(db, "run " + sql.substr(0, 60));
}

Result<std::int64_t> integer_of(sqlite3* db, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) return sql_failed(db, sql);
  const bool found = sqlite3_step(statement) == SQLITE_ROW;
  const std::int64_t value = found ? sqlite3_column_int64(statement, 0) : 0;
  sqlite3_finalize(statement);
  if (!found) return sql_failed(db, sql);
  return value;
}

Result<void> make_wal(const std::string& path) {
  std::ofstream wal(path + "-wal", std::ios::binary | std::ios::trunc);
  const std::string zeros(kFrameBytes, '\0');
  for (std::uint64_t frame = 0; frame <= kWalFrames; ++frame) wal << zeros;
  wal.close();
  if (wal.fail()) return fail(ErrorCode::io_error, "write " + path + "-wal", "is there room?");
  return {};
}

int on_wal(void* frames, sqlite3*, const char*, int count) {
  *static_cast<std::uint64_t*>(frames) = static_cast<std::uint64_t>(count);
  return SQLITE_OK;
}

}  // namespace

Result<RawLog::Database> RawLog::open(const std::string& path, const std::string& vfs) {
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
  sqlite3* db = nullptr;
  const int rc =
      sqlite3_open_v2(("file:" + path + "?psow=0").c_str(), &db, kFlags, vfs.empty() ? nullptr : vfs.c_str());
  Database database(db);
  if (rc != SQLITE_OK) return sql_failed(db, "open " + path);
  return database;
}

Result<void> RawLog::fill(const std::string& path, std::uint64_t pages, const std::string& vfs) {
  auto db = open(path, vfs);
  if (!db) return tl::unexpected<Error>(db.error());
  auto done = execute(db->get(), kFillSettings);
  while (done) {
    const auto have = integer_of(db->get(), "PRAGMA page_count");
    if (!have) return tl::unexpected<Error>(have.error());
    if (static_cast<std::uint64_t>(*have) >= pages) break;
    done = execute(db->get(), "INSERT INTO fill VALUES (zeroblob(262144))");
  }
  if (done) done = execute(db->get(), "COMMIT; DROP TABLE fill; PRAGMA synchronous=FULL;");
  if (done) done = execute(db->get(), kTables);
  if (done) done = execute(db->get(), "PRAGMA journal_mode=WAL");
  return done;
}

Result<RawLog> RawLog::make(const std::string& path, std::uint64_t budget_bytes, const std::string& vfs) {
  for (const char* suffix : {"", "-wal"}) {
    std::error_code ignored;
    std::filesystem::remove(path + suffix, ignored);
  }
  auto done = fill(path, (budget_bytes - kWalFrames * kFrameBytes) / kPageBytes, vfs);
  if (done) done = make_wal(path);
  if (!done) return tl::unexpected<Error>(done.error());
  RawLog log;
  auto db = open(path, vfs);
  if (!db) return tl::unexpected<Error>(db.error());
  log.db_ = std::move(*db);
  done = execute(log.db_.get(), kSettings);
  if (done) done = log.prepare();
  if (done) done = log.checkpoint();
  if (!done) return tl::unexpected<Error>(done.error());
  return log;
}

Result<void> RawLog::prepare() {
  int keep_wal = 1;
  sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_PERSIST_WAL, &keep_wal);
  frames_ = std::make_unique<std::uint64_t>(0);
  sqlite3_wal_hook(db_.get(), &on_wal, frames_.get());
  payload_.assign(kPayloadBytes + kRowBytesBeside, 'x');
  const std::pair<Prepared*, const char*> statements[] = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&put_, "INSERT INTO state VALUES(?,?,?) ON CONFLICT(k) DO UPDATE SET v=excluded.v,t=excluded.t"},
      {&add_, "INSERT INTO log(lane,k,p) VALUES(0,?,?)"},
      {&set_cursor_, "UPDATE meta SET cursor=? WHERE id=1"},
      {&purge_, "DELETE FROM log WHERE seq<=?"}};
  for (const auto& [prepared, sql] : statements) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(db_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
      return sql_failed(db_.get(), sql);
    prepared->reset(statement);
  }
  return {};
}

bool RawLog::run(const Prepared& statement) noexcept {
  const bool done = sqlite3_step(statement.get()) == SQLITE_DONE;
  return sqlite3_reset(statement.get()) == SQLITE_OK && done;
}

bool RawLog::put(std::uint64_t n) noexcept {
  const std::string_view key = key_of(n);
  sqlite3_bind_text(put_.get(), 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
  sqlite3_bind_blob(put_.get(), 2, payload_.data(), static_cast<int>(kStateBytes), SQLITE_STATIC);
  sqlite3_bind_int64(put_.get(), 3, static_cast<sqlite3_int64>(n));
  sqlite3_bind_text(add_.get(), 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
  sqlite3_bind_blob(add_.get(), 2, payload_.data(), static_cast<int>(payload_.size()), SQLITE_STATIC);
  return run(put_) && run(add_);
}

bool RawLog::settle(std::uint64_t settled_n) noexcept {
  sqlite3_bind_int64(set_cursor_.get(), 1, static_cast<sqlite3_int64>(settled_n));
  sqlite3_bind_int64(purge_.get(), 1, static_cast<sqlite3_int64>(settled_n));
  return run(set_cursor_) && run(purge_);
}

Result<void> RawLog::finish(bool done) {
  if (!done || !run(commit_)) return sql_failed(db_.get(), "append to the raw log");
  return *frames_ < kCheckpointFrames ? Result<void>() : checkpoint();
}

Result<void> RawLog::append(std::uint64_t first_n, std::uint64_t count) {
  bool done = run(begin_);
  for (std::uint64_t n = first_n; n < first_n + count; ++n) done = done && put(n);
  return finish(done);
}

Result<void> RawLog::append(std::uint64_t first_n, std::uint64_t count, std::uint64_t settled_n) {
  bool done = run(begin_) && settle(settled_n);
  for (std::uint64_t n = first_n; n < first_n + count; ++n) done = done && put(n);
  return finish(done);
}

Result<void> RawLog::checkpoint() {
  const int rc = sqlite3_wal_checkpoint_v2(db_.get(), "main", SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  if (rc != SQLITE_OK) return sql_failed(db_.get(), "move the raw log's WAL");
  *frames_ = 0;
  return {};
}

Result<std::uint64_t> RawLog::used_bytes() {
  const auto pages = integer_of(db_.get(), "PRAGMA page_count");
  if (!pages) return tl::unexpected<Error>(pages.error());
  const auto free = integer_of(db_.get(), "PRAGMA freelist_count");
  if (!free) return tl::unexpected<Error>(free.error());
  return static_cast<std::uint64_t>(*pages - *free) * kPageBytes;
}

}  // namespace holdfast::bench
