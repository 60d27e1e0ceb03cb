// SPDX-License-Identifier: MIT
#include <array>

#include "link_contract/world.hpp"

// What every link does, over any broker.
namespace holdfast::link_contract {
namespace {

TEST_P(LinkContract, connects_and_reports_the_grant) {
  Client client(open({.receive_maximum = 17, .packet_bytes_max = 5000, .server_keep_alive_s = 12}));
  const ConnectGrant grant = client.connect(client.request("grant"));
  EXPECT_EQ(grant.receive_maximum, 17);
  EXPECT_EQ(grant.packet_bytes_max, 5000U);
  EXPECT_EQ(grant.server_keep_alive_s, 12);
  EXPECT_EQ(grant.qos_max, 2);
  EXPECT_FALSE(grant.session_present);
}

TEST_P(LinkContract, acknowledges_each_publish_once_in_order) {
  Client client(world());
  client.connect(client.request("publisher"));
  for (LinkToken token = 100; token < 115; ++token)
    ASSERT_TRUE(client.link->publish(token, message("t/" + std::to_string(token), "x")).has_value());
  for (LinkToken token = 100; token < 115; ++token)
    EXPECT_EQ(client.wait_for(LinkEventKind::acknowledged).token, token);
  EXPECT_EQ(client.count(LinkEventKind::acknowledged), 15U);
}

TEST_P(LinkContract, carries_payload_and_properties_unchanged) {
  Client client(world());
  client.connect(client.request("properties"));
  client.subscribe("t/+/x");
  MqttMessage sent = message("t/ä/x", std::string_view("bytes\0of any\xFFkind", 17));
  sent.content_type = "application/cbor";
  sent.user_properties = {{"b", "1"}, {"a", "2"}, {"b", "3"}, {"leer", ""}};
  sent.payload_is_utf8 = false;
  sent.expiry_s = 4'000'000'000;
  ASSERT_TRUE(client.link->publish(1, sent).has_value());
  ASSERT_TRUE(client.wait_for_messages(1));
  ASSERT_TRUE(client.messages()[0].expiry_s.has_value());
  EXPECT_GE(*client.messages()[0].expiry_s, 3'999'999'000);  // what is left of it
  MqttMessage received = client.messages()[0];
  received.expiry_s = sent.expiry_s;
  EXPECT_EQ(received, sent);
}

TEST_P(LinkContract, carries_text_and_empty_payloads) {
  Client client(world());
  client.connect(client.request("text"));
  client.subscribe("t/#");
  MqttMessage text = message("t/text", "Grüße");
  text.payload_is_utf8 = true;
  ASSERT_TRUE(client.link->publish(1, text).has_value());
  ASSERT_TRUE(client.link->publish(2, message("t/empty", "")).has_value());
  ASSERT_TRUE(client.wait_for_messages(2));
  EXPECT_EQ(client.messages()[0], text);
  EXPECT_EQ(client.messages()[1], message("t/empty", ""));
}

TEST_P(LinkContract, gives_a_retained_message_to_a_later_subscriber) {
  Client client(world());
  client.connect(client.request("retained"));
  MqttMessage kept = message("state/a", "on");
  kept.retain = true;
  ASSERT_TRUE(client.link->publish(1, kept).has_value());
  client.wait_for(LinkEventKind::acknowledged);
  client.subscribe("state/#");
  ASSERT_TRUE(client.wait_for_messages(1));
  EXPECT_EQ(client.messages()[0], kept);
}

TEST_P(LinkContract, reports_a_refused_publish_with_its_reason_and_goes_on) {
  Client client(open({.denies_below_denied = true}));
  client.connect(client.request("denied"));
  ASSERT_TRUE(client.link->publish(7, message("denied/a", "x")).has_value());
  ASSERT_TRUE(client.link->publish(8, message("fine/a", "x")).has_value());
  const LinkEvent refused = client.wait_for(LinkEventKind::refused);
  EXPECT_EQ(refused.token, 7U);
  EXPECT_EQ(refused.reason, 0x87);
  EXPECT_EQ(client.wait_for(LinkEventKind::acknowledged).token, 8U);
}

TEST_P(LinkContract, speaks_3_1_1_where_a_denied_publish_looks_acknowledged) {
  Client client(open({.denies_below_denied = true}));
  ConnectRequest request = client.request("old");
  request.broker.version = MqttVersion::v3_1_1;
  const ConnectGrant grant = client.connect(request);
  EXPECT_EQ(grant.receive_maximum, 65'535);
  client.subscribe("#");
  MqttMessage sent = message("denied/a", "x");
  ASSERT_TRUE(client.link->publish(1, sent).has_value());
  EXPECT_EQ(client.wait_for(LinkEventKind::acknowledged).token, 1U);
  sent = message("fine/a", "payload");
  sent.content_type = "text/plain";  // 3.1.1 cannot carry it
  ASSERT_TRUE(client.link->publish(2, sent).has_value());
  EXPECT_EQ(client.wait_for(LinkEventKind::acknowledged).token, 2U);
  ASSERT_TRUE(client.wait_for_messages(1));
  EXPECT_EQ(client.messages()[0], message("fine/a", "payload"));
}

TEST_P(LinkContract, fails_to_connect_without_a_broker) {
  Client client(world());
  client.world.kill_broker();
  ASSERT_TRUE(client.link->connect(client.request("lonely")).has_value());
  const LinkEvent failed = client.wait_for(LinkEventKind::connect_failed);
  EXPECT_EQ(failed.reason, 0);
  EXPECT_FALSE(failed.detail.empty());
  EXPECT_EQ(client.link->publish(1, message("t", "x")).error().code, ErrorCode::unavailable);
  client.link->drop();
  client.world.start_broker();
  client.connect(client.request("lonely"));
}

TEST_P(LinkContract, gives_up_connecting_to_a_broker_that_does_not_answer) {
  Client client(world());
  client.world.freeze();
  ConnectRequest request = client.request("waiting");
  request.broker.connect_timeout = std::chrono::seconds(1);
  ASSERT_TRUE(client.link->connect(request).has_value());
  EXPECT_EQ(client.wait_for(LinkEventKind::connect_failed).reason, 0);
}

TEST_P(LinkContract, reports_one_loss_and_no_answers_when_the_broker_dies_with_publishes_in_flight) {
  Client client(world());
  client.connect(client.request("in-flight"));
  client.world.freeze();
  for (LinkToken token = 1; token <= 20; ++token)
    ASSERT_TRUE(client.link->publish(token, message("t", "x")).has_value());
  client.world.kill_broker();
  EXPECT_EQ(client.wait_for(LinkEventKind::disconnected).reason, 0);
  EXPECT_EQ(client.link->publish(21, message("t", "x")).error().code, ErrorCode::unavailable);
  client.link->drop();
  client.world.start_broker();
  client.connect(client.request("in-flight"));  // time enough for a late answer
  EXPECT_EQ(client.count(LinkEventKind::disconnected), 1U);
  EXPECT_EQ(client.count(LinkEventKind::acknowledged), 0U);
  ASSERT_TRUE(client.link->publish(22, message("t", "x")).has_value());
  EXPECT_EQ(client.wait_for(LinkEventKind::acknowledged).token, 22U);
}

TEST_P(LinkContract, lets_no_event_pass_after_drop) {
  Client client(world());
  client.connect(client.request("dropped"));
  ASSERT_TRUE(client.link->publish(1, message("t", "x")).has_value());
  client.link->drop();
  client.link->drop();  // idempotent
  EXPECT_EQ(client.link->publish(2, message("t", "x")).error().code, ErrorCode::unavailable);
  Client other(client.world);
  other.connect(other.request("another"));
  ASSERT_TRUE(other.link->publish(1, message("t", "x")).has_value());
  other.wait_for(LinkEventKind::acknowledged);
  std::array<LinkEvent, 8> some;
  EXPECT_EQ(client.link->poll(some), 0U);
  EXPECT_EQ(client.events.size(), 1U) << "more than `connected` came";
}

TEST_P(LinkContract, drops_while_connecting_and_connects_afresh) {
  Client client(world());
  ASSERT_TRUE(client.link->connect(client.request("hasty")).has_value());
  EXPECT_EQ(client.link->connect(client.request("hasty")).error().code, ErrorCode::invalid);
  client.link->drop();
  for (int round = 0; round < 3; ++round) {
    client.connect(client.request("hasty"));
    ASSERT_TRUE(client.link->publish(1, message("t", "x")).has_value());
    EXPECT_EQ(client.wait_for(LinkEventKind::acknowledged).token, 1U);
    client.link->drop();
  }
}

TEST_P(LinkContract, bounds_the_unanswered_publishes) {
  Client client(open({.receive_maximum = 200}));
  client.connect(client.request("bounded"));
  for (std::size_t count = 0; count < kLinkPublishesMax; ++count)
    ASSERT_TRUE(client.link->publish(count, message("t", "x")).has_value());
  EXPECT_EQ(client.link->publish(99, message("t", "x")).error().code, ErrorCode::busy);
  client.wait_for(LinkEventKind::acknowledged);  // poll() has handed out at least one answer
  EXPECT_TRUE(client.link->publish(99, message("t", "x")).has_value());
  EXPECT_TRUE(
      client.wait_until([&] { return client.count(LinkEventKind::acknowledged) == kLinkPublishesMax + 1; }));
}

TEST_P(LinkContract, is_disconnected_with_packet_too_large) {
  Client client(open({.packet_bytes_max = 2000}));
  client.connect(client.request("large"));
  ASSERT_TRUE(client.link->publish(1, message("t", std::string(1500, 'x'))).has_value());
  EXPECT_EQ(client.wait_for(LinkEventKind::acknowledged).token, 1U);
  ASSERT_TRUE(client.link->publish(2, message("t", std::string(2500, 'x'))).has_value());
  EXPECT_EQ(client.wait_for(LinkEventKind::disconnected).reason, 0x95);
}

TEST_P(LinkContract, loses_its_connection_when_another_client_takes_its_id) {
  Client first(world());
  first.connect(first.request("same"));
  Client second(first.world);
  second.connect(second.request("same"));
  EXPECT_EQ(first.wait_for(LinkEventKind::disconnected).reason, first.world.takeover_reason());
  ASSERT_TRUE(second.link->publish(1, message("t", "x")).has_value());
  EXPECT_EQ(second.wait_for(LinkEventKind::acknowledged).token, 1U);
}

TEST_P(LinkContract, publishes_the_will_of_a_client_that_dies) {
  Client witness(world());
  witness.connect(witness.request("witness"));
  witness.subscribe("wills/#");
  ConnectRequest request = witness.request("mortal");
  request.will = Will{message("wills/mortal", "gone")};
  request.will->message.content_type = "text/plain";
  request.will->message.user_properties = {{"cause", "death"}};
  witness.world.connect_and_die(request);
  ASSERT_TRUE(witness.wait_for_messages(1));
  EXPECT_EQ(witness.messages()[0], request.will->message);
}

TEST_P(LinkContract, publishes_no_will_after_drop) {
  Client witness(world());
  witness.connect(witness.request("witness"));
  witness.subscribe("#");
  {
    Client polite(witness.world);
    ConnectRequest request = polite.request("polite");
    request.will = Will{message("wills/polite", "gone")};
    polite.connect(request);
    polite.link->drop();
  }
  ASSERT_TRUE(witness.link->publish(1, message("end", "")).has_value());
  ASSERT_TRUE(witness.wait_for_messages(1));
  EXPECT_EQ(witness.messages()[0].topic, "end");
}

TEST_P(LinkContract, delivers_what_came_while_a_kept_session_was_away) {
  Client consumer(world());
  ConnectRequest request = consumer.request("consumer");
  request.clean_start = false;
  request.session_expiry = std::chrono::hours(1);
  EXPECT_FALSE(consumer.connect(request).session_present);
  consumer.subscribe("data/#");
  consumer.link->drop();
  Client producer(consumer.world);
  producer.connect(producer.request("producer"));
  for (LinkToken token = 0; token < 3; ++token)
    ASSERT_TRUE(producer.link->publish(token, message("data/" + std::to_string(token), "x")).has_value());
  for (int count = 0; count < 3; ++count) producer.wait_for(LinkEventKind::acknowledged);
  EXPECT_TRUE(consumer.connect(request).session_present);
  ASSERT_TRUE(consumer.wait_for_messages(3));
  EXPECT_EQ(consumer.messages()[0].topic, "data/0");
  EXPECT_EQ(consumer.messages()[2].topic, "data/2");
  consumer.link->drop();
  EXPECT_TRUE(consumer.connect(request).session_present);
  ASSERT_TRUE(producer.link->publish(9, message("data/9", "x")).has_value());
  ASSERT_TRUE(consumer.wait_for_messages(4));
  EXPECT_EQ(consumer.messages()[3].topic, "data/9") << "an acknowledged message came again";
}

TEST_P(LinkContract, refuses_what_mqtt_forbids_before_sending) {
  Client client(world());
  const auto refused = [&](auto change) {
    ConnectRequest request = client.request("strict");
    change(request);
    const auto result = client.link->connect(request);
    return !result && result.error().code == ErrorCode::invalid && !result.error().hint.empty();
  };
  for (const char* url :
       {"", "broker", "http://broker", "mqtt://", "mqtt://:1883", "mqtt://a b", "mqtt://h:0",
        "mqtt://h:65536", "mqtt://h:18x", "mqtt://h:", "mqtt://h/path", "mqtt://[::1", "mqtt://[broker]",
        "mqtt://::1", "mqtt://user:secret@h", "mqtt://[::1]x1883"})
    EXPECT_TRUE(refused([&](auto& request) { request.broker.url = url; })) << url;
  EXPECT_TRUE(refused([](auto& request) { request.broker.client_id.clear(); }));
  EXPECT_TRUE(refused([](auto& request) { request.broker.client_id = std::string(65, 'x'); }));
  EXPECT_TRUE(refused([](auto& request) { request.broker.keep_alive = std::chrono::seconds(0); }));
  EXPECT_TRUE(refused([](auto& request) { request.broker.connect_timeout = std::chrono::milliseconds(0); }));
  EXPECT_TRUE(refused([](auto& request) { request.session_expiry = std::chrono::seconds(-1); }));
  EXPECT_TRUE(refused([](auto& request) { request.will = Will{message("wild/#", "")}; }));
  client.connect(client.request("strict"));
  for (const char* topic : {"", "a/#", "a/+", "a\xFF"})
    EXPECT_EQ(client.link->publish(1, message(topic, "x")).error().code, ErrorCode::invalid) << topic;
  MqttMessage property = message("t", "x");
  property.user_properties = {{"name", "\xFF"}};
  EXPECT_EQ(client.link->publish(1, property).error().code, ErrorCode::invalid);
  for (const char* filter : {"", "a/#/b", "a#", "a/b+", "\xFF"})
    EXPECT_EQ(client.link->subscribe(1, filter).error().code, ErrorCode::invalid) << filter;
}

TEST_P(LinkContract, a_secret_in_the_url_is_not_repeated_in_the_error) {
  Client client(world());
  ConnectRequest request = client.request("secret");
  request.broker.url = "mqtt://user:hunter2@broker";
  EXPECT_EQ(client.link->connect(request).error().text().find("hunter2"), std::string::npos);
}

TEST_P(LinkContract, needs_a_receiver_to_subscribe_or_to_keep_a_session) {
  const std::unique_ptr<Link> link = world().make_link();
  ConnectRequest request;
  request.broker.url = world().url();
  request.broker.client_id = "deaf";
  request.clean_start = false;
  EXPECT_EQ(link->connect(request).error().code, ErrorCode::invalid);
  EXPECT_EQ(link->subscribe(1, "t").error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace holdfast::link_contract
