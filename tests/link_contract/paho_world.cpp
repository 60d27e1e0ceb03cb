// SPDX-License-Identifier: MIT
#include "link_contract/paho_world.hpp"

#include <stdlib.h>

#include <atomic>
#include <thread>

namespace holdfast::link_contract {
namespace {

[[nodiscard]] MosquittoOptions options_for(const BrokerTraits& traits) {
  MosquittoOptions options;
  options.max_inflight = traits.receive_maximum;
  options.max_packet_bytes = traits.packet_bytes_max;
  options.max_keepalive_s = traits.server_keep_alive_s;
  if (traits.denies_below_denied) options.acl = "topic readwrite #\ntopic deny denied/#\n";
  return options;
}

INSTANTIATE_TEST_SUITE_P(Paho, LinkContract, ::testing::Values([](const BrokerTraits& traits) {
                           return std::unique_ptr<World>(std::make_unique<PahoWorld>(options_for(traits)));
                         }),
                         [](const auto&) { return "mosquitto"; });

// ---- what concerns Paho or the network only

TEST(PahoLink, reports_refused_credentials_on_both_versions) {
  PahoWorld world({.users = {{"device", "right"}}});
  Client client(world);
  ConnectRequest request = client.request("credentials");
  request.broker.user = "device";
  for (const MqttVersion version : {MqttVersion::v5, MqttVersion::v3_1_1}) {
    request.broker.version = version;
    request.broker.password = "wrong";
    ASSERT_TRUE(client.link->connect(request).has_value());
    const LinkEvent failed = client.wait_for(LinkEventKind::connect_failed);
    EXPECT_EQ(failed.reason, 0x87);
    EXPECT_EQ(failed.detail.find("wrong"), std::string::npos);
    client.link->drop();
    request.broker.password = "right";
    client.connect(request);
    client.link->drop();
  }
}

TEST(PahoLink, a_message_whose_receiver_was_killed_comes_again) {
  PahoWorld world({});
  Process child(probe_command("block", world.url(), "consumer"));
  Client producer(world);
  producer.connect(producer.request("producer"));
  std::optional<std::string> got;
  for (int attempt = 0; attempt < 100 && !got; ++attempt) {  // until the child has subscribed
    publish(producer, "t/1");
    got = child.read_line(std::chrono::milliseconds(200));
  }
  EXPECT_EQ(got, "got t/1");
  child.kill();
  Client consumer(world);
  EXPECT_TRUE(consumer.connect(kept_session(consumer, "consumer")).session_present);
  EXPECT_TRUE(consumer.wait_for_messages(1)) << "Paho sent the PUBACK before the receiver returned";
}

TEST(PahoLink, waits_in_drop_for_a_receiver_that_is_running) {
  PahoWorld world({});
  Client consumer(world);
  consumer.connect(kept_session(consumer, "slow"));
  std::atomic<bool> begun{false};
  std::atomic<bool> ended{false};
  consumer.set_verdict([&](const MqttMessage&) {
    begun = true;
    consumer.world.pass_time(consumer.waker);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    ended = true;
    return Delivery::acknowledge;
  });
  consumer.subscribe("t");
  ASSERT_TRUE(consumer.link->publish(1, message("t", "x")).has_value());
  while (!begun) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  consumer.link->drop();
  EXPECT_TRUE(ended);
}

TEST(PahoLink, does_not_grow_with_the_number_of_connections) {
  PahoWorld world({.max_inflight = 100});
  ::setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 1);  // else freed memory counts
  Process child(probe_command("churn", world.url(), "churn"));
  ::unsetenv("ASAN_OPTIONS");
  const auto grown_kib = child.read_line(std::chrono::seconds(60));
  ASSERT_TRUE(grown_kib.has_value());
  RecordProperty("grown_kib", *grown_kib);
  // All that was sent is some 6,500 KiB. Paho keeps under 1 KiB of each connection for good, allocators the rest.
  EXPECT_LT(std::stol(*grown_kib), 3000);
}

TEST(PahoLink, survives_a_broker_that_is_killed_again_and_again) {
  PahoWorld world({.max_inflight = 64});
  for (int round = 0; round < 10; ++round) {
    Client client(world);
    client.connect(client.request("tenacious"));
    LinkToken token = 0;
    for (; token < 32; ++token)
      ASSERT_TRUE(client.link->publish(token, message("t", std::string(20'000, 'x'))).has_value());
    world.kill_broker();
    for (; token < 64; ++token)
      if (!client.link->publish(token, message("t", std::string(20'000, 'x')))) break;
    client.wait_for(LinkEventKind::disconnected);
    EXPECT_LE(client.count(LinkEventKind::acknowledged) + client.count(LinkEventKind::refused), token);
    EXPECT_EQ(client.count(LinkEventKind::disconnected), 1U);
    client.link->drop();
    world.start_broker();
  }
}

TEST(PahoLink, reports_the_reason_of_the_brokers_disconnect) {
  FakeBroker fake{std::string(kConnack) + std::string(kDisconnectTakenOver), {}};
  PahoWorld world({});
  Client client(world);
  ConnectRequest request = client.request("same");
  request.broker.url = fake.url();
  client.connect(request);
  EXPECT_EQ(client.wait_for(LinkEventKind::disconnected).reason, 0x8E);
  client.link->drop();
}

TEST(PahoLink, reports_a_refused_subscription) {
  FakeBroker fake{std::string(kConnack), std::string(kSubackDenied)};
  PahoWorld world({});
  Client client(world);
  ConnectRequest request = client.request("denied");
  request.broker.url = fake.url();
  client.connect(request);
  ASSERT_TRUE(client.link->subscribe(5, "t").has_value());
  const LinkEvent refused = client.wait_for(LinkEventKind::subscribe_refused);
  EXPECT_EQ(refused.token, 5U);
  EXPECT_EQ(refused.reason, 0x87);
  client.link->drop();
}

TEST(PahoLink, drop_takes_none_of_the_ten_seconds_that_paho_may_wait) {
  PahoWorld world({});
  Client client(world);
  client.connect(client.request("timed"));
  const Instant begun = world.clock->now();
  client.link->drop();
  EXPECT_LT(world.clock->now() - begun, std::chrono::seconds(5));  // usually 0.2
  RecordProperty("drop_ms", std::to_string((world.clock->now() - begun) / std::chrono::milliseconds(1)));
}

}  // namespace
}  // namespace holdfast::link_contract
