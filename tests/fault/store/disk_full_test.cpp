// SPDX-License-Identifier: MIT
//
// A file system of 1 MiB that somebody else fills to the last byte. It is a tmpfs in a mount namespace of the child's
// own; that takes root, or a kernel that lets users make namespaces.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

std::string mount_small_disk(const std::string& path) {
  if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return "cannot unshare";
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return "cannot make mounts private";
  if (::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=1m") != 0) return "cannot mount";
  return {};
}

/// Writes until the disk is full; returns how much that was.
std::uintmax_t fill(const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  const std::string block(4096, 'x');
  while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
  }
  return std::filesystem::file_size(path);
}

std::string live_through_a_full_disk(Device& device) {
  if (std::string failed = mount_small_disk(device.dir.path().string()); !failed.empty()) return failed;
  const std::string data(1000, 'x');
  device.open();
  std::int64_t stored = 0;
  for (; stored < 20; ++stored) device.add("telemetry", data);
  fill(device.dir / "somebody else's");

  std::string said;
  for (int i = 0; i < 40; ++i) {  // the WAL's last block may take a few more
    const auto result = device.put_and_add("k", data);
    if (result) ++stored;
    if (!result) said = outcome(result);
  }
  if (said != "disk_full") return "a write on the full disk said " + said;
  if (device.store->statistics().degraded) return "degraded";
  if (static_cast<std::int64_t>(device.seqs(kTelemetry).size()) != stored)
    return "not all events can be read";
  device.settle(kTelemetry, 1, 2);

  device.drop();
  if (auto opened = device.try_open(device.options()); !opened)
    return "reopened full: " + opened.error().text();
  if (device.lane("telemetry").committed_seq != stored) return "lost by reopening on the full disk";

  std::filesystem::remove(device.dir / "somebody else's");
  if (device.add("telemetry", data).seq != stored + 1) return "a seq was consumed in vain";
  device.reopen();
  if (static_cast<std::int64_t>(device.seqs(kTelemetry).size()) != stored + 1) return "lost in the end";
  return "nothing lost, and it goes on";
}

TEST(FullDisk, refuses_writes_loses_nothing_and_goes_on_when_there_is_room) {
  Device device;
  ForkedFirst child([&] { return live_through_a_full_disk(device); });
  EXPECT_EQ(child.run(), "nothing lost, and it goes on");
}

}  // namespace
}  // namespace holdfast::store::test
