// SPDX-License-Identifier: MIT
#include "support/small_disk.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <holdfast/check.hpp>

#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace holdfast::test_support {
namespace {

constexpr const char* kFiller = "somebody else's";
constexpr std::size_t kBigBytes = 64 * 1024;

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "small disk: cannot %s: %s; this test needs root\n", what, std::strerror(errno));
  std::abort();
}

// Once per process. A forked child is in its parent's already.
void enter_own_namespace() {
  static const bool entered = [] {
    if (::unshare(CLONE_NEWNS) != 0) give_up("make a mount namespace");
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) give_up("make the mounts private");
    return true;
  }();
  (void)entered;
}

void mount_tmpfs(const std::filesystem::path& directory, std::uint64_t bytes) {
  const std::string options = "size=" + std::to_string(bytes);
  if (::mount("tmpfs", directory.c_str(), "tmpfs", 0, options.c_str()) != 0) give_up("mount a tmpfs");
}

void mount_ext4(const std::filesystem::path& directory, std::uint64_t bytes, const char* block_bytes) {
  const TempDir images;
  const std::string image = images.write("image", "");
  std::filesystem::resize_file(image, bytes);
  // No blocks only for root (-m 0), few inodes: what is left is for files. mount frees the loop device at umount.
  run({find_program("mkfs.ext4"), "-q", "-F", "-b", block_bytes, "-m", "0", "-N", "64", image});
  run({find_program("mount"), "-o", "loop,noatime", "-t", "ext4", image, directory.string()});
}

/// Appends blocks of that size until one does not fit, or `left` bytes are written.
void append(int file, std::size_t block_bytes, std::uint64_t left) {
  const std::string block(block_bytes, 'x');
  while (left >= block_bytes) {
    const ssize_t written = ::write(file, block.data(), block_bytes);
    if (written <= 0) {
      HOLDFAST_CHECK(errno == ENOSPC);
      return;
    }
    left -= static_cast<std::uint64_t>(written);
  }
}

int open_filler(const std::filesystem::path& directory) {
  const int file = ::open((directory / kFiller).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  HOLDFAST_CHECK(file >= 0);
  return file;
}

bool takes_a_byte(const std::filesystem::path& directory) {
  const std::string probe = (directory / "probe").string();
  const int file = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const bool taken = ::write(file, "x", 1) == 1;
  ::close(file);
  ::unlink(probe.c_str());
  return taken;
}

}  // namespace

SmallDisk::SmallDisk(std::filesystem::path directory, Kind kind, std::uint64_t bytes)
    : directory_(std::move(directory)) {
  enter_own_namespace();
  if (kind == Kind::tmpfs) {
    mount_tmpfs(directory_, bytes);
  } else {
    mount_ext4(directory_, bytes, kind == Kind::ext4_blocks_of_4k ? "4096" : "1024");
  }
}

SmallDisk::~SmallDisk() { (void)::umount2(directory_.c_str(), MNT_DETACH); }

void SmallDisk::fill() {
  const int file = open_filler(directory_);
  // A flush turns ext4's reservations into blocks, and sometimes gives a few back: until nothing changes.
  constexpr int kRoundsMax = 20;
  for (int round = 0; round == 0 || takes_a_byte(directory_); ++round) {
    HOLDFAST_CHECK(round < kRoundsMax);
    for (const std::size_t block_bytes : {kBigBytes, std::size_t{1024}, std::size_t{1}}) {
      append(file, block_bytes, UINT64_MAX);
    }
    (void)::fsync(file);
  }
  ::close(file);
}

void SmallDisk::fill_but(std::uint64_t bytes) {
  const std::uint64_t free = free_bytes();
  if (free <= bytes) return;
  const int file = open_filler(directory_);
  append(file, 1024, free - bytes);
  HOLDFAST_CHECK(::fsync(file) == 0);
  ::close(file);
}

void SmallDisk::make_room() {
  std::filesystem::remove(directory_ / kFiller);
  const int directory = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  HOLDFAST_CHECK(directory >= 0 &&
                 ::syncfs(directory) == 0);  // ext4 lends freed blocks after its next commit
  ::close(directory);
}

std::uint64_t SmallDisk::free_bytes() const {
  struct statvfs answer {};
  HOLDFAST_CHECK(::statvfs(directory_.c_str(), &answer) == 0);
  return std::uint64_t{answer.f_frsize} * answer.f_bavail;
}

void SmallDisk::remount(bool read_only) {
  const unsigned long flags = MS_REMOUNT | MS_NOATIME | (read_only ? MS_RDONLY : 0);
  if (::mount("none", directory_.c_str(), nullptr, flags, nullptr) != 0) give_up("mount again");
}

std::string to_string(SmallDisk::Kind kind) {
  if (kind == SmallDisk::Kind::tmpfs) return "tmpfs";
  return kind == SmallDisk::Kind::ext4_blocks_of_4k ? "ext4_4k" : "ext4_1k";
}

std::uint64_t st_blocks_of(const std::string& path) {
  struct stat answer {};
  HOLDFAST_CHECK(::stat(path.c_str(), &answer) == 0);
  return static_cast<std::uint64_t>(answer.st_blocks);
}

}  // namespace holdfast::test_support
