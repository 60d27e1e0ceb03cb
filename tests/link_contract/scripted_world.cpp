// SPDX-License-Identifier: MIT
#include <array>

#include <holdfast/platform/sim.hpp>

#include "link_contract/world.hpp"

namespace holdfast::link_contract {
namespace {

constexpr std::chrono::seconds kPatience{100};

class ScriptedWorld final : public World {
 public:
  explicit ScriptedWorld(const BrokerTraits& traits) : broker_(clock_) {
    ConnectGrant grant;
    grant.receive_maximum = traits.receive_maximum.value_or(20);
    grant.packet_bytes_max = traits.packet_bytes_max.value_or(grant.packet_bytes_max);
    grant.server_keep_alive_s = traits.server_keep_alive_s;
    broker_.set_grant(grant);
    if (traits.denies_below_denied)
      broker_.set_answer([](const MqttMessage& message) {
        return message.topic.starts_with("denied/") ? std::uint8_t{0x87} : std::uint8_t{0};
      });
  }

  [[nodiscard]] std::unique_ptr<Link> make_link() override { return broker_.make_link(); }
  [[nodiscard]] std::string url() const override { return "mqtt://scripted"; }
  void pass_time(Waker&) override { clock_.advance(std::chrono::milliseconds(1)); }
  [[nodiscard]] Instant overdue_at() const override { return now() + kPatience; }
  [[nodiscard]] Instant now() const override { return clock_.now(); }
  void freeze() override { broker_.set_silent(true); }
  void kill_broker() override { broker_.set_up(false); }
  void start_broker() override {
    broker_.set_silent(false);
    broker_.set_up(true);
  }
  void connect_and_die(const ConnectRequest& request) override {
    Client client(*this);
    client.connect(request);
    broker_.kill_connection(request.broker.client_id, 0);
    client.wait_for(LinkEventKind::disconnected);
  }

 private:
  sim::VirtualClock clock_;
  sim::ScriptedBroker broker_;
};

INSTANTIATE_TEST_SUITE_P(Scripted, LinkContract, ::testing::Values([](const BrokerTraits& traits) {
                           return std::unique_ptr<World>(std::make_unique<ScriptedWorld>(traits));
                         }),
                         [](const auto&) { return "broker"; });

// ---- the rows of the table in world.hpp that only the scripted broker can show

class ScriptedLink : public ::testing::Test {
 protected:
  class OneWorld final : public World {
   public:
    sim::VirtualClock clock;
    sim::ScriptedBroker broker{clock};
    [[nodiscard]] std::unique_ptr<Link> make_link() override { return broker.make_link(); }
    [[nodiscard]] std::string url() const override { return "mqtt://scripted"; }
    void pass_time(Waker&) override { clock.advance(std::chrono::milliseconds(1)); }
    [[nodiscard]] Instant overdue_at() const override { return now() + kPatience; }
    [[nodiscard]] Instant now() const override { return clock.now(); }
    void freeze() override { broker.set_silent(true); }
    void kill_broker() override { broker.set_up(false); }
    void start_broker() override { broker.set_up(true); }
    void connect_and_die(const ConnectRequest&) override {}
  };

  [[nodiscard]] static ConnectRequest kept_session(const Client& client) {
    ConnectRequest request = client.request("consumer");
    request.clean_start = false;
    request.session_expiry = std::chrono::hours(1);
    return request;
  }

  void publish(Client& client, const MqttMessage& sent) {
    ASSERT_TRUE(client.link->publish(1, sent).has_value());
    client.wait_for(LinkEventKind::acknowledged);
  }

  OneWorld world_;
};

TEST_F(ScriptedLink, is_disconnected_with_receive_maximum_exceeded) {
  ConnectGrant grant;
  grant.receive_maximum = 2;
  world_.broker.set_grant(grant);
  Client client(world_);
  client.connect(client.request("greedy"));
  for (LinkToken token = 1; token <= 3; ++token)
    ASSERT_TRUE(client.link->publish(token, message("t", "x")).has_value());
  EXPECT_EQ(client.wait_for(LinkEventKind::disconnected).reason, 0x93);
  EXPECT_EQ(world_.broker.accepted().size(), 2U);
}

TEST_F(ScriptedLink, the_receive_maximum_slides_with_the_acknowledgements) {
  ConnectGrant grant;
  grant.receive_maximum = 1;
  world_.broker.set_grant(grant);
  Client client(world_);
  client.connect(client.request("patient"));
  for (int n = 0; n < 5; ++n) publish(client, message("t", "x"));
  EXPECT_EQ(world_.broker.accepted().size(), 5U);
}

TEST_F(ScriptedLink, reports_a_refused_subscription) {
  world_.broker.set_subscribe_answer([](const std::string&) { return std::uint8_t{0x87}; });
  Client client(world_);
  client.connect(client.request("refused"));
  ASSERT_TRUE(client.link->subscribe(5, "t").has_value());
  const LinkEvent refused = client.wait_for(LinkEventKind::subscribe_refused);
  EXPECT_EQ(refused.token, 5U);
  EXPECT_EQ(refused.reason, 0x87);
}

TEST_F(ScriptedLink, reports_the_reason_of_a_refused_connect_and_of_a_kick) {
  world_.broker.set_refuse_connect(0x97);
  Client client(world_);
  ASSERT_TRUE(client.link->connect(client.request("kicked")).has_value());
  EXPECT_EQ(client.wait_for(LinkEventKind::connect_failed).reason, 0x97);
  world_.broker.set_refuse_connect(0);
  client.link->drop();
  client.connect(client.request("kicked"));
  world_.broker.kill_connections(0x8B);
  EXPECT_EQ(client.wait_for(LinkEventKind::disconnected).reason, 0x8B);
}

TEST_F(ScriptedLink, the_acknowledgement_that_was_sent_before_a_kick_still_arrives) {
  Client client(world_);
  client.connect(client.request("kicked"));
  ASSERT_TRUE(client.link->publish(1, message("t", "x")).has_value());
  world_.clock.advance(std::chrono::milliseconds(1));
  world_.broker.kill_connections(0x8B);
  client.wait_for(LinkEventKind::disconnected);
  EXPECT_EQ(client.count(LinkEventKind::acknowledged), 1U);
}

TEST_F(ScriptedLink, a_reset_takes_along_the_acknowledgement_that_is_on_its_way) {
  Client client(world_);
  client.connect(client.request("reset"));
  ASSERT_TRUE(client.link->publish(1, message("t", "x")).has_value());
  world_.clock.advance(std::chrono::milliseconds(1));
  world_.broker.kill_connections(0);
  client.wait_for(LinkEventKind::disconnected);
  EXPECT_EQ(world_.broker.accepted().size(), 1U);
  EXPECT_EQ(client.count(LinkEventKind::acknowledged), 0U);
}

TEST_F(ScriptedLink, a_script_may_kill_the_connection_that_carries_a_message) {
  world_.broker.set_answer([this](const MqttMessage& received) {
    if (received.topic == "poison") world_.broker.kill_connections(0);
    return std::uint8_t{0};
  });
  Client client(world_);
  client.connect(client.request("poisoned"));
  ASSERT_TRUE(client.link->publish(1, message("good", "x")).has_value());
  ASSERT_TRUE(client.link->publish(2, message("poison", "x")).has_value());
  ASSERT_TRUE(client.link->publish(3, message("after", "x")).has_value());
  client.wait_for(LinkEventKind::disconnected);
  ASSERT_EQ(world_.broker.accepted().size(), 1U);
  EXPECT_EQ(world_.broker.accepted()[0].topic, "good");
}

TEST_F(ScriptedLink, lost_acknowledgements_leave_the_message_with_the_broker) {
  world_.broker.set_lose_next_acks(1);
  Client client(world_);
  client.connect(client.request("unlucky"));
  ASSERT_TRUE(client.link->publish(1, message("t", "x")).has_value());
  ASSERT_TRUE(client.link->publish(2, message("t", "x")).has_value());
  EXPECT_EQ(client.wait_for(LinkEventKind::acknowledged).token, 2U);
  EXPECT_EQ(world_.broker.accepted().size(), 2U);
}

TEST_F(ScriptedLink, a_half_open_connection_is_found_out_by_keep_alive) {
  Client client(world_);
  client.connect(client.request("half-open"));
  const Instant begun = world_.clock.now();
  world_.broker.set_silent(true);
  ASSERT_TRUE(client.link->publish(1, message("t", "x")).has_value());
  client.wait_for(LinkEventKind::disconnected);
  EXPECT_GT(world_.clock.now() - begun, std::chrono::seconds(30));
  EXPECT_EQ(world_.broker.accepted_count(), 0U);
  EXPECT_EQ(world_.broker.connections(), 0U);
}

TEST_F(ScriptedLink, a_session_ends_at_its_expiry) {
  Client client(world_);
  client.connect(kept_session(client));
  client.link->drop();
  world_.clock.advance(std::chrono::minutes(59));
  EXPECT_TRUE(client.connect(kept_session(client)).session_present);
  client.link->drop();
  world_.clock.advance(std::chrono::minutes(61));
  EXPECT_FALSE(client.connect(kept_session(client)).session_present);
}

TEST_F(ScriptedLink, a_message_expires_while_its_reader_is_away) {
  Client consumer(world_);
  consumer.connect(kept_session(consumer));
  consumer.subscribe("t");
  consumer.link->drop();
  Client producer(world_);
  producer.connect(producer.request("producer"));
  MqttMessage short_lived = message("t", "short");
  short_lived.expiry_s = 60;
  publish(producer, short_lived);
  MqttMessage longer_lived = message("t", "long");
  longer_lived.expiry_s = 600;
  publish(producer, longer_lived);
  world_.clock.advance(std::chrono::seconds(100));
  consumer.connect(kept_session(consumer));
  ASSERT_TRUE(consumer.wait_for_messages(1));
  EXPECT_EQ(consumer.messages()[0].payload, longer_lived.payload);
  EXPECT_EQ(consumer.messages()[0].expiry_s, 500U);
}

TEST_F(ScriptedLink, the_history_does_not_depend_on_how_time_is_advanced) {
  const auto left_of_600_s = [this](const std::string& id, Duration step) {
    Client consumer(world_);
    ConnectRequest request = kept_session(consumer);
    request.broker.client_id = id;
    consumer.connect(request);
    consumer.subscribe(id);
    consumer.link->drop();
    Client producer(world_);
    producer.connect(producer.request("producer"));
    MqttMessage sent = message(id, "x");
    sent.expiry_s = 600;
    EXPECT_TRUE(producer.link->publish(1, sent).has_value());
    for (Duration passed{}; passed < std::chrono::seconds(100); passed += step) world_.clock.advance(step);
    consumer.connect(request);
    EXPECT_TRUE(consumer.wait_for_messages(1));
    return consumer.messages()[0].expiry_s;
  };
  EXPECT_EQ(left_of_600_s("one-jump", std::chrono::seconds(100)), 500U);
  EXPECT_EQ(left_of_600_s("many-steps", std::chrono::milliseconds(500)), 500U);
}

TEST_F(ScriptedLink, advancing_to_the_next_event_misses_nothing) {
  world_.broker.set_latency(std::chrono::milliseconds(250));
  Client client(world_);
  ASSERT_TRUE(client.link->connect(client.request("jumping")).has_value());
  const Instant begun = world_.clock.now();
  EXPECT_EQ(world_.broker.next_event() - begun, std::chrono::milliseconds(250));
  world_.clock.advance(world_.broker.next_event() - begun);
  world_.clock.advance(world_.broker.next_event() - world_.clock.now());
  EXPECT_EQ(world_.clock.now() - begun, std::chrono::milliseconds(500));
  EXPECT_TRUE(world_.clock.wait_until(Instant::max(), client.waker)) << "the bell has been rung";
  std::array<LinkEvent, 1> event;
  ASSERT_EQ(client.link->poll(event), 1U);
  EXPECT_EQ(event[0].kind, LinkEventKind::connected);
}

}  // namespace
}  // namespace holdfast::link_contract
