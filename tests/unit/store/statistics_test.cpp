// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using std::chrono::minutes;

struct StatisticsOf : ::testing::Test {
  StatisticsOf() { device.open(); }
  void expect_backlog(std::int64_t events, std::int64_t bytes) {
    const LaneStatistics lane = device.lane("telemetry");
    EXPECT_EQ(lane.backlog_events, events);
    EXPECT_EQ(lane.backlog_bytes, bytes);
  }

  Device device;
};

TEST_F(StatisticsOf, the_backlog_count_events_and_bytes) {
  expect_backlog(0, 0);
  for (const char* data : {"1", "22", "333", "4444"}) device.add("telemetry", data);
  expect_backlog(4, 10);
  EXPECT_EQ(device.seqs(kTelemetry).size(), 4U);
  device.settle(kTelemetry, 1, 2);
  expect_backlog(2, 7);
  device.store_settled();
  expect_backlog(2, 7);
  device.reopen();
  expect_backlog(2, 7);
  device.drain();
  expect_backlog(0, 0);
  device.reopen();
  expect_backlog(0, 0);
  device.add("telemetry", "55555");
  expect_backlog(1, 5);
}

TEST_F(StatisticsOf, the_backlog_do_not_count_what_is_in_quarantine) {
  for (const char* data : {"1", "22", "333"}) device.add("telemetry", data);
  EXPECT_EQ(device.seqs(kTelemetry).size(), 3U);
  ASSERT_TRUE(device.store->quarantine({kTelemetry, 3, 0x99, "", {}}));
  device.settle(kTelemetry, 1, 2);
  expect_backlog(0, 0);
  device.reopen();
  device.add("telemetry", "4444");
  expect_backlog(1, 4);
  device.reopen();
  expect_backlog(1, 4);
}

TEST_F(StatisticsOf, a_lane_tell_how_old_its_oldest_event_is) {
  EXPECT_FALSE(device.lane("telemetry").oldest_age);
  device.add("telemetry");
  device.clock.advance(minutes(5));
  device.add("telemetry");
  device.clock.advance(minutes(1));
  EXPECT_EQ(device.lane("telemetry").oldest_age, Duration(minutes(6)));
  EXPECT_EQ(device.seqs(kTelemetry).size(), 2U);
  device.settle(kTelemetry, 1, 1);
  EXPECT_EQ(device.lane("telemetry").oldest_age, Duration(minutes(1)));
  device.host.boot = "boot-2";
  device.reopen();
  EXPECT_FALSE(device.lane("telemetry").oldest_age);  // powered time of an earlier boot
}

TEST_F(StatisticsOf, a_lane_have_watermarks_that_agree_with_them) {
  for (int i = 0; i < 5; ++i) device.add("telemetry");
  EXPECT_EQ(device.seqs(kTelemetry).size(), 5U);
  device.settle(kTelemetry, 1, 2);
  device.settle(kTelemetry, 4, 4);
  const auto marks = device.store->watermarks();
  ASSERT_EQ(marks.size(), 2U);
  EXPECT_EQ(marks[1].lane, kTelemetry);
  EXPECT_EQ(marks[1].committed_seq, 5);
  EXPECT_EQ(marks[1].settled_seq, 2);
  EXPECT_EQ(marks[1].backlog_events, 2);
  EXPECT_EQ(device.lane("telemetry").backlog_events, 2);
}

TEST_F(StatisticsOf, the_store_tell_pages_and_checkpoints) {
  StoreOptions options = device.options();
  options.checkpoint_pages = 20;
  device.close();
  device.open(options);
  EXPECT_EQ(device.store->statistics().wal_pages, 0U);
  for (int i = 0; i < 100; ++i) {
    device.add("telemetry");
    device.store->checkpoint_if_due();
    EXPECT_LE(device.store->statistics().wal_pages, 25U);
  }
  const StoreStatistics statistics = device.store->statistics();
  EXPECT_GE(statistics.checkpoints, 8U);
  EXPECT_EQ(statistics.checkpoint_failures, 0U);
  EXPECT_EQ(statistics.budget_bytes, options.budget_bytes);
  EXPECT_EQ(statistics.device, "device-1");
  EXPECT_GT(statistics.database_bytes, 0U);
}

}  // namespace
}  // namespace holdfast::store::test
