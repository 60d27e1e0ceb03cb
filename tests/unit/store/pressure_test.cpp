// SPDX-License-Identifier: MIT
//
// Lanes that have to give way: what goes, what stays, and that every loss is declared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <holdfast/limits.hpp>
#include <map>
#include <numeric>
#include <set>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using Seqs = std::vector<std::int64_t>;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr LaneNumber kHigh = 1;
constexpr LaneNumber kBulk = 2;

/// A store of 1 MiB with the lanes high (priority 0, blocks) and bulk (priority 5, with a policy).
struct Squeezed : ::testing::Test {
  void open(WhenFull policy) {
    options = device.options();
    options.budget_bytes = 1024 * 1024;
    options.lanes = {{.name = "high", .priority = 0}, {.name = "bulk", .priority = 5, .when_full = policy}};
    options.on_pressure = [this](Pressure pressure, std::string_view why) {
      states.push_back(pressure);
      EXPECT_FALSE(why.empty());
    };
    device.open(options);
  }

  WriteResult add(std::string_view lane, std::size_t bytes, std::string_view key = "k") {
    const std::string data = std::to_string(++written) + std::string(bytes, '.');
    return device.write([&](Transaction& t) -> Result<void> {
      const auto id = t.add(event(lane, data, key));
      return id ? Result<void>() : tl::unexpected<Error>(id.error());
    });
  }

  Seqs backlog(LaneNumber lane) {
    Seqs seqs;
    for (Fetched f = device.fetch(lane);; f = device.fetch(lane, f.end_seq)) {
      for (const StoredEvent& e : f.events) seqs.push_back(e.seq);
      for (const StoredEvent& e : f.events) device.store->settle(lane, e.seq);
      if (!f.more && f.events.empty()) return seqs;
    }
  }
  std::vector<GapRecord> gaps() {
    std::vector<GapRecord> found;
    const auto records = device.store->control_records();
    EXPECT_TRUE(records);
    for (const ControlRecord& record : records.value()) {
      if (const auto* gap = std::get_if<GapRecord>(&record.record)) found.push_back(*gap);
    }
    return found;
  }
  static std::int64_t missing_in(const std::vector<GapRecord>& gaps) {
    return std::accumulate(gaps.begin(), gaps.end(), std::int64_t{0},
                           [](std::int64_t sum, const GapRecord& gap) { return sum + gap.missing; });
  }
  Pressure pressure() { return device.store->statistics().pressure; }

  Device device;
  StoreOptions options;
  std::vector<Pressure> states;
  int written = 0;
};

/// Whatever the policy: nothing is refused, everything that is not there is declared, and the figures agree.
struct Sheds : Squeezed, ::testing::WithParamInterface<WhenFull> {};

TEST_P(Sheds, take_everything_and_declare_what_goes) {
  open(GetParam());
  // What is left may begin more than a span above the cursor.
  constexpr auto kEvents = static_cast<std::int64_t>(limits::kSpanMax) + 2000;
  for (std::int64_t i = 1; i <= kEvents; ++i) {
    const auto added = add("bulk", 400, "key-" + std::to_string(i % 7));
    ASSERT_TRUE(added) << i << added.error().text();
    ASSERT_LT(pressure(), Pressure::protect) << i;  // sheds begin at 80 % and keep it below
  }
  EXPECT_THAT(states, ::testing::Contains(Pressure::shed));
  for (int opening = 0; opening < 2; ++opening) {
    const LaneStatistics lane = device.lane("bulk");
    EXPECT_EQ(lane.committed_seq, kEvents);
    EXPECT_GT(lane.lost_events_ever, kEvents / 2);
    EXPECT_EQ(lane.backlog_events + lane.lost_events_ever, kEvents);
    EXPECT_EQ(missing_in(gaps()), lane.lost_events_ever);
    EXPECT_THAT(gaps(), SizeIs(::testing::Le(3)));  // adjacent ones merge
    device.drop();
    device.open(options);
  }
  const std::int64_t waiting = device.lane("bulk").backlog_events;
  const Seqs left = backlog(kBulk);
  EXPECT_EQ(static_cast<std::int64_t>(left.size()), waiting);
  EXPECT_EQ(std::set<std::int64_t>(left.begin(), left.end()).size(), left.size());
  EXPECT_EQ(left.back(), kEvents);  // the newest is never the one to go
  EXPECT_EQ(device.lane("bulk").settled_seq, kEvents);
  EXPECT_EQ(device.lane("bulk").backlog_events, 0);
  EXPECT_EQ(device.lane("bulk").backlog_bytes, 0);
  device.store_settled();
  ASSERT_EQ(outcome(add("bulk", 400)), "ok");
  EXPECT_EQ(pressure(), Pressure::normal);  // no state needs a human to leave it
}

std::string name_of(const ::testing::TestParamInfo<WhenFull>& policy) {
  constexpr std::array kNames = {"block", "reject", "drop_oldest", "keep_latest", "thin"};
  return kNames.at(static_cast<std::size_t>(policy.param));
}

INSTANTIATE_TEST_SUITE_P(Lanes, Sheds,
                         ::testing::Values(WhenFull::drop_oldest, WhenFull::keep_latest, WhenFull::thin),
                         name_of);

TEST_F(Squeezed, a_hole_over_the_border_of_two_epochs_is_explained_by_the_records_of_both) {
  open(WhenFull::thin);
  for (std::int64_t i = 1; i <= 3000; ++i) {
    if (i % 50 == 0) {
      device.drop();
      device.open(options);
    }
    ASSERT_EQ(outcome(add("bulk", 400)), "ok");
  }
  std::int64_t waiting = 0;
  for (Fetched f = device.fetch(kBulk);; f = device.fetch(kBulk, f.end_seq)) {
    ASSERT_FALSE(f.vanished.has_value()) << f.vanished->first << " to " << f.vanished->last;
    waiting += static_cast<std::int64_t>(f.events.size());
    if (!f.more && f.events.empty()) break;
  }
  EXPECT_EQ(waiting, device.lane("bulk").backlog_events);
}

TEST_F(Squeezed, keep_latest_keeps_the_newest_of_each_key) {
  open(WhenFull::keep_latest);
  std::map<std::string, std::int64_t> newest;
  for (std::int64_t i = 1; i <= 2500; ++i) {
    const std::string key = "key-" + std::to_string(i % 11);
    ASSERT_EQ(outcome(add("bulk", 400, key)), "ok");
    newest[key] = i;
  }
  const Seqs left = backlog(kBulk);
  for (const auto& [key, seq] : newest) EXPECT_TRUE(std::binary_search(left.begin(), left.end(), seq)) << key;
}

TEST_F(Squeezed, keep_latest_with_all_keys_different_refuses_in_the_end_and_loses_nothing) {
  open(WhenFull::keep_latest);
  std::int64_t stored = 0;
  for (int i = 0; i < 2500; ++i) stored += add("bulk", 400, "key-" + std::to_string(i)) ? 1 : 0;
  EXPECT_LT(stored, 2500);
  EXPECT_EQ(device.lane("bulk").lost_events_ever, 0);
  EXPECT_EQ(static_cast<std::int64_t>(backlog(kBulk).size()), stored);
}

TEST_F(Squeezed, a_lane_never_takes_from_a_higher_one) {
  open(WhenFull::drop_oldest);
  std::int64_t high = 0;
  while (add("high", 2000)) ++high;  // blocks when the store is full
  EXPECT_GT(high, 100);
  for (int i = 0; i < 200; ++i) (void)add("bulk", 2000);
  EXPECT_EQ(device.lane("high").backlog_events, high);
  EXPECT_EQ(device.lane("high").lost_events_ever, 0);
  EXPECT_THAT(backlog(kHigh), SizeIs(high));
}

TEST_F(Squeezed, a_higher_lane_takes_the_room_of_a_lower_one) {
  open(WhenFull::drop_oldest);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(outcome(add("bulk", 800)), "ok");
  for (int i = 0; i < 60; ++i) ASSERT_EQ(outcome(add("high", 4000)), "ok") << i;
  EXPECT_EQ(device.lane("high").backlog_events, 60);
  EXPECT_GT(device.lane("bulk").lost_events_ever, 0);
}

TEST_F(Squeezed, what_was_handed_out_stays) {
  open(WhenFull::drop_oldest);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(outcome(add("bulk", 400)), "ok");
  const Fetched in_flight = device.fetch(kBulk, 0, 50);
  ASSERT_THAT(in_flight.events, SizeIs(50));
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(outcome(add("bulk", 400)), "ok");
  EXPECT_GT(device.lane("bulk").lost_events_ever, 0);
  for (const GapRecord& gap : gaps()) EXPECT_GT(gap.first, in_flight.end_seq);
  for (const StoredEvent& e : in_flight.events) device.store->settle(kBulk, e.seq);
  EXPECT_GT(device.lane("bulk").settled_seq, in_flight.end_seq);  // the hole behind them is passed
  EXPECT_EQ(static_cast<std::int64_t>(backlog(kBulk).size()) + 50 + device.lane("bulk").lost_events_ever,
            2200);
}

TEST_F(Squeezed, a_lane_that_blocks_says_that_room_may_come_and_counts_what_never_got_a_seq) {
  open(WhenFull::block);
  while (add("bulk", 2000)) {
  }
  const std::string data(2000, 'x');
  const WriteBody body = [&](Transaction& t) -> Result<void> {
    const auto id = t.add(event("bulk", data));
    return id ? Result<void>() : tl::unexpected<Error>(id.error());
  };
  WriteJob job{&body};
  ASSERT_EQ(device.store->commit_group(std::span(&job, 1)), 1U);
  EXPECT_EQ(outcome(job.outcome), "full");
  EXPECT_TRUE(job.room_may_come);
  EXPECT_EQ(device.lane("bulk").rejected_events, 2U);
  EXPECT_EQ(device.lane("bulk").committed_seq, device.lane("bulk").backlog_events);
  (void)device.store->take_room_news();
  (void)backlog(kBulk);
  device.store_settled();
  EXPECT_TRUE(device.store->take_room_news());
  EXPECT_FALSE(device.store->take_room_news());
}

TEST_F(Squeezed, a_lane_that_rejects_does_not) {
  open(WhenFull::reject);
  while (add("bulk", 2000)) {
  }
  const WriteBody body = [](Transaction& t) -> Result<void> {
    const auto id = t.add(event("bulk", std::string(2000, 'x')));
    return id ? Result<void>() : tl::unexpected<Error>(id.error());
  };
  WriteJob job{&body};
  ASSERT_EQ(device.store->commit_group(std::span(&job, 1)), 1U);
  EXPECT_EQ(outcome(job.outcome), "full");
  EXPECT_FALSE(job.room_may_come);
}

TEST_F(Squeezed, a_maximum_holds_whatever_room_there_is) {
  options = device.options();
  options.lanes = {{.name = "high", .priority = 0},
                   {.name = "bulk", .priority = 5, .when_full = WhenFull::drop_oldest, .max_bytes = 50'000}};
  device.open(options);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(outcome(add("bulk", 400)), "ok");
  EXPECT_LE(device.lane("bulk").backlog_bytes, 50'000);
  EXPECT_GT(device.lane("bulk").backlog_bytes, 10'000);
  EXPECT_EQ(device.lane("bulk").backlog_events + device.lane("bulk").lost_events_ever, 1000);
  EXPECT_EQ(pressure(), Pressure::normal);
}

TEST_F(Squeezed, a_loss_is_undone_with_the_write_that_needed_the_room) {
  options = device.options();
  options.lanes = {{.name = "high", .priority = 0},
                   {.name = "bulk", .priority = 5, .when_full = WhenFull::drop_oldest, .max_bytes = 20'000}};
  device.open(options);
  for (int i = 0; i < 45; ++i) ASSERT_EQ(outcome(add("bulk", 400)), "ok");
  const LaneStatistics before = device.lane("bulk");
  const std::string large(3'000, 'x');
  EXPECT_EQ(outcome(device.write([&](Transaction& t) -> Result<void> {
              const auto id = t.add(event("bulk", large));
              if (!id) return tl::unexpected<Error>(id.error());
              return fail(ErrorCode::unavailable, "the caller changes its mind");
            })),
            "unavailable");
  EXPECT_EQ(device.lane("bulk").backlog_events, before.backlog_events);
  EXPECT_EQ(device.lane("bulk").lost_events_ever, before.lost_events_ever);
  EXPECT_THAT(gaps(), SizeIs(before.lost_events_ever > 0 ? 1 : 0));
}

TEST_F(Squeezed, gap_records_that_were_handed_out_are_frozen) {
  open(WhenFull::drop_oldest);
  std::map<std::string, GapRecord> handed_out;
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 600; ++i) ASSERT_EQ(outcome(add("bulk", 400)), "ok");
    for (const GapRecord& gap : gaps()) {
      const auto [known, is_new] = handed_out.emplace(gap.id, gap);
      EXPECT_TRUE(is_new || known->second == gap) << gap.id;
    }
  }
  EXPECT_GT(handed_out.size(), 2U);
}

// --- ttl ---

TEST_F(Squeezed, events_expire_after_powered_time_and_are_declared) {
  options = device.options();
  options.lanes = {{.name = "bulk", .priority = 5, .ttl = std::chrono::seconds(100)}};
  device.open(options);
  for (int i = 0; i < 700; ++i) ASSERT_EQ(outcome(add("bulk", 10)), "ok");
  device.clock.advance(std::chrono::seconds(60));
  ASSERT_EQ(outcome(add("bulk", 10)), "ok");
  EXPECT_FALSE(device.store->keep_house().value());
  device.clock.set_wall({UtcTime(std::chrono::hours(1)), true});  // the wall clock has no say
  EXPECT_FALSE(device.store->keep_house().value());
  device.clock.advance(std::chrono::seconds(41));
  while (device.store->keep_house().value()) {
  }
  EXPECT_EQ(device.lane("bulk").backlog_events, 1);
  EXPECT_EQ(device.lane("bulk").settled_seq, 700);
  ASSERT_THAT(gaps(), SizeIs(1));
  EXPECT_EQ(gaps()[0].reason, "expired");
  EXPECT_EQ(gaps()[0].missing, 700);
  EXPECT_EQ(device.fetch(1).events.at(0).seq, 701);
}

// --- retention ---

TEST_F(Squeezed, settled_events_stay_for_replay_and_go_first) {
  options = device.options();
  options.budget_bytes = 1024 * 1024;
  options.retention_bytes = 100'000;
  options.lanes = {{.name = "bulk", .priority = 5}};
  device.open(options);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(outcome(add("bulk", 400)), "ok");
  EXPECT_THAT(backlog(1), SizeIs(100));
  device.store_settled();
  EXPECT_EQ(device.lane("bulk").retained_events, 100);
  const auto page = device.store->events("bulk", 0, 256);
  ASSERT_TRUE(page);
  ASSERT_THAT(page->events, SizeIs(100));
  EXPECT_TRUE(page->events[0].settled);
  EXPECT_EQ(text(page->events[0].data).substr(0, 2), "1.");
  EXPECT_FALSE(page->more);
  EXPECT_EQ(outcome(device.store->events("nothing", 0, 256)), "invalid");

  for (int i = 0; i < 300; ++i) ASSERT_EQ(outcome(add("bulk", 400)), "ok");
  EXPECT_THAT(backlog(1), SizeIs(300));
  for (int i = 0; i < 3; ++i) device.store_settled();
  EXPECT_LE(device.lane("bulk").retained_bytes, 120'000);
  EXPECT_GT(device.lane("bulk").retained_bytes, 50'000);

  while (add("bulk", 4000)) {
  }
  EXPECT_EQ(device.lane("bulk").retained_events, 0);
  EXPECT_EQ(device.lane("bulk").lost_events_ever, 0);
}

TEST_F(Squeezed, settled_events_go_by_age) {
  options = device.options();
  options.retention_bytes = 1'000'000;
  options.retention_age = std::chrono::hours(2);
  options.lanes = {{.name = "bulk", .priority = 5}};
  device.open(options);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(outcome(add("bulk", 400)), "ok");
  EXPECT_THAT(backlog(1), SizeIs(10));
  device.store_settled();
  EXPECT_EQ(device.lane("bulk").retained_events, 10);
  device.clock.advance(std::chrono::hours(3));
  ASSERT_EQ(outcome(add("bulk", 400)), "ok");
  EXPECT_THAT(backlog(1), SizeIs(1));
  device.store_settled();
  EXPECT_LE(device.lane("bulk").retained_events, 1);
}

}  // namespace
}  // namespace holdfast::store::test
