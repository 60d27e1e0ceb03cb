// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/platform/disk.hpp>
#include <holdfast/result.hpp>
#include <string>

#include "store/salvage.hpp"

namespace holdfast::store {

/// What lies at a store's path, told without opening it as a database.
enum class Evidence : std::uint8_t {
  nothing,  ///< no file, or an empty one, and nothing beside it that was ours
  ours,     ///< it says that it is a Holdfast store; whether it reads is another question
  damaged,  ///< it was one, and its head does not read any more: set it aside without opening it
  foreign,  ///< another program's file: `invalid`, leave it alone
};

/// Reads the head of the file, and if need be that of the WAL, where an older page 1 may stand. Call it while
/// this process has the store not open. `io_error`, `denied`.
[[nodiscard]] Result<Evidence> examine(const std::string& path, const std::string& vfs,
                                       const platform::Disk& disk);

/// An error of SQLite, or of ours, which says that the file itself is damaged: SQLITE_CORRUPT, NOTADB, IOERR_DATA,
/// `corrupt`.
[[nodiscard]] bool says_damaged(const Error& error) noexcept;

/// First step of any opening: ends what a crash interrupted. Returns true when a set-aside was completed.
/// Costs two stats when there is nothing to do.
[[nodiscard]] Result<bool> finish_set_aside(const std::string& path, const std::string& vfs,
                                            const platform::Disk& disk);

struct SetAside {
  SalvageReport report;
  std::string damaged_path;  ///< where the damaged database is now; its WAL is beside it
};

/// Makes an empty store at the path it is given, with the budget it will have, as the salvage says; returns it
/// open. Everything that can fail for want of room fails here, before anything is renamed.
using MakeStore = std::function<Result<Connection>(const std::string& path, const Salvage& salvage)>;

/// The whole of it: reads the damaged store at source.path, makes a new one beside it, and lets them change
/// places. Nobody may have it open. On an error the damaged store is where it was, untouched. `disk_full`: no
/// room for a second store; open the damaged one to read.
[[nodiscard]] Result<SetAside> set_aside_and_salvage(const SalvageSource& source, const platform::Disk& disk,
                                                     const MakeStore& make_store,
                                                     const std::function<Result<void>(Connection&)>& between);

}  // namespace holdfast::store
