// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <holdfast/limits.hpp>
#include <holdfast/records.hpp>

#include "relay/commands.hpp"
#include "relay/replay_feed.hpp"
#include "unit/relay/world.hpp"

namespace holdfast::relay::test {
namespace {

using Seqs = std::vector<std::int64_t>;

/// A relay whose lane has `count` settled events, ready to be sent again.
struct Replay : ::testing::Test {
  explicit Replay(RelayOptions options = {}) : world(2, std::move(options)) {
    world.commit_many(10);
    EXPECT_TRUE(world.run_until_settled());
    before = world.accepted_seqs().size();
  }
  static ReplayFeed::Parts lane1(std::int64_t first, std::int64_t last) {
    return {{.lane = "lane1", .after_seq = first - 1, .last_seq = last}};
  }
  void ask(std::int64_t first, std::int64_t last) {
    EXPECT_TRUE(world.mailbox.put_replay(lane1(first, last)));
  }
  /// What the broker took of the lane since the beginning of the test.
  Seqs resent() {
    Seqs all = world.accepted_seqs();
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(before));
    return all;
  }
  std::size_t gaps() {
    std::size_t count = 0;
    for (const std::string& id : world.accepted_ids())
      count += id.find("-gap-") != std::string::npos ? 1U : 0U;
    return count;
  }
  ~Replay() override { EXPECT_TRUE(world.backlog.breaches().empty()) << world.backlog.breaches().front(); }

  World world;
  std::size_t before = 0;
};

TEST_F(Replay, sends_settled_events_again_page_by_page_and_settles_nothing) {
  const std::size_t settle_calls = world.backlog.settle_calls();
  ask(2, 9);
  world.run_for(seconds(1));
  EXPECT_EQ(resent(), (Seqs{2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(world.relay->statistics().resent, 8U);
  EXPECT_EQ(world.relay->statistics().resend_requests, 1U);
  EXPECT_EQ(world.backlog.settle_calls(), settle_calls);
  EXPECT_EQ(world.backlog.replay_fetches().size(), 3U) << "the quarantine at first, then two pages of four";
}

TEST_F(Replay, says_what_is_gone) {
  world.backlog.purge(1, 2);
  ask(1, 3);
  world.run_for(seconds(1));
  EXPECT_EQ(resent(), (Seqs{1, 3}));
  EXPECT_EQ(gaps(), 1U);
  EXPECT_EQ(world.backlog.pending_control(), 0U);
}

TEST_F(Replay, gives_the_epochs_record_to_who_did_not_get_it) {
  world.backlog.answer_with({.epoch = Epoch{7}, .parent = {}, .parent_ends = {}, .reason = "opened"});
  ask(1, 6);
  world.run_for(seconds(1));
  EXPECT_EQ(resent(), (Seqs{1, 2, 3, 4, 5, 6})) << "and nothing else is held up";
  const std::vector<std::string> ids = world.accepted_ids();
  EXPECT_EQ(std::count(ids.begin(), ids.end(), "0000000000000007-epoch"), 1);
  EXPECT_EQ(world.backlog.pending_control(), 0U);
}

TEST_F(Replay, sends_the_rest_again_after_a_lost_connection_but_no_page_that_was_answered) {
  int taken = 0;
  world.broker.set_answer([&](const MqttMessage&) -> std::uint8_t {
    if (++taken == 6) world.broker.kill_connections(0);
    return 0;
  });
  ask(1, 10);
  world.run_for(minutes(5));
  const Seqs all = resent();
  for (std::int64_t seq = 1; seq <= 10; ++seq) EXPECT_NE(std::count(all.begin(), all.end(), seq), 0) << seq;
  for (std::int64_t seq = 1; seq <= 4; ++seq) EXPECT_EQ(std::count(all.begin(), all.end(), seq), 1) << seq;
  EXPECT_EQ(world.mailbox.put_replay(lane1(1, 1)), true);
}

TEST_F(Replay, pauses_itself_and_no_lane_when_it_is_refused_and_gives_an_event_up_in_the_end) {
  world.broker.set_answer(refusing(1, {3}, 0x80));
  ask(1, 5);
  world.run_for(minutes(1));
  world.commit(1);
  world.run_for(seconds(1));
  EXPECT_EQ(world.pending(), 0U) << "the lane goes on";
  world.run_for(minutes(30));
  const Seqs all = resent();
  EXPECT_EQ(std::count(all.begin(), all.end(), 1), 1) << "what was acknowledged is not repeated";
  EXPECT_EQ(std::count(all.begin(), all.end(), 3), 0);
  EXPECT_EQ(std::count(all.begin(), all.end(), 5), 1);
  EXPECT_EQ(world.relay->statistics().refused, static_cast<std::uint64_t>(kReplayTriesMax));
  EXPECT_TRUE(world.backlog.refusals().empty()) << "a settled event is not the store's business";
}

TEST_F(Replay, gives_up_at_once_what_can_never_be_taken) {
  world.broker.set_answer(refusing(1, {3}, 0x99));
  ask(1, 5);
  world.run_for(seconds(1));
  EXPECT_EQ(resent(), (Seqs{1, 2, 4, 5}));
  EXPECT_EQ(world.relay->statistics().refused, 1U);
  EXPECT_TRUE(world.backlog.refusals().empty());
}

TEST_F(Replay, leaves_the_backlog_most_of_the_line) {
  world.broker.set_latency(milliseconds(20));
  ask(1, 10);
  world.run_for(milliseconds(1));
  world.commit_many(400);
  while (world.pending() > 100) world.run_for(milliseconds(20));
  const Seqs all = resent();
  const auto old =
      static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](auto s) { return s <= 10; }));
  EXPECT_GE(old, 8U) << "it comes along";
  EXPECT_LE(old, 4 + all.size() / kEventsPerResent + 1) << "one of nine, but for the page that went before";
}

TEST_F(Replay, takes_no_more_requests_than_it_has_places) {
  world.broker.set_silent(true);
  for (std::size_t i = 0; i < limits::kResendRequestsMax; ++i) {
    EXPECT_TRUE(world.mailbox.put_replay(lane1(1, 1)));
    world.run_for(milliseconds(1));
  }
  EXPECT_FALSE(world.mailbox.put_replay(lane1(1, 1)));
  world.broker.set_silent(false);
  world.run_for(minutes(10));
  EXPECT_TRUE(world.mailbox.put_replay(lane1(1, 1)));
}

// --- requeued events ---

struct Requeue : Replay {
  Requeue() {
    world.broker.set_answer(refusing(1, {11}, 0x99));
    world.commit(1);
    EXPECT_TRUE(world.run_until_settled());
    world.broker.set_answer({});
    EXPECT_TRUE(world.backlog.quarantined().at(1).contains(11));
    before = world.accepted_seqs().size();
  }
};

TEST_F(Requeue, an_event_that_is_taken_now_leaves_the_quarantine) {
  world.backlog.requeue(1, 11);
  world.run_for(seconds(1));
  EXPECT_EQ(resent(), (Seqs{11}));
  EXPECT_TRUE(world.backlog.requeued().empty());
  EXPECT_TRUE(world.backlog.refused_requeued().empty());
}

TEST_F(Requeue, an_event_that_is_refused_again_stays) {
  world.broker.set_answer(refusing(1, {11}, 0x99));
  world.backlog.requeue(1, 11);
  world.run_for(seconds(1));
  ASSERT_EQ(world.backlog.refused_requeued().size(), 1U);
  EXPECT_EQ(world.backlog.refused_requeued()[0].seq, 11);
  EXPECT_EQ(world.backlog.refused_requeued()[0].reason, 0x99);
}

TEST_F(Requeue, goes_before_a_request_that_is_under_way) {
  world.broker.set_latency(milliseconds(50));
  ask(1, 10);
  world.run_for(milliseconds(120));
  world.backlog.requeue(1, 11);
  world.run_for(seconds(3));
  const Seqs all = resent();
  EXPECT_LT(std::find(all.begin(), all.end(), 11), std::find(all.begin(), all.end(), 10));
  EXPECT_EQ(all.size(), 11U);
}

// --- commands ---

struct CommandWorld {
  explicit CommandWorld(const std::string& secret = "", bool receiver = true) {
    RelayOptions options;
    options.broker.url = "mqtt://broker.example";
    options.command_secret = secret;
    link->set_waker(&waker);
    if (receiver) {
      link->set_receiver([this](const MqttMessage& message) {
        mailbox.put_command(message);
        return platform::Delivery::acknowledge;
      });
    }
    RelaySetup setup{options, "device-1", "holdfast", {{1, "lane1", 1, 0}}};
    setup.receives = receiver;
    relay = std::make_unique<Relay>(std::move(setup), *link, backlog, mailbox, clock, entropy);
    clock.set_wall({UtcTime(seconds(1'000'000)), true});
    for (int i = 0; i < 3; ++i) {
      StoredEvent event;
      event.epoch = Epoch{7};
      event.key = "k";
      event.type = "com.example.reading.v1";
      event.content_type = "text/plain";
      event.topic = "holdfast/device-1/lane1/k";
      backlog.commit(1, std::move(event));
    }
    run_for(seconds(5));
    backend->set_waker(&backend_waker);
    platform::ConnectRequest request;
    request.broker.url = "mqtt://broker.example";
    request.broker.client_id = "backend";
    EXPECT_TRUE(backend->connect(request));
    run_for(seconds(1));
  }
  void run_for(Duration time) {
    const Instant end = clock.now() + time;
    while (clock.now() < end) {
      Instant next = end;
      for (int i = 0; i < 100; ++i) {
        next = std::min(end, relay->step(clock.now()));
        backlog.answer_all();
        if (!clock.wait_until(clock.now(), waker) && next > clock.now()) break;
      }
      std::array<platform::LinkEvent, 16> events;
      (void)backend->poll(events);
      next = std::min(next, broker.next_event());
      clock.advance(std::max<Duration>(milliseconds(1), next - clock.now()));
    }
  }
  MqttMessage request(const std::string& id, const std::string& secret = "") {
    return encode_resend({.id = id, .ranges = {{"lane1", {}, 1, 3}}, .issued = clock.wall().utc}, "device-1",
                         "holdfast/device-1/~command", secret)
        .value();
  }
  void send(const MqttMessage& message) {
    EXPECT_TRUE(backend->publish(++token, message));
    run_for(milliseconds(100));
  }
  [[nodiscard]] std::uint64_t resent() const { return relay->statistics().resent; }
  [[nodiscard]] std::uint64_t refused() const { return relay->statistics().resend_refused; }

  platform::sim::VirtualClock clock;
  platform::sim::ScriptedBroker broker{clock};
  platform::Waker waker;
  platform::Waker backend_waker;
  RelayMailbox mailbox{waker};
  MemoryBacklog backlog{mailbox};
  platform::sim::SeededEntropy entropy{1};
  std::unique_ptr<platform::Link> link = broker.make_link();
  std::unique_ptr<platform::Link> backend = broker.make_link();
  std::unique_ptr<Relay> relay;
  platform::LinkToken token = 0;
};

TEST(Commands, a_request_on_the_command_topic_is_answered_once_per_id) {
  CommandWorld world;
  world.send(world.request("a"));
  EXPECT_EQ(world.resent(), 3U);
  world.send(world.request("a"));
  EXPECT_EQ(world.resent(), 3U);
  world.send(world.request("b"));
  EXPECT_EQ(world.resent(), 6U);
  EXPECT_EQ(world.relay->statistics().resend_requests, 2U);
  EXPECT_EQ(world.refused(), 0U);
}

TEST(Commands, without_the_secret_or_with_a_stale_time_is_refused_and_counted) {
  CommandWorld world("open sesame");
  world.send(world.request("a"));
  EXPECT_EQ(world.refused(), 1U);
  world.send(world.request("b", "wrong"));
  EXPECT_EQ(world.refused(), 2U);
  const MqttMessage old = world.request("c", "open sesame");
  world.clock.set_wall({world.clock.wall().utc + kCommandAgeMax + seconds(1), true});
  world.send(old);
  EXPECT_EQ(world.refused(), 3U);
  EXPECT_EQ(world.resent(), 0U);
  world.send(world.request("d", "open sesame"));
  EXPECT_EQ(world.resent(), 3U);
}

TEST(Commands, beyond_the_rate_are_refused_until_a_minute_is_over) {
  CommandWorld world;
  for (int i = 0; i < kCommandsPerMinute; ++i) world.send(world.request("r" + std::to_string(i)));
  EXPECT_EQ(world.refused(), 0U);
  world.send(world.request("one-more"));
  EXPECT_EQ(world.refused(), 1U);
  world.run_for(minutes(1));
  world.send(world.request("one-more"));
  EXPECT_EQ(world.refused(), 1U) << "and its id was not remembered as answered";
}

TEST(Commands, that_are_garbage_or_too_large_are_counted) {
  CommandWorld world;
  MqttMessage message = world.request("a");
  message.payload.resize(10);
  world.send(message);
  EXPECT_EQ(world.refused(), 1U);
  message.payload.resize(kCommandBytesMax + 1);
  world.send(message);
  EXPECT_EQ(world.refused(), 2U);
}

TEST(Commands, a_refused_subscription_is_noted_and_the_events_go_on) {
  CommandWorld world;
  world.broker.set_subscribe_answer([](const std::string&) -> std::uint8_t { return 0x87; });
  world.broker.kill_connection("device-1", 0);
  StoredEvent event;
  event.topic = "holdfast/device-1/lane1/k";
  event.key = "k";
  event.type = "com.example.reading.v1";
  event.content_type = "text/plain";
  world.backlog.commit(1, event);
  world.run_for(minutes(2));
  EXPECT_EQ(world.backlog.pending(1), 0U);
  EXPECT_NE(world.relay->statistics().last_error.find("~command"), std::string::npos);
  EXPECT_EQ(world.relay->statistics().connects, 2U);
}

TEST(Commands, without_a_receiver_nothing_is_subscribed) {
  CommandWorld world("", false);
  world.send(world.request("a"));
  EXPECT_EQ(world.resent(), 0U);
  EXPECT_EQ(world.backlog.pending(1), 0U);
}

// A broker that closes the connection when the subscription is not allowed must not keep the events out for ever.
TEST(Commands, are_given_up_for_an_hour_when_connections_die_of_the_subscription) {
  Commands commands("device-1", "holdfast", "", true);
  Instant now{};
  for (int death = 0; death < kSubscribeDeathsMax; ++death) {
    ASSERT_TRUE(commands.wants_subscription(now)) << death;
    commands.asked();
    EXPECT_FALSE(commands.wants_subscription(now));
    commands.disconnected(now);
  }
  EXPECT_FALSE(commands.wants_subscription(now));
  EXPECT_FALSE(commands.wants_subscription(now + kSubscribePause - seconds(1)));
  EXPECT_TRUE(commands.wants_subscription(now + kSubscribePause));
  commands.asked();
  commands.answered();
  commands.disconnected(now);
  EXPECT_TRUE(commands.wants_subscription(now + kSubscribePause)) << "an answer begins the count again";
}

}  // namespace
}  // namespace holdfast::relay::test
