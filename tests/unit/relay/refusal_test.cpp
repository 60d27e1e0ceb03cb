// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "relay/answer.hpp"
#include "unit/relay/world.hpp"

namespace holdfast::relay::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::size_t gap_records(const World& world) {
  const auto& accepted = world.broker.accepted();
  return static_cast<std::size_t>(std::count_if(accepted.begin(), accepted.end(), [](const MqttMessage& m) {
    return m.topic == "holdfast/device-1/~gap";
  }));
}

class FinalReason : public testing::TestWithParam<int> {};

TEST_P(FinalReason, quarantines_at_once_declares_the_gap_and_goes_on) {
  World world;
  world.broker.set_answer(refusing(1, {3}, static_cast<std::uint8_t>(GetParam())));
  world.commit_many(100);
  EXPECT_TRUE(world.run_until_settled(seconds(5)));
  EXPECT_THAT(world.backlog.quarantined().at(1), ElementsAre(3));
  EXPECT_EQ(world.backlog.settled().at(1).size(), 99U);
  ASSERT_EQ(world.backlog.refusals().size(), 1U);
  EXPECT_EQ(world.backlog.refusals()[0].reason, GetParam());
  EXPECT_EQ(gap_records(world), 1U);
  EXPECT_EQ(world.relay->statistics().quarantined, 1U);
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(RelayRefusal, FinalReason, testing::Values(0x90, 0x95, 0x99));

class PassingReason : public testing::TestWithParam<int> {};

TEST_P(PassingReason, keeps_the_event_and_publishes_it_again_after_a_pause) {
  World world;
  world.broker.set_answer(refusing(1, {3}, static_cast<std::uint8_t>(GetParam())));
  world.commit_many(10);
  world.run_for(minutes(10));
  EXPECT_EQ(world.backlog.pending(1), 1U);
  EXPECT_TRUE(world.backlog.quarantined().empty());
  EXPECT_FALSE(world.backlog.settled().at(1).contains(3));
  EXPECT_GE(world.backlog.refusals().size(), 10U) << "never more than 60 s apart";
  EXPECT_LE(world.backlog.refusals().size(), 50U);

  world.broker.set_answer({});
  EXPECT_TRUE(world.run_until_settled(minutes(2)));
  EXPECT_THAT(world.accepted_seqs(), ElementsAre(1, 2, 4, 5, 6, 7, 8, 9, 10, 3))
      << "what was acknowledged is not sent again";
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(RelayRefusal, PassingReason, testing::Values(0x80, 0x83, 0x91, 0x97, 0xFF));

TEST(RelayRefusal, the_refused_event_and_what_follows_is_published_again_in_order) {
  World world;
  bool refuse = true;
  std::vector<std::int64_t> attempts;
  world.broker.set_answer([&](const MqttMessage& message) -> std::uint8_t {
    attempts.push_back(seq_of(message));
    return refuse && attempts.back() >= 3 ? 0x80 : 0;
  });
  world.commit_many(6);
  world.run_for(seconds(2));
  refuse = false;
  EXPECT_TRUE(world.run_until_settled(minutes(2)));
  const std::vector<std::int64_t> last(attempts.end() - 4, attempts.end());
  EXPECT_THAT(last, ElementsAre(3, 4, 5, 6));
}

TEST(RelayOptions, a_lane_that_there_is_not_cannot_be_ordered) {
  RelaySetup setup{{}, "device-1", "holdfast", {{1, "alarm", 0, 0}}};
  setup.options.lanes = {{"alarm", Ordering::strict}};
  EXPECT_TRUE(check_lanes(setup));
  setup.options.lanes = {{"alarm", Ordering::strict}, {"alarm", Ordering::lane}};
  EXPECT_FALSE(check_lanes(setup));
  setup.options.lanes = {{"alarms", Ordering::strict}};
  ASSERT_FALSE(check_lanes(setup));
  EXPECT_EQ(check_lanes(setup).error().code, ErrorCode::invalid);
}

TEST(RelayRefusal, a_refused_lane_does_not_stop_the_others) {
  World world(2);
  world.broker.set_answer([](const MqttMessage& m) -> std::uint8_t { return seq_of(m, 1) > 0 ? 0x83 : 0; });
  world.commit_many(200, 1);
  world.commit_many(200, 2);
  world.run_for(seconds(3));
  EXPECT_EQ(world.backlog.pending(1), 200U);
  EXPECT_EQ(world.backlog.pending(2), 0U);
}

TEST(RelayRefusal, a_window_of_refusals_is_one_pause) {
  World world;
  world.broker.set_answer([](const MqttMessage&) -> std::uint8_t { return 0x80; });
  world.commit_many(64);
  world.run_for(minutes(30));
  EXPECT_GE(world.backlog.refusals().size(), 64U * 30);
  EXPECT_LE(world.backlog.refusals().size(), 64U * 110);
}

TEST(RelayRefusal, acknowledgements_of_others_do_not_shorten_the_pause_of_the_refused_event) {
  World world;
  world.broker.set_answer(refusing(1, {1}, 0x83));
  for (int i = 0; i < 1800; ++i) {
    world.commit();
    world.run_for(seconds(1));
  }
  EXPECT_LE(world.backlog.refusals().size(), 110U) << "30 s apart on average";
}

TEST(RelayRefusal, quota_refusals_halve_the_window_and_acknowledgements_give_it_back) {
  World world;
  world.broker.set_answer(refusing(1, {1, 2}, kQuotaExceeded));
  world.commit_many(2);
  world.run_for(milliseconds(510));
  EXPECT_LT(world.relay->statistics().window_events, 64U);
  world.broker.set_answer({});
  world.commit_many(100);
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_EQ(world.relay->statistics().window_events, 64U);
}

TEST(RelayRefusal, an_event_larger_than_the_broker_takes_is_never_sent) {
  World world;
  platform::ConnectGrant grant;
  grant.packet_bytes_max = 1000;
  world.broker.set_grant(grant);
  world.commit();
  world.commit(1, 2000);
  world.commit();
  EXPECT_TRUE(world.run_until_settled(seconds(5)));
  EXPECT_THAT(world.accepted_seqs(), ElementsAre(1, 3));
  EXPECT_THAT(world.backlog.quarantined().at(1), ElementsAre(2));
  EXPECT_EQ(world.backlog.refusals()[0].reason, kPacketTooLarge);
  EXPECT_EQ(world.relay->statistics().disconnects, 0U);
}

TEST(RelayRefusal, a_damaged_row_is_quarantined) {
  World world;
  StoredEvent event;
  event.epoch = Epoch{7};
  event.topic = "t";
  event.key = "k";  // and no type
  world.backlog.commit(1, event);
  EXPECT_TRUE(world.run_until_settled(seconds(5)));
  EXPECT_EQ(world.backlog.refusals()[0].reason, kPayloadFormatInvalid);
  EXPECT_TRUE(world.accepted_seqs().empty());
}

// A link that rejects the second publish.
class PickyLink final : public platform::Link {
 public:
  PickyLink(World::LinkPtr inner, ErrorCode code) : inner_(std::move(inner)), code_(code) {}
  void set_waker(platform::Waker* waker) override { inner_->set_waker(waker); }
  void set_receiver(platform::Receiver receiver) override { inner_->set_receiver(std::move(receiver)); }
  Result<void> connect(const platform::ConnectRequest& request) override { return inner_->connect(request); }
  Result<void> publish(platform::LinkToken token, const MqttMessage& message) override {
    if (++publishes_ == 2) return fail(code_, "publish", "picky");
    return inner_->publish(token, message);
  }
  Result<void> subscribe(platform::LinkToken, const std::string&) override { return {}; }
  std::size_t poll(std::span<platform::LinkEvent> events) override { return inner_->poll(events); }
  void drop() override { inner_->drop(); }

 private:
  World::LinkPtr inner_;
  ErrorCode code_;
  int publishes_ = 0;
};

World::Wrap picky(ErrorCode code) {
  return [code](World::LinkPtr inner) { return std::make_unique<PickyLink>(std::move(inner), code); };
}

TEST(RelayRefusal, what_the_link_rejects_for_good_is_quarantined) {
  const std::pair<ErrorCode, std::int32_t> cases[] = {{ErrorCode::invalid, kTopicNameInvalid},
                                                      {ErrorCode::too_large, kPacketTooLarge}};
  for (const auto& [code, reason] : cases) {
    World world(1, {}, 1, picky(code));
    world.commit_many(3);
    EXPECT_TRUE(world.run_until_settled(seconds(5)));
    EXPECT_THAT(world.accepted_seqs(), ElementsAre(1, 3));
    EXPECT_EQ(world.backlog.refusals()[0].reason, reason);
  }
}

TEST(RelayRefusal, a_link_that_takes_nothing_more_is_replaced) {
  World world(1, {}, 1, picky(ErrorCode::unavailable));
  world.commit_many(3);
  EXPECT_TRUE(world.run_until_settled(seconds(5)));
  EXPECT_TRUE(world.backlog.refusals().empty());
  EXPECT_EQ(world.relay->statistics().connects, 2U);
  EXPECT_EQ(world.backlog.settled().at(1).size(), 3U);
}

TEST(RelayRefusal, with_a_full_quarantine_the_event_stays_pending_and_the_lane_backs_off) {
  World world;
  world.broker.set_answer(refusing(1, {3}, kPayloadFormatInvalid));
  world.backlog.set_quarantine_full(true);
  world.commit_many(10);
  world.run_for(minutes(10));
  EXPECT_EQ(world.backlog.pending(1), 1U);
  EXPECT_LE(world.backlog.refusals().size(), 50U);
  EXPECT_EQ(world.relay->statistics().quarantined, 0U);
  EXPECT_THAT(world.relay->statistics().alarms, ElementsAre(RelayAlarm::quarantine_full));

  world.backlog.set_quarantine_full(false);
  EXPECT_TRUE(world.run_until_settled(minutes(2)));
  EXPECT_THAT(world.backlog.quarantined().at(1), ElementsAre(3));
  EXPECT_THAT(world.relay->statistics().alarms, IsEmpty());
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

TEST(RelayRefusal, while_the_store_decides_the_event_is_not_published_again_also_not_after_a_reconnect) {
  World world;
  world.broker.set_latency(milliseconds(20));
  std::size_t attempts = 0;
  world.broker.set_answer([&](const MqttMessage& message) -> std::uint8_t {
    if (seq_of(message) != 2) return 0;
    attempts += 1;
    world.store_is_slow = true;
    return kPayloadFormatInvalid;
  });
  world.commit_many(5);
  while (world.backlog.refusals().empty()) world.run_for(milliseconds(1));
  world.broker.kill_connections(0);
  EXPECT_TRUE(world.run_until_settled());
  EXPECT_EQ(attempts, 1U);
  EXPECT_THAT(world.backlog.breaches(), IsEmpty());
}

}  // namespace
}  // namespace holdfast::relay::test
