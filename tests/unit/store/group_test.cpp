// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

struct Group : ::testing::Test {
  Group() { device.open(); }

  void add_job(WriteBody body) { bodies.push_back(std::move(body)); }
  void add_event_job(std::string_view data = "{}") {
    add_job([data](Transaction& t) -> Result<void> {
      const auto id = t.add(event("telemetry", data));
      return id ? Result<void>() : tl::unexpected<Error>(id.error());
    });
  }
  void add_failing_job() {
    add_job([](Transaction& t) -> Result<void> {
      EXPECT_TRUE(t.add(event("telemetry", "never")));
      return fail(ErrorCode::unavailable, "test");
    });
  }
  /// Commits all of them in as many groups as it takes; returns how many groups that was.
  int commit() {
    jobs.assign(bodies.size(), {});
    for (std::size_t i = 0; i < bodies.size(); ++i) jobs[i].body = &bodies[i];
    int groups = 0;
    for (std::size_t done = 0; done < jobs.size(); ++groups) {
      done += device.store->commit_group(std::span(jobs).subspan(done));
    }
    return groups;
  }
  StoreStatistics statistics() { return device.store->statistics(); }

  Device device;
  std::vector<WriteBody> bodies;
  std::vector<WriteJob> jobs;
};

TEST_F(Group, commits_a_hundred_writes_at_once_and_tells_each_its_outcome) {
  for (int i = 0; i < 100; ++i) {
    if (i % 10 == 3) {
      add_failing_job();
    } else {
      add_event_job();
    }
  }
  EXPECT_EQ(commit(), 1);
  std::int64_t next = 1;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (i % 10 == 3) {
      EXPECT_EQ(outcome(jobs[i].outcome), "unavailable");
    } else {
      ASSERT_EQ(outcome(jobs[i].outcome), "ok");
      ASSERT_EQ(jobs[i].outcome->events.size(), 1U);
      EXPECT_EQ(jobs[i].outcome->events[0].seq, next++);
    }
  }
  EXPECT_EQ(statistics().groups_committed, 1U);
  EXPECT_EQ(statistics().group_events_largest, 90U);
  EXPECT_EQ(statistics().events_committed, 90U);
  EXPECT_EQ(statistics().event_bytes_committed, 180U);
  EXPECT_EQ(statistics().writes_committed, 90U);
  EXPECT_EQ(statistics().writes_failed, 10U);
  EXPECT_EQ(statistics().groups_split, 0U);
  EXPECT_EQ(device.seqs(kTelemetry).size(), 90U);
}

TEST_F(Group, closes_when_it_has_events_enough) {
  for (int i = 0; i < 6; ++i) {
    add_job([](Transaction& t) -> Result<void> {
      for (int k = 0; k < 1000; ++k) EXPECT_TRUE(t.add(event("telemetry", "")));
      return {};
    });
  }
  EXPECT_EQ(commit(), 2);
  EXPECT_EQ(statistics().group_events_largest, 5000U);  // the first four are below 4,096
  EXPECT_EQ(device.lane("telemetry").committed_seq, 6000);
}

TEST_F(Group, closes_when_it_has_bytes_enough) {
  device.close();
  StoreOptions options = device.options();
  options.path = device.dir / "large.db";
  options.budget_bytes = 32 * 1024 * 1024;
  device.open(options);
  const std::string data(64 * 1024, 'x');
  for (int i = 0; i < 100; ++i) add_event_job(data);
  EXPECT_EQ(commit(), 3);
  EXPECT_EQ(statistics().group_events_largest, limits::kGroupBytesMax / data.size());
}

TEST_F(Group, commits_nothing_when_every_write_fails) {
  for (int i = 0; i < 3; ++i) add_failing_job();
  const auto wal_pages = statistics().wal_pages;
  EXPECT_EQ(commit(), 1);
  EXPECT_EQ(statistics().groups_committed, 0U);
  EXPECT_EQ(statistics().writes_failed, 3U);
  EXPECT_EQ(statistics().wal_pages, wal_pages);
  EXPECT_FALSE(statistics().epoch);
  EXPECT_EQ(device.add("telemetry").seq, 1);
}

TEST_F(Group, stores_its_epoch_though_the_first_writer_of_an_event_failed) {
  add_failing_job();
  add_event_job();
  EXPECT_EQ(commit(), 1);
  EXPECT_EQ(outcome(jobs[1].outcome), "ok");
  device.reopen();
  EXPECT_EQ(device.fetch(kTelemetry).events.at(0).epoch, jobs[1].outcome->events[0].epoch);
}

TEST_F(Group, commits_the_others_once_when_one_of_them_ends_the_transaction) {
  add_job([](Transaction& t) -> Result<void> {
    EXPECT_EQ(run_sql(t.sql(), "CREATE TABLE mine (a INTEGER PRIMARY KEY); INSERT INTO mine VALUES (1)"),
              SQLITE_OK);
    return {};
  });
  commit();
  bodies.clear();
  int first_ran = 0;
  add_job([&](Transaction& t) -> Result<void> {
    ++first_ran;
    EXPECT_TRUE(t.put("first", bytes_of("1")));
    EXPECT_TRUE(t.add(event("telemetry", "first")));
    return {};
  });
  add_failing_job();
  add_job([](Transaction& t) -> Result<void> {
    EXPECT_TRUE(t.add(event("telemetry", "killer")));
    EXPECT_NE(run_sql(t.sql(), "INSERT OR ROLLBACK INTO mine VALUES (1)"), SQLITE_OK);
    return fail(ErrorCode::invalid, "insert", "constraint");
  });
  add_event_job("last");
  EXPECT_EQ(commit(), 2);
  EXPECT_EQ(outcome(jobs[0].outcome), "ok");
  EXPECT_EQ(outcome(jobs[1].outcome), "unavailable");
  EXPECT_EQ(outcome(jobs[2].outcome), "invalid");
  EXPECT_EQ(outcome(jobs[3].outcome), "ok");
  EXPECT_EQ(first_ran, 3);  // without savepoints, with them, alone
  EXPECT_EQ(statistics().groups_split, 1U);
  device.reopen();
  EXPECT_EQ(device.list("first").at(0).version, 1);
  const Fetched fetched = device.fetch(kTelemetry);
  ASSERT_EQ(seqs_of(fetched), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(text(fetched.events[0].data), "first");
  EXPECT_EQ(text(fetched.events[1].data), "last");
  EXPECT_EQ(jobs[0].outcome->events.at(0).seq, 1);
  EXPECT_EQ(jobs[3].outcome->events.at(0).seq, 2);
}

TEST_F(Group, carries_acknowledgements_when_they_are_worth_it) {
  for (int i = 0; i < 100; ++i) add_event_job();
  commit();
  EXPECT_EQ(device.fetch(kTelemetry).events.size(), 100U);
  device.settle(kTelemetry, 1, 63);
  device.add("telemetry");
  EXPECT_EQ(statistics().rows_purged, 0U);
  device.settle(kTelemetry, 64, 64);
  device.add("telemetry");
  EXPECT_EQ(statistics().rows_purged, 64U);
  EXPECT_EQ(statistics().settle_commits, 0U);
  device.drop();
  device.open();
  EXPECT_EQ(device.seqs(kTelemetry).front(), 65);
}

}  // namespace
}  // namespace holdfast::store::test
