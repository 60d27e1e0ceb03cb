// SPDX-License-Identifier: MIT
#include <set>

#include "link_contract/paho_world.hpp"

// The broker dies again and again while publishes are being written. Paho's allocations are the C library's
// (platform/linux/paho_shims.cpp); its own heap would forgive a double free, the address sanitizer does not.
//
// Without the shim of MQTTProtocol_startPublish it reports "attempting double-free" in the first dozens of kills
// (platform/README.md).
#ifndef HOLDFAST_KILLS_TCP
#error "how many kills is CMakeLists.txt's to say"
#endif

namespace holdfast::link_contract {
namespace {

constexpr std::size_t kPayload =
    8'000;  // the window is more than a socket's buffers take from a dying broker
constexpr LinkToken kBeforeTheKill = 40;

/// One connection: publishes, kills the broker with a full window under way, goes on until the link says no.
void publish_into_a_dying_broker(PahoWorld& world, const ConnectRequest& request) {
  Client client(world);
  client.connect(request);
  const MqttMessage sent = message("t/" + request.broker.client_id, std::string(kPayload, 'x'));
  LinkToken token = 0;
  bool killed = false;
  const auto refill = [&] {
    while (client.link->publish(token + 1, sent)) ++token;
    if (killed || token < kBeforeTheKill) return;
    world.kill_broker();
    killed = true;
  };
  ASSERT_TRUE(client.wait_until([&] {
    refill();
    return client.count(LinkEventKind::disconnected) > 0;
  }));
  std::set<LinkToken> answered;
  for (const LinkEvent& event : client.events) {
    if (event.kind != LinkEventKind::acknowledged) continue;
    EXPECT_TRUE(answered.insert(event.token).second) << event.token;
  }
  EXPECT_EQ(client.count(LinkEventKind::disconnected), 1U);
  EXPECT_EQ(client.count(LinkEventKind::refused), 0U);
  client.link->drop();
}

void kill_brokers(const MosquittoOptions& options, int kills) {
  PahoWorld world(options);
  Client sample(world);
  ConnectRequest request = sample.request("tenacious");
  if (options.tls) request.broker.tls.ca_file = world.broker.ca_file();
  for (int round = 0; round < kills; ++round) {
    publish_into_a_dying_broker(world, request);
    if (::testing::Test::HasFailure()) FAIL() << "kill " << round;
    world.start_broker();
  }
  ::testing::Test::RecordProperty("kills", kills);
}

TEST(KillLoop, every_publish_has_at_most_one_answer_however_often_the_broker_dies) {
  kill_brokers({.max_inflight = 64}, HOLDFAST_KILLS_TCP);
}

TEST(KillLoop, the_same_over_tls) { kill_brokers({.max_inflight = 64, .tls = true}, HOLDFAST_KILLS_TLS); }

}  // namespace
}  // namespace holdfast::link_contract
