// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

struct Epochs : ::testing::Test {
  std::vector<EpochRecord> records() {
    std::vector<EpochRecord> epochs;
    const auto all = device.store->control_records();
    for (const ControlRecord& record : all.value()) {
      epochs.push_back(std::get<EpochRecord>(record.record));
    }
    return epochs;
  }
  std::int64_t count(const std::string& table) {
    return RawDatabase(device.path()).integer("SELECT count(*) FROM " + table);
  }

  Device device;
};

TEST_F(Epochs, begin_with_the_first_event_and_not_before) {
  device.open();
  EXPECT_TRUE(records().empty());
  EXPECT_EQ(device.state("k"), "");
  ASSERT_TRUE(device.write([](Transaction& t) -> Result<void> {
    EXPECT_TRUE(t.put("k", bytes_of("v")));
    return {};
  }));
  EXPECT_FALSE(device.store->statistics().epoch);
  EXPECT_TRUE(records().empty());
  const EventId id = device.add("alarm");
  EXPECT_EQ(device.store->statistics().epoch, id.epoch);
  EXPECT_EQ(records(), (std::vector<EpochRecord>{{id.epoch, std::nullopt, {}, "created"}}));
}

TEST_F(Epochs, name_their_parent_and_where_it_ended) {
  device.open();
  const Epoch first = device.add("alarm").epoch;
  device.add("telemetry");
  device.add("telemetry");
  device.reopen();
  device.reopen();  // an opening that commits nothing leaves no trace
  const Epoch second = device.add("telemetry").epoch;
  EXPECT_NE(first, second);
  EXPECT_EQ(device.add("alarm").epoch, second);
  const auto all = records();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1], (EpochRecord{second, first, {{"alarm", 1}, {"telemetry", 2}}, "opened"}));
  const Fetched fetched = device.fetch(kTelemetry);
  EXPECT_EQ(fetched.events.at(1).epoch, first);
  EXPECT_EQ(fetched.events.at(2).epoch, second);
}

TEST_F(Epochs, tell_the_relay_that_there_is_a_new_one) {
  device.open();
  EXPECT_TRUE(device.store->take_control_news());
  EXPECT_FALSE(device.store->take_control_news());
  device.add("alarm");
  EXPECT_TRUE(device.store->take_control_news());
  device.add("alarm");
  EXPECT_FALSE(device.store->take_control_news());
}

TEST_F(Epochs, are_announced_until_that_is_acknowledged) {
  device.open();
  device.add("alarm");
  device.reopen();
  ASSERT_EQ(records().size(), 1U);
  device.store->settle_control(device.store->control_records()->at(0).number, false);
  EXPECT_TRUE(records().empty());
  device.reopen();
  EXPECT_TRUE(records().empty());
}

TEST_F(Epochs, are_announced_again_on_a_new_connection_and_that_costs_no_commit) {
  device.open();
  device.add("alarm");
  device.drain();
  const auto first = device.store->control_records(true).value();
  ASSERT_EQ(first.size(), 1U);
  device.store->settle_control(first[0].number, false);
  ASSERT_TRUE(device.store->store_settled(true));
  EXPECT_TRUE(device.store->control_records(false)->empty());
  const auto again = device.store->control_records(true).value();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(std::get<EpochRecord>(again[0].record).epoch, std::get<EpochRecord>(first[0].record).epoch);
  device.store->settle_control(again[0].number, false);
  EXPECT_EQ(device.store->store_settled(true), 0U);
  EXPECT_EQ(device.store->statistics().settle_commits, 1U);
}

TEST_F(Epochs, are_announced_a_bounded_number_at_a_time_after_many_crashes_without_a_broker) {
  constexpr std::size_t kOpenings = limits::kControlRecordsMax + 10;
  for (std::size_t i = 0; i < kOpenings; ++i) {
    device.open();
    device.add("alarm");
    device.store.reset();
  }
  device.open();
  (void)device.store->take_control_news();
  const auto first = device.store->control_records();
  ASSERT_EQ(first.value().size(), limits::kControlRecordsMax);
  for (const ControlRecord& record : *first) device.store->settle_control(record.number, false);
  EXPECT_TRUE(device.store->take_control_news()) << "the relay must be told to ask for the rest";
  EXPECT_EQ(records().size(), kOpenings - limits::kControlRecordsMax);
}

TEST_F(Epochs, are_forgotten_once_nothing_refers_to_them_and_enough_came_after_them) {
  for (int i = 0; i < 200; ++i) {
    device.host.boot = "boot-" + std::to_string(i / 10);
    device.open();
    device.add("telemetry");
    device.drain();
    device.close();
  }
  EXPECT_GE(count("hf_epoch"), kEpochsKept);
  EXPECT_LE(count("hf_epoch"), kEpochsKept + 1);
  EXPECT_LE(count("hf_boot"), kEpochsKept / 10 + 2);
  EXPECT_LE(count("hf_epoch_end"), 2 * (kEpochsKept + 1));
  device.open();
  EXPECT_EQ(device.add("telemetry").seq, 201);
}

TEST_F(Epochs, are_kept_while_an_event_of_theirs_is_pending) {
  device.open();
  const EventId oldest = device.add("telemetry");
  device.close();
  for (int i = 0; i < 5; ++i) {
    device.open();
    device.add("alarm");
    const auto records_now = device.store->control_records();
    for (const ControlRecord& r : records_now.value()) {
      device.store->settle_control(r.number, false);
    }
    device.close();
  }
  device.open();
  EXPECT_EQ(device.fetch(kTelemetry).events.at(0).epoch, oldest.epoch);
}

TEST_F(Epochs, know_the_boot_and_when_its_clock_could_be_trusted) {
  device.clock.set_wall({device.clock.wall().utc, false});
  device.open();
  device.add("telemetry");
  EXPECT_TRUE(device.fetch(kTelemetry).events.at(0).of_this_boot);
  EXPECT_FALSE(device.fetch(kTelemetry).events.at(0).anchor);
  EXPECT_EQ(device.fetch(kTelemetry).events.at(0).committed_at, device.clock.now());
  device.add("telemetry");
  device.clock.set_wall({device.clock.wall().utc, true});
  EXPECT_EQ(device.seqs(kTelemetry).size(), 2U);
  device.settle(kTelemetry, 1, 1);
  device.close();  // the anchor rides on what close() stores
  device.host.boot = "boot-2";
  device.open();
  const StoredEvent pending = device.fetch(kTelemetry).events.at(0);
  EXPECT_FALSE(pending.of_this_boot);
  ASSERT_TRUE(pending.anchor);
  EXPECT_EQ(pending.anchor->utc, device.clock.wall().utc);
}

TEST_F(Epochs, try_again_to_store_an_anchor_that_was_rolled_back) {
  device.clock.set_wall({device.clock.wall().utc, false});
  device.open();
  for (int i = 0; i < 70; ++i) device.add("telemetry");
  device.clock.set_wall({device.clock.wall().utc, true});
  EXPECT_EQ(device.seqs(kTelemetry).size(), 70U);
  device.settle(kTelemetry, 1, 64);
  EXPECT_EQ(outcome(device.write([](Transaction&) { return fail(ErrorCode::invalid, "test"); })), "invalid");
  device.close();
  device.open();
  EXPECT_TRUE(device.fetch(kTelemetry).events.at(0).anchor);
}

}  // namespace
}  // namespace holdfast::store::test
