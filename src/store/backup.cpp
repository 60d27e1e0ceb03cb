// SPDX-License-Identifier: MIT
#include "store/backup.hpp"

#include "store/raw_file.hpp"

namespace holdfast::store {
namespace {

// One file is the backup: no WAL is left beside it. The opening that uses it turns WAL on again. Exclusive, so that no
// -shm file is needed on the way, for which a full disk has no room.
constexpr const char* kMark =
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=FULL; PRAGMA journal_mode=DELETE; "
    "UPDATE hf_store SET restored = 1, clean = 1 WHERE id = 1";

tl::unexpected<Error> failed(sqlite3* db, int rc, const std::string& path) {
  Error error = sqlite_error(db, rc, "back up to " + path);
  if (error.code == ErrorCode::full) error.code = ErrorCode::disk_full;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace

Result<std::unique_ptr<Backup>> Backup::begin(sqlite3* from, const std::string& path,
                                              const std::string& vfs) {
  std::unique_ptr<Backup> backup(new Backup());
  backup->path_ = path;
  backup->vfs_ = vfs;
  sqlite3* to = nullptr;
  constexpr int kFlags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int rc = sqlite3_open_v2(path.c_str(), &to, kFlags, vfs.empty() ? nullptr : vfs.c_str());
  backup->to_.reset(to);
  if (rc != SQLITE_OK) return failed(to, rc, path);
  backup->backup_ = sqlite3_backup_init(to, "main", from, "main");
  if (backup->backup_ == nullptr) return failed(to, sqlite3_extended_errcode(to), path);
  return backup;
}

Backup::~Backup() {
  sqlite3_backup_finish(backup_);
  to_.reset();
  sqlite3_vfs* disk = find_vfs(vfs_);
  if (complete_ || disk == nullptr) return;
  for (const char* end : {"-journal", ""}) (void)disk->xDelete(disk, (path_ + end).c_str(), 0);
}

Result<bool> Backup::step() {
  const int rc = sqlite3_backup_step(backup_, kPagesPerStep);
  if (rc == SQLITE_OK) return true;
  if (rc != SQLITE_DONE) return failed(to_.get(), rc, path_);
  if (auto done = finish(); !done) return tl::unexpected<Error>(done.error());
  return false;
}

Result<void> Backup::finish() {
  const int rc = sqlite3_backup_finish(std::exchange(backup_, nullptr));
  if (rc != SQLITE_OK) return failed(to_.get(), rc, path_);
  const int marked = sqlite3_exec(to_.get(), kMark, nullptr, nullptr, nullptr);
  if (marked != SQLITE_OK) return failed(to_.get(), marked, path_);
  to_.reset();
  complete_ = true;
  return {};
}

}  // namespace holdfast::store
