// SPDX-License-Identifier: MIT
//
// How a store gets its budget from the file system: all of it or a clear no, and whatever happens on the way, a later
// opening finishes it.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include <holdfast/check.hpp>

#include "footprint.hpp"
#include "ledger.hpp"
#include "support/fault_vfs.hpp"
#include "support/small_disk.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using test_support::Fault;
using test_support::FaultVfs;
using test_support::SmallDisk;

constexpr std::uint64_t kMiB = 1024 * 1024;

StoreOptions with_budget(const Device& device, std::uint64_t budget_bytes) {
  StoreOptions options = device.options();
  options.budget_bytes = budget_bytes;
  return options;
}

/// The store is there with all of its budget, and works.
void expect_whole(Device& device, const StoreOptions& options) {
  if (device.store == nullptr) {
    ASSERT_EQ(outcome(device.try_open(options)), "ok");
  }
  expect_covers(footprint_of(device.path()), options.budget_bytes);
  const std::int64_t before = device.lane("alarm").committed_seq;
  EXPECT_EQ(device.add("alarm", "works").seq, before + 1);
  device.close();
  RawDatabase raw(device.path());
  EXPECT_EQ(rows_of(raw.handle(), "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
  EXPECT_EQ(raw.integer("PRAGMA page_count") * 4096,
            static_cast<std::int64_t>(std::filesystem::file_size(device.path())));
}

struct OnASmallDisk : ::testing::TestWithParam<SmallDisk::Kind> {
  ~OnASmallDisk() override { device.drop(); }
  Device device;
  SmallDisk disk{device.dir.path(), GetParam(), 12 * kMiB};
  StoreOptions options = with_budget(device, 4 * kMiB);
};

TEST_P(OnASmallDisk, a_budget_that_does_not_fit_is_refused_with_figures_and_made_when_there_is_room) {
  disk.fill_but(2 * kMiB);
  const auto refused = device.try_open(options);
  ASSERT_EQ(outcome(refused), "disk_full");
  const std::string& hint = refused.error().hint;
  EXPECT_TRUE(std::any_of(hint.begin(), hint.end(), [](char c) { return c >= '1' && c <= '9'; })) << hint;
  disk.make_room();
  expect_whole(device, options);
}

// Somebody else was faster: the disk runs out in the middle.
TEST_P(OnASmallDisk, a_budget_that_no_longer_fits_is_refused_and_made_when_there_is_room) {
  disk.fill_but(2 * kMiB);
  const auto real = platform::make_linux_disk();
  platform::sim::ScriptedDisk optimist;
  optimist.find_file = [&](const std::string& file) { return real->stat(file).value(); };
  const auto refused = Store::open(options, {device.clock, optimist, device.entropy, device.host});
  ASSERT_EQ(outcome(refused), "disk_full");
  disk.make_room();
  expect_whole(device, options);
}

TEST_P(OnASmallDisk, a_wal_that_somebody_deleted_is_made_again) {
  device.open(options);
  device.add("alarm", "kept");
  device.close();
  const FileFootprint made = footprint_of(device.path());
  std::filesystem::remove(device.path() + "-wal");  // as the sqlite3 shell does when it has looked
  device.open(options);
  EXPECT_EQ(footprint_of(device.path()).wal_bytes, made.wal_bytes);
  disk.fill();
  for (int i = 0; i < 100; ++i) {
    device.add("alarm", std::string(1000, 'x'));
    device.store->checkpoint_if_due();
  }
  EXPECT_EQ(text(device.fetch(kAlarm).events.at(0).data), "kept");
  disk.make_room();
  expect_whole(device, options);
}

TEST_P(OnASmallDisk, a_wal_that_cannot_be_made_again_costs_no_event) {
  device.open(options);
  device.add("alarm", "kept");
  device.close();
  std::filesystem::remove(device.path() + "-wal");
  disk.fill();
  const std::string said = outcome(device.try_open(options));
  EXPECT_TRUE(said == "ok" || said == "disk_full") << said;
  device.drop();
  disk.make_room();
  device.open(options);
  EXPECT_EQ(text(device.fetch(kAlarm).events.at(0).data), "kept");
  expect_whole(device, options);
}

INSTANTIATE_TEST_SUITE_P(Provisioning, OnASmallDisk, ::testing::ValuesIn(test_support::kSmallDiskKinds),
                         [](const auto& disk) { return to_string(disk.param); });

TEST(Provisioning, covers_budgets_of_all_sizes) {
  for (const std::uint64_t budget : {kMiB, kMiB + 4096 * 7, 2 * kMiB + 1, 16 * kMiB}) {
    SCOPED_TRACE(std::to_string(budget));
    Device device;
    expect_whole(device, with_budget(device, budget));
  }
}

TEST(Provisioning, tells_how_far_it_is) {
  Device device;
  StoreOptions options = with_budget(device, 8 * kMiB);
  std::vector<ProvisioningProgress> told;
  options.on_provisioning = [&](const ProvisioningProgress& progress) { told.push_back(progress); };
  device.open(options);
  ASSERT_GT(told.size(), 4U);
  for (std::size_t i = 1; i < told.size(); ++i) {
    EXPECT_EQ(told[i].total_bytes, told[0].total_bytes);
    EXPECT_GE(told[i].done_bytes, told[i - 1].done_bytes);
    EXPECT_LE(told[i].done_bytes - told[i - 1].done_bytes, 2 * 256U * 4096U) << "a leap";
  }
  EXPECT_EQ(told.back().done_bytes, told.back().total_bytes);
  EXPECT_GT(told.back().total_bytes, 4 * kMiB);
  EXPECT_LE(told.back().total_bytes, 8 * kMiB);
  told.clear();
  device.close();
  device.open(options);
  EXPECT_LE(told.size(), 1U) << "nothing is left to do";
}

/// The number of writes that creating the store takes.
int writes_of_creation(std::uint64_t budget) {
  Device device;
  FaultVfs vfs;
  StoreOptions options = with_budget(device, budget);
  options.vfs = vfs.name();
  device.open(options);
  const auto writes = vfs.count(Fault::Operation::write).operations;
  device.drop();
  return static_cast<int>(writes);
}

void create_and_die(Device& device, int nth_write) {
  const pid_t child = ::fork();
  HOLDFAST_CHECK(child >= 0);
  if (child == 0) {
    FaultVfs vfs;
    StoreOptions options = with_budget(device, kMiB);
    options.vfs = vfs.name();
    vfs.arm({.nth = nth_write, .kill = true});
    (void)device.try_open(options);
    ::_exit(0);
  }
  int status = 0;
  HOLDFAST_CHECK(::waitpid(child, &status, 0) == child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "write " << nth_write << " was never made";
}

TEST(Provisioning, that_was_killed_goes_on_at_the_next_opening) {
  const int writes = writes_of_creation(kMiB);
  EXPECT_GT(writes, 150) << "the pages of the budget";
  std::mt19937 random(3);
  for (int round = 0; round < 40 && !::testing::Test::HasFailure(); ++round) {
    // The first rounds are where a store begins to be one.
    const int nth =
        round < 12 ? round * 3 + 1 : 1 + static_cast<int>(random() % static_cast<unsigned>(writes));
    SCOPED_TRACE("write " + std::to_string(nth));
    Device device;
    create_and_die(device, nth);
    expect_whole(device, with_budget(device, kMiB));
  }
}

TEST(Provisioning, that_was_killed_again_and_again_comes_to_its_end) {
  Device device;
  std::mt19937 random(4);
  for (int round = 0; round < 10; ++round) {
    const pid_t child = ::fork();
    HOLDFAST_CHECK(child >= 0);
    if (child == 0) {
      FaultVfs vfs;
      StoreOptions options = with_budget(device, 4 * kMiB);
      options.vfs = vfs.name();
      vfs.arm({.nth = 1 + static_cast<int>(random() % 200), .kill = true});
      (void)device.try_open(options);
      ::_exit(0);
    }
    (void)random();
    HOLDFAST_CHECK(::waitpid(child, nullptr, 0) == child);
  }
  expect_whole(device, with_budget(device, 4 * kMiB));
}

}  // namespace
}  // namespace holdfast::store::test
