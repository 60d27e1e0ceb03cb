// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <holdfast/result.hpp>

namespace holdfast::platform {

struct DiskSpace {
  std::uint64_t total_bytes = 0;
  std::uint64_t available_bytes = 0;  ///< to an unprivileged writer (f_bavail)
};

struct FileInfo {
  std::uint64_t size_bytes = 0;
  std::uint64_t allocated_bytes = 0;  ///< st_blocks * 512
  bool regular = false;
};

/// What a file system does to a database.
enum class FileSystemKind : std::uint8_t {
  unknown = 0,
  local = 1,          ///< overwrites in place: ext4, XFS, ...
  memory = 2,         ///< gone with the power: tmpfs
  copy_on_write = 3,  ///< an overwrite needs new space: btrfs, F2FS, ZFS, bcachefs
  network = 4,        ///< locks and flushes are somebody else's: NFS, CIFS, 9P, FUSE
};

struct FileSystem {
  FileSystemKind kind = FileSystemKind::unknown;
  std::string name;  ///< "ext4"; or the magic number in hexadecimal
};

/// Looks at files without opening them: an open() and close() of a database file in the same process would
/// drop SQLite's POSIX locks. Implementations use stat, statfs, statvfs and rename only. Thread-safe.
class Disk {
 public:
  virtual ~Disk() = default;
  /// Space of the file system that holds `path` (or its directory). `io_error`, `denied`, `invalid` (no
  /// such).
  [[nodiscard]] virtual Result<DiskSpace> space(const std::string& path) const = 0;
  /// The file system that holds `path` (or its directory), by its magic number. Errors as space().
  [[nodiscard]] virtual Result<FileSystem> file_system(const std::string& path) const = 0;
  /// Renames a file in its directory and makes that durable. `invalid`: `from` is not there, or `to` is.
  /// `denied`, `io_error`.
  [[nodiscard]] virtual Result<void> rename(const std::string& from, const std::string& to) const = 0;
  /// nullopt: there is no such file. `denied`, `io_error`.
  [[nodiscard]] virtual Result<std::optional<FileInfo>> stat(const std::string& path) const = 0;
  /// Success when the process may create files in the directory that holds `path`. `invalid`: no such
  /// directory; `denied`: not writable, or a read-only file system.
  [[nodiscard]] virtual Result<void> may_create_beside(const std::string& path) const = 0;
  /// Who holds a lock on the file, for people: "pid 1234 (holdfast)". nullopt: nobody, or not to be found
  /// out.
  [[nodiscard]] virtual std::optional<std::string> lock_owner(const std::string& path) const = 0;
};

}  // namespace holdfast::platform
