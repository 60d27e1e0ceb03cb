// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <thread>

#include <holdfast/platform/linux.hpp>

#include "base/text.hpp"
#include "linux/file_systems.hpp"
#include "linux/identity.hpp"
#include "linux/proc_locks.hpp"
#include "support/temp_dir.hpp"

namespace holdfast::platform {
namespace {

using std::chrono::milliseconds;
using test_support::TempDir;

TEST(LinuxClock, never_goes_back) {
  const auto clock = make_linux_clock();
  Instant last = clock->now();
  for (int count = 0; count < 1000; ++count) {
    const Instant next = clock->now();
    ASSERT_GE(next, last);
    last = next;
  }
  EXPECT_GT(clock->wall().utc, UtcTime(std::chrono::hours(24 * 365 * 50)));
}

TEST(LinuxClock, a_wait_ends_not_before_its_deadline) {
  const auto clock = make_linux_clock();
  Waker waker;
  const Instant deadline = clock->now() + milliseconds(20);
  EXPECT_FALSE(clock->wait_until(deadline, waker));
  EXPECT_GE(clock->now(), deadline);
  EXPECT_FALSE(clock->wait_until(deadline, waker)) << "a deadline in the past";
}

TEST(LinuxClock, a_ring_ends_a_wait_for_ever_and_is_taken) {
  const auto clock = make_linux_clock();
  Waker waker;
  std::thread ringer([&] { waker.wake(); });
  EXPECT_TRUE(clock->wait_until(Instant::max(), waker));
  ringer.join();
  EXPECT_FALSE(clock->wait_until(clock->now(), waker));
}

TEST(LinuxEntropy, does_not_repeat) {
  const auto entropy = make_linux_entropy();
  EXPECT_NE(entropy->next(), entropy->next());
}

TEST(LinuxHost, knows_itself) {
  const auto host = make_linux_host();
  EXPECT_EQ(host->process_id(), ::getpid());
  EXPECT_EQ(host->boot_id().size(), 36U);
  EXPECT_EQ(host->boot_id(), make_linux_host()->boot_id());
  EXPECT_EQ(host->fingerprint(), make_linux_host()->fingerprint());
  EXPECT_TRUE(host->name().empty() || base::is_device_id(host->name())) << host->name();
}

TEST(Fingerprint, differs_with_each_part_and_is_empty_without_any) {
  using linux_detail::fingerprint_of;
  using Parts = std::array<std::string, 2>;
  EXPECT_EQ(fingerprint_of(Parts{}), "");
  EXPECT_EQ(fingerprint_of(Parts{"serial", "machine"}).size(), 16U);
  EXPECT_NE(fingerprint_of(Parts{"serial", "machine"}), fingerprint_of(Parts{"other", "machine"}));
  EXPECT_NE(fingerprint_of(Parts{"serial", "machine"}), fingerprint_of(Parts{"serial", "other"}));
  EXPECT_NE(fingerprint_of(Parts{"ab", "c"}), fingerprint_of(Parts{"a", "bc"}));
  EXPECT_NE(fingerprint_of(Parts{"a", ""}), fingerprint_of(Parts{"", "a"}));
}

TEST(DeviceName, is_a_device_id_whatever_the_host_is_called) {
  EXPECT_EQ(linux_detail::device_name_of("pi-4.local"), "pi-4.local");
  EXPECT_EQ(linux_detail::device_name_of("my host/1"), "my-host-1");
  EXPECT_EQ(linux_detail::device_name_of(std::string(100, 'x')).size(), 64U);
  EXPECT_EQ(linux_detail::device_name_of(""), "");
}

TEST(LinuxDisk, tells_size_and_allocation_without_opening) {
  const TempDir dir;
  const auto disk = make_linux_disk();
  const std::string path = dir.write("file", std::string(10'000, 'x'));
  const auto info = disk->stat(path).value();
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->size_bytes, 10'000U);
  EXPECT_TRUE(info->regular);
  EXPECT_FALSE(disk->stat(dir.path().string()).value()->regular);
  EXPECT_FALSE(disk->stat(dir / "none").value().has_value());
  EXPECT_FALSE(disk->stat(path + "/below").value().has_value());
}

TEST(LinuxDisk, tells_the_space_of_files_that_are_not_there_yet) {
  const TempDir dir;
  const auto disk = make_linux_disk();
  const DiskSpace space = disk->space(dir / "new.db").value();
  EXPECT_GT(space.total_bytes, space.available_bytes / 2);
  EXPECT_GT(space.total_bytes, 0U);
  EXPECT_EQ(disk->space(dir / "no/such/place").error().code, ErrorCode::invalid);
}

TEST(LinuxDisk, tells_whether_a_file_may_be_created) {
  const TempDir dir;
  const auto disk = make_linux_disk();
  EXPECT_TRUE(disk->may_create_beside(dir / "new.db").has_value());
  EXPECT_TRUE(disk->may_create_beside("new.db").has_value() || ::geteuid() != 0) << "the working directory";
  EXPECT_EQ(disk->may_create_beside(dir / "none/new.db").error().code, ErrorCode::invalid);
  EXPECT_EQ(disk->may_create_beside(dir.write("file", "") + "/new.db").error().code, ErrorCode::invalid);
}

// The numbers of statfs(2), once more: a slip in the table would let a store onto NFS.
TEST(FileSystems, are_known_by_their_magic) {
  using Kind = FileSystemKind;
  struct Known {
    std::uint32_t magic;
    Kind kind;
    std::string name;
  };
  for (const auto& [magic, kind, name] : {
           Known{0xEF53, Kind::local, "ext4"},
           Known{0x58465342, Kind::local, "xfs"},
           Known{0x4D44, Kind::local, "vfat"},
           Known{0x01021994, Kind::memory, "tmpfs"},
           Known{0x9123683E, Kind::copy_on_write, "btrfs"},
           Known{0xF2F52010, Kind::copy_on_write, "f2fs"},
           Known{0x2FC12FC1, Kind::copy_on_write, "zfs"},
           Known{0x24051905, Kind::copy_on_write, "ubifs"},
           Known{0x6969, Kind::network, "nfs"},
           Known{0xFF534D42, Kind::network, "cifs"},
           Known{0xFE534D42, Kind::network, "smb2"},
           Known{0x01021997, Kind::network, "9p"},
           Known{0x65735546, Kind::unknown, "fuse"},
           Known{0x794C7630, Kind::unknown, "overlay"},
       }) {
    const FileSystem found = linux_detail::file_system_of(magic);
    EXPECT_EQ(found.kind, kind) << name;
    EXPECT_EQ(found.name, name);
  }
}

TEST(FileSystems, that_nobody_knows_are_named_by_their_number) {
  const FileSystem found = linux_detail::file_system_of(0xABCDE);
  EXPECT_EQ(found.kind, FileSystemKind::unknown);
  EXPECT_EQ(found.name, "0xabcde");
}

TEST(LinuxDisk, tells_the_file_system_of_files_that_are_not_there_yet) {
  const TempDir dir;
  const auto disk = make_linux_disk();
  const FileSystem of_directory = disk->file_system(dir.path().string()).value();
  EXPECT_FALSE(of_directory.name.empty());
  EXPECT_EQ(disk->file_system(dir / "new.db").value().name, of_directory.name);
  EXPECT_EQ(disk->file_system("/proc/new.db").value().name, "0x9fa0");
  EXPECT_EQ(disk->file_system(dir / "no/such/place").error().code, ErrorCode::invalid);
}

TEST(LinuxDisk, renames_what_is_there_to_what_is_not) {
  const TempDir dir;
  const auto disk = make_linux_disk();
  const std::string from = dir.write("from", "content");
  EXPECT_TRUE(disk->rename(from, dir / "to").has_value());
  EXPECT_FALSE(disk->stat(from).value().has_value());
  EXPECT_EQ(test_support::read_file(dir / "to"), "content");
}

TEST(LinuxDisk, never_renames_over_a_file) {
  const TempDir dir;
  const auto disk = make_linux_disk();
  const std::string from = dir.write("from", "new");
  const std::string to = dir.write("to", "old");
  EXPECT_EQ(disk->rename(from, to).error().code, ErrorCode::invalid);
  EXPECT_EQ(test_support::read_file(from), "new");
  EXPECT_EQ(test_support::read_file(to), "old");
}

TEST(LinuxDisk, cannot_rename_what_is_not_there) {
  const TempDir dir;
  const auto disk = make_linux_disk();
  EXPECT_EQ(disk->rename(dir / "none", dir / "to").error().code, ErrorCode::invalid);
  EXPECT_EQ(disk->rename(dir.write("from", ""), dir / "no/such/place").error().code, ErrorCode::invalid);
}

constexpr std::string_view kLocks =
    "1: POSIX  ADVISORY  WRITE 1234 08:02:131073 1073741824 1073742335\n"
    "1: -> POSIX  ADVISORY  WRITE 1235 08:02:131074 0 EOF\n"
    "2: OFDLCK ADVISORY  READ -1 08:02:131075 0 0\n"
    "3: FLOCK  ADVISORY  WRITE 77 fd:1f:42 0 EOF\n";

TEST(ProcLocks, names_the_holder_of_the_lock_and_nobody_else) {
  using linux_detail::lock_owner_in;
  EXPECT_EQ(lock_owner_in(kLocks, 8, 2, 131'073), 1234);
  EXPECT_EQ(lock_owner_in(kLocks, 8, 2, 131'074), std::nullopt) << "who waits holds nothing";
  EXPECT_EQ(lock_owner_in(kLocks, 8, 2, 131'075), std::nullopt) << "another pid namespace";
  EXPECT_EQ(lock_owner_in(kLocks, 0xfd, 0x1f, 42), 77);
  EXPECT_EQ(lock_owner_in(kLocks, 8, 2, 13'107), std::nullopt) << "a prefix is another inode";
  EXPECT_EQ(lock_owner_in(kLocks, 8, 3, 131'073), std::nullopt);
  EXPECT_EQ(lock_owner_in("", 8, 2, 131'073), std::nullopt);
}

TEST(LinuxDisk, has_no_owner_for_a_file_that_nobody_locks) {
  const TempDir dir;
  const auto disk = make_linux_disk();
  EXPECT_EQ(disk->lock_owner(dir.write("file", "")), std::nullopt);
  EXPECT_EQ(disk->lock_owner(dir / "none"), std::nullopt);
}

}  // namespace
}  // namespace holdfast::platform
