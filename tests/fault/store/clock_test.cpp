// SPDX-License-Identifier: MIT
//
// Wall clocks that start in 1970, jump back and jump forward: ids, data and order never hear of it, and an event's
// time is what src/flow/time_resolution.hpp says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "fault/store/consumer.hpp"
#include "wire/time_text.hpp"

namespace holdfast::store::test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

constexpr UtcTime k1970{hours(1)};
constexpr UtcTime k2001{seconds(1'000'000'000)};
constexpr UtcTime k2026{seconds(1'767'225'600)};
constexpr UtcTime k2100{seconds(4'102'444'800)};

bool flagged(const CloudEvent& event) { return event.attribute("unsynchronised") != nullptr; }

struct Clocks : Identity {
  Clocks() { device.clock.set_wall({k1970, false}); }
  /// One event in each lane, a second after the last ones.
  void write_one() {
    device.clock.advance(seconds(1));
    for (const EventId& id : write(device, 1)) committed_at_[id.text()] = device.clock.now();
  }
  void trust(UtcTime utc) {
    device.clock.set_wall({utc, true});
    anchor_ = {device.clock.now(), utc};
  }
  /// What the anchor says about an event.
  [[nodiscard]] std::string exact_time(const std::string& id) const {
    return wire::time_text(anchor_.utc + (committed_at_.at(id) - anchor_.since_boot));
  }
  /// The events that a publication brings.
  std::vector<CloudEvent> deliver(Answer answer = Answer::lost) {
    const std::size_t before = consumer.deliveries.size();
    publish(device, consumer, answer);
    std::vector<CloudEvent> events;
    for (std::size_t at = before; at < consumer.deliveries.size(); ++at) {
      const CloudEvent& event = consumer.deliveries[at];
      if (event.attribute("sequence") != nullptr) events.push_back(event);
    }
    return events;
  }

  /// The store is left as in a crash, and opened in a boot that does not know the time.
  void expect_exact_times_after_a_reboot() {
    device.drop();
    device.host.boot = "boot-2";
    device.clock.set_wall({k2001, false});
    device.open();
    const auto events = deliver();
    EXPECT_THAT(events, SizeIs(written));
    for (const CloudEvent& event : events) {
      EXPECT_FALSE(flagged(event)) << event.id;
      EXPECT_EQ(event.time, exact_time(event.id)) << event.id;
    }
  }

  std::map<std::string, Instant> committed_at_;  // by id
  base::TimeAnchor anchor_;
};

/// Per lane, seqs without a hole; and what was written later has the higher number in its data.
void expect_commit_order(const std::vector<CloudEvent>& events) {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> last;  // by source: seq, n
  for (const CloudEvent& event : events) {
    const std::int64_t seq = std::stoll(*event.attribute("sequence"));
    const std::int64_t n = std::stoll(text(event.data).substr(5));
    const auto [place, first] = last.try_emplace(event.source, seq, n);
    if (first) continue;
    EXPECT_EQ(seq, place->second.first + 1) << event.id;
    EXPECT_GT(n, place->second.second) << event.id;
    place->second = {seq, n};
  }
}

TEST_F(Clocks, that_jump_change_no_id_no_data_and_no_order) {
  device.open();
  std::map<std::string, std::string> data;
  std::map<std::string, std::string> final_times;
  const std::vector<platform::WallTime> walls{{k1970, false}, {k2026, false}, {k2001, false}, {k2100, false},
                                              {k2026, true},  {k1970, true},  {k2100, true},  {k2001, false}};
  for (const platform::WallTime& wall : walls) {
    device.clock.set_wall(wall);
    write_one();
    const auto events = deliver();
    EXPECT_THAT(events, SizeIs(written)) << "the whole backlog is delivered again";
    expect_commit_order(events);
    for (const CloudEvent& event : events) {
      EXPECT_EQ(data.try_emplace(event.id, text(event.data)).first->second, text(event.data));
      if (flagged(event) && !final_times.contains(event.id)) continue;
      EXPECT_EQ(final_times.try_emplace(event.id, event.time).first->second, event.time) << event.id;
      EXPECT_FALSE(flagged(event)) << event.id;
    }
  }
  EXPECT_THAT(data, SizeIs(written));
  EXPECT_THAT(final_times, SizeIs(written)) << "the clock was trusted once";
  expect_all_arrived_once();
  EXPECT_THAT(consumer.rewinds(), IsEmpty());
  EXPECT_THAT(consumer.missing(), IsEmpty());
}

TEST_F(Clocks, that_were_right_once_give_exact_times_whatever_they_say_later) {
  device.open();
  write_one();
  for (const CloudEvent& event : deliver(Answer::acknowledged)) EXPECT_TRUE(flagged(event));
  trust(k2026);
  write_one();
  for (const UtcTime wrong : {k2001, k2100, k1970}) {
    for (const bool trusted : {false, true}) {
      device.clock.set_wall({wrong, trusted});
      write_one();
      // The acknowledgement brings a commit, with which an anchor could ride.
      const auto events = deliver(trusted ? Answer::acknowledged : Answer::lost);
      expect_commit_order(events);
      for (const CloudEvent& event : events) {
        EXPECT_FALSE(flagged(event)) << event.id;
        EXPECT_EQ(event.time, exact_time(event.id)) << event.id;
      }
    }
  }
  expect_all_arrived_once();
}

TEST_F(Clocks, that_learn_the_time_late_date_what_happened_before) {
  device.open();
  write_one();
  write_one();
  const auto guessed = deliver();
  for (const CloudEvent& event : guessed) {
    EXPECT_TRUE(flagged(event));
    EXPECT_EQ(event.time.substr(0, 10), "1970-01-01");
  }
  const auto first = guessed.front().id;
  ASSERT_THAT(device.seqs(kAlarm), SizeIs(2));
  device.settle(kAlarm, 1, 1);  // the anchor rides on a commit
  device.clock.advance(hours(5));
  trust(k2026);
  device.store_settled();
  const auto events = deliver();
  EXPECT_THAT(events, SizeIs(3));
  for (const CloudEvent& event : events) {
    EXPECT_NE(event.id, first);
    EXPECT_FALSE(flagged(event)) << event.id;
    EXPECT_EQ(event.time, exact_time(event.id));
    EXPECT_EQ(event.time.substr(0, 10), "2025-12-31") << "five hours before the anchor";
  }
}

// While the broker is away no acknowledgement brings a commit of the store's own.
TEST_F(Clocks, that_learn_the_time_between_two_writes_date_both_without_any_acknowledgement) {
  device.open();
  write_one();
  trust(k2026);
  write_one();
  expect_exact_times_after_a_reboot();
}

TEST_F(Clocks, that_learn_the_time_after_the_last_write_date_it_without_any_acknowledgement) {
  device.open();
  write_one();
  trust(k2026);
  EXPECT_EQ(device.store->store_settled(false).value(), 0U) << "what the store's thread asks now and then";
  const std::uint64_t commits = device.store->statistics().settle_commits;
  EXPECT_EQ(device.store->store_settled(false).value(), 0U);
  EXPECT_EQ(device.store->statistics().settle_commits, commits) << "once per boot";
  expect_exact_times_after_a_reboot();
}

TEST_F(Clocks, of_an_earlier_boot_that_never_knew_the_time_leave_an_event_undated) {
  device.open();
  write_one();
  device.drop();
  device.host.boot = "boot-2";
  device.open();
  device.clock.advance(hours(1));
  trust(k2026);
  write_one();
  device.clock.set_wall({k2001, true});
  write_one();
  expect_commit_order(deliver());
  std::size_t undated = 0;
  for (const CloudEvent& event : consumer.deliveries) {
    if (event.attribute("sequence") == nullptr) continue;
    const bool of_boot_1 = committed_at_.at(event.id) < anchor_.since_boot;
    EXPECT_EQ(event.time, of_boot_1 ? "" : exact_time(event.id)) << event.id;
    EXPECT_EQ(flagged(event), of_boot_1) << event.id;
    undated += of_boot_1 ? 1 : 0;
  }
  EXPECT_EQ(undated, 2U);
  expect_all_arrived_once();
  EXPECT_THAT(consumer.rewinds(), IsEmpty());
  EXPECT_THAT(consumer.missing(), IsEmpty());
}

}  // namespace
}  // namespace holdfast::store::test
