// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <filesystem>

#include "support/small_disk.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using platform::FileSystemKind;
using test_support::SmallDisk;

/// A device whose files are real, on a file system that is whatever the test says.
struct Somewhere : Device {
  explicit Somewhere(platform::FileSystem file_system) {
    disk.file_system_now = std::move(file_system);
    disk.find_file = [this](const std::string& file) { return real->stat(file).value(); };
  }
  Result<void> try_open_there() {
    auto opened = Store::open(options(), {clock, disk, entropy, host});
    if (!opened) return tl::unexpected<Error>(opened.error());
    store = std::move(*opened);
    return {};
  }

  std::unique_ptr<platform::Disk> real = platform::make_linux_disk();
  platform::sim::ScriptedDisk disk;
};

TEST(FileSystem, of_the_network_holds_no_store) {
  for (const char* name : {"nfs", "cifs", "9p"}) {
    Somewhere there({FileSystemKind::network, name});
    const auto refused = there.try_open_there();
    ASSERT_EQ(outcome(refused), "invalid") << name;
    EXPECT_NE(refused.error().hint.find(name), std::string::npos) << refused.error().hint;
    EXPECT_FALSE(std::filesystem::exists(there.path())) << "nothing is made there";
  }
}

TEST(FileSystem, of_the_network_is_refused_for_a_store_that_was_copied_there) {
  Somewhere there({FileSystemKind::network, "nfs"});
  there.open();
  there.add("alarm");
  there.close();
  EXPECT_EQ(outcome(there.try_open_there()), "invalid");
}

TEST(FileSystem, that_copies_on_write_is_warned_about) {
  Somewhere there({FileSystemKind::copy_on_write, "btrfs"});
  ASSERT_EQ(outcome(there.try_open_there()), "ok");
  const StoreStatistics statistics = there.store->statistics();
  EXPECT_EQ(statistics.file_system, "btrfs");
  EXPECT_NE(statistics.warning.find("btrfs"), std::string::npos) << statistics.warning;
  there.add("alarm");
}

TEST(FileSystem, that_overwrites_in_place_gives_no_warning) {
  Somewhere there({FileSystemKind::local, "ext4"});
  ASSERT_EQ(outcome(there.try_open_there()), "ok");
  EXPECT_EQ(there.store->statistics().file_system, "ext4");
  EXPECT_EQ(there.store->statistics().warning, "");
}

TEST(FileSystem, is_recognised_where_it_really_is) {
  for (const SmallDisk::Kind kind : test_support::kSmallDiskKinds) {
    Device device;
    const SmallDisk disk(device.dir.path(), kind, 12 << 20);
    device.open();
    EXPECT_EQ(device.store->statistics().file_system, kind == SmallDisk::Kind::tmpfs ? "tmpfs" : "ext4");
    device.close();
  }
}

TEST(FileSystem, that_is_read_only_is_denied_and_named) {
  for (const SmallDisk::Kind kind : test_support::kSmallDiskKinds) {
    SCOPED_TRACE(to_string(kind));
    Device device;
    SmallDisk disk(device.dir.path(), kind, 12 << 20);
    device.open();
    device.add("alarm", "kept");
    device.close();
    disk.remount(true);
    const auto refused = device.try_open(device.options());
    ASSERT_EQ(outcome(refused), "denied");
    EXPECT_NE(refused.error().hint.find("read-only"), std::string::npos) << refused.error().hint;
    disk.remount(false);
    device.open();
    EXPECT_EQ(text(device.fetch(kAlarm).events.at(0).data), "kept");
    device.close();
  }
}

}  // namespace
}  // namespace holdfast::store::test
