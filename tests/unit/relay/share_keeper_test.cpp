// SPDX-License-Identifier: MIT
#include "relay/share_keeper.hpp"

#include <gtest/gtest.h>

#include "unit/relay/world.hpp"

namespace holdfast::relay::test {
namespace {

constexpr Instant kNow{std::chrono::hours{1}};
constexpr Duration kTerm = seconds(30);
constexpr bool kQuiet = true;
constexpr bool kBusy = false;

ShareGrant grant_of(ShareSet held, std::int64_t token, Instant until = kNow + kTerm,
                    ShareSet wanted_back = {}) {
  return {.lease = {1, 3, held, token}, .until = until, .wanted_back = wanted_back, .cursors = {}};
}

struct Keeping : ::testing::Test {
  ShareKeeper keeper{1, 3, kTerm};

  void hold(ShareSet held, std::int64_t token) {
    keeper.look();
    ASSERT_TRUE(keeper.next_claim(kNow, kQuiet));
    keeper.accept(grant_of(held, token), kNow);
    ASSERT_TRUE(keeper.take_change(kQuiet));
  }
};

TEST_F(Keeping, a_single_relay_sends_for_ever_and_claims_nothing) {
  ShareKeeper alone(0, 1, kTerm);
  EXPECT_TRUE(alone.may_send(Instant::max()));
  EXPECT_FALSE(alone.next_claim(kNow, kQuiet));
  EXPECT_EQ(alone.next_call(), Instant::max());
}

TEST_F(Keeping, it_sends_what_it_was_granted_until_the_term_is_over) {
  EXPECT_FALSE(keeper.may_send(kNow));
  hold(0b010, 7);
  EXPECT_EQ(keeper.lease(), (ShareLease{1, 3, 0b010, 7}));
  EXPECT_TRUE(keeper.may_send(kNow + kTerm - Duration(1)));
  EXPECT_FALSE(keeper.may_send(kNow + kTerm));
}

TEST_F(Keeping, it_claims_again_after_a_third_of_the_term_and_one_claim_at_a_time) {
  hold(0b010, 7);
  EXPECT_EQ(keeper.next_call(), kNow + kTerm / 3);
  EXPECT_FALSE(keeper.next_claim(kNow + kTerm / 3 - Duration(1), kQuiet));
  const auto claim = keeper.next_claim(kNow + kTerm / 3, kBusy);
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->keeps, ShareSet{0b010});
  EXPECT_FALSE(keeper.next_claim(kNow + kTerm, kQuiet)) << "the answer is not there yet";
  keeper.accept(grant_of(0b010, 7, kNow + 2 * kTerm), kNow + kTerm / 3);
  EXPECT_TRUE(keeper.may_send(kNow + kTerm));
}

TEST_F(Keeping, what_it_drains_changes_only_when_nothing_is_in_flight) {
  hold(0b010, 7);
  ASSERT_TRUE(keeper.next_claim(kNow + kTerm / 3, kBusy));
  keeper.accept(grant_of(0b011, 8), kNow + kTerm / 3);
  EXPECT_FALSE(keeper.may_send(kNow + kTerm / 3)) << "no new event joins those in flight";
  EXPECT_FALSE(keeper.take_change(kBusy));
  const auto change = keeper.take_change(kQuiet);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->lease.held, ShareSet{0b011});
  EXPECT_TRUE(keeper.may_send(kNow + kTerm / 3));
}

TEST_F(Keeping, the_same_shares_with_another_token_are_a_change) {
  hold(0b010, 7);
  ASSERT_TRUE(keeper.next_claim(kNow + 2 * kTerm, kQuiet));
  keeper.accept(grant_of(0b010, 9, kNow + 3 * kTerm), kNow + 2 * kTerm);
  EXPECT_TRUE(keeper.take_change(kQuiet)) << "another relay was at it in between";
}

TEST_F(Keeping, what_is_wanted_back_is_let_go_of_when_nothing_is_in_flight) {
  hold(0b011, 7);
  ASSERT_TRUE(keeper.next_claim(kNow + kTerm / 3, kBusy));
  keeper.accept(grant_of(0b011, 7, kNow + kTerm, 0b001), kNow + kTerm / 3);
  EXPECT_FALSE(keeper.may_send(kNow + kTerm / 3));
  EXPECT_FALSE(keeper.next_claim(kNow + kTerm / 3, kBusy));
  const auto claim = keeper.next_claim(kNow + kTerm / 3, kQuiet);
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->keeps, ShareSet{0b010});
}

TEST_F(Keeping, a_claim_that_could_not_be_stored_is_made_again_later_and_the_old_end_stays) {
  hold(0b011, 7);
  ASSERT_TRUE(keeper.next_claim(kNow + kTerm / 3, kQuiet));
  keeper.accept(grant_of(0b011, 7, kNow + kTerm, 0b001), kNow + kTerm / 3);
  ASSERT_TRUE(keeper.next_claim(kNow + kTerm / 3, kQuiet));
  keeper.accept(std::nullopt, kNow + kTerm / 3);
  EXPECT_FALSE(keeper.next_claim(kNow + kTerm / 3, kQuiet)) << "not in a circle";
  EXPECT_TRUE(keeper.next_claim(kNow + 2 * kTerm / 3, kQuiet));
}

// --- in a relay ---

RelayOptions one_of_three() {
  RelayOptions options;
  options.lanes = {{.name = "lane1", .spread = true}};
  return options;
}

struct Sharing : ::testing::Test {
  World world{1, one_of_three(), 1, [](World::LinkPtr link) { return link; }, {}, 1, 3};

  ShareGrant grant(ShareSet held, std::int64_t token, std::int64_t cursor = 0) {
    return {.lease = {1, 3, held, token},
            .until = world.clock.now() + kTerm,
            .wanted_back = {},
            .cursors = {{1, cursor}}};
  }
};

TEST_F(Sharing, it_sends_nothing_before_it_was_granted_something) {
  world.commit_many(10);
  world.run_until_connected();
  world.run_for(seconds(5));
  EXPECT_EQ(world.backlog.claims().size(), 1U);
  EXPECT_TRUE(world.accepted_seqs().empty());
  EXPECT_EQ(world.relay->statistics().shares, 0U);
}

TEST_F(Sharing, it_asks_for_its_shares_and_carries_no_records) {
  world.backlog.commit_control(GapRecord{});
  world.commit_many(10);
  world.backlog.grant(grant(0b010, 5));
  world.run_until_connected();
  world.run_for(seconds(5));
  ASSERT_FALSE(world.backlog.orders().empty());
  EXPECT_EQ(world.backlog.orders().front().lease, (store::ShareLease{1, 3, 0b010, 5}));
  EXPECT_TRUE(world.backlog.orders().front().spread);
  EXPECT_EQ(world.accepted_seqs().size(), 10U);
  EXPECT_EQ(world.backlog.pending_control(), 1U);
  EXPECT_TRUE(world.backlog.records_through().empty());
  EXPECT_EQ(world.relay->statistics().shares, 1U);
  EXPECT_EQ(world.relay->statistics().leases_taken, 1U);
}

GapRecord gap_record() {
  return {.id = "gap-1",
          .epoch = Epoch{7},
          .lane = "lane1",
          .first = 1,
          .last = 2,
          .missing = 2,
          .bytes = 9,
          .reason = "shed"};
}

TEST_F(Sharing, the_holder_of_share_0_carries_the_records_and_says_when_they_are_through) {
  world.backlog.commit_control(gap_record());
  world.backlog.grant(grant(0b011, 5));
  world.run_until_connected();
  world.run_for(seconds(5));
  EXPECT_EQ(world.backlog.pending_control(), 0U);
  EXPECT_EQ(world.backlog.records_through(), std::vector<std::uint64_t>{1});
}

// The first refusal pauses the records for a while; what is committed meanwhile must not stop the others until then.
TEST_F(Sharing, records_that_come_while_the_broker_forbids_them_are_through_at_once) {
  world.broker.set_answer([](const MqttMessage& message) -> std::uint8_t {
    return message.topic.find("/~") == std::string::npos ? 0 : 0x87;
  });
  world.backlog.commit_control(gap_record());
  world.backlog.grant(grant(0b001, 5));
  world.run_until_connected();
  world.run_for(milliseconds(20));
  ASSERT_EQ(world.backlog.records_through(), std::vector<std::uint64_t>{1});
  for (std::uint64_t news = 2; news <= 5; ++news) {
    world.backlog.commit_control(gap_record());
    world.run_for(Duration(1));
    EXPECT_EQ(world.backlog.records_through().back(), news);
  }
}

TEST_F(Sharing, after_the_term_it_sends_nothing_more) {
  world.backlog.grant(grant(0b010, 5));
  world.run_until_connected();
  world.run_for(kTerm + seconds(1));  // nobody answers its next claim
  world.commit_many(3);
  world.run_for(seconds(5));
  EXPECT_TRUE(world.accepted_seqs().empty());
  EXPECT_EQ(world.broker.connections(), 1U) << "that is no reason to lose the connection";
}

TEST_F(Sharing, a_new_share_is_drained_from_its_cursor_after_what_is_in_flight) {
  world.broker.set_latency(seconds(2));
  world.backlog.grant(grant(0b010, 5));
  world.backlog.grant(grant(0b011, 6));
  world.run_until_connected();
  world.commit_many(5);
  world.run_for(kTerm / 3);
  world.commit_many(1);
  world.run_for(seconds(30));
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_EQ(world.accepted_seqs(), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6})) << "none of them twice";
  EXPECT_EQ(world.relay->statistics().leases_taken, 2U);
  EXPECT_TRUE(world.backlog.breaches().empty());
}

TEST_F(Sharing, the_options_of_all_are_divided) {
  RelayOptions all;
  all.broker.client_id = "device";
  all.events_per_s_max = 100;
  all.bytes_per_s_max = 2;
  const RelayOptions first = options_of(0, 3, all);
  EXPECT_EQ(first.broker.client_id, "device");
  EXPECT_EQ(first.events_per_s_max, 33U);
  EXPECT_EQ(first.bytes_per_s_max, 1U) << "0 would be no limit";
  EXPECT_TRUE(first.presence && first.commands);
  const RelayOptions third = options_of(2, 3, all);
  EXPECT_EQ(third.broker.client_id, "device-3");
  EXPECT_FALSE(third.presence || third.commands);
}

}  // namespace
}  // namespace holdfast::relay::test
