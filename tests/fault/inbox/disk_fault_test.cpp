// SPDX-License-Identifier: MIT
//
// The n-th write or sync fails, for every n. Whatever apply() answered, asking again until it says applied or
// duplicate leaves each effect exactly once, and the memory of it.
#include "fault/inbox/failing_vfs.hpp"
#include "unit/inbox/world.hpp"

namespace holdfast::inbox_tests {
namespace {

constexpr std::int64_t kEvents = 4;

struct Tally {
  int errors = 0;
  int unknown = 0;
  int disk_full = 0;
};

void apply_until_known(World& world, const CloudEvent& event, Tally& tally) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto outcome = world.apply(event);
    if (outcome) {
      EXPECT_THAT(outcome->outcome, ::testing::AnyOf(Applied::applied, Applied::duplicate));
      return;
    }
    ++tally.errors;
    tally.unknown += outcome.error().code == ErrorCode::outcome_unknown ? 1 : 0;
    tally.disk_full += outcome.error().code == ErrorCode::disk_full ? 1 : 0;
  }
  FAIL() << "one failure, five errors";
}

void expect_each_once(World& world) {
  EXPECT_EQ(world.effects(), kEvents);
  for (std::int64_t seq = 1; seq <= kEvents; ++seq) {
    EXPECT_EQ(world.effects_of(event_of(kE1, seq)), 1);
    EXPECT_EQ(world.outcome_of(event_of(kE1, seq)), Applied::duplicate);
  }
  EXPECT_EQ(world.inbox().statistics().interval_rows, 1U);
}

/// Sweeps n until nothing fails any more.
Tally sweep_failures(int code) {
  Tally tally;
  for (int n = 1; n < 200; ++n) {
    FailingVfs vfs;
    World world(Home::own_file);
    world.options.vfs = FailingVfs::kName;
    world.inbox();
    vfs.fail_at(n, code);
    for (std::int64_t seq = 1; seq <= kEvents; ++seq) apply_until_known(world, event_of(kE1, seq), tally);
    const bool failed = vfs.has_failed();
    vfs.fail_at(0, SQLITE_OK);
    expect_each_once(world);
    world.close();
    expect_each_once(world);  // and after a restart
    if (!failed) return tally;
  }
  ADD_FAILURE() << "the sweep does not end";
  return tally;
}

TEST(InboxDiskFault, an_io_error_anywhere_never_loses_or_doubles_an_effect) {
  const Tally tally = sweep_failures(SQLITE_IOERR_WRITE);
  EXPECT_GT(tally.unknown, 0);
}

TEST(InboxDiskFault, a_full_disk_anywhere_never_loses_or_doubles_an_effect) {
  const Tally tally = sweep_failures(SQLITE_FULL);
  EXPECT_GT(tally.disk_full, 0);
}

TEST(InboxDiskFault, a_failing_checkpoint_is_counted_and_tried_again) {
  FailingVfs vfs;
  World world(Home::own_file);
  world.options.vfs = FailingVfs::kName;
  world.inbox();
  vfs.fail_database_at(2, SQLITE_IOERR_WRITE);
  std::int64_t seq = 1;
  for (; seq <= 2000; ++seq) ASSERT_EQ(world.outcome_of(event_of(kE1, seq)), Applied::applied);
  ASSERT_TRUE(vfs.has_failed());
  EXPECT_EQ(world.inbox().statistics().checkpoint_errors, 1U);
  EXPECT_LT(std::filesystem::file_size(world.options.path + "-wal"), 1300U * 4120U);
  EXPECT_EQ(world.effects(), seq - 1);
}

}  // namespace
}  // namespace holdfast::inbox_tests
