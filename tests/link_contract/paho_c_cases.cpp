// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include <array>
#include <atomic>
#include <future>
#include <thread>

#include "link_contract/paho_world.hpp"
#include "link_contract/slow_resolver.hpp"
#include "linux/paho_shims.hpp"

// Paho's own, as its objects call them: the linker puts the shims in here too.
extern "C" {
void* Thread_create_cond(int* rc);
int Thread_destroy_cond(void* condition);
int Thread_signal_cond(void* condition);
int Thread_wait_cond(void* condition, int timeout_ms);
}

// What only the hardened link does.
namespace holdfast::link_contract {
namespace {

using namespace std::chrono_literals;

TEST(PahoC, the_shims_are_in) {
  PahoWorld world({});
  Client client(world);
  client.connect(client.request("shims"));
  const unsigned long before = linux_detail::paho_shims::publishes_seen();
  publish(client, "t");
  EXPECT_EQ(linux_detail::paho_shims::publishes_seen(), before + 1);
}

// Between Paho's look at its commands and its wait for the next one. Without the shim the ring is lost and a lone publish
// waits for a second: 3 to 4 of 100,000, too few to be met from outside.
TEST(PahoC, a_ring_that_comes_before_the_wait_is_not_lost) {
  int rc = 0;
  void* const condition = Thread_create_cond(&rc);
  ASSERT_EQ(rc, 0);
  bool remembered = false;
  for (int attempt = 0; attempt < 20 && !remembered; ++attempt) {  // a thread of an earlier test may take one
    ASSERT_EQ(Thread_signal_cond(condition), 0);
    remembered = Thread_wait_cond(condition, 50) == 0;
  }
  EXPECT_TRUE(remembered);
  EXPECT_NE(Thread_wait_cond(condition, 1), 0) << "it is taken once";
  Thread_destroy_cond(condition);
}

// After a burst Mosquitto's Nagle holds a PUBACK until our kernel has acknowledged the one before, which waits 40 ms for a
// publish to ride on. Without the shim hardly one of these is answered before the next publish; a busy machine may miss
// some with it.
TEST(PahoC, a_puback_does_not_wait_for_the_next_publish) {
  PahoWorld world({.nagle = true});
  Client client(world);
  client.connect(client.request("steady"));
  const auto answered = [&] { return client.count(LinkEventKind::acknowledged); };
  constexpr std::size_t kBurst = 20;
  constexpr std::size_t kSteady = 60;
  std::size_t sent = 0;
  while (sent < kBurst) ASSERT_TRUE(client.link->publish(++sent, message("t", "burst")));
  std::size_t in_time = 0;
  while (sent < kBurst + kSteady) {
    std::this_thread::sleep_for(15ms);  // the rate, and less than the kernel waits
    (void)client.wait_until([] { return true; });
    if (answered() == sent) in_time += 1;
    ASSERT_TRUE(client.link->publish(++sent, message("t", "steady")));
  }
  EXPECT_GE(in_time, kSteady / 2);
}

TEST(PahoC, goes_straight_to_the_broker_under_a_proxy_variable) {
  PahoWorld world({});
  for (const char* name : {"http_proxy", "https_proxy"}) {
    for (const char* value : {"", "http://127.0.0.1:9"}) {
      ::setenv(name, value, 1);
      Process child(probe_command("will", world.url(), "proxied"));
      EXPECT_STREQ(::getenv(name), value) << "others must still see it";
      ::unsetenv(name);
      EXPECT_EQ(child.read_line(kChildPatience), "connected") << name << "=" << value;
    }
  }
}

/// A receiver of `consumer` that waits for the promise, or for 100 s, and then acknowledges. Drop the link before it dies.
struct HeldReceiver {
  explicit HeldReceiver(Client& consumer) {
    consumer.set_verdict([this](const MqttMessage&) {
      entered = true;
      released.get_future().wait_for(100s);
      left = true;
      return Delivery::acknowledge;
    });
  }
  std::promise<void> released;
  std::atomic<bool> entered{false};
  std::atomic<bool> left{false};
};

TEST(PahoC, a_receiver_that_takes_its_time_stops_nobody) {
  PahoWorld world({});
  Client consumer(world);
  HeldReceiver held(consumer);
  consumer.connect(consumer.request("consumer"));
  consumer.subscribe("slow");
  publish(consumer, "slow");
  ASSERT_TRUE(consumer.wait_until([&] { return held.entered.load(); }));
  publish(consumer, "more");  // on the same connection
  Client other(world);
  other.connect(other.request("other"));
  publish(other, "more");
  EXPECT_FALSE(held.left);
  held.released.set_value();
  consumer.link->drop();
}

TEST(PahoC, the_broker_gets_its_puback_after_the_verdict_and_not_before) {
  PahoWorld world({});
  Client consumer(world);
  HeldReceiver held(consumer);
  consumer.connect(kept_session(consumer, "consumer"));
  consumer.subscribe("t");
  publish(consumer, "t");
  ASSERT_TRUE(consumer.wait_until([&] { return held.entered.load(); }));
  publish(consumer, "after");  // its answer comes after everything the broker was sent before
  EXPECT_EQ(world.broker.log().find("Received PUBACK from consumer"), std::string::npos);
  held.released.set_value();
  EXPECT_TRUE(consumer.wait_until(
      [&] { return world.broker.log().find("Received PUBACK from consumer") != std::string::npos; }));
  consumer.link->drop();
}

TEST(PahoC, a_slow_resolver_blocks_neither_the_owner_nor_other_connections) {
  PahoWorld world({});
  SlowResolver resolver;
  Client client(world);
  ConnectRequest request = client.request("lost");
  request.broker.url = "mqtt://slow.test:" + std::to_string(world.broker.port());
  request.broker.connect_timeout = 300ms;
  ASSERT_TRUE(client.link->connect(request).has_value());
  ASSERT_TRUE(client.wait_until([&] { return resolver.asked() == 1; }));
  Client other(world);
  other.connect(other.request("other"));
  publish(other, "t");
  EXPECT_NE(client.wait_for(LinkEventKind::connect_failed).detail.find("resolver"), std::string::npos);
  client.link->drop();
  ASSERT_TRUE(client.link->connect(request).has_value());
  ASSERT_TRUE(client.wait_until([&] { return resolver.asked() == 2; }));
  client.link->drop();  // while it asks
  publish(other, "t");
  EXPECT_EQ(resolver.answered(), 0);
  resolver.release();
  request.broker.connect_timeout = 10s;
  client.connect(request);
  EXPECT_EQ(resolver.asked(), 3) << "Paho has asked for itself";
}

TEST(PahoC, lookups_that_nobody_waits_for_are_bounded) {
  PahoWorld world({});
  SlowResolver resolver;
  Client client(world);
  ConnectRequest request = client.request("lost");
  request.broker.url = "mqtt://slow.test";
  for (int round = 1; round <= 4; ++round) {
    ASSERT_TRUE(client.link->connect(request).has_value());
    ASSERT_TRUE(client.wait_until([&] { return resolver.asked() == round; }));
    client.link->drop();
  }
  ASSERT_TRUE(client.link->connect(request).has_value());
  EXPECT_NE(client.wait_for(LinkEventKind::connect_failed).detail.find("busy"), std::string::npos);
  EXPECT_EQ(resolver.asked(), 4);
}

TEST(PahoC, tries_the_next_address_after_a_failure_and_names_a_host_that_has_none) {
  PahoWorld world({});
  SlowResolver resolver;
  Client client(world);
  ConnectRequest request = client.request("wanderer");
  request.broker.url = "mqtt://two.test:" + std::to_string(world.broker.port());
  ASSERT_TRUE(client.link->connect(request).has_value());
  client.wait_for(LinkEventKind::connect_failed);
  client.link->drop();
  client.connect(request);
  client.link->drop();
  request.broker.url = "mqtt://none.test";
  ASSERT_TRUE(client.link->connect(request).has_value());
  EXPECT_NE(client.wait_for(LinkEventKind::connect_failed).detail.find("none.test"), std::string::npos);
}

TEST(PahoC, keeps_to_the_keep_alive_that_the_broker_asks_for) {
  PahoWorld world({.max_keepalive_s = 12});
  Client client(world);
  ConnectRequest request = client.request("humble");
  request.broker.keep_alive = 60s;
  const ConnectGrant grant = client.connect(request);
  EXPECT_EQ(grant.server_keep_alive_s, 12);
  EXPECT_TRUE(grant.keeps_server_keep_alive);
  EXPECT_NE(world.broker.log().find("as humble (p5, c1, k12)"), std::string::npos) << world.broker.log();
  client.link->drop();
  EXPECT_EQ(client.connect(request).server_keep_alive_s, 12);
  const std::string log = world.broker.log();
  std::size_t long_ones = 0;
  for (std::size_t at = log.find("k60)"); at != std::string::npos; at = log.find("k60)", at + 1)) ++long_ones;
  EXPECT_EQ(long_ones, 1U) << "the second connection should have begun with it";
}

TEST(PahoC, a_session_that_was_new_is_not_called_present_after_the_second_try) {
  PahoWorld world({.max_keepalive_s = 12});
  Client client(world);
  ConnectRequest request = kept_session(client, "humble");
  request.broker.keep_alive = 60s;
  EXPECT_FALSE(client.connect(request).session_present);
  client.link->drop();
  EXPECT_TRUE(client.connect(request).session_present);
}

TEST(PahoC, connect_timeout_covers_everything_until_the_connack) {
  PahoWorld world({});
  Client client(world);
  client.world.freeze();
  ConnectRequest request = client.request("waiting");
  request.broker.connect_timeout = 200ms;
  const Instant begun = world.clock->now();
  ASSERT_TRUE(client.link->connect(request).has_value());
  EXPECT_NE(client.wait_for(LinkEventKind::connect_failed).detail.find("connect_timeout"), std::string::npos);
  EXPECT_GE(world.clock->now() - begun, 200ms);
  client.link->drop();
}

TEST(PahoC, a_half_open_connection_is_found_out_by_keep_alive) {
  PahoWorld world({});
  Client client(world);
  ConnectRequest request = client.request("half-open");
  request.broker.keep_alive = 5s;
  client.connect(request);
  world.freeze();
  ASSERT_TRUE(client.link->publish(1, message("t", "x")).has_value());
  EXPECT_EQ(client.wait_for(LinkEventKind::disconnected).reason, 0);  // Paho needs 2.5 to 2.8 keep alives
}

TEST(PahoC, drop_does_not_wait_for_a_broker_that_stands_still) {
  PahoWorld world({.max_inflight = 64});
  Client client(world);
  client.connect(client.request("half-open"));
  world.freeze();
  const MqttMessage sent = message("t", std::string(200'000, 'x'));  // more than the sockets hold
  for (LinkToken token = 0; token < kLinkPublishesMax; ++token)
    ASSERT_TRUE(client.link->publish(token, sent).has_value());
  const Instant begun = world.clock->now();
  client.link->drop();
  EXPECT_LT(world.clock->now() - begun, 5s);
}

TEST(PahoC, large_messages_in_flight_are_all_acknowledged) {
  PahoWorld world({.max_inflight = 64});
  Client client(world);
  client.connect(client.request("large"));
  const MqttMessage sent = message("t", std::string(200'000, 'x'));
  for (LinkToken token = 0; token < kLinkPublishesMax; ++token)
    ASSERT_TRUE(client.link->publish(token, sent).has_value());
  EXPECT_TRUE(
      client.wait_until([&] { return client.count(LinkEventKind::acknowledged) == kLinkPublishesMax; }));
}

TEST(PahoC, acknowledges_what_it_receives_while_it_sends_large_messages) {
  PahoWorld world({.max_inflight = 64});
  Client client(world);
  client.connect(kept_session(client, "busy"));
  client.subscribe("t");  // what is received is what is sent: the PUBACKs meet half-written packets
  const MqttMessage sent = message("t", std::string(200'000, 'x'));
  for (LinkToken token = 0; token < 40; ++token) ASSERT_TRUE(client.link->publish(token, sent).has_value());
  ASSERT_TRUE(client.wait_for_messages(40));
  ASSERT_TRUE(client.wait_until([&] { return client.count(LinkEventKind::acknowledged) == 40; }));
  client.link->drop();
  client.connect(kept_session(client, "busy"));
  publish(client, "t");  // comes after everything that would come again
  ASSERT_TRUE(client.wait_for_messages(41));
  EXPECT_EQ(client.messages()[40].payload.size(), 1U) << "an acknowledged message came again";
}

TEST(PahoC, a_receiver_that_is_slower_than_the_broker_holds_only_its_own_connection_back) {
  constexpr std::size_t kMessages = 5'000;  // the link would hold 4,096; and we asked for 64 at a time
  std::string bytes(kConnack);
  for (std::size_t n = 0; n < kMessages; ++n)
    bytes +=
        std::string("\x32\x07\x00\x01t\x00", 6) + static_cast<char>(1 + n % 100) + std::string("\x00x", 2);
  FakeBroker fake{bytes, {}};
  PahoWorld world({.max_inflight = 50});
  Client consumer(world);
  HeldReceiver held(consumer);
  ConnectRequest request = consumer.request("consumer");
  request.broker.url = fake.url();
  consumer.connect(request);
  ASSERT_TRUE(consumer.wait_until([&] { return held.entered.load(); }));
  Client other(world);
  const std::size_t window = other.connect(other.request("other")).receive_maximum;
  for (std::size_t sent = 0; sent < kMessages;
       sent += window) {  // Paho reads the sockets by turns: time enough
    for (std::size_t n = 0; n < window; ++n)
      ASSERT_TRUE(other.link->publish(sent + n, message("t", "x")).has_value());
    ASSERT_TRUE(other.wait_until([&] { return other.count(LinkEventKind::acknowledged) == sent + window; }));
  }
  EXPECT_FALSE(held.left);
  EXPECT_EQ(consumer.messages().size(), 1U);
  consumer.set_verdict({});
  held.released.set_value();
  EXPECT_TRUE(consumer.wait_for_messages(kMessages));
  EXPECT_EQ(consumer.count(LinkEventKind::disconnected), 0U);
  consumer.link->drop();
}

TEST(PahoC, a_stream_of_messages_is_received_and_acknowledged_to_its_end) {
  constexpr std::size_t kMessages = 2000;
  PahoWorld world({.max_inflight = 64});  // else Paho stalls: it is not the flow control
  Client consumer(world);
  consumer.connect(kept_session(consumer, "consumer"));
  consumer.subscribe("t");
  Client producer(world);
  producer.connect(producer.request("producer"));
  LinkToken token = 0;
  EXPECT_TRUE(producer.wait_until([&] {
    while (token < kMessages && producer.link->publish(token, message("t", "x"))) ++token;
    return producer.count(LinkEventKind::acknowledged) == kMessages;
  }));
  EXPECT_TRUE(consumer.wait_for_messages(kMessages)) << consumer.messages().size() << " came";
  EXPECT_TRUE(consumer.wait_until([&] {
    const std::string log = world.broker.log();
    std::size_t pubacks = 0;
    for (std::size_t at = log.find("PUBACK from consumer"); at != std::string::npos;
         at = log.find("PUBACK from consumer", at + 1))
      ++pubacks;
    return pubacks == kMessages;
  }));
}

// ---- topic aliases

/// CONNACK with Topic Alias Maximum 2; DISCONNECT 0x94.
constexpr std::string_view kConnackTwoAliases("\x20\x06\x00\x00\x03\x22\x00\x02", 8);
constexpr std::string_view kDisconnectAliasInvalid("\xE0\x02\x94\x00", 4);

/// The variable header of a PUBLISH up to its properties: topic, any packet id, and these properties alone.
[[nodiscard]] bool was_sent(const std::string& bytes, const std::string& topic, std::string_view properties) {
  const std::string begin = std::string(1, '\0') + static_cast<char>(topic.size()) + topic;
  const std::string end = static_cast<char>(properties.size()) + std::string(properties);
  for (std::size_t at = bytes.find(begin); at != std::string::npos; at = bytes.find(begin, at + 1))
    if (bytes.compare(at + begin.size() + 2, end.size(), end) == 0) return true;
  return false;
}

TEST(PahoC, sends_a_topic_by_number_after_the_first_time) {
  FakeBroker fake{std::string(kConnackTwoAliases), {}};
  PahoWorld world({});
  Client client(world);
  ConnectRequest request = client.request("brief");
  request.broker.url = fake.url();
  EXPECT_EQ(client.connect(request).topic_aliases_max, 2);
  LinkToken token = 0;
  for (const char* topic : {"first", "second", "first", "third", "second"}) {
    ++token;
    ASSERT_TRUE(client.link->publish(token, message(topic, "payload" + std::to_string(token))).has_value());
  }
  ASSERT_TRUE(client.wait_until([&] { return fake.received().find("payload5") != std::string::npos; }));
  const std::string bytes = fake.received();
  EXPECT_TRUE(was_sent(bytes, "first", std::string_view("\x23\x00\x01", 3)));
  EXPECT_TRUE(was_sent(bytes, "second", std::string_view("\x23\x00\x02", 3)));
  EXPECT_TRUE(was_sent(bytes, "", std::string_view("\x23\x00\x01", 3)));
  EXPECT_TRUE(was_sent(bytes, "third", {}));
  EXPECT_TRUE(was_sent(bytes, "", std::string_view("\x23\x00\x02", 3)));
  EXPECT_EQ(bytes.find("first", bytes.find("first") + 1), std::string::npos);
  client.link->drop();
}

TEST(PahoC, uses_no_number_when_told_so_or_after_the_broker_rejected_one) {
  FakeBroker rejecting{std::string(kConnackTwoAliases) + std::string(kDisconnectAliasInvalid), {}};
  FakeBroker fake{std::string(kConnackTwoAliases), {}};
  FakeBroker third{std::string(kConnackTwoAliases), {}};
  PahoWorld world({});
  Client client(world);
  ConnectRequest request = client.request("brief");
  request.broker.url = rejecting.url();
  client.connect(request);
  EXPECT_EQ(client.wait_for(LinkEventKind::disconnected).reason, 0x94);
  client.link->drop();
  request.broker.url = fake.url();
  client.connect(request);
  ASSERT_TRUE(client.link->publish(1, message("full", "payload")).has_value());
  EXPECT_TRUE(client.wait_until([&] { return was_sent(fake.received(), "full", {}); }));
  client.link->drop();
  Client other(world);
  request.broker.url = third.url();
  request.broker.topic_aliases = 0;
  other.connect(request);
  ASSERT_TRUE(other.link->publish(1, message("full", "payload")).has_value());
  EXPECT_TRUE(other.wait_until([&] { return was_sent(third.received(), "full", {}); }));
  other.link->drop();
}

TEST(PahoC, mosquitto_understands_the_numbers) {
  PahoWorld world({.max_inflight = 64});
  Client client(world);
  EXPECT_EQ(client.connect(client.request("brief")).topic_aliases_max, 10);
  client.subscribe("t/#");
  std::vector<std::string> sent;
  for (LinkToken token = 0; token < 60; ++token) {  // 15 topics, ten of which get a number
    sent.push_back("t/" + std::to_string(token % 15));
    ASSERT_TRUE(client.link->publish(token, message(sent.back(), "x")).has_value());
  }
  ASSERT_TRUE(client.wait_for_messages(sent.size()));
  for (std::size_t at = 0; at < sent.size(); ++at) EXPECT_EQ(client.messages()[at].topic, sent[at]);
  EXPECT_TRUE(client.wait_until([&] { return client.count(LinkEventKind::acknowledged) == 60; }));
}

}  // namespace
}  // namespace holdfast::link_contract
