// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/result.hpp>
#include <memory>
#include <string>

#include "store/sqlite.hpp"

namespace holdfast::store {

/// A copy of a live store, some pages at a time, by SQLite's backup interface. What the store's own connection
/// writes in between goes into the copy as well, so it is consistent when the last step is done. Until then the
/// copy is of no use, and stays behind if the backup is given up.
class Backup {
 public:
  static constexpr int kPagesPerStep = 256;  // a megabyte: some milliseconds

  /// `path` must not exist; the caller has looked.
  [[nodiscard]] static Result<std::unique_ptr<Backup>> begin(sqlite3* from, const std::string& path,
                                                             const std::string& vfs);
  /// False once the copy is complete, flushed, and marked so that its first epoch says `restored`. After an error the
  /// backup is to be destroyed.
  [[nodiscard]] Result<bool> step();

  /// What is not complete is removed: half a copy would be opened as a damaged store, and salvaged.
  ~Backup();
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;

 private:
  struct Closer {
    void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
  };
  Backup() = default;
  [[nodiscard]] Result<void> finish();

  std::string path_;
  std::string vfs_;
  bool complete_ = false;
  std::unique_ptr<sqlite3, Closer> to_;
  sqlite3_backup* backup_ = nullptr;
};

}  // namespace holdfast::store
