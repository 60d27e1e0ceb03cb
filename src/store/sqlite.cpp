// SPDX-License-Identifier: MIT
#include "store/sqlite.hpp"

namespace holdfast::store {
namespace {

// SQLite takes a null pointer for NULL; an empty view may hold one.
const char* not_null(const char* data) noexcept { return data == nullptr ? "" : data; }

struct Meaning {
  ErrorCode code;
  const char* hint;
};

Meaning meaning_of(int rc) noexcept {
  switch (rc & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::busy, "another connection holds the database; stop it, or try again later"};
    case SQLITE_FULL: return {ErrorCode::full, "no page is free in the budget"};
    case SQLITE_TOOBIG: return {ErrorCode::too_large, "a value is above SQLite's limit"};
    case SQLITE_CORRUPT:
      return {ErrorCode::corrupt, "the database is damaged; keep its files and see `holdfast status`"};
    case SQLITE_NOTADB: return {ErrorCode::invalid, "the file is not a database"};
    case SQLITE_READONLY: return {ErrorCode::denied, "the file or its file system is read-only"};
    case SQLITE_PERM:
    case SQLITE_AUTH: return {ErrorCode::denied, "not permitted here"};
    case SQLITE_CANTOPEN: return {ErrorCode::denied, "cannot open; check the directory and its permissions"};
    case SQLITE_IOERR: return {ErrorCode::io_error, "the disk reported an error; see the kernel's log"};
    case SQLITE_NOMEM: return {ErrorCode::unavailable, "out of memory"};
    default: return {ErrorCode::invalid, ""};
  }
}

}  // namespace

Error sqlite_error(sqlite3* db, int rc, std::string where) {
  const Meaning meaning = meaning_of(rc);
  std::string hint = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
  if (*meaning.hint != '\0') hint += std::string("; ") + meaning.hint;
  return Error{meaning.code, rc, std::move(where), std::move(hint)};
}

tl::unexpected<Error> sqlite_fail(sqlite3* db, int rc, std::string where) {
  return tl::unexpected<Error>(sqlite_error(db, rc, std::move(where)));
}

Result<Statement> Statement::prepare(sqlite3* db, std::string_view sql, bool persistent) {
  sqlite3_stmt* handle = nullptr;
  const unsigned flags = persistent ? SQLITE_PREPARE_PERSISTENT : 0;
  const int rc = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), flags, &handle, nullptr);
  if (rc != SQLITE_OK) return sqlite_fail(db, rc, "prepare " + std::string(sql.substr(0, 60)));
  return Statement(handle);
}

Result<void> prepare_all(sqlite3* db, std::initializer_list<StatementSource> sources) {
  for (const StatementSource& source : sources) {
    auto prepared = Statement::prepare(db, source.sql);
    if (!prepared) return tl::unexpected<Error>(prepared.error());
    *source.statement = std::move(*prepared);
  }
  return {};
}

Statement& Statement::bind(int parameter, std::int64_t value) noexcept {
  sqlite3_bind_int64(handle(), parameter, value);
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) noexcept {
  sqlite3_bind_text64(handle(), parameter, not_null(text.data()), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int parameter, std::span<const std::byte> blob) noexcept {
  const void* data = blob.empty() ? static_cast<const void*>("") : blob.data();
  sqlite3_bind_blob64(handle(), parameter, data, blob.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind(int parameter, std::optional<std::int64_t> value) noexcept {
  return value ? bind(parameter, *value) : bind_null(parameter);
}

Statement& Statement::bind_null(int parameter) noexcept {
  sqlite3_bind_null(handle(), parameter);
  return *this;
}

Result<Step> Statement::step() {
  const int rc = sqlite3_step(handle());
  if (rc == SQLITE_ROW) return Step::row;
  if (rc == SQLITE_DONE) return Step::done;
  sqlite3* db = sqlite3_db_handle(handle());
  const Error error =
      sqlite_error(db, sqlite3_extended_errcode(db), std::string("run ") + sqlite3_sql(handle()));
  reset();
  return tl::unexpected<Error>(error);
}

Result<void> Statement::run() {
  const ResetGuard guard(*this);
  for (;;) {
    const Result<Step> stepped = step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done) return {};
  }
}

void Statement::reset() noexcept {
  if (statement_ != nullptr) sqlite3_reset(handle());
}

bool Statement::is_null(int column) const noexcept {
  return sqlite3_column_type(handle(), column) == SQLITE_NULL;
}

bool Statement::is_integer(int column) const noexcept {
  return sqlite3_column_type(handle(), column) == SQLITE_INTEGER;
}

std::int64_t Statement::integer(int column) const noexcept { return sqlite3_column_int64(handle(), column); }

std::string_view Statement::text(int column) const noexcept {
  const auto* text = sqlite3_column_text(handle(), column);
  const int bytes = sqlite3_column_bytes(handle(), column);
  return text == nullptr
             ? std::string_view()
             : std::string_view(reinterpret_cast<const char*>(text), static_cast<std::size_t>(bytes));
}

std::span<const std::byte> Statement::blob(int column) const noexcept {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(handle(), column));
  const int bytes = sqlite3_column_bytes(handle(), column);
  return data == nullptr ? std::span<const std::byte>() : std::span(data, static_cast<std::size_t>(bytes));
}

}  // namespace holdfast::store
