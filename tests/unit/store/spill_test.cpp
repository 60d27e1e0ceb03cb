// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <holdfast/check.hpp>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

// SQLite 3.40.1: a transaction that spills dirty pages into the WAL, changes one of them again and rolls back to a
// savepoint before it writes the following frames without a valid checksum. COMMIT says OK, and after a crash this
// commit and all later ones are gone. cache_spill=OFF is why it does not happen here. Proved by hand once: with
// cache_spill=ON in connection.cpp the first test finds 9 of 23 events.
constexpr int kGroups = 8;
constexpr int kLargeGroup = 3;

Result<void> add_one(Transaction& t) {
  HOLDFAST_CHECK(t.add(event("telemetry", "x")).has_value());
  return {};
}

// More pages than the cache holds, some of them twice, and in vain.
Result<void> change_much_and_fail(Transaction& t) {
  const std::vector<std::byte> value(2500);
  for (const int rows : {800, 300}) {
    for (int i = 0; i < rows; ++i) HOLDFAST_CHECK(t.put(std::to_string(i), value).has_value());
  }
  return fail(ErrorCode::unavailable, "test");
}

StoreOptions roomy(const Device& device) {
  StoreOptions options = device.options();
  options.budget_bytes = 64 * 1024 * 1024;
  options.checkpoint_pages = 1'000'000;  // all of it stays in the WAL
  return options;
}

std::string commit_groups_and_die(Device& device) {
  device.open(roomy(device));
  const WriteBody good = add_one;
  const WriteBody bad = change_much_and_fail;
  for (int group = 0; group < kGroups; ++group) {
    std::vector<WriteJob> jobs(3);
    jobs[0].body = jobs[2].body = &good;
    jobs[1].body = group == kLargeGroup ? &bad : &good;
    HOLDFAST_CHECK(device.store->commit_group(jobs) == jobs.size());
    HOLDFAST_CHECK(jobs[0].outcome && jobs[2].outcome);
    HOLDFAST_CHECK(jobs[1].outcome.has_value() == (group != kLargeGroup));
  }
  ::kill(::getpid(), SIGKILL);
  return {};
}

TEST(CacheSpill, loses_no_commit_after_a_failing_savepoint_in_a_large_transaction) {
  Device device;
  ForkedFirst crashed([&] { return commit_groups_and_die(device); });
  EXPECT_EQ(crashed.run(), "");
  device.open(roomy(device));
  EXPECT_EQ(device.lane("telemetry").committed_seq, 3 * kGroups - 1);
}

TEST(CacheSpill, does_not_happen) {
  Device device;
  auto session = Session::open(roomy(device), device.platform(), "opened");
  ASSERT_TRUE(session);
  ASSERT_TRUE((*session)->begin());
  const std::vector<std::byte> value(3000);
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE((*session)->put(std::to_string(i), value, "a/b"));
  int spilled = -1;
  int highest = -1;
  ASSERT_EQ(sqlite3_db_status((*session)->handle(), SQLITE_DBSTATUS_CACHE_SPILL, &spilled, &highest, 0),
            SQLITE_OK);
  EXPECT_EQ(spilled, 0);
  ASSERT_TRUE((*session)->commit());
}

}  // namespace
}  // namespace holdfast::store::test
