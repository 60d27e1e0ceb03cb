// SPDX-License-Identifier: MIT
//
// What each operation costs, without a clock: the statements that SQLite runs for it, exactly, and the pages
// that it puts into the WAL, bounded. `holdfast bench store` shows what that comes to in time and bytes; here
// a statement or a page too many fails on every machine alike. A frame is 4,120 bytes of the WAL; the
// checkpoint moves each page once more, however often it was written in between.
#include <gmock/gmock.h>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using testing::SizeIs;

constexpr std::size_t kPayloadBytes = 150;
constexpr int kKeys = 16;

/// What one operation cost.
struct Cost {
  std::vector<std::string> statements;
  std::uint64_t frames = 0;
};

int note_statement(unsigned /*event*/, void* statements, void* statement, void* /*unexpanded*/) {
  static_cast<std::vector<std::string>*>(statements)
      ->emplace_back(sqlite3_sql(static_cast<sqlite3_stmt*>(statement)));
  return 0;
}

struct Costs : ::testing::Test {
  Costs() {
    StoreOptions options = device.options();
    options.retention_bytes = 0;
    device.open(options);
    for (int i = 0; i < 2 * kKeys; ++i) write(1);  // epoch, texts and keys are known afterwards
    const auto read = device.store->read([this](const Reader& reader) -> Result<void> {
      db = reader.sql();
      return {};
    });
    EXPECT_TRUE(read);
  }

  template <class Operation>
  Cost cost_of(Operation operation) {
    Cost cost;
    device.store->checkpoint_if_due();
    const auto before = device.store->statistics().wal_pages;
    sqlite3_trace_v2(db, SQLITE_TRACE_STMT, &note_statement, &cost.statements);
    operation();
    sqlite3_trace_v2(db, 0, nullptr, nullptr);
    cost.frames = device.store->statistics().wal_pages - before;
    return cost;
  }

  [[nodiscard]] std::string key() const { return "s/" + std::to_string(n % kKeys); }

  Result<void> put_one(Transaction& t) {
    const auto put = t.put(key(), bytes_of("21.50000"));
    return put ? Result<void>() : tl::unexpected<Error>(put.error());
  }
  Result<void> add_one(Transaction& t) {
    const auto id = t.add(event("telemetry", payload, key()));
    return id ? Result<void>() : tl::unexpected<Error>(id.error());
  }

  /// So many callers in one commit, each with one event and its state.
  void write(std::size_t callers) {
    const WriteBody body = [this](Transaction& t) -> Result<void> {
      auto done = put_one(t);
      if (done) done = add_one(t);
      ++n;
      return done;
    };
    std::vector<WriteJob> jobs(callers);
    for (WriteJob& job : jobs) job.body = &body;
    EXPECT_EQ(device.store->commit_group(jobs), callers);
    for (const WriteJob& job : jobs) EXPECT_TRUE(job.outcome);
  }

  /// `events` more, and all that waits is handed out and acknowledged but not stored as such.
  void write_and_settle(std::size_t events) {
    for (std::size_t left = events; left > 0; left -= std::min<std::size_t>(left, 50))
      write(std::min<std::size_t>(left, 50));
    const std::int64_t cursor = device.lane("telemetry").settled_seq;
    std::int64_t to = cursor;
    for (Fetched f = device.fetch(kTelemetry, to); !f.events.empty(); f = device.fetch(kTelemetry, to))
      to = f.end_seq;
    device.settle(kTelemetry, cursor + 1, to);
  }

  Device device;
  const std::string payload = std::string(kPayloadBytes, 'x');
  sqlite3* db = nullptr;
  int n = 0;  ///< of the next event
};

/// Frames of many operations: now and then a leaf is full, and costs more.
struct Total {
  std::uint64_t frames = 0;
  std::uint64_t frames_most = 0;
  void take(const Cost& cost) {
    frames += cost.frames;
    frames_most = std::max(frames_most, cost.frames);
  }
};

TEST_F(Costs, of_a_state_alone) {
  Total total;
  for (int i = 0; i < 100; ++i) {
    const Cost cost = cost_of([&] { ASSERT_TRUE(device.write([&](Transaction& t) { return put_one(t); })); });
    ASSERT_THAT(cost.statements, SizeIs(5));  // BEGIN, two looks at the pages, put, COMMIT
    total.take(cost);
  }
  EXPECT_LE(total.frames, 200U);  // measured 199: the state's leaf, and psow=0's padding of the commit
}

TEST_F(Costs, of_an_event_alone) {
  Total total;
  for (int i = 0; i < 100; ++i) {
    const Cost cost = cost_of([&] { ASSERT_TRUE(device.write([&](Transaction& t) { return add_one(t); })); });
    ASSERT_THAT(cost.statements, SizeIs(5));  // BEGIN, two looks at the pages, append, COMMIT
    total.take(cost);
  }
  EXPECT_LE(total.frames_most,
            7U);                  // measured 6: a leaf is full, so a free page, the root, and the free-list
  EXPECT_LE(total.frames, 225U);  // the lane's leaf and the padding
}

TEST_F(Costs, of_an_event_with_its_state) {
  Total total;
  for (int i = 0; i < 100; ++i) {
    const Cost cost = cost_of([&] { write(1); });
    ASSERT_THAT(cost.statements,
                SizeIs(6));  // BEGIN, two looks, put, append, COMMIT: one alone needs no savepoint
    total.take(cost);
  }
  EXPECT_LE(total.frames_most, 8U);  // measured 7
  EXPECT_LE(total.frames, 325U);
}

TEST_F(Costs, of_a_group_of_50) {
  Total total;
  for (int i = 0; i < 20; ++i) {
    const Cost cost = cost_of([&] { write(50); });
    ASSERT_THAT(cost.statements,
                SizeIs(4 + 50 * 2));  // each: put, append; nobody fails, so nobody needs a savepoint
    total.take(cost);
  }
  EXPECT_LE(total.frames_most, 11U);
  EXPECT_LE(total.frames, 192U);  // 0.19 an event: two a new page more than in a file that grows
}

TEST_F(Costs, of_storing_and_purging_500_acknowledgements) {
  device.drain();
  write_and_settle(limits::kPurgeRowsMax);
  const Cost cost = cost_of([&] { device.store_settled(); });
  // BEGIN, running total, cursor, COMMIT; and twice, because in a store of 4 MiB a range has at most 64 KiB: how much it
  // is, (how far the bytes go,) range delete, what is left
  EXPECT_THAT(cost.statements, SizeIs(4 + 4 + 3));
  EXPECT_LE(cost.frames, 30U);  // measured 27: of 25 leaves, and the cursor
  EXPECT_EQ(device.store->statistics().rows_purged, 32U + limits::kPurgeRowsMax);
}

TEST_F(Costs, of_acknowledgements_that_ride_on_an_event) {
  device.drain();
  write_and_settle(Store::kRideEventsMin);
  const Cost cost = cost_of([&] { write(1); });
  EXPECT_THAT(cost.statements, SizeIs(6 + 5));
  EXPECT_LE(cost.frames, 10U);  // measured 8
}

TEST_F(Costs, of_acknowledgements_that_are_too_few_to_ride_are_nothing) {
  device.drain();
  write_and_settle(Store::kRideEventsMin - 1);
  EXPECT_THAT(cost_of([&] { write(1); }).statements, SizeIs(6));
}

TEST_F(Costs, of_a_quarantined_event) {
  const std::int64_t seq = device.fetch(kTelemetry).events.front().seq;
  const Cost cost = cost_of([&] {
    ASSERT_TRUE(device.store->quarantine({kTelemetry, seq, 0x99, "payload format invalid", UtcTime()}));
  });
  EXPECT_THAT(cost.statements, SizeIs(8));  // BEGIN, look, copy, delete, how many gaps, gap, totals, COMMIT
  EXPECT_LE(cost.frames, 8U);               // measured 7
}

TEST_F(Costs, of_a_fetch_of_100_is_one_statement_and_no_page) {
  for (int i = 0; i < 4; ++i) write(50);
  const Cost cost = cost_of([&] { EXPECT_THAT(device.fetch(kTelemetry, 0, 100).events, SizeIs(100)); });
  EXPECT_THAT(cost.statements, SizeIs(1));
  EXPECT_EQ(cost.frames, 0U);
}

TEST_F(Costs, of_a_settled_event_is_nothing_until_it_is_stored) {
  const Fetched fetched = device.fetch(kTelemetry);
  const Cost cost = cost_of([&] { device.settle(kTelemetry, 1, fetched.end_seq); });
  EXPECT_THAT(cost.statements, SizeIs(0));
  EXPECT_EQ(cost.frames, 0U);
}

}  // namespace
}  // namespace holdfast::store::test
