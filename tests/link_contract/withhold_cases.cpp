// SPDX-License-Identifier: MIT
#include "link_contract/world.hpp"

// What a link does that can leave a message unacknowledged and go on.
namespace holdfast::link_contract {
namespace {

[[nodiscard]] ConnectRequest kept_session(const Client& client) {
  ConnectRequest request = client.request("consumer");
  request.clean_start = false;
  request.session_expiry = std::chrono::hours(1);
  return request;
}

void publish(Client& client, const MqttMessage& sent) {
  ASSERT_TRUE(client.link->publish(1, sent).has_value());
  client.wait_for(LinkEventKind::acknowledged);
}

TEST_P(LinkContract, a_withheld_message_and_those_after_it_come_again_in_order_on_the_next_connection) {
  Client consumer(world());
  consumer.connect(kept_session(consumer));
  consumer.subscribe("t/#");
  consumer.set_verdict([](const MqttMessage& received) {
    return received.topic == "t/2" ? Delivery::withhold : Delivery::acknowledge;
  });
  Client producer(world());
  producer.connect(producer.request("producer"));
  for (int n = 1; n <= 4; ++n) publish(producer, message("t/" + std::to_string(n), "x"));
  consumer.wait_for(LinkEventKind::withheld);
  EXPECT_EQ(consumer.messages().size(), 2U);
  publish(producer, message("t/5", "x"));
  consumer.link->drop();
  consumer.set_verdict({});
  consumer.connect(kept_session(consumer));
  ASSERT_TRUE(consumer.wait_for_messages(6));
  for (std::size_t n = 2; n <= 5; ++n) EXPECT_EQ(consumer.messages()[n].topic, "t/" + std::to_string(n));
  EXPECT_EQ(consumer.count(LinkEventKind::withheld), 1U);
}

TEST_P(LinkContract, a_connection_that_withholds_still_publishes) {
  Client client(world());
  client.connect(kept_session(client));
  client.subscribe("t");
  client.set_verdict([](const MqttMessage&) { return Delivery::withhold; });
  publish(client, message("t", "x"));  // its answer may come after `withheld`, or before
  EXPECT_TRUE(client.wait_until([&] { return client.count(LinkEventKind::withheld) == 1; }));
  ASSERT_TRUE(client.link->publish(2, message("other", "x")).has_value());
  EXPECT_TRUE(client.wait_until([&] { return client.count(LinkEventKind::acknowledged) == 2; }));
  EXPECT_EQ(client.messages().size(), 1U);
}

}  // namespace
}  // namespace holdfast::link_contract
