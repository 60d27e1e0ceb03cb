// SPDX-License-Identifier: MIT
//
// G6: database and WAL are allocated up front and never exceed the budget, and when another process fills the disk to
// the last byte, everything still commits. On real file systems: ext4 with blocks of 4 KiB and of 1 KiB, and tmpfs.
//
// In each test the store is made, the disk is filled, and then the store works. At the end nothing that was told is
// lost, and neither the sizes nor the blocks of its files are other than they were right after creation.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <random>

#include <holdfast/check.hpp>

#include "footprint.hpp"
#include "ledger.hpp"
#include "support/small_disk.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using test_support::SmallDisk;

constexpr std::uint64_t kBudget = 4 * 1024 * 1024;
constexpr std::uint64_t kDiskBytes = 12 * 1024 * 1024;  // ext4 takes 4 MiB of it for its journal

struct FullDisk : ::testing::TestWithParam<SmallDisk::Kind> {
  FullDisk() : disk(device.dir.path(), GetParam(), kDiskBytes) {
    open();
    made = footprint_of(device.path());
    expect_covers(made, kBudget);
    disk.fill();
    EXPECT_EQ(disk.free_bytes(), 0U);
  }
  ~FullDisk() override { device.drop(); }

  void TearDown() override {
    if (device.store == nullptr) open();
    if (told_all) {
      ledger.expect_all_accounted_for();
    } else {
      expect_declared(device, kTelemetry, "telemetry");
    }
    EXPECT_FALSE(device.store->statistics().degraded);
    EXPECT_EQ(footprint_of(device.path()), made);
    EXPECT_EQ(disk.free_bytes(), 0U) << "the disk was not full all the time";
  }

  [[nodiscard]] StoreOptions options() const {
    StoreOptions options = device.options();
    options.budget_bytes = kBudget;
    options.lanes[0].when_full = WhenFull::reject;
    options.lanes[1].when_full = WhenFull::drop_oldest;
    return options;
  }
  void open() { ASSERT_EQ(outcome(device.try_open(options())), "ok"); }

  /// Telemetry until it sheds.
  void fill_the_budget() {
    constexpr int kWritesMax = 1000;
    for (int i = 0; device.lane("telemetry").shed_events == 0; ++i) {
      ASSERT_LT(i, kWritesMax) << "nothing was ever shed";
      const auto result = ledger.write("telemetry", 20, 1000);
      ASSERT_TRUE(result) << result.error().text();
    }
  }

  Device device;
  SmallDisk disk;
  Ledger ledger{device};
  FileFootprint made;
  bool told_all = true;  ///< the ledger knows what was acknowledged
};

TEST_P(FullDisk, writes_to_its_budget_and_sheds_what_may_go) {
  fill_the_budget();
  EXPECT_GT(device.lane("telemetry").committed_seq, 1500) << "most of the budget is for events";
  EXPECT_GE(device.store->statistics().pressure, Pressure::shed);
  const auto gaps = ledger.gaps("telemetry");
  ASSERT_FALSE(gaps.empty());
  EXPECT_EQ(gaps.front().reason, "shed");
  for (int i = 0; i < 100; ++i) ASSERT_EQ(outcome(ledger.write("telemetry", 20, 1000)), "ok");
}

TEST_P(FullDisk, refuses_in_the_end_what_may_not_go_and_still_acknowledges) {
  WriteResult result;
  for (int i = 0; i < 1000 && result; ++i) result = ledger.write("alarm", 20, 1000);
  ASSERT_EQ(outcome(result), "full") << "the budget, not the disk";
  EXPECT_EQ(device.lane("alarm").lost_events_ever, 0);
  EXPECT_GT(device.lane("alarm").rejected_events, 0U);
  // The state that refuses is left at 70 %, and the lane may have its share again before that.
  WriteResult again = result;
  for (int i = 0; i < 30 && !again; ++i) {
    ledger.acknowledge(kAlarm, 100);
    again = ledger.write("alarm", 20, 1000);
  }
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_GE(device.lane("alarm").settled_seq, 100);
}

TEST_P(FullDisk, acknowledges_and_purges) {
  fill_the_budget();
  const std::uint64_t free_before = device.store->statistics().free_bytes;
  for (int i = 0; i < 10; ++i) ledger.acknowledge(kTelemetry, 100);
  EXPECT_GE(device.store->statistics().free_bytes, free_before);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(outcome(ledger.write("telemetry", 20, 1000)), "ok");
}

TEST_P(FullDisk, quarantines_and_declares) {
  fill_the_budget();
  const std::int64_t lost = device.lane("telemetry").lost_events_ever;
  for (int i = 1; i <= 20; ++i) ASSERT_TRUE(ledger.quarantine_oldest(kTelemetry)) << i;
  EXPECT_EQ(device.lane("telemetry").quarantined_events, 20);
  EXPECT_EQ(device.lane("telemetry").lost_events_ever, lost + 20);
}

TEST_P(FullDisk, moves_its_wal_into_its_database) {
  const std::uint64_t before = device.store->statistics().checkpoints;
  for (int i = 0; i < 300; ++i) ASSERT_EQ(outcome(ledger.write("telemetry", 1, 1000)), "ok");
  EXPECT_GT(device.store->statistics().checkpoints, before + 2);
  EXPECT_EQ(device.store->statistics().checkpoint_failures, 0U);
}

TEST_P(FullDisk, opens_after_a_close_and_after_a_crash) {
  fill_the_budget();
  for (int i = 0; i < 3; ++i) {
    device.close();
    EXPECT_EQ(footprint_of(device.path()), made);
    open();
    ASSERT_EQ(outcome(ledger.write("telemetry", 20, 1000)), "ok");
    ledger.acknowledge(kTelemetry, 10);
    device.drop();
    open();
    ASSERT_EQ(outcome(ledger.write("telemetry", 20, 1000)), "ok");
  }
}

TEST_P(FullDisk, keeps_state) {
  fill_the_budget();
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(outcome(device.put_and_add("key", std::to_string(i))), "ok");
    device.store->checkpoint_if_due();
  }
  EXPECT_EQ(device.state("key"), "49");
}

/// Writes, sheds, acknowledges and checkpoints until it dies; reports the highest seq it was told.
[[noreturn]] void live_until_killed(FullDisk& test, int reports) {
  test.open();
  for (int round = 1;; ++round) {
    const auto receipt = test.ledger.write("telemetry", 5, 1000);
    HOLDFAST_CHECK(receipt.has_value());
    const std::int64_t seq = receipt->events.back().seq;
    HOLDFAST_CHECK(::write(reports, &seq, sizeof seq) == sizeof seq);
    if (round % 7 == 0) test.ledger.acknowledge(kTelemetry, 3);
    if (round % 31 == 0) HOLDFAST_CHECK(test.ledger.quarantine_oldest(kTelemetry));
  }
}

std::int64_t live_and_kill(FullDisk& test, std::mt19937& random) {
  std::array<int, 2> reports{};
  HOLDFAST_CHECK(::pipe(reports.data()) == 0);
  const pid_t child = ::fork();
  HOLDFAST_CHECK(child >= 0);
  if (child == 0) {
    ::close(reports[0]);
    live_until_killed(test, reports[1]);
  }
  ::close(reports[1]);
  std::int64_t highest = 0;
  const auto next = [&] { return ::read(reports[0], &highest, sizeof highest) == sizeof highest; };
  for (auto left = random() % 100; left > 0 && next(); --left) {
  }
  volatile std::uint32_t spun = 0;  // somewhere in the next commits
  for (auto left = random() % 400'000; left > 0; --left) spun = spun + 1;
  ::kill(child, SIGKILL);
  while (next()) {
  }
  ::close(reports[0]);
  int status = 0;
  HOLDFAST_CHECK(::waitpid(child, &status, 0) == child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it ended by itself";
  return highest;
}

TEST_P(FullDisk, survives_kills_and_loses_nothing_that_was_reported) {
  told_all = false;
  fill_the_budget();
  device.drop();
  std::mt19937 random(20'240'229);
  for (std::uint64_t cycle = 1; cycle <= 12; ++cycle) {
    SCOPED_TRACE("cycle " + std::to_string(cycle));
    device.entropy = platform::sim::SeededEntropy(1000 + cycle * 2);  // the child's; it must not be ours
    const std::int64_t reported = live_and_kill(*this, random);
    device.entropy = platform::sim::SeededEntropy(1001 + cycle * 2);
    ASSERT_NO_FATAL_FAILURE(open());
    EXPECT_GE(device.lane("telemetry").committed_seq, reported);
    expect_declared(device, kTelemetry, "telemetry");
    EXPECT_EQ(footprint_of(device.path()), made);
    device.drop();
    if (HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(On, FullDisk, ::testing::ValuesIn(test_support::kSmallDiskKinds),
                         [](const auto& disk) { return to_string(disk.param); });

/// A store that takes its budget in steps.
struct GrowingStore : ::testing::Test {
  ~GrowingStore() override { device.drop(); }
  [[nodiscard]] StoreOptions options(std::uint64_t min_free_bytes) const {
    StoreOptions options = device.options();
    options.budget_bytes = kBudget;
    options.footprint = Footprint::growing;
    options.min_free_bytes = min_free_bytes;
    options.growth_bytes = 256 * 1024;
    return options;
  }
  Device device;
  SmallDisk disk{device.dir.path(), SmallDisk::Kind::ext4_blocks_of_4k, kDiskBytes};
  Ledger ledger{device};
};

TEST_F(GrowingStore, on_a_full_disk_refuses_writes_loses_nothing_and_goes_on_when_there_is_room) {
  device.open(options(0));
  const FileFootprint made = footprint_of(device.path());
  EXPECT_LT(made.bytes(), kBudget / 2);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(outcome(ledger.write("alarm", 5, 1000)), "ok");
  disk.fill();
  WriteResult result;
  for (int i = 0; i < 1000 && result; ++i) result = ledger.write("alarm", 5, 1000);
  EXPECT_TRUE(outcome(result) == "disk_full" || outcome(result) == "full") << outcome(result);
  EXPECT_FALSE(device.store->statistics().degraded);
  ledger.acknowledge(kAlarm, 50);  // the reserve is always there
  ASSERT_TRUE(ledger.quarantine_oldest(kAlarm));
  ledger.expect_all_accounted_for();
  device.drop();
  ASSERT_EQ(outcome(device.try_open(options(0))), "ok") << "on the full disk";
  ledger.expect_all_accounted_for();

  disk.make_room();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(outcome(ledger.write("alarm", 5, 1000)), "ok") << i;
  ledger.expect_all_accounted_for();
  EXPECT_GT(footprint_of(device.path()).bytes(), made.bytes());
  EXPECT_LE(footprint_of(device.path()).bytes(), kBudget);
}

TEST_F(GrowingStore, leaves_to_others_what_it_was_told_to_leave) {
  constexpr std::uint64_t kMinFree = 3 * 1024 * 1024;
  disk.fill_but(5 * 1024 * 1024);
  device.open(options(kMinFree));
  WriteResult result;
  for (int i = 0; i < 1000 && result; ++i) result = ledger.write("alarm", 5, 1000);
  EXPECT_TRUE(outcome(result) == "disk_full" || outcome(result) == "full") << outcome(result);
  EXPECT_GE(disk.free_bytes(), kMinFree);
  EXPECT_LT(disk.free_bytes(), kMinFree + 1024 * 1024) << "it did grow as far as it may";
  ledger.expect_all_accounted_for();
}

TEST_F(GrowingStore, never_exceeds_its_budget) {
  device.open(options(0));
  WriteResult result;
  for (int i = 0; i < 1000 && result; ++i) result = ledger.write("alarm", 5, 1000);
  EXPECT_EQ(outcome(result), "full") << "there is room on the disk";
  EXPECT_LE(footprint_of(device.path()).bytes(), kBudget);
  EXPECT_TRUE(device.store->statistics().growing);
  ledger.expect_all_accounted_for();
}

}  // namespace
}  // namespace holdfast::store::test
