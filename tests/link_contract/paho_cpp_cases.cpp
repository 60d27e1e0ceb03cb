// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "link_contract/paho_world.hpp"

// What only the link on Paho MQTT C++ does: it cannot take a delivery back, and has to keep away from proxies.
namespace holdfast::link_contract {
namespace {

/// Runs a probe that withholds t/1, and checks that the message comes again. `says` in this order.
void expect_withheld(const std::string& mode, const std::vector<std::string>& says) {
  PahoWorld world({});
  {  // the session is there before the message
    Client consumer(world);
    consumer.connect(kept_session(consumer, "consumer"));
    consumer.subscribe("t/#");
  }
  Client producer(world);
  producer.connect(producer.request("producer"));
  publish(producer, "t/1");
  publish(producer, "t/2");
  Process child(probe_command(mode, world.url(), "consumer"));
  for (const std::string& line : says) EXPECT_EQ(child.read_line(kChildPatience), line);
  EXPECT_EQ(child.wait(kChildPatience), 0) << "the process cannot end";
  Client consumer(world);
  EXPECT_TRUE(consumer.connect(kept_session(consumer, "consumer")).session_present);
  ASSERT_TRUE(consumer.wait_for_messages(2));
  EXPECT_EQ(consumer.messages()[0].topic, "t/1");
  EXPECT_EQ(consumer.messages()[1].topic, "t/2");
}

TEST(PahoCpp, a_withheld_message_ends_the_use_of_paho_but_not_the_message) {
  expect_withheld("withhold", {"got t/1", "withheld", "dropped", "unavailable"});
}

TEST(PahoCpp, a_receiver_that_withholds_while_dropping_does_not_hang_the_owner) {
  expect_withheld("withhold-while-dropping", {"got t/1", "dropped", "unavailable"});
}

TEST(PahoCpp, says_that_it_does_not_keep_to_the_servers_keep_alive) {
  PahoWorld world({.max_keepalive_s = 12});
  Client client(world);
  ConnectRequest request = client.request("stubborn");
  request.broker.keep_alive = std::chrono::seconds(60);
  const ConnectGrant grant = client.connect(request);
  EXPECT_EQ(grant.server_keep_alive_s, 12);
  EXPECT_FALSE(grant.keeps_server_keep_alive);
}

TEST(PahoCpp, refuses_to_connect_under_a_proxy_variable) {
  PahoWorld world({});
  for (const char* name : {"http_proxy", "https_proxy"}) {
    ::setenv(name, "", 1);
    Process child(probe_command("proxy", world.url(), "proxied"));
    ::unsetenv(name);
    EXPECT_EQ(child.read_line(kChildPatience),
              "invalid unset " + std::string(name) + " for this process: Paho would send MQTT through it");
  }
}

}  // namespace
}  // namespace holdfast::link_contract
