// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <thread>

#include <holdfast/platform/linux.hpp>

#include "base/text.hpp"
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
