// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using Seqs = std::vector<std::int64_t>;

struct Settling : ::testing::Test {
  Settling() { device.open(); }

  void add_many(std::int64_t count, std::string_view data = "{}") {
    ASSERT_TRUE(device.write([&](Transaction& t) -> Result<void> {
      for (std::int64_t i = 0; i < count; ++i) EXPECT_TRUE(t.add(event("telemetry", data)));
      return {};
    }));
  }
  std::int64_t cursor() { return device.lane("telemetry").settled_seq; }
  std::int64_t rows() {
    device.drop();
    const auto count = RawDatabase(device.path()).integer("SELECT count(*) FROM hf_lane_2");
    device.open();
    return count;
  }

  Device device;
};

TEST_F(Settling, hands_out_events_in_order) {
  add_many(5);
  const Fetched fetched = device.fetch(kTelemetry);
  EXPECT_EQ(seqs_of(fetched), (Seqs{1, 2, 3, 4, 5}));
  EXPECT_EQ(fetched.end_seq, 5);
  EXPECT_FALSE(fetched.more);
  EXPECT_TRUE(device.fetch(kTelemetry, 5).events.empty());
  EXPECT_TRUE(device.fetch(kAlarm).events.empty());
}

TEST_F(Settling, hands_out_no_more_than_asked_for) {
  add_many(10, "1234567890");
  const Fetched three = device.fetch(kTelemetry, 2, 3);
  EXPECT_EQ(seqs_of(three), (Seqs{3, 4, 5}));
  EXPECT_EQ(three.end_seq, 5);
  EXPECT_TRUE(three.more);
  EXPECT_EQ(seqs_of(device.fetch(kTelemetry, 0, 100, 25)), (Seqs{1, 2}));
  EXPECT_EQ(seqs_of(device.fetch(kTelemetry, 0, 100, 30)), (Seqs{1, 2, 3}));
  EXPECT_EQ(seqs_of(device.fetch(kTelemetry, 0, 100, 1)), (Seqs{1}));  // one always fits
}

TEST_F(Settling, hands_out_nothing_beyond_the_span) {
  for (int i = 0; i < 5; ++i) add_many(1000, "");
  const auto span = static_cast<std::int64_t>(limits::kSpanMax);
  EXPECT_EQ(device.fetch(kTelemetry, span - 2).end_seq, span);
  const Fetched beyond = device.fetch(kTelemetry, span);
  EXPECT_TRUE(beyond.events.empty());
  EXPECT_EQ(beyond.end_seq, span);
  EXPECT_FALSE(beyond.more);  // not now: asking again would give nothing
  device.settle(kTelemetry, 1, 1);
  EXPECT_EQ(seqs_of(device.fetch(kTelemetry, span)), (Seqs{span + 1}));
  device.settle(kTelemetry, 3, span + 1);  // all but 2: the span is full of settled rows
  const Fetched over_settled = device.fetch(kTelemetry, 2);
  EXPECT_TRUE(over_settled.events.empty());
  EXPECT_EQ(over_settled.end_seq, span + 1);
  EXPECT_FALSE(over_settled.more);
}

TEST_F(Settling, moves_the_cursor_only_over_what_is_settled_without_a_hole) {
  add_many(5);
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{1, 2, 3, 4, 5}));
  device.settle(kTelemetry, 3, 3);
  device.settle(kTelemetry, 5, 5);
  EXPECT_EQ(cursor(), 0);
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{1, 2, 4}));
  device.settle(kTelemetry, 1, 1);
  EXPECT_EQ(cursor(), 1);
  device.settle(kTelemetry, 2, 2);
  EXPECT_EQ(cursor(), 3);
  device.settle(kTelemetry, 2, 2);  // an acknowledgement that comes twice
  EXPECT_EQ(cursor(), 3);
  device.store_settled();
  EXPECT_EQ(rows(), 2);
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{4, 5}));  // 5 was remembered in memory only
}

TEST_F(Settling, keeps_a_stored_cursor_and_forgets_one_that_was_not_stored) {
  add_many(10);
  EXPECT_EQ(device.seqs(kTelemetry).size(), 10U);
  device.settle(kTelemetry, 1, 4);
  device.store_settled();
  device.settle(kTelemetry, 5, 6);
  device.drop();
  device.open();
  EXPECT_EQ(cursor(), 4);
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{5, 6, 7, 8, 9, 10}));
  device.settle(kTelemetry, 5, 6);
  device.reopen();  // close() stores it
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{7, 8, 9, 10}));
}

TEST_F(Settling, purges_at_most_two_ranges_of_rows_in_one_commit) {
  add_many(1000, "");
  add_many(200, "");
  std::int64_t after = 0;
  for (Fetched f = device.fetch(kTelemetry); !f.events.empty(); f = device.fetch(kTelemetry, after))
    after = f.end_seq;
  device.settle(kTelemetry, 1, 1200);
  EXPECT_EQ(device.store->store_settled(true).value(), 1200U - 2 * limits::kPurgeRowsMax);
  EXPECT_EQ(device.store->store_settled(true).value(), 0U);
  EXPECT_EQ(device.store->statistics().rows_purged, 1200U);
  EXPECT_EQ(device.store->statistics().settle_commits, 2U);
  EXPECT_EQ(rows(), 0);
}

TEST_F(Settling, waits_until_enough_is_due) {
  add_many(512);
  EXPECT_EQ(device.fetch(kTelemetry, 0, 256).events.size(), 256U);
  EXPECT_EQ(device.fetch(kTelemetry, 256, 256).events.size(), 256U);
  device.settle(kTelemetry, 1, 511);
  EXPECT_EQ(device.store->store_settled(false).value(), 511U);
  device.settle(kTelemetry, 512, 512);
  EXPECT_EQ(device.store->store_settled(false).value(), 0U);
}

TEST_F(Settling, continues_with_what_was_settled_but_not_purged_before_the_opening) {
  add_many(600);
  EXPECT_EQ(device.fetch(kTelemetry, 0, 300).events.size(), 300U);
  EXPECT_EQ(device.fetch(kTelemetry, 300, 300).events.size(), 300U);
  device.settle(kTelemetry, 1, 600);
  device.reopen();
  EXPECT_EQ(cursor(), 600);
  EXPECT_EQ(device.store->store_settled(true).value(), 0U);
  EXPECT_EQ(rows(), 0);
}

TEST_F(Settling, remembers_refusals_until_the_cursor_passes_them) {
  add_many(3);
  EXPECT_EQ(device.seqs(kTelemetry).size(), 3U);
  device.store->note_failure({kTelemetry, 2, 0x97, "quota exceeded", {}});
  device.store->note_failure({kTelemetry, 2, 0x87, "not authorised", {}});
  device.drop();
  {
    RawDatabase raw(device.path());
    EXPECT_EQ(rows_of(raw.handle(),
                      "SELECT lane || ' ' || seq || ' ' || attempts || ' ' || reason || ' ' || detail "
                      "FROM hf_failed"),
              (std::vector<std::string>{"2 2 2 135 not authorised"}));
  }
  device.open();
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{1, 2, 3}));
  device.settle(kTelemetry, 1, 2);
  device.close();
  EXPECT_EQ(RawDatabase(device.path()).integer("SELECT count(*) FROM hf_failed"), 0);
  device.open();
}

TEST_F(Settling, takes_a_late_acknowledgement_of_a_released_row_no_more) {
  add_many(2);
  EXPECT_EQ(device.seqs(kTelemetry).size(), 2U);
  device.store->release_pins();
  EXPECT_DEATH(device.store->settle(kTelemetry, 1), "is_pinned");
}

}  // namespace
}  // namespace holdfast::store::test
