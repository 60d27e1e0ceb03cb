// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <system_error>

#include <holdfast/platform/linux.hpp>

#include "linux/proc_locks.hpp"
#include "linux/small_file.hpp"

namespace holdfast::platform {
namespace {

constexpr std::size_t kLocksBytesMax = 1024 * 1024;  // some 15,000 locks

[[nodiscard]] tl::unexpected<Error> refused(int error, std::string where) {
  switch (error) {
    case EACCES:
    case EPERM: return fail(ErrorCode::denied, std::move(where), "check owner and mode", error);
    case EROFS: return fail(ErrorCode::denied, std::move(where), "the file system is read-only", error);
    case ENOENT:
    case ENOTDIR: return fail(ErrorCode::invalid, std::move(where), "there is no such directory", error);
    case ELOOP:
    case ENAMETOOLONG:
      return fail(ErrorCode::invalid, std::move(where), "the path cannot be followed", error);
    default:
      return fail(ErrorCode::io_error, std::move(where), std::generic_category().message(error), error);
  }
}

[[nodiscard]] std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

class LinuxDisk final : public Disk {
 public:
  [[nodiscard]] Result<DiskSpace> space(const std::string& path) const override {
    struct statvfs answer {};
    int result = ::statvfs(path.c_str(), &answer);
    if (result != 0 && errno == ENOENT) result = ::statvfs(directory_of(path).c_str(), &answer);
    if (result != 0) return refused(errno, "look at the space of " + path);
    const std::uint64_t block = answer.f_frsize;
    return DiskSpace{block * answer.f_blocks, block * answer.f_bavail};
  }

  [[nodiscard]] Result<std::optional<FileInfo>> stat(const std::string& path) const override {
    struct stat answer {};
    if (::stat(path.c_str(), &answer) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return std::optional<FileInfo>();
      return refused(errno, "look at " + path);
    }
    return FileInfo{static_cast<std::uint64_t>(answer.st_size),
                    static_cast<std::uint64_t>(answer.st_blocks) * 512, S_ISREG(answer.st_mode)};
  }

  [[nodiscard]] Result<void> may_create_beside(const std::string& path) const override {
    const std::string directory = directory_of(path);
    struct stat answer {};
    if (::stat(directory.c_str(), &answer) != 0) return refused(errno, "look at " + directory);
    if (!S_ISDIR(answer.st_mode)) return refused(ENOTDIR, "look at " + directory);
    if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
      return refused(errno, "write to " + directory);
    return {};
  }

  [[nodiscard]] std::optional<std::string> lock_owner(const std::string& path) const override {
    struct stat answer {};
    if (::stat(path.c_str(), &answer) != 0) return std::nullopt;
    const auto locks = linux_detail::read_small_file("/proc/locks", kLocksBytesMax);
    if (!locks) return std::nullopt;
    const auto owner =
        linux_detail::lock_owner_in(*locks, major(answer.st_dev), minor(answer.st_dev), answer.st_ino);
    if (!owner) return std::nullopt;
    std::string text = "pid " + std::to_string(*owner);
    const auto name = linux_detail::read_small_file("/proc/" + std::to_string(*owner) + "/comm", 64);
    if (name) text += " (" + linux_detail::trimmed(*name) + ")";
    return text;
  }
};

}  // namespace

namespace linux_detail {

std::optional<std::int64_t> lock_owner_in(std::string_view proc_locks, unsigned major, unsigned minor,
                                          std::uint64_t inode) {
  std::array<char, 64> wanted{};
  std::snprintf(wanted.data(), wanted.size(), " %02x:%02x:%" PRIu64 " ", major, minor, inode);
  while (!proc_locks.empty()) {
    const std::size_t end = proc_locks.find('\n');
    const std::string_view line = proc_locks.substr(0, end);
    proc_locks.remove_prefix(end == std::string_view::npos ? proc_locks.size() : end + 1);
    const std::size_t file = line.find(wanted.data());
    if (file == std::string_view::npos || line.find("->") != std::string_view::npos) continue;
    const std::size_t blank = line.rfind(' ', file - 1);
    const std::int64_t owner = std::atoll(std::string(line.substr(blank + 1, file - blank - 1)).c_str());
    if (owner > 0) return owner;
  }
  return std::nullopt;
}

}  // namespace linux_detail

std::unique_ptr<Disk> make_linux_disk() { return std::make_unique<LinuxDisk>(); }

}  // namespace holdfast::platform
