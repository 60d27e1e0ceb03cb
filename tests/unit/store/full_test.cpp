// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <array>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

/// A store of 1 MiB that has been filled with events of 4,000 bytes until one did not fit.
struct Full : ::testing::Test {
  Full() {
    device.open(options());
    while (outcome(add(4000)) == "ok") ++stored;
  }

  /// With one lane, the budget alone bounds it: its share is everything.
  StoreOptions options() const {
    StoreOptions options = device.options();
    options.budget_bytes = 1024 * 1024;
    options.lanes = {{.name = "telemetry", .priority = 1}};
    return options;
  }

  WriteResult add(std::size_t bytes) {
    const std::string data(bytes, 'x');
    return device.write(adding(data));
  }
  static WriteBody adding(std::string_view data) {
    return [data](Transaction& t) -> Result<void> {
      const auto id = t.add(event("telemetry", data));
      return id ? Result<void>() : tl::unexpected<Error>(id.error());
    };
  }

  /// Room for a few small events, and for no large one.
  void make_a_little_room() {
    const auto oldest = device.seqs(kOnly);
    device.settle(kOnly, oldest.front(), oldest.front() + 5);
    device.store_settled();
  }

  static constexpr LaneNumber kOnly = 1;
  Device device;
  std::int64_t stored = 0;
};

TEST_F(Full, refuses_a_write_and_keeps_what_was_stored) {
  EXPECT_GT(stored, 110);  // of 167 pages, without the schema's and the reserve's
  EXPECT_EQ(outcome(add(4000)), "full");
  const StoreStatistics statistics = device.store->statistics();
  EXPECT_LE(statistics.database_bytes, 1024U * 1024U);
  EXPECT_FALSE(statistics.degraded);
  device.drop();
  device.open(options());
  EXPECT_EQ(device.lane("telemetry").committed_seq, stored);
  EXPECT_EQ(device.seqs(kOnly).size(), static_cast<std::size_t>(stored));
}

TEST_F(Full, fails_only_the_writer_that_does_not_fit) {
  make_a_little_room();
  const std::string small = "x";
  const std::string large(60'000, 'x');
  const std::array<WriteBody, 4> bodies = {adding(small), adding(large), adding(small), adding(large)};
  std::array<WriteJob, 4> jobs;
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].body = &bodies[i];
  for (std::size_t done = 0; done < jobs.size();) {
    done += device.store->commit_group(std::span(jobs).subspan(done));
  }
  EXPECT_EQ(outcome(jobs[0].outcome), "ok");
  EXPECT_EQ(outcome(jobs[1].outcome), "full");
  EXPECT_EQ(outcome(jobs[3].outcome), "full");
  ASSERT_EQ(outcome(jobs[2].outcome), "ok");
  EXPECT_EQ(jobs[2].outcome->events.at(0).seq, stored + 2);
  EXPECT_EQ(device.lane("telemetry").committed_seq, stored + 2);
}

TEST_F(Full, survives_a_callers_own_statement_that_ends_the_transaction) {
  make_a_little_room();
  const WriteBody greedy = [](Transaction& t) -> Result<void> {
    EXPECT_EQ(run_sql(t.sql(), "CREATE TABLE IF NOT EXISTS mine (a, b)"), SQLITE_OK);
    while (run_sql(t.sql(), "INSERT INTO mine VALUES (1, zeroblob(4000))") == SQLITE_OK) {
    }
    return fail(ErrorCode::full, "insert");
  };
  const std::string small = "x";
  const std::array<WriteBody, 3> bodies = {adding(small), greedy, adding(small)};
  std::array<WriteJob, 3> jobs;
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].body = &bodies[i];
  for (std::size_t done = 0; done < jobs.size();) {
    done += device.store->commit_group(std::span(jobs).subspan(done));
  }
  EXPECT_EQ(outcome(jobs[0].outcome), "ok");
  EXPECT_EQ(outcome(jobs[1].outcome), "full");
  EXPECT_EQ(outcome(jobs[2].outcome), "ok");
  EXPECT_EQ(device.lane("telemetry").committed_seq, stored + 2);
}

TEST_F(Full, writes_again_once_events_are_settled) {
  for (std::int64_t round = 0; round < 5; ++round) {
    ASSERT_EQ(outcome(add(4000)), "full");
    const auto oldest = device.seqs(kOnly);
    device.settle(kOnly, oldest.front(), oldest.front() + 99);
    // The acknowledgements ride on the next commit, and go first in it: 100 rows out, one in.
    for (int i = 0; i < 90; ++i) ASSERT_EQ(outcome(add(4000)), "ok") << round << ' ' << i;
    while (outcome(add(4000)) == "ok") {
    }
  }
  for (Fetched f = device.fetch(kOnly); !f.events.empty(); f = device.fetch(kOnly, f.end_seq)) {
    for (const StoredEvent& e : f.events) device.store->settle(kOnly, e.seq);
  }
  EXPECT_EQ(outcome(add(4000)), "ok");
}

TEST_F(Full, lets_the_fewest_acknowledgements_ride_when_room_is_short) {
  const auto oldest = device.seqs(kOnly);
  EXPECT_EQ(outcome(add(4000)), "full");
  device.settle(kOnly, oldest.front(), oldest.front() + 3);
  EXPECT_EQ(outcome(add(4000)), "ok");
}

}  // namespace
}  // namespace holdfast::store::test
