// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/platform/disk.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "sim/disk_image.hpp"
#include "sim/disk_log.hpp"
#include "sim/unsynced.hpp"

namespace holdfast::platform::sim {

/// A disk in memory: the SQLite VFS vfs() and the Disk beside it, over one image. It can write down all that is done
/// to it; which of it survives a power cut is for the reader of the log to say. Files behave as on Linux with ext4:
///
///  - a flush of a file that was opened as a new WAL or journal flushes the directory too, as SQLite's unix VFS does it;
///    the database's own name is flushed with those of its companions.
///  - 4 KiB blocks; powersafe overwrite unless the database was opened with psow=0.
///  - no shared memory: a store that asked for it would not open.
///
/// One user at a time; any number of disks, each on a thread of its own.
class CrashDisk final : public Disk {
 public:
  CrashDisk();
  ~CrashDisk() override;
  CrashDisk(const CrashDisk&) = delete;
  CrashDisk& operator=(const CrashDisk&) = delete;

  /// Name of the SQLite VFS, different for each disk.
  [[nodiscard]] const std::string& vfs() const noexcept;

  /// Exchanges all files. Nobody may have one open.
  void mount(DiskImage image);
  [[nodiscard]] const DiskImage& image() const noexcept;
  /// Writes down from now on, beginning with the files as they are. The log must outlive the recording.
  void record(DiskLog& log);
  void stop_recording();

  /// True: like a process that is killed. What was written stays; whatever is done from now on fails and does nothing.
  void set_dead(bool dead);
  /// It dies (set_dead) by itself, before the operation after so many that change something.
  void die_after(std::uint64_t operations);
  [[nodiscard]] bool is_dead() const noexcept;

  // For a long life, of which no log could be kept: only what a power cut can take is remembered.
  void keep_unsynced();
  /// The power goes, after the process. Nobody may have a file open.
  void cut_power(PowerCut cut, Entropy& dice);
  [[nodiscard]] const Unsynced& unsynced() const noexcept;

  /// Flushes of files whose name ends so return success and are not written down: a lying medium. Empty: none.
  void set_ignored_syncs(std::string suffix);

  [[nodiscard]] Result<DiskSpace> space(const std::string& path) const override;
  [[nodiscard]] Result<FileSystem> file_system(const std::string& path) const override;
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) const override;
  [[nodiscard]] Result<std::optional<FileInfo>> stat(const std::string& path) const override;
  [[nodiscard]] Result<void> may_create_beside(const std::string& path) const override;
  [[nodiscard]] std::optional<std::string> lock_owner(const std::string& path) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// SQLite draws the salts of its WAL from one generator of the process: from here on they are the same in every run,
/// as long as no other thread uses SQLite.
void seed_sqlite(std::uint32_t seed);

}  // namespace holdfast::platform::sim
