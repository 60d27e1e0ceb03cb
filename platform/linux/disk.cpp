// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <system_error>

#include <holdfast/platform/linux.hpp>

#include "linux/file_systems.hpp"
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

  [[nodiscard]] Result<FileSystem> file_system(const std::string& path) const override {
    struct statfs answer {};
    int result = ::statfs(path.c_str(), &answer);
    if (result != 0 && errno == ENOENT) result = ::statfs(directory_of(path).c_str(), &answer);
    if (result != 0) return refused(errno, "look at the file system of " + path);
    return linux_detail::file_system_of(static_cast<std::uint32_t>(answer.f_type));
  }

  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) const override {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
      if (errno == EEXIST)
        return fail(ErrorCode::invalid, "rename to " + to, "there is such a file already", EEXIST);
      return refused(errno, "rename " + from + " to " + to);
    }
    const int directory = ::open(directory_of(to).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return refused(errno, "open " + directory_of(to));
    const int synced = ::fsync(directory);
    const int error = errno;
    ::close(directory);
    if (synced != 0) return refused(error, "flush " + directory_of(to));
    return {};
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
namespace {

struct Known {
  std::uint32_t magic;
  FileSystemKind kind;
  const char* name;
};

// statfs(2) and linux/magic.h. FUSE may be anything, and what lies under an overlay is not told.
constexpr std::array kFileSystems = {
    Known{0xEF53, FileSystemKind::local, "ext4"},
    Known{0x58465342, FileSystemKind::local, "xfs"},
    Known{0x3153464A, FileSystemKind::local, "jfs"},
    Known{0x52654973, FileSystemKind::local, "reiserfs"},
    Known{0x4D44, FileSystemKind::local, "vfat"},
    Known{0x2011BAB0, FileSystemKind::local, "exfat"},
    Known{0x7366746E, FileSystemKind::local, "ntfs3"},
    Known{0x01021994, FileSystemKind::memory, "tmpfs"},
    Known{0x858458F6, FileSystemKind::memory, "ramfs"},
    Known{0x9123683E, FileSystemKind::copy_on_write, "btrfs"},
    Known{0xF2F52010, FileSystemKind::copy_on_write, "f2fs"},
    Known{0x2FC12FC1, FileSystemKind::copy_on_write, "zfs"},
    Known{0xCA451A4E, FileSystemKind::copy_on_write, "bcachefs"},
    Known{0x3434, FileSystemKind::copy_on_write, "nilfs2"},
    Known{0x24051905, FileSystemKind::copy_on_write, "ubifs"},
    Known{0x72B6, FileSystemKind::copy_on_write, "jffs2"},
    Known{0x6969, FileSystemKind::network, "nfs"},
    Known{0xFF534D42, FileSystemKind::network, "cifs"},
    Known{0xFE534D42, FileSystemKind::network, "smb2"},
    Known{0x517B, FileSystemKind::network, "smb"},
    Known{0x01021997, FileSystemKind::network, "9p"},
    Known{0x5346414F, FileSystemKind::network, "afs"},
    Known{0x00C36400, FileSystemKind::network, "ceph"},
    Known{0x564C, FileSystemKind::network, "ncp"},
    Known{0x65735546, FileSystemKind::unknown, "fuse"},
    Known{0x794C7630, FileSystemKind::unknown, "overlay"},
};

}  // namespace

FileSystem file_system_of(std::uint32_t magic) {
  for (const Known& known : kFileSystems) {
    if (known.magic == magic) return {known.kind, known.name};
  }
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%" PRIx32, magic);
  return {FileSystemKind::unknown, text.data()};
}

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
