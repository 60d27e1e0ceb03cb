// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <holdfast/result.hpp>
#include <memory>
#include <string>

namespace holdfast::bench {

/// The ceiling: the least that SQLite must do for the same events and the same promise (durable on return). A
/// state upsert and a log append through prepared statements, on one thread; no ids, no checksums, no lanes,
/// no fence. The same settings as a store, and the same space taken in advance.
class RawLog {
 public:
  /// Makes it, `budget_bytes` large. `vfs` as in StoreOptions. `io_error`.
  [[nodiscard]] static Result<RawLog> make(const std::string& path, std::uint64_t budget_bytes,
                                           const std::string& vfs);

  /// Appends events first_n, first_n + 1 ... in one transaction, and moves the WAL when it is long.
  [[nodiscard]] Result<void> append(std::uint64_t first_n, std::uint64_t count);
  /// The same; events up to `settled_n` are acknowledged and purged in the transaction.
  [[nodiscard]] Result<void> append(std::uint64_t first_n, std::uint64_t count, std::uint64_t settled_n);
  /// Moves the WAL into the database.
  [[nodiscard]] Result<void> checkpoint();
  /// Bytes of the pages that are in use.
  [[nodiscard]] Result<std::uint64_t> used_bytes();

 private:
  struct Closer {
    void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  using Database = std::unique_ptr<sqlite3, Closer>;
  using Prepared = std::unique_ptr<sqlite3_stmt, Closer>;

  [[nodiscard]] static Result<Database> open(const std::string& path, const std::string& vfs);
  [[nodiscard]] static Result<void> fill(const std::string& path, std::uint64_t pages,
                                         const std::string& vfs);
  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] bool run(const Prepared& statement) noexcept;
  [[nodiscard]] bool put(std::uint64_t n) noexcept;
  [[nodiscard]] bool settle(std::uint64_t settled_n) noexcept;
  [[nodiscard]] Result<void> finish(bool done);

  Database db_;
  Prepared begin_, commit_, put_, add_, set_cursor_, purge_;
  std::string payload_;
  std::unique_ptr<std::uint64_t> frames_;  ///< set by the WAL hook, whose address must stay
};

}  // namespace holdfast::bench
