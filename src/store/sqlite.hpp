// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <holdfast/result.hpp>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The thin skin over SQLite's C interface: handles that close themselves, and result codes as Errors.
namespace holdfast::store {

/// Maps an (extended) SQLite result code to what the caller can do. `where` as in Error.
[[nodiscard]] Error sqlite_error(sqlite3* db, int rc, std::string where);
[[nodiscard]] tl::unexpected<Error> sqlite_fail(sqlite3* db, int rc, std::string where);

struct StatementCloser {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};

enum class Step : std::uint8_t { row, done };

/// A prepared statement. Bound texts and blobs are not copied: they must live until the next reset().
/// Parameters count from 1, columns from 0, as in SQLite.
class Statement {
 public:
  Statement() = default;
  [[nodiscard]] static Result<Statement> prepare(sqlite3* db, std::string_view sql, bool persistent = true);

  Statement& bind(int parameter, std::int64_t value) noexcept;
  Statement& bind(int parameter, std::string_view text) noexcept;
  Statement& bind(int parameter, std::span<const std::byte> blob) noexcept;
  Statement& bind(int parameter, std::optional<std::int64_t> value) noexcept;
  Statement& bind_null(int parameter) noexcept;

  [[nodiscard]] Result<Step> step();
  /// Steps a statement that gives no rows, and resets it.
  [[nodiscard]] Result<void> run();
  void reset() noexcept;

  [[nodiscard]] bool is_null(int column) const noexcept;
  [[nodiscard]] bool is_integer(int column) const noexcept;
  [[nodiscard]] std::int64_t integer(int column) const noexcept;
  /// Valid until the next step() or reset().
  [[nodiscard]] std::string_view text(int column) const noexcept;
  [[nodiscard]] std::span<const std::byte> blob(int column) const noexcept;

  [[nodiscard]] sqlite3_stmt* handle() const noexcept { return statement_.get(); }

 private:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, StatementCloser> statement_;
};

/// Prepares a table's statements together, at open.
struct StatementSource {
  Statement* statement;
  std::string_view sql;
};
[[nodiscard]] Result<void> prepare_all(sqlite3* db, std::initializer_list<StatementSource> sources);

/// Resets a statement at the end of a scope, so that no read is left open behind an early return.
class ResetGuard {
 public:
  explicit ResetGuard(Statement& statement) noexcept : statement_(statement) {}
  ~ResetGuard() { statement_.reset(); }
  ResetGuard(const ResetGuard&) = delete;
  ResetGuard& operator=(const ResetGuard&) = delete;

 private:
  Statement& statement_;
};

/// What a Holdfast database is opened with; see connection.cpp for the settings and why.
struct ConnectionOptions {
  std::string path;
  std::string vfs;  ///< empty: SQLite's default
  bool create = true;
  std::int32_t application_id =
      0;  ///< of the file; another one (and not an empty file) is refused as `invalid`
};

/// One exclusive connection with every setting made and read back. At most one per file and process.
class Connection {
 public:
  Connection() = default;  ///< closed
  /// `busy`: another connection holds the file. `invalid`: no such file (create is false), not a database, or
  /// another application's. `denied`, `disk_full`, `io_error`, `corrupt`.
  [[nodiscard]] static Result<Connection> open(const ConnectionOptions& options);

  [[nodiscard]] sqlite3* handle() const noexcept { return db_.get(); }
  [[nodiscard]] Result<void> execute(std::string_view sql);
  /// The first column of the first row, as an integer.
  [[nodiscard]] Result<std::int64_t> query_integer(std::string_view sql);
  [[nodiscard]] bool in_transaction() const noexcept { return sqlite3_get_autocommit(db_.get()) == 0; }

 private:
  struct Closer {
    void operator()(sqlite3* db) const noexcept;
  };
  explicit Connection(sqlite3* db) : db_(db) {}
  std::unique_ptr<sqlite3, Closer> db_;
};

}  // namespace holdfast::store
