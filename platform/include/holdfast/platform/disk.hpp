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

/// Looks at files without opening them: an open() and close() of a database file in the same process would
/// drop SQLite's POSIX locks. Implementations use stat and statvfs only. Thread-safe.
class Disk {
 public:
  virtual ~Disk() = default;
  /// Space of the file system that holds `path` (or its directory). `io_error`, `denied`, `invalid` (no
  /// such).
  [[nodiscard]] virtual Result<DiskSpace> space(const std::string& path) const = 0;
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
