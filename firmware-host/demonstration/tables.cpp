// SPDX-License-Identifier: MIT
#include "demonstration/tables.hpp"

#include <sqlite3.h>

#include <memory>

namespace holdfast::demo {
namespace {

struct Close {
  void operator()(sqlite3* db) const noexcept { sqlite3_close(db); }
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};

[[nodiscard]] tl::unexpected<Error> failed(const std::string& path, sqlite3* db) {
  return fail(ErrorCode::io_error, "read " + path, sqlite3_errmsg(db), sqlite3_extended_errcode(db));
}

/// `sql` gives an id and a time in nanoseconds since boot. The file is left as it is, its WAL too.
[[nodiscard]] Result<std::vector<LedgerRow>> read_rows(const std::string& path, const char* sql) {
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr);
  const std::unique_ptr<sqlite3, Close> db(handle);
  if (opened != SQLITE_OK) return failed(path, db.get());
  sqlite3_db_config(db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(db.get(), sql, -1, &prepared, nullptr) != SQLITE_OK) return failed(path, db.get());
  const std::unique_ptr<sqlite3_stmt, Close> statement(prepared);
  std::vector<LedgerRow> rows;
  int step = SQLITE_ROW;
  while ((step = sqlite3_step(prepared)) == SQLITE_ROW) {
    const void* id = sqlite3_column_text(prepared, 0);
    rows.push_back({id != nullptr ? static_cast<const char*>(id) : "",
                    Instant(Duration(sqlite3_column_int64(prepared, 1)))});
  }
  if (step != SQLITE_DONE) return failed(path, db.get());
  return rows;
}

}  // namespace

Result<std::vector<LedgerRow>> read_committed(const std::string& store_path) {
  return read_rows(store_path, "SELECT id, committed_ns FROM demo_committed");
}

Result<std::vector<LedgerRow>> read_applied(const std::string& inbox_path) {
  return read_rows(inbox_path, "SELECT id, applied_ns FROM effects");
}

Result<std::size_t> count_gaps(const std::string& inbox_path, PlatformView platform) {
  InboxOptions options;
  options.path = inbox_path;
  options.create = false;
  const auto inbox = Inbox::open(options, platform);
  if (!inbox) return tl::unexpected<Error>(inbox.error());
  const auto missing = (*inbox)->missing();
  if (!missing) return tl::unexpected<Error>(missing.error());
  return missing->size();
}

}  // namespace holdfast::demo
