// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using Seqs = std::vector<std::int64_t>;

struct Replay : ::testing::Test {
  void open(std::uint64_t retention_bytes = 1024 * 1024) {
    StoreOptions options = device.options();
    options.retention_bytes = retention_bytes;
    device.open(options);
  }
  Epoch add(int count, std::string_view key = "sensor") {
    Epoch epoch;
    for (int i = 0; i < count; ++i) epoch = device.add("telemetry", "12345", key).epoch;
    return epoch;
  }
  void settle(std::int64_t first, std::int64_t last) {
    (void)device.seqs(kTelemetry);
    device.settle(kTelemetry, first, last);
    device.store_settled();
  }
  ReplayPage replay(ReplayQuestion question) {
    question.lane = question.lane.empty() ? "telemetry" : question.lane;
    auto page = device.store->replay(question);
    EXPECT_TRUE(page);
    return page.value_or(ReplayPage{});
  }
  static Seqs seqs(const ReplayPage& page) {
    Seqs seqs;
    for (const StoredEvent& e : page.events) seqs.push_back(e.seq);
    return seqs;
  }
  static std::string gone(const ReplayPage& page) {
    std::string text;
    for (const GapRecord& gap : page.gone) {
      text += (text.empty() ? "" : ", ") + std::to_string(gap.first) + "-" + std::to_string(gap.last) + "/" +
              std::to_string(gap.missing) + " " + gap.reason;
    }
    return text;
  }
  void acknowledge_gaps() {
    const auto records = device.store->control_records();
    for (const ControlRecord& record : *records)
      device.store->settle_control(record.number, std::holds_alternative<GapRecord>(record.record));
    device.store_settled();
  }
  Device device;
};

TEST_F(Replay, gives_settled_events_as_they_were_and_leaves_the_backlog_alone) {
  open();
  const Epoch epoch = add(5);
  settle(1, 3);
  const ReplayPage page = replay({.after_seq = 1, .last_seq = 100});
  EXPECT_EQ(seqs(page), (Seqs{2, 3}));
  EXPECT_EQ(gone(page), "");
  EXPECT_FALSE(page.more);
  EXPECT_EQ(page.events[0].epoch, epoch);
  EXPECT_EQ(page.events[0].topic, "holdfast/device-1/telemetry/sensor");
  EXPECT_EQ(text(page.events[0].data), "12345");
  EXPECT_EQ(device.lane("telemetry").backlog_events, 2);
  EXPECT_EQ(device.lane("telemetry").retained_events, 3);
}

TEST_F(Replay, says_that_what_was_purged_is_not_retained_and_counts_no_loss) {
  open(0);
  const Epoch epoch = add(5);
  settle(1, 3);
  const ReplayPage page = replay({.epoch = epoch, .after_seq = 0, .last_seq = 100});
  EXPECT_TRUE(page.events.empty());
  ASSERT_EQ(gone(page), "1-3/3 not_retained");
  const std::string prefix = epoch.text() + "-telemetry-gap-";
  EXPECT_EQ(page.gone[0].id.substr(0, prefix.size()), prefix);
  EXPECT_EQ(page.gone[0].epoch, epoch);
  EXPECT_EQ(device.lane("telemetry").lost_events_ever, 0);
  const auto records = device.store->control_records();
  for (const ControlRecord& record : *records)
    EXPECT_FALSE(std::holds_alternative<GapRecord>(record.record)) << "it is stored nowhere";
  const ReplayPage again = replay({.epoch = epoch, .after_seq = 0, .last_seq = 3});
  EXPECT_NE(again.gone.at(0).id, page.gone[0].id) << "one id names one record";
}

TEST_F(Replay, without_an_epoch_says_of_each_seq_the_epoch_that_it_was_in) {
  open(0);
  const Epoch first = add(2);
  device.close();
  open(0);
  const Epoch second = add(3);
  settle(1, 4);
  const ReplayPage page = replay({.after_seq = 0, .last_seq = INT64_MAX});
  ASSERT_EQ(gone(page), "3-4/2 not_retained, 1-2/2 not_retained");
  EXPECT_EQ(page.gone[0].epoch, second);
  EXPECT_EQ(page.gone[1].epoch, first);
}

TEST_F(Replay, below_where_the_epoch_began_answers_with_its_record_and_claims_nothing) {
  open(0);
  const Epoch first = add(2);
  device.close();
  open(0);
  const Epoch second = add(3);
  settle(1, 5);
  const ReplayPage page = replay({.epoch = second, .after_seq = 0, .last_seq = 5});
  EXPECT_EQ(gone(page), "3-5/3 not_retained");
  ASSERT_TRUE(page.epoch);
  EXPECT_EQ(page.epoch->epoch, second);
  EXPECT_EQ(page.epoch->parent, first);
  EXPECT_THAT(page.epoch->parent_ends, ::testing::Contains(LaneEnd{"telemetry", 2}));
  const ReplayPage below = replay({.epoch = second, .after_seq = 0, .last_seq = 1});
  EXPECT_EQ(gone(below), "");
  EXPECT_TRUE(below.epoch);
  EXPECT_FALSE(replay({.epoch = second, .after_seq = 2, .last_seq = 5}).epoch) << "who asks so has it";
  EXPECT_FALSE(replay({.epoch = first, .after_seq = 0, .last_seq = 2}).epoch);
}

TEST_F(Replay, of_an_epoch_that_has_ended_says_that_nothing_more_of_it_will_come) {
  open();
  const Epoch first = add(2);
  device.close();
  open();
  const Epoch second = add(2);
  settle(1, 4);
  const ReplayPage old = replay({.epoch = first, .after_seq = 0, .last_seq = 9});
  EXPECT_EQ(seqs(old), (Seqs{1, 2}));
  EXPECT_EQ(gone(old), "3-9/7 not_retained") << "a rewound store: those seqs are of another epoch now";
  const ReplayPage current = replay({.epoch = second, .after_seq = 2, .last_seq = 9});
  EXPECT_EQ(seqs(current), (Seqs{3, 4}));
  EXPECT_EQ(gone(current), "") << "5 to 9 do not exist yet";
  const ReplayPage unknown = replay({.epoch = Epoch{99}, .after_seq = 0, .last_seq = 3});
  EXPECT_TRUE(unknown.events.empty());
  EXPECT_EQ(gone(unknown), "1-3/3 not_retained");
}

TEST_F(Replay, repeats_the_gap_record_that_is_still_here_once_it_was_acknowledged) {
  open();
  const Epoch epoch = add(4);
  (void)device.seqs(kTelemetry);
  ASSERT_TRUE(device.store->quarantine({kTelemetry, 3, 0x99, "no", {}}));
  device.settle(kTelemetry, 1, 1);  // the cursor stays below: the record is kept
  EXPECT_EQ(gone(replay({.epoch = epoch, .after_seq = 0, .last_seq = 4})), "") << "it is on its way";
  const auto records = device.store->control_records();
  std::string id;
  for (const ControlRecord& record : *records)
    if (const auto* gap = std::get_if<GapRecord>(&record.record)) id = gap->id;
  acknowledge_gaps();
  const ReplayPage page = replay({.epoch = epoch, .after_seq = 0, .last_seq = 4});
  ASSERT_EQ(gone(page), "3-3/1 quarantined");
  EXPECT_EQ(page.gone[0].id, id);
}

TEST_F(Replay, tells_quarantined_from_not_retained) {
  open(0);
  const Epoch epoch = add(6);
  (void)device.seqs(kTelemetry);
  for (const std::int64_t seq : {2, 3, 5})
    ASSERT_TRUE(device.store->quarantine({kTelemetry, seq, 0x99, "no", {}}));
  for (const std::int64_t seq : {1, 4, 6}) device.settle(kTelemetry, seq, seq);
  acknowledge_gaps();
  acknowledge_gaps();
  EXPECT_EQ(
      gone(replay({.epoch = epoch, .after_seq = 0, .last_seq = 6})),
      "2-3/2 quarantined, 5-5/1 quarantined, 1-1/1 not_retained, 4-4/1 not_retained, 6-6/1 not_retained");
}

TEST_F(Replay, with_a_filter_gives_only_events_that_pass_it) {
  open();
  device.clock.set_wall({UtcTime(std::chrono::seconds(1000)), true});
  add(1, "a");
  add(1, "b");
  device.clock.advance(std::chrono::seconds(10));
  add(2, "a");
  settle(1, 4);
  EXPECT_EQ(seqs(replay({.last_seq = 99, .key = "a"})), (Seqs{1, 3, 4}));
  const auto at = [](int s) { return UtcTime(std::chrono::seconds(s)); };
  EXPECT_EQ(seqs(replay({.last_seq = 99, .from = at(1005)})), (Seqs{3, 4}));
  EXPECT_EQ(seqs(replay({.last_seq = 99, .before = at(1005)})), (Seqs{1, 2}));
  EXPECT_EQ(seqs(replay({.last_seq = 99, .key = "a", .before = at(1005)})), (Seqs{1}));
  EXPECT_EQ(gone(replay({.epoch = Epoch{9}, .last_seq = 99, .key = "a"})), "");
}

TEST_F(Replay, goes_on_where_a_page_ended) {
  open();
  const auto count = static_cast<int>(kReplayEventsMax) + 10;
  add(count);
  settle(1, count);
  const ReplayPage first = replay({.after_seq = 0, .last_seq = count});
  EXPECT_EQ(first.events.size(), kReplayEventsMax);
  EXPECT_TRUE(first.more);
  const ReplayPage rest = replay({.after_seq = first.end_seq, .last_seq = count});
  EXPECT_EQ(rest.events.size(), 10U);
  EXPECT_FALSE(rest.more);
  EXPECT_EQ(rest.end_seq, count);
  EXPECT_EQ(gone(rest), "");
}

TEST_F(Replay, knows_what_a_lane_had_that_was_removed) {
  open();
  const Epoch epoch = device.add("alarm").epoch;
  (void)device.seqs(kAlarm);
  device.settle(kAlarm, 1, 1);
  device.store_settled();
  device.store->release_pins();
  ASSERT_TRUE(device.store->remove_lane("alarm", LaneRemoval::when_settled));
  EXPECT_EQ(gone(replay({.lane = "alarm", .epoch = epoch, .last_seq = 5})), "1-1/1 not_retained");
  EXPECT_EQ(gone(replay({.lane = "never", .epoch = epoch, .last_seq = 5})), "");
}

// --- the quarantine ---

struct Requeue : Replay {
  Requeue() {
    open();
    epoch = add(4);
    (void)device.seqs(kTelemetry);
    for (const std::int64_t seq : {1, 2, 4})
      EXPECT_TRUE(device.store->quarantine({kTelemetry, seq, 0x99, "payload format invalid", at(7)}));
  }
  static UtcTime at(int s) { return UtcTime(std::chrono::seconds(s)); }
  std::vector<QuarantinedEvent> list() { return device.store->quarantined("telemetry", 0, 100)->events; }
  Seqs requeued(RequeuedPlace after = {}) {
    Seqs seqs;
    const auto page = device.store->requeued(after);
    for (const StoredEvent& e : page->events) seqs.push_back(e.seq);
    return seqs;
  }
  Epoch epoch;
};

TEST_F(Requeue, lists_what_is_there_and_why_in_pages) {
  const auto all = list();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].id, (EventId{epoch, "telemetry", 1}));
  EXPECT_EQ(all[0].key, "sensor");
  EXPECT_EQ(all[0].type, "com.example.reading.v1");
  EXPECT_EQ(all[0].topic, "holdfast/device-1/telemetry/sensor");
  EXPECT_EQ(all[0].data_bytes, 5U);
  EXPECT_EQ(all[0].reason, 0x99);
  EXPECT_EQ(all[0].detail, "payload format invalid");
  EXPECT_EQ(all[0].attempts, 1);
  EXPECT_EQ(all[0].last_attempt, at(7));
  EXPECT_FALSE(all[0].requeued);
  const auto first = device.store->quarantined("telemetry", 0, 2);
  EXPECT_EQ(first->events.size(), 2U);
  EXPECT_TRUE(first->more);
  const auto rest = device.store->quarantined("telemetry", first->end_seq, 2);
  ASSERT_EQ(rest->events.size(), 1U);
  EXPECT_EQ(rest->events[0].id.seq, 4);
  EXPECT_FALSE(rest->more);
  EXPECT_FALSE(device.store->quarantined("nowhere", 0, 2));
}

TEST_F(Requeue, hands_out_what_was_marked_with_its_old_id_and_remembers_it_over_a_crash) {
  EXPECT_TRUE(requeued().empty());
  EXPECT_EQ(device.store->requeue("telemetry", 2, 9).value(), 2U);
  EXPECT_EQ(device.store->requeue("telemetry", 2, 9).value(), 0U) << "they are marked already";
  device.drop();
  open();
  EXPECT_EQ(requeued(), (Seqs{2, 4}));
  EXPECT_EQ(requeued({kTelemetry, 2}), (Seqs{4}));
  EXPECT_EQ(device.store->requeued({})->events[0].epoch, epoch);
  EXPECT_TRUE(list()[1].requeued);
  EXPECT_EQ(device.lane("telemetry").quarantined_events, 3) << "it leaves when the broker has it";
}

TEST_F(Requeue, lets_an_acknowledged_one_go_and_its_seq_never_comes_again) {
  ASSERT_TRUE(device.store->requeue("telemetry", 1, 4));
  device.store->settle_requeued({kTelemetry, 4});
  EXPECT_EQ(requeued(), (Seqs{1, 2})) << "also before it is stored";
  device.drop();
  open();
  EXPECT_EQ(requeued(), (Seqs{1, 2, 4})) << "a crash forgets the acknowledgement, not the event";
  device.store->settle_requeued({kTelemetry, 4});
  device.store_settled();
  device.drop();
  open();
  EXPECT_EQ(requeued(), (Seqs{1, 2}));
  EXPECT_EQ(device.lane("telemetry").quarantined_events, 2);
  EXPECT_EQ(device.lane("telemetry").lost_events_ever, 3) << "that it was declared stays true";
  EXPECT_EQ(device.add("telemetry").seq, 5);
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{3, 5}));
}

TEST_F(Requeue, keeps_one_that_is_refused_again) {
  ASSERT_TRUE(device.store->requeue("telemetry", 1, 1));
  device.store->refuse_requeued({kTelemetry, 1, 0x90, "topic name invalid", at(9)});
  EXPECT_TRUE(requeued().empty());
  const QuarantinedEvent event = list().at(0);
  EXPECT_EQ(event.attempts, 2);
  EXPECT_EQ(event.reason, 0x90);
  EXPECT_EQ(event.detail, "topic name invalid");
  EXPECT_EQ(event.first_attempt, at(7));
  EXPECT_EQ(event.last_attempt, at(9));
  EXPECT_FALSE(event.requeued);
}

TEST_F(Requeue, discards_for_good_and_makes_room) {
  EXPECT_EQ(device.store->discard("telemetry", 2, 4).value(), 2U);
  EXPECT_EQ(device.store->discard("telemetry", 2, 4).value(), 0U);
  device.drop();
  open();
  ASSERT_EQ(list().size(), 1U);
  EXPECT_EQ(device.lane("telemetry").quarantined_events, 1);
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{3})) << "the holes stay explained";
  device.settle(kTelemetry, 3, 3);
  EXPECT_EQ(device.lane("telemetry").settled_seq, 4);
  EXPECT_EQ(device.add("telemetry").seq, 5);
  device.close();
  EXPECT_EQ(RawDatabase(device.path()).integer("SELECT count(*) FROM hf_quarantine"), 1);
}

TEST_F(Requeue, takes_back_one_that_does_not_read_any_more) {
  ASSERT_TRUE(device.store->requeue("telemetry", 1, 2));
  device.close();
  RawDatabase(device.path()).run("UPDATE hf_quarantine SET data = CAST('xxxxx' AS BLOB) WHERE seq = 1");
  open();
  EXPECT_EQ(requeued(), (Seqs{2}));
  EXPECT_EQ(list().at(0).detail, "the row's checksum does not fit");
  EXPECT_FALSE(list().at(0).requeued);
}

}  // namespace
}  // namespace holdfast::store::test
