// SPDX-License-Identifier: MIT
#include "prove/growth/control.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>

#include "bench/workplace.hpp"

namespace holdfast::prove {
namespace {

constexpr std::size_t kPolls = 7;
constexpr int kWaiting = 100;
constexpr const char* kPoll =
    "SELECT id, payload FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 100";

struct Close {
  void operator()(sqlite3* db) const noexcept { sqlite3_close(db); }
};
using Database = std::unique_ptr<sqlite3, Close>;

[[nodiscard]] tl::unexpected<Error> failed(const Database& db) {
  return fail(ErrorCode::io_error, "measure the control", sqlite3_errmsg(db.get()),
              sqlite3_extended_errcode(db.get()));
}

[[nodiscard]] std::string filling(std::uint64_t rows) {
  return fmt::format(
      "PRAGMA journal_mode = WAL;"
      "CREATE TABLE outbox (id INTEGER PRIMARY KEY, payload BLOB NOT NULL, published_at INTEGER);"
      "BEGIN;"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
      " INSERT INTO outbox SELECT i, zeroblob(150), i FROM n;"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
      " INSERT INTO outbox SELECT NULL, zeroblob(150), NULL FROM n;"
      "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)",
      rows, kWaiting);
}

[[nodiscard]] Result<double> poll_ms(const Database& db) {
  const auto since = std::chrono::steady_clock::now();
  sqlite3_stmt* select = nullptr;
  if (sqlite3_prepare_v2(db.get(), kPoll, -1, &select, nullptr) != SQLITE_OK) return failed(db);
  int rows = 0;
  while (sqlite3_step(select) == SQLITE_ROW) ++rows;
  if (sqlite3_finalize(select) != SQLITE_OK || rows != kWaiting) return failed(db);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since).count();
}

[[nodiscard]] Result<double> fill_and_poll(const std::string& path, std::uint64_t rows) {
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open(path.c_str(), &handle);
  Database db(handle);
  if (opened != SQLITE_OK) return failed(db);
  if (sqlite3_exec(db.get(), filling(rows).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return failed(db);
  double fastest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < kPolls; ++i) {
    auto took = poll_ms(db);
    if (!took) return took;
    fastest = std::min(fastest, *took);
  }
  return fastest;
}

}  // namespace

Result<double> naive_poll_ms(const std::string& path, std::uint64_t rows) {
  bench::Workplace::remove_database(path);
  auto took = fill_and_poll(path, rows);
  bench::Workplace::remove_database(path);  // also when it failed
  return took;
}

}  // namespace holdfast::prove
