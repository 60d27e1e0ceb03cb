// SPDX-License-Identifier: MIT
//
// The reserve is lent to nobody: whatever callers do with their own SQL, their state and their events, acknowledgements,
// purges and gap records still commit. And no closure, however large, makes the WAL grow past its provision.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "footprint.hpp"
#include "ledger.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

WriteBody running(std::string sql) {
  return [sql = std::move(sql)](Transaction& t) -> Result<void> {
    const int rc = run_sql(t.sql(), sql);
    if (rc == SQLITE_OK) return {};
    return fail(rc == SQLITE_FULL ? ErrorCode::full : ErrorCode::invalid, "run", sqlite3_errmsg(t.sql()));
  };
}

struct Reserve : ::testing::Test {
  void open(const StoreOptions& options) {
    device.open(options);
    for (int i = 0; i < 60; ++i) {
      ASSERT_EQ(outcome(ledger.write("telemetry", 1, 500)), "ok");
      ASSERT_EQ(outcome(ledger.write("alarm", 1, 500)), "ok");
    }
    made = footprint_of(device.path());
  }
  [[nodiscard]] StoreOptions options(std::uint64_t budget_bytes = 4 * kMiB) const {
    StoreOptions options = device.options();
    options.budget_bytes = budget_bytes;
    for (LaneOptions& lane : options.lanes) lane.when_full = WhenFull::reject;
    return options;
  }
  WriteResult run(const std::string& sql) {
    WriteResult result = device.write(running(sql));
    device.store->checkpoint_if_due();
    return result;
  }
  /// Runs it until it is refused; returns the refusal.
  std::string until_refused(const std::string& sql) {
    constexpr int kRunsMax = 20'000;
    for (int i = 0; i < kRunsMax; ++i) {
      if (const auto result = run(sql); !result) return outcome(result);
    }
    return "never";
  }
  void expect_reserve_intact() {
    const StoreStatistics statistics = device.store->statistics();
    EXPECT_GT(statistics.reserve_bytes, 0U);
    EXPECT_GE(statistics.free_bytes, statistics.reserve_bytes);
  }
  /// What the reserve is for.
  void expect_housekeeping_works() {
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(ledger.quarantine_oldest(kTelemetry)) << i;
    ledger.acknowledge(kTelemetry, 20);
    ledger.acknowledge(kAlarm, 20);
    ledger.expect_all_accounted_for();
    EXPECT_EQ(device.lane("telemetry").settled_seq, 30);
    EXPECT_EQ(device.lane("alarm").settled_seq, 20);
    EXPECT_EQ(footprint_of(device.path()), made);
    device.close();
    EXPECT_EQ(footprint_of(device.path()), made);
  }

  Device device;
  Ledger ledger{device};
  FileFootprint made;
};

TEST_F(Reserve, cannot_be_eaten_by_a_callers_own_sql) {
  StoreOptions all = options();
  all.tables_bytes_max = all.budget_bytes;  // no quota in the way
  open(all);
  ASSERT_EQ(outcome(run("CREATE TABLE mine (a NOT NULL)")), "ok");
  for (const char* bytes : {"100000", "4000", "1"}) {
    EXPECT_EQ(until_refused("INSERT INTO mine SELECT zeroblob(" + std::string(bytes) + ")"), "full") << bytes;
    expect_reserve_intact();
  }
  expect_housekeeping_works();
}

TEST_F(Reserve, cannot_be_eaten_by_one_closure_that_ignores_its_errors) {
  StoreOptions all = options();
  all.tables_bytes_max = all.budget_bytes;
  open(all);
  ASSERT_EQ(outcome(run("CREATE TABLE mine (a NOT NULL)")), "ok");
  const WriteBody deaf = [](Transaction& t) -> Result<void> {
    for (int i = 0; i < 50; ++i) (void)run_sql(t.sql(), "INSERT INTO mine SELECT zeroblob(4000)");
    return {};
  };
  WriteResult result;
  for (int i = 0; i < 1000 && result; ++i) {
    result = device.write(deaf);
    device.store->checkpoint_if_due();
  }
  EXPECT_FALSE(result);
  expect_reserve_intact();
  expect_housekeeping_works();
}

TEST_F(Reserve, cannot_be_eaten_by_events_and_state) {
  StoreOptions all = options();
  all.state_bytes_max = all.budget_bytes;
  open(all);
  std::string refused;
  for (int i = 0; i < 5000 && refused.empty(); ++i) {
    const auto result = device.write([&](Transaction& t) -> Result<void> {
      const auto put = t.put("key-" + std::to_string(i), bytes_of(std::string(2000, 'x')));
      return put ? Result<void>() : tl::unexpected<Error>(put.error());
    });
    if (!result) refused = outcome(result);
    device.store->checkpoint_if_due();
  }
  EXPECT_EQ(refused, "full");
  WriteResult result;
  for (int i = 0; i < 5000 && result; ++i) result = ledger.write("alarm", 1, 100);
  EXPECT_EQ(outcome(result), "full");
  expect_reserve_intact();
  expect_housekeeping_works();
}

TEST_F(Reserve, is_left_when_indexes_and_temporary_tables_are_made) {
  open(options());
  ASSERT_EQ(outcome(run("CREATE TABLE mine (a NOT NULL)")), "ok");
  ASSERT_EQ(until_refused("INSERT INTO mine SELECT zeroblob(3000)"), "full");
  EXPECT_FALSE(run("CREATE INDEX mine_a ON mine (a)"));
  expect_reserve_intact();
  expect_housekeeping_works();
}

// --- quotas ---

TEST_F(Reserve, state_has_a_quota) {
  StoreOptions small = options();
  small.state_bytes_max = 100'000;
  open(small);
  const auto put = [&](const std::string& key, std::size_t bytes) {
    return outcome(device.write([&](Transaction& t) -> Result<void> {
      const auto done = t.put(key, bytes_of(std::string(bytes, 'x')));
      return done ? Result<void>() : tl::unexpected<Error>(done.error());
    }));
  };
  std::string said = "ok";
  int stored = 0;
  for (; said == "ok" && stored < 1000; ++stored) said = put("key-" + std::to_string(stored), 1000);
  EXPECT_EQ(said, "full");
  EXPECT_GT(stored, 80);
  EXPECT_LE(device.store->statistics().state_bytes, 100'000U);
  EXPECT_EQ(put("key-1", 1000), "ok") << "another value of the same size";
  EXPECT_EQ(put("key-1", 50'000), "full");
  EXPECT_EQ(device.state("key-1").size(), 1000U);
  EXPECT_EQ(outcome(ledger.write("alarm", 10, 1000)), "ok") << "events have their own room";
  ASSERT_TRUE(device.write([](Transaction& t) -> Result<void> {
    EXPECT_EQ(t.erase("key-2"), true);
    return {};
  }));
  EXPECT_EQ(put("key-new", 900), "ok");
  const std::uint64_t bytes = device.store->statistics().state_bytes;
  device.close();
  device.open(small);
  EXPECT_EQ(device.store->statistics().state_bytes, bytes) << "counted again at open";
  EXPECT_EQ(put("key-newer", 1000), "full");
}

TEST_F(Reserve, callers_tables_have_a_quota) {
  StoreOptions small = options();
  small.tables_bytes_max = 200'000;
  open(small);
  ASSERT_EQ(outcome(run("CREATE TABLE mine (id INTEGER PRIMARY KEY, a NOT NULL)")), "ok");
  EXPECT_EQ(until_refused("INSERT INTO mine (a) SELECT zeroblob(1000)"), "full");
  EXPECT_LE(device.store->statistics().tables_bytes, 200'000U);
  EXPECT_GT(device.store->statistics().tables_bytes, 150'000U);
  EXPECT_EQ(outcome(ledger.write("alarm", 10, 1000)), "ok") << "events have their own room";
  EXPECT_EQ(outcome(run("UPDATE mine SET a = zeroblob(1000) WHERE id < 5")), "ok") << "it does not grow";
  EXPECT_EQ(outcome(run("DELETE FROM mine WHERE id % 2 = 0 AND id < 20 OR id > 30")), "ok");
  EXPECT_EQ(outcome(run("INSERT INTO mine (a) SELECT zeroblob(1000)")), "ok");
  device.close();
  device.open(small);
  EXPECT_EQ(until_refused("INSERT INTO mine (a) SELECT zeroblob(1000)"), "full") << "remembered";
}

TEST_F(Reserve, quotas_refuse_one_caller_of_a_group_and_nobody_else) {
  StoreOptions small = options();
  small.tables_bytes_max = 100'000;
  open(small);
  ASSERT_EQ(outcome(run("CREATE TABLE mine (a NOT NULL)")), "ok");
  const auto adding = [](std::string_view data) -> WriteBody {
    return [data](Transaction& t) -> Result<void> {
      const auto id = t.add(event("alarm", data));
      return id ? Result<void>() : tl::unexpected<Error>(id.error());
    };
  };
  const std::array<WriteBody, 3> bodies = {
      adding("before"), running("INSERT INTO mine SELECT zeroblob(150000)"), adding("after")};
  std::array<WriteJob, 3> jobs;
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].body = &bodies[i];
  for (std::size_t done = 0; done < jobs.size();)
    done += device.store->commit_group(std::span(jobs).subspan(done));
  EXPECT_EQ(outcome(jobs[0].outcome), "ok");
  EXPECT_EQ(outcome(jobs[1].outcome), "full");
  EXPECT_EQ(outcome(jobs[2].outcome), "ok");
}

// --- a closure of a million rows ---

struct MillionRows : Reserve {
  static constexpr int kRows = 1'000'000;

  MillionRows() {
    StoreOptions large = options(64 * kMiB);
    large.tables_bytes_max = 32 * kMiB;
    open(large);
    EXPECT_EQ(outcome(run("CREATE TABLE mine (id INTEGER PRIMARY KEY, n)")), "ok");
    constexpr int kChunk = 50'000;  // a few hundred pages
    for (int from = 0; from < kRows; from += kChunk) {
      EXPECT_EQ(outcome(run(insert(kChunk))), "ok") << from;
    }
    made = footprint_of(device.path());
  }
  static std::string insert(int rows) {
    return "INSERT INTO mine (n) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < " +
           std::to_string(rows) + ") SELECT i % 100 FROM c";
  }
  std::vector<std::string> mine(const std::string& sql) {
    std::vector<std::string> rows;
    EXPECT_TRUE(device.store->read([&](const Reader& r) -> Result<void> {
      rows = rows_of(r.sql(), sql);
      return {};
    }));
    return rows;
  }
  /// In a group with two others, which must not notice.
  void expect_refused_in_a_group(const std::string& sql) {
    const auto adding = [](Transaction& t) -> Result<void> {
      const auto id = t.add(event("alarm", "small"));
      return id ? Result<void>() : tl::unexpected<Error>(id.error());
    };
    const std::array<WriteBody, 3> bodies = {adding, running(sql), adding};
    std::array<WriteJob, 3> jobs;
    for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].body = &bodies[i];
    const std::int64_t before = device.lane("alarm").committed_seq;
    for (std::size_t done = 0; done < jobs.size();)
      done += device.store->commit_group(std::span(jobs).subspan(done));
    EXPECT_EQ(outcome(jobs[0].outcome), "ok");
    EXPECT_EQ(outcome(jobs[1].outcome), "too_large");
    EXPECT_EQ(outcome(jobs[2].outcome), "ok");
    EXPECT_EQ(device.lane("alarm").committed_seq, before + 2);
    EXPECT_EQ(footprint_of(device.path()), made) << "the WAL grew";
  }
};

TEST_F(MillionRows, in_one_closure_are_too_large_and_the_wal_does_not_grow) {
  EXPECT_EQ(outcome(run("UPDATE mine SET n = n + 1000")), "too_large");
  EXPECT_EQ(footprint_of(device.path()), made) << "the WAL grew";
  EXPECT_EQ(outcome(ledger.write("alarm", 1, 100)), "ok") << "the next write";

  expect_refused_in_a_group("UPDATE mine SET n = n + 1000");
  expect_refused_in_a_group(insert(kRows));
  expect_refused_in_a_group("DELETE FROM mine WHERE n >= 0");
  EXPECT_EQ(mine("SELECT count(*) FROM mine WHERE n < 1000"), std::vector<std::string>{"1000000"});

  // In parts it is no problem.
  EXPECT_EQ(outcome(run("UPDATE mine SET n = n + 1000 WHERE id <= 20000")), "ok");
  EXPECT_EQ(footprint_of(device.path()), made);
  device.drop();
  StoreOptions large = options(64 * kMiB);
  large.tables_bytes_max = 32 * kMiB;
  device.open(large);
  EXPECT_EQ(mine("SELECT count(*) FROM mine WHERE n >= 1000"), std::vector<std::string>{"20000"});
  EXPECT_EQ(footprint_of(device.path()), made);
}

}  // namespace
}  // namespace holdfast::store::test
