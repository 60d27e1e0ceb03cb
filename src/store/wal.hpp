// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/result.hpp>
#include <string>

#include "store/sqlite.hpp"

/// The write-ahead log as a file: its provision, and emptying it into the database.
namespace holdfast::store {

/// Makes `<path>-wal` at least `bytes` long by appending zeros, and flushes it, through the SQLite VFS. Before
/// the database is opened: SQLite then never needs room for its WAL. Commits that the WAL holds stay valid:
/// recovery stops at the zeros as it would at the end. Does nothing without a database or with an empty one
/// (SQLite deletes the WAL of that). `disk_full`, `io_error`, `denied`.
[[nodiscard]] Result<void> provision_wal(const std::string& path, const std::string& vfs,
                                         std::uint64_t bytes);

/// Moves all frames into the database, so that the next commit begins at the WAL's first byte again. Returns how many
/// pages were moved. A failure leaves every commit where it was, in the WAL. `disk_full`, `io_error`.
[[nodiscard]] Result<std::uint64_t> restart_wal(Connection& connection);

}  // namespace holdfast::store
