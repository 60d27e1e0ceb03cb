// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using Seqs = std::vector<std::int64_t>;

struct Quarantine : ::testing::Test {
  Quarantine() {
    device.open();
    for (int i = 1; i <= 3; ++i) ids.push_back(device.add("telemetry", "12345"));
    EXPECT_EQ(device.seqs(kTelemetry), (Seqs{1, 2, 3}));
  }

  bool quarantine(std::int64_t seq) {
    return device.store->quarantine({kTelemetry, seq, 0x99, "payload format invalid", {}});
  }
  std::vector<GapRecord> gaps() {
    std::vector<GapRecord> gaps;
    const auto records = device.store->control_records();
    EXPECT_TRUE(records);
    for (const ControlRecord& record : records.value()) {
      if (const auto* gap = std::get_if<GapRecord>(&record.record)) gaps.push_back(*gap);
    }
    return gaps;
  }

  Device device;
  std::vector<EventId> ids;
};

TEST_F(Quarantine, moves_the_event_and_declares_the_gap_at_once) {
  ASSERT_TRUE(device.store->take_control_news());
  ASSERT_TRUE(quarantine(2));
  EXPECT_TRUE(device.store->take_control_news());
  EXPECT_FALSE(device.store->take_control_news());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(device.seqs(kTelemetry), (Seqs{1, 3}));
    ASSERT_EQ(gaps().size(), 1U);
    const std::string prefix = ids[1].epoch.text() + "-telemetry-gap-";
    EXPECT_EQ(gaps()[0].id.substr(0, prefix.size()), prefix);
    EXPECT_EQ(gaps()[0], (GapRecord{.id = gaps()[0].id,
                                    .epoch = ids[1].epoch,
                                    .lane = "telemetry",
                                    .first = 2,
                                    .last = 2,
                                    .missing = 1,
                                    .bytes = 5,
                                    .reason = "quarantined"}));
    const LaneStatistics lane = device.lane("telemetry");
    EXPECT_EQ(lane.quarantined_events, 1);
    EXPECT_EQ(lane.lost_events_ever, 1);
    EXPECT_EQ(lane.backlog_events, 2);
    EXPECT_EQ(lane.settled_seq, 0);
    device.drop();
    device.open();
  }
}

TEST_F(Quarantine, keeps_the_whole_row_and_why) {
  device.store->note_failure({kTelemetry, 2, 0x87, "not authorised", {}});
  ASSERT_TRUE(quarantine(2));
  device.close();
  RawDatabase raw(device.path());
  EXPECT_EQ(rows_of(raw.handle(),
                    "SELECT lane || ' ' || seq || ' ' || key || ' ' || CAST(data AS TEXT) || ' ' || "
                    "reason || ' ' || detail || ' ' || attempts FROM hf_quarantine"),
            (std::vector<std::string>{"2 2 sensor 12345 153 payload format invalid 2"}));
}

TEST_F(Quarantine, never_gives_the_seq_to_another_event) {
  ASSERT_TRUE(quarantine(3));
  const Fetched fetched = device.fetch(kTelemetry, 2);
  EXPECT_TRUE(fetched.events.empty());
  EXPECT_EQ(fetched.end_seq, 3);
  EXPECT_FALSE(fetched.more);
  device.drop();
  device.open();
  EXPECT_EQ(device.add("telemetry").seq, 4);
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{1, 2, 4}));
}

TEST_F(Quarantine, lets_the_cursor_pass) {
  ASSERT_TRUE(quarantine(2));
  device.settle(kTelemetry, 1, 1);
  EXPECT_EQ(device.lane("telemetry").settled_seq, 2);
  device.settle(kTelemetry, 3, 3);
  device.reopen();
  EXPECT_EQ(device.lane("telemetry").settled_seq, 3);
  EXPECT_EQ(device.lane("telemetry").backlog_events, 0);
}

TEST_F(Quarantine, forgets_a_gap_that_was_acknowledged_and_never_its_id) {
  ASSERT_TRUE(quarantine(1));
  const auto records = device.store->control_records();
  const std::string first_id = gaps()[0].id;
  device.store->settle_control(records->back().number, true);
  EXPECT_TRUE(gaps().empty());
  device.reopen();
  EXPECT_TRUE(gaps().empty());
  EXPECT_EQ(device.lane("telemetry").quarantined_events, 1);
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{2, 3}));
  ASSERT_TRUE(quarantine(2));
  ASSERT_EQ(gaps().size(), 1U);
  EXPECT_NE(gaps()[0].id, first_id);
}

TEST_F(Quarantine, publishes_a_gap_again_whose_acknowledgement_was_not_stored) {
  ASSERT_TRUE(quarantine(1));
  device.store->settle_control(device.store->control_records()->back().number, true);
  device.drop();
  device.open();
  EXPECT_EQ(gaps().size(), 1U);
}

TEST_F(Quarantine, makes_the_lane_wait_when_it_is_full) {
  const auto most = static_cast<std::int64_t>(limits::kQuarantineRowsMax);
  ASSERT_TRUE(device.write([&](Transaction& t) -> Result<void> {
    for (std::int64_t i = 0; i < most; ++i) EXPECT_TRUE(t.add(event("telemetry", "")));
    return {};
  }));
  for (std::int64_t after = 0; after < most;) after = device.fetch(kTelemetry, after).end_seq;
  for (std::int64_t seq = 1; seq <= most; ++seq) ASSERT_TRUE(quarantine(seq)) << seq;
  EXPECT_FALSE(quarantine(most + 1));
  EXPECT_EQ(device.seqs(kTelemetry).front(), most + 1);
  EXPECT_EQ(device.lane("telemetry").settled_seq, most);
}

}  // namespace
}  // namespace holdfast::store::test
