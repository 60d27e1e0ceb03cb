// SPDX-License-Identifier: MIT
//
// How the relay behaves when it is asked to be slow, told to be away, thrown out, or not listened to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "unit/relay/world.hpp"

namespace holdfast::relay::test {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;

RelayOptions with(const std::function<void(RelayOptions&)>& change) {
  RelayOptions options;
  change(options);
  return options;
}

platform::ConnectGrant granting_keep_alive(std::uint16_t seconds) {
  platform::ConnectGrant grant;
  grant.server_keep_alive_s = seconds;
  return grant;
}

void set_time(World& world, std::chrono::sys_days day, Duration of_day, bool trusted = true) {
  world.clock.set_wall({UtcTime{day} + of_day, trusted});
}

constexpr std::chrono::sys_days kThursday{std::chrono::year{2026} / 11 / 26};

// ---- the rate

TEST(RelayRate, a_backlog_is_drained_at_the_rate_and_not_faster) {
  World world(1, with([](RelayOptions& o) { o.events_per_s_max = 50; }));
  world.commit_many(500);
  world.run_until_connected();
  world.run_for(seconds(4));
  EXPECT_GE(world.broker.accepted_count(), 245U);
  EXPECT_LE(world.broker.accepted_count(), 251U) << "a burst of a second, four seconds, and one";
  EXPECT_TRUE(world.run_until_settled(seconds(10)));
}

TEST(RelayRate, bytes_count_too_and_a_large_event_is_paid_for_later) {
  World world(1, with([](RelayOptions& o) { o.bytes_per_s_max = 10'000; }));
  world.commit(1, 50'000);
  world.commit(1);
  world.run_until_connected();
  world.run_for(seconds(3));
  EXPECT_THAT(world.accepted_seqs(), ElementsAre(1));
  world.run_for(seconds(2));
  EXPECT_THAT(world.accepted_seqs(), ElementsAre(1, 2));
}

TEST(RelayRate, gap_records_do_not_wait_for_tokens) {
  World world(1, with([](RelayOptions& o) { o.bytes_per_s_max = 1000; }));
  world.commit(1, 60'000);
  world.run_until_connected();
  world.run_for(seconds(1));
  GapRecord gap;
  gap.epoch = Epoch{7};
  gap.lane = "lane1";
  gap.id = gap.epoch.text() + "-lane1-gap-1";
  gap.first = gap.last = 5;
  gap.missing = 1;
  gap.reason = "shed";
  world.backlog.commit_control(gap);
  world.run_for(seconds(1));
  EXPECT_EQ(world.backlog.pending_control(), 0U);
}

TEST(RelayRate, waiting_for_tokens_is_no_stall_and_no_busy_loop) {
  World world(1, with([](RelayOptions& o) { o.bytes_per_s_max = 100; }));
  world.commit_many(3, 1, 20'000);
  world.run_until_connected();
  const auto before = world.steps;
  world.run_for(minutes(3));
  EXPECT_EQ(world.relay->statistics().stalls, 0U);
  EXPECT_EQ(world.relay->statistics().disconnects, 0U);
  EXPECT_LT(world.steps - before, 30U);
}

// ---- connection windows

TEST(RelayWindows, connects_only_inside_and_says_so_outside) {
  World world(1, with([](RelayOptions& o) { o.connection_windows = {"0 2 * * * for 30"}; }));
  set_time(world, kThursday, hours(1));
  world.commit();
  world.run_for(minutes(59));
  EXPECT_EQ(world.broker.connects(), 0U);
  EXPECT_TRUE(world.relay->statistics().outside_window);
  world.run_for(minutes(2));
  EXPECT_EQ(world.pending(), 0U);
  EXPECT_FALSE(world.relay->statistics().outside_window);
}

TEST(RelayWindows, at_the_end_what_is_in_flight_is_answered_and_nothing_more_is_sent) {
  World world(1, with([](RelayOptions& o) {
                o.connection_windows = {"0 2 * * * for 1"};
                o.events_per_s_max = 20;
              }));
  world.broker.set_latency(milliseconds(200));
  set_time(world, kThursday, hours(2));
  world.commit_many(5000);
  world.run_for(minutes(1) + seconds(5));
  const auto statistics = world.relay->statistics();
  EXPECT_EQ(statistics.state, RelayState::backing_off);
  EXPECT_TRUE(statistics.outside_window);
  EXPECT_EQ(statistics.acknowledged, statistics.published) << "nothing in flight was cut off";
  EXPECT_EQ(world.broker.connections(), 0U);
  const auto taken = world.broker.accepted_count();
  EXPECT_GT(taken, 1000U);
  world.run_for(hours(20));
  EXPECT_EQ(world.broker.accepted_count(), taken);
  EXPECT_EQ(world.broker.connects(), 1U);
  world.run_for(hours(4));
  EXPECT_GT(world.broker.accepted_count(), taken) << "the next night";
}

TEST(RelayWindows, without_a_trusted_clock_it_is_always_open) {
  World world(1, with([](RelayOptions& o) { o.connection_windows = {"0 2 * * * for 30"}; }));
  set_time(world, kThursday, hours(12), false);
  world.commit();
  world.run_for(minutes(1));
  EXPECT_EQ(world.pending(), 0U);
  set_time(world, kThursday, hours(12), true);
  world.run_for(minutes(11));
  EXPECT_TRUE(world.relay->statistics().outside_window) << "noticed when the clock became trusted";
  EXPECT_EQ(world.broker.connections(), 0U);
}

TEST(RelayWindows, a_fleet_does_not_connect_in_the_first_second) {
  std::vector<Duration> waits;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    World world(1, with([](RelayOptions& o) { o.connection_windows = {"0 2 * * * for 30"}; }), seed);
    set_time(world, kThursday, hours(2) - minutes(1));
    world.run_for(minutes(1));
    const Instant opened = world.clock.now();
    world.run_for(minutes(2));
    waits.push_back(world.broker.connect_times().at(0) - opened);
  }
  std::sort(waits.begin(), waits.end());
  EXPECT_GT(waits[20], seconds(15)) << "spread over a minute";
  EXPECT_LE(waits.back(), seconds(60));
}

TEST(RelayWindows, a_bad_one_is_refused_with_the_field_that_is_wrong) {
  const auto checked =
      check_options(with([](RelayOptions& o) { o.connection_windows = {"0 25 * * * for 30"}; }));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::invalid);
  EXPECT_THAT(checked.error().hint, testing::HasSubstr("HOUR '25'"));
}

// ---- keep alive

TEST(RelayKeepAlive, a_smaller_one_of_the_server_costs_one_reconnection_at_once) {
  World world;
  world.broker.set_grant(granting_keep_alive(7));
  world.commit();
  world.run_for(seconds(2));
  EXPECT_EQ(world.broker.connects(), 2U);
  EXPECT_EQ(world.relay->statistics().connects, 1U);
  EXPECT_EQ(world.relay->statistics().keep_alive_s, 7U);
  EXPECT_EQ(world.pending(), 0U);
  const auto times = world.broker.connect_times();
  EXPECT_LE(times[1] - times[0], milliseconds(10));
  world.broker.kill_connections(0);
  world.run_for(seconds(2));
  EXPECT_EQ(world.broker.connects(), 3U) << "remembered";
}

TEST(RelayKeepAlive, a_smaller_one_that_the_link_keeps_to_by_itself_costs_nothing) {
  World world;
  platform::ConnectGrant grant = granting_keep_alive(7);
  grant.keeps_server_keep_alive = true;
  world.broker.set_grant(grant);
  world.commit();
  world.run_for(seconds(2));
  EXPECT_EQ(world.broker.connects(), 1U);
  EXPECT_EQ(world.relay->statistics().keep_alive_s, 7U);
  EXPECT_EQ(world.pending(), 0U);
}

TEST(RelayKeepAlive, a_server_that_lowers_it_each_time_is_not_chased) {
  World world;
  world.broker.set_grant(granting_keep_alive(14));
  world.run_for(milliseconds(1));
  world.run_until_connected();
  EXPECT_EQ(world.broker.connects(), 2U);
  world.broker.set_grant(granting_keep_alive(13));
  world.broker.kill_connections(0);
  world.run_for(seconds(5));
  EXPECT_EQ(world.broker.connects(), 3U);
  EXPECT_EQ(world.relay->statistics().keep_alive_s, 13U);
  EXPECT_EQ(world.relay->statistics().state, RelayState::connected);
}

TEST(RelayKeepAlive, a_larger_one_or_none_or_one_below_five_seconds_changes_nothing_more) {
  for (const std::uint16_t theirs : {std::uint16_t{60}, std::uint16_t{15}, std::uint16_t{0}}) {
    World world;
    world.broker.set_grant(granting_keep_alive(theirs));
    world.run_for(seconds(2));
    EXPECT_EQ(world.broker.connects(), 1U) << theirs;
    EXPECT_EQ(world.relay->statistics().keep_alive_s, 15U);
  }
  World world(1, with([](RelayOptions& o) { o.broker.keep_alive = seconds(5); }));
  world.broker.set_grant(granting_keep_alive(2));
  world.run_for(seconds(1));
  EXPECT_EQ(world.broker.connects(), 1U) << "links take no less than five";
}

// ---- alarms

TEST(RelayAlarms, a_takeover_is_an_alarm_until_a_connection_outlives_the_longest_delay) {
  World world;
  world.run_until_connected();
  world.broker.kill_connections(0x8E);
  world.run_for(seconds(1));
  EXPECT_THAT(world.relay->statistics().alarms, ElementsAre(RelayAlarm::duplicate_identity));
  EXPECT_EQ(world.relay->statistics().takeovers, 1U);
  world.run_until_connected();
  world.run_for(seconds(59));
  EXPECT_THAT(world.relay->statistics().alarms, ElementsAre(RelayAlarm::duplicate_identity));
  world.run_for(seconds(2));
  EXPECT_THAT(world.relay->statistics().alarms, IsEmpty());
}

TEST(RelayAlarms, a_rival_that_no_reason_code_names_is_found_out_and_not_fought) {
  World world;
  const Instant start = world.clock.now();
  while (world.clock.now() < start + minutes(10)) {  // whoever connects is thrown out a second later
    world.commit();
    world.run_for(seconds(1));
    if (world.relay->statistics().state == RelayState::connected) world.broker.kill_connections(0);
  }
  EXPECT_THAT(world.relay->statistics().alarms, ElementsAre(RelayAlarm::duplicate_identity));
  EXPECT_LT(world.broker.connects(), 60U) << "ten minutes of a tug of war are 400";
}

TEST(RelayAlarms, a_broker_that_is_restarted_again_and_again_is_no_rival) {
  World world;
  for (int i = 0; i < 20; ++i) {
    world.commit();
    world.run_until_connected();
    world.run_for(seconds(1));
    world.broker.set_up(false);
    world.run_for(seconds(2));
    world.broker.set_up(true);
  }
  EXPECT_THAT(world.relay->statistics().alarms, IsEmpty());
}

TEST(RelayAlarms, refused_credentials_are_an_alarm_until_they_are_accepted) {
  World world;
  world.broker.set_refuse_connect(0x86);
  world.run_for(seconds(5));
  EXPECT_THAT(world.relay->statistics().alarms, ElementsAre(RelayAlarm::credentials_refused));
  world.broker.set_refuse_connect(0);
  world.run_for(minutes(2));
  EXPECT_THAT(world.relay->statistics().alarms, IsEmpty());
}

// ---- the stall watch

TEST(RelayStall, connections_on_which_nothing_is_acknowledged_end_in_an_alarm_until_something_is) {
  World world;
  world.commit_many(5);
  world.broker.set_lose_next_acks(1'000'000);
  world.run_for(seconds(119));  // connections of 20 s each: ack_timeout
  EXPECT_EQ(world.relay->statistics().stalls, 0U);
  world.run_for(minutes(2));
  EXPECT_EQ(world.relay->statistics().stalls, 1U);
  EXPECT_THAT(world.relay->statistics().alarms, IsEmpty()) << "perhaps it was the connection";
  world.run_for(minutes(8));
  EXPECT_GE(world.relay->statistics().stalls, 2U);
  EXPECT_THAT(world.relay->statistics().alarms, ElementsAre(RelayAlarm::stalled));
  world.broker.set_lose_next_acks(0);
  EXPECT_TRUE(world.run_until_settled(minutes(3)));
  EXPECT_THAT(world.relay->statistics().alarms, IsEmpty());
}

TEST(RelayStall, an_idle_relay_an_outage_and_refusals_are_no_stall) {
  World world;
  world.run_for(hours(2));
  EXPECT_EQ(world.relay->statistics().stalls, 0U) << "idle";
  world.broker.set_up(false);
  world.commit();
  world.run_for(hours(2));
  EXPECT_EQ(world.relay->statistics().stalls, 0U) << "no broker";
  world.broker.set_up(true);
  world.broker.set_answer([](const MqttMessage&) -> std::uint8_t { return 0x80; });
  world.run_for(hours(2));
  EXPECT_EQ(world.relay->statistics().stalls, 0U) << "refused";
}

// ---- waking up

TEST(RelayIdle, wants_to_be_called_only_when_rung) {
  World world;
  world.commit_many(10);
  EXPECT_TRUE(world.run_until_settled(minutes(1)));
  world.run_for(seconds(1));
  EXPECT_EQ(world.relay->step(world.clock.now()), Instant::max());
}

TEST(RelayPoll, finds_new_events_at_its_interval_and_is_not_woken) {
  World world(1, with([](RelayOptions& o) { o.poll_interval = milliseconds(500); }));
  world.run_until_connected();
  std::vector<Duration> delays;
  for (int i = 0; i < 20; ++i) {
    world.run_for(milliseconds(137));
    world.commit();
    const Instant committed = world.clock.now();
    while (world.pending() > 0) world.run_for(milliseconds(1));
    delays.push_back(world.clock.now() - committed);
  }
  EXPECT_LE(*std::max_element(delays.begin(), delays.end()), milliseconds(510));
  EXPECT_GE(*std::max_element(delays.begin(), delays.end()), milliseconds(250));
  const auto fetches = world.backlog.fetches();
  world.run_for(seconds(10));
  EXPECT_NEAR(static_cast<double>(world.backlog.fetches() - fetches), 20.0, 1.0) << "a question per interval";
}

}  // namespace
}  // namespace holdfast::relay::test
