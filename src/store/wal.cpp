// SPDX-License-Identifier: MIT
#include "store/wal.hpp"

#include <algorithm>
#include <array>
#include <holdfast/check.hpp>
#include <memory>

namespace holdfast::store {
namespace {

// SQLite's own names: a database's file name is followed in memory by those of its journal and WAL, and VFSs
// rely on it.
struct FileNameCloser {
  void operator()(const char* name) const noexcept { sqlite3_free_filename(name); }
};
using FileName = std::unique_ptr<const char, FileNameCloser>;

// A file of the VFS, open until the end of the scope.
class VfsFile {
 public:
  VfsFile(sqlite3_vfs* vfs, const char* name) : memory_(new (std::nothrow) std::byte[size_of(vfs)]()) {
    if (memory_ == nullptr) return;
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL;
    int got = 0;
    rc_ = vfs->xOpen(vfs, name, file(), kFlags, &got);
  }
  ~VfsFile() {
    if (memory_ != nullptr && file()->pMethods != nullptr) file()->pMethods->xClose(file());
  }
  VfsFile(const VfsFile&) = delete;
  VfsFile& operator=(const VfsFile&) = delete;

  [[nodiscard]] int opened() const noexcept { return rc_; }

  /// Appends zeros up to `bytes`, and flushes.
  [[nodiscard]] int extend_to(std::uint64_t bytes) {
    sqlite3_int64 size = 0;
    if (const int rc = file()->pMethods->xFileSize(file(), &size); rc != SQLITE_OK) return rc;
    const auto wanted = static_cast<sqlite3_int64>(bytes);
    if (size >= wanted) return SQLITE_OK;
    constexpr std::array<std::byte, 65'536> kZeros{};
    while (size < wanted) {
      const auto part = static_cast<int>(std::min<sqlite3_int64>(wanted - size, kZeros.size()));
      if (const int rc = file()->pMethods->xWrite(file(), kZeros.data(), part, size); rc != SQLITE_OK)
        return rc;
      size += part;
    }
    return file()->pMethods->xSync(file(), SQLITE_SYNC_NORMAL);
  }

 private:
  static std::size_t size_of(sqlite3_vfs* vfs) { return static_cast<std::size_t>(vfs->szOsFile); }
  [[nodiscard]] sqlite3_file* file() noexcept { return reinterpret_cast<sqlite3_file*>(memory_.get()); }

  std::unique_ptr<std::byte[]> memory_;
  int rc_ = SQLITE_NOMEM;
};

tl::unexpected<Error> failed(int rc) {
  Error error = sqlite_error(nullptr, rc, "allocate the WAL");
  if (error.code == ErrorCode::full) error.code = ErrorCode::disk_full;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace

Result<void> provision_wal(const std::string& path, const std::string& vfs_name, std::uint64_t bytes) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_name.empty() ? nullptr : vfs_name.c_str());
  if (vfs == nullptr)
    return fail(ErrorCode::invalid, "open " + path, "there is no SQLite VFS '" + vfs_name + "'");
  std::string full(static_cast<std::size_t>(vfs->mxPathname) + 1, '\0');
  if (const int rc = vfs->xFullPathname(vfs, path.c_str(), vfs->mxPathname + 1, full.data());
      rc != SQLITE_OK && rc != SQLITE_OK_SYMLINK) {
    return sqlite_fail(nullptr, rc, "open " + path);
  }
  full.resize(full.find('\0'));
  int there = 0;  // xAccess says no to an empty file, which is what is wanted here
  if (const int rc = vfs->xAccess(vfs, full.c_str(), SQLITE_ACCESS_EXISTS, &there); rc != SQLITE_OK)
    return failed(rc);
  if (there == 0) return {};
  const FileName name(sqlite3_create_filename(full.c_str(), (full + "-journal").c_str(),
                                              (full + "-wal").c_str(), 0, nullptr));
  if (name == nullptr) return failed(SQLITE_NOMEM);
  VfsFile wal(vfs, sqlite3_filename_wal(name.get()));
  if (wal.opened() != SQLITE_OK) return failed(wal.opened());
  if (const int rc = wal.extend_to(bytes); rc != SQLITE_OK) return failed(rc);
  return {};
}

Result<std::uint64_t> restart_wal(Connection& connection) {
  int log = 0;
  int moved = 0;
  const int rc =
      sqlite3_wal_checkpoint_v2(connection.handle(), "main", SQLITE_CHECKPOINT_RESTART, &log, &moved);
  if (rc == SQLITE_OK) return static_cast<std::uint64_t>(std::max(moved, 0));
  HOLDFAST_CHECK(rc != SQLITE_LOCKED);  // a statement of ours was left open
  Error error = sqlite_error(connection.handle(), rc, "move the WAL into the database");
  if (error.code == ErrorCode::full)
    error.code = ErrorCode::disk_full;  // pages come from the file system here
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace holdfast::store
