// SPDX-License-Identifier: MIT
//
// The version stands in hf_in_meta, so that one mechanism serves the inbox's own file and the application's
// database, whose user_version is the application's.
#include "inbox/ledger.hpp"
#include "inbox/schema_sql.hpp"

namespace holdfast::inbox {
namespace {

constexpr std::string_view kMetaExists =
    "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = 'hf_in_meta'";
constexpr std::string_view kVersion = "SELECT value FROM hf_in_meta WHERE name = 'schema'";

Result<std::optional<std::int64_t>> integer_of(sqlite3* db, std::string_view sql) {
  auto statement = Statement::prepare(db, sql, false);
  if (!statement) return failed(statement);
  return first_row(*statement, first_integer);
}

Result<void> execute(sqlite3* db, const char* sql) {
  const int rc = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return store::sqlite_fail(db, sqlite3_extended_errcode(db), "make the inbox's tables");
  return {};
}

Result<void> make_or_check(sqlite3* db) {
  auto exists = integer_of(db, kMetaExists);
  if (!exists) return failed(exists);
  if (exists->value_or(0) == 0) return execute(db, std::string(kSchemaSql).c_str());
  auto version = integer_of(db, kVersion);
  if (!version) return failed(version);
  if (!*version || **version < 1) return fail(ErrorCode::corrupt, "open inbox", "its schema has no version");
  if (**version > kSchemaVersion) {
    return fail(ErrorCode::schema_newer, "open inbox",
                "its tables have version " + std::to_string(**version) + ", this Holdfast knows " +
                    std::to_string(kSchemaVersion) + "; update Holdfast");
  }
  return {};
}

}  // namespace

Result<void> make_schema(sqlite3* db) {
  // IMMEDIATE: of two processes that attach at once, one makes the tables and the other finds them.
  if (auto done = execute(db, "BEGIN IMMEDIATE"); !done) return done;
  auto made = make_or_check(db);
  if (made) made = execute(db, "COMMIT");
  if (!made && sqlite3_get_autocommit(db) == 0) sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
  return made;
}

}  // namespace holdfast::inbox
