// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <holdfast/consumer.hpp>
#include <set>

#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

struct ConsumerTest : ::testing::Test {
  World world;  // with the device that publishes
  ConsumerOptions options;
  Effect effect = [](const CloudEvent&, sqlite3*) -> Result<void> { return {}; };
  ConsumerObserver observer;
  std::unique_ptr<Consumer> consumer;

  ConsumerTest() {
    options.broker.url = "mqtt://broker";
    options.broker.client_id = "backend";
    options.filters = {"holdfast/#"};
  }

  std::unique_ptr<Inbox> inbox() {
    InboxOptions inbox_options;
    inbox_options.path = world.dir / "inbox.db";
    return Inbox::open(inbox_options, world.platform()).value();
  }
  Result<std::unique_ptr<Consumer>> try_start() {
    return Consumer::start(options, world.broker.make_link(), inbox(), effect, observer, world.platform());
  }
  void start() { consumer = try_start().value(); }
  /// What is published before the subscription is not for this consumer.
  void start_and_subscribe() {
    start();
    world.run_until([this] { return statistics().state == RelayState::connected; });
  }
  ConsumerStatistics statistics() { return consumer->statistics(); }
  /// A connected link of somebody else.
  std::unique_ptr<platform::Link> stranger() {
    auto link = world.broker.make_link();
    platform::ConnectRequest request;
    request.broker.url = "mqtt://broker";
    request.broker.client_id = "stranger";
    EXPECT_TRUE(link->connect(request));
    std::array<platform::LinkEvent, 4> events;
    world.run_until([&] { return link->poll(events) == 1; });
    return link;
  }
  void write(int events) {
    for (int i = 0; i < events; ++i) ASSERT_TRUE(world.outbox->write(adding()));
  }
};

TEST_F(ConsumerTest, refuses_bad_options) {
  const auto refused = [this](auto change) {
    const ConsumerOptions good = options;
    change(options);
    const std::string told = outcome(try_start());
    options = good;
    return told;
  };
  EXPECT_EQ(refused([](ConsumerOptions& o) { o.broker.client_id.clear(); }), "invalid");
  EXPECT_EQ(refused([](ConsumerOptions& o) { o.filters.clear(); }), "invalid");
  EXPECT_EQ(refused([](ConsumerOptions& o) { o.commit_timeout = milliseconds(0); }), "invalid");
  EXPECT_EQ(refused([](ConsumerOptions& o) { o.backoff_min = milliseconds(0); }), "invalid");
  EXPECT_EQ(refused([](ConsumerOptions& o) { o.backoff_max = o.backoff_min - milliseconds(1); }), "invalid");
  EXPECT_EQ(refused([](ConsumerOptions&) {}), "ok");
}

TEST_F(ConsumerTest, refuses_to_start_without_a_link_an_inbox_or_an_effect) {
  const auto start_with = [this](auto link, auto box, const Effect& what) {
    return outcome(Consumer::start(options, std::move(link), std::move(box), what, {}, world.platform()));
  };
  EXPECT_EQ(start_with(std::unique_ptr<platform::Link>(), inbox(), effect), "invalid");
  EXPECT_EQ(start_with(world.broker.make_link(), std::unique_ptr<Inbox>(), effect), "invalid");
  EXPECT_EQ(start_with(world.broker.make_link(), inbox(), Effect{}), "invalid");
}

TEST_F(ConsumerTest, applies_every_event_and_tells_the_observer_after_it) {
  std::set<std::string> effects;
  std::set<std::string> observed;
  effect = [&](const CloudEvent& event, sqlite3*) -> Result<void> {
    effects.insert(event.id);
    return {};
  };
  observer = [&](const CloudEvent* event, const ApplyOutcome& outcome) {
    if (event != nullptr && outcome.outcome == Applied::applied) observed.insert(event->id);
  };
  start_and_subscribe();
  world.start_relay();
  write(30);
  world.run_until([&] { return statistics().inbox.applied == 30; });
  consumer->stop();
  EXPECT_EQ(effects.size(), 30U);
  EXPECT_EQ(observed, effects);
  EXPECT_EQ(statistics().inbox.duplicates, 0U);
  EXPECT_EQ(statistics().state, RelayState::stopped);
  EXPECT_EQ(consumer->failure(), std::nullopt);
}

TEST_F(ConsumerTest, comes_back_after_an_outage_and_gets_what_the_session_kept) {
  start_and_subscribe();
  world.start_relay();
  write(1);
  world.run_until([&] { return statistics().inbox.applied == 1; });
  world.broker.kill_connection("backend", 0x8B);
  world.run_until([&] { return statistics().disconnects == 1; });
  write(5);
  world.run_until([&] { return statistics().inbox.applied == 6; });
  EXPECT_EQ(statistics().connects, 2U);
}

TEST_F(ConsumerTest, fails_and_keeps_the_message_at_the_broker_when_the_effect_fails_for_commit_timeout) {
  std::atomic<int> tries = 0;
  effect = [&](const CloudEvent&, sqlite3*) -> Result<void> {
    ++tries;
    return fail(ErrorCode::disk_full, "test", "no room");
  };
  options.commit_timeout = seconds(5);
  start_and_subscribe();
  world.start_relay();
  write(1);
  world.run_until([&] { return consumer->failure().has_value(); });
  EXPECT_EQ(consumer->failure()->code, ErrorCode::disk_full);
  EXPECT_GT(tries, 5);
  consumer.reset();

  effect = [](const CloudEvent&, sqlite3*) -> Result<void> { return {}; };
  start();  // a new process, so to say
  world.run_until([&] { return statistics().inbox.applied == 1; });
}

TEST_F(ConsumerTest, fails_when_the_broker_refuses_a_filter) {
  world.broker.set_subscribe_answer([](const std::string&) -> std::uint8_t { return 0x87; });
  start();
  world.run_until([&] { return consumer->failure().has_value(); });
  EXPECT_EQ(consumer->failure()->code, ErrorCode::denied);
  EXPECT_NE(consumer->failure()->where.find("holdfast/#"), std::string::npos);
}

TEST_F(ConsumerTest, fails_when_the_link_finds_the_options_invalid) {
  options.broker.url = "nonsense";
  start();
  world.run_until([&] { return consumer->failure().has_value(); });
  EXPECT_EQ(consumer->failure()->code, ErrorCode::invalid);
}

TEST_F(ConsumerTest, acknowledges_and_counts_what_is_no_event) {
  std::string why;
  observer = [&](const CloudEvent* event, const ApplyOutcome& outcome) {
    if (event == nullptr) why = outcome.why;
  };
  start_and_subscribe();
  const auto link = stranger();
  MqttMessage message;
  message.topic = "holdfast/hello";
  message.content_type = "text/plain";
  ASSERT_TRUE(link->publish(1, message));
  world.run_until([&] { return statistics().undecodable == 1; });
  consumer->stop();
  EXPECT_NE(why, "");
}

TEST_F(ConsumerTest, passes_over_what_devices_say_of_themselves_and_what_is_said_to_them) {
  std::atomic<int> observed = 0;
  observer = [&](const CloudEvent*, const ApplyOutcome&) { ++observed; };
  start_and_subscribe();
  const auto link = stranger();
  MqttMessage message;
  message.content_type = "application/json";
  platform::LinkToken token = 0;
  for (const char* topic : {"holdfast/device-1/~status", "holdfast/device-1/~command", "holdfast/status"}) {
    message.topic = topic;
    ASSERT_TRUE(link->publish(++token, message));
  }
  world.run_until([&] { return statistics().undecodable == 1; });  // the third
  consumer->stop();
  EXPECT_EQ(observed, 1);
  EXPECT_EQ(statistics().received, 1U);
  EXPECT_EQ(consumer->failure(), std::nullopt);
}

TEST_F(ConsumerTest, may_be_stopped_from_inside_the_observer) {
  std::atomic<Consumer*> self = nullptr;
  observer = [&](const CloudEvent*, const ApplyOutcome& outcome) {
    if (outcome.outcome == Applied::applied) self.load()->stop();  // the epoch record comes before the event
  };
  start_and_subscribe();
  self = consumer.get();
  world.start_relay();
  write(1);
  world.run_until([&] { return statistics().state == RelayState::stopped && statistics().connects > 0; });
  consumer->stop();
  EXPECT_EQ(statistics().inbox.applied, 1U);
}

}  // namespace
}  // namespace holdfast::runtime_tests
