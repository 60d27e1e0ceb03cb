// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

#include <holdfast/result.hpp>
#include <memory>
#include <optional>
#include <string>

#include "store/raw_file.hpp"

namespace holdfast::store {

/// An SQLite VFS for reading one damaged store. It changes no file: writing, cutting and deleting are refused. And
/// it shows a page 1 that can be read, where the one in the file cannot: its own with the constant parts of
/// the header repaired, or the newest one in the WAL. It must outlive the connection that uses it.
class DamagedVfs {
 public:
  [[nodiscard]] static Result<std::unique_ptr<DamagedVfs>> open(const std::string& path,
                                                                const std::string& vfs);
  ~DamagedVfs();
  DamagedVfs(const DamagedVfs&) = delete;
  DamagedVfs& operator=(const DamagedVfs&) = delete;

  [[nodiscard]] const char* name() const noexcept { return name_.c_str(); }
  /// What was done to page 1, for people; empty: nothing.
  [[nodiscard]] const std::string& finding() const noexcept { return finding_; }

 private:
  struct File;
  DamagedVfs(sqlite3_vfs* base, std::string path);
  Result<void> choose_page_1(const std::string& path, const std::string& vfs);
  static int open_file(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags,
                       int* out_flags);

  sqlite3_vfs* base_;
  std::string name_;
  sqlite3_vfs vfs_{};
  std::optional<RawPage> page_1_;
  std::string finding_;
};

}  // namespace holdfast::store
