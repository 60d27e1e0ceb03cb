// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

struct EventRules : ::testing::Test {
  EventRules() { device.open(); }

  std::string add(const std::function<void(Event&)>& change) {
    Event e = event("telemetry", "{}");
    change(e);
    return outcome(device.write([&](Transaction& t) -> Result<void> {
      const auto id = t.add(e);
      return id ? Result<void>() : tl::unexpected<Error>(id.error());
    }));
  }
  std::string topic_of_key(std::string_view key) {
    device.add("telemetry", "{}", key);
    return device.fetch(kTelemetry).events.back().topic;
  }
  std::string add_attributes(std::vector<Attribute> attributes) {
    return add([&](Event& e) { e.attributes = attributes; });
  }

  Device device;
};

TEST_F(EventRules, keep_attributes_and_ttl) {
  const std::vector<Attribute> attributes = {{"traceparent", "00-ab-cd-01"}, {"note", "a=b = \xC3\xA4"}};
  EXPECT_EQ(add([&](Event& e) {
              e.attributes = attributes;
              e.ttl = std::chrono::seconds(4'294'967'295);
            }),
            "ok");
  EXPECT_EQ(add([](Event&) {}), "ok");
  device.reopen();
  const Fetched fetched = device.fetch(kTelemetry);
  ASSERT_EQ(fetched.events.size(), 2U);
  EXPECT_EQ(fetched.events[0].attributes, attributes);
  EXPECT_EQ(fetched.events[0].ttl_s, 4'294'967'295U);
  EXPECT_TRUE(fetched.events[1].attributes.empty());
  EXPECT_EQ(fetched.events[1].ttl_s, std::nullopt);
}

TEST_F(EventRules, keep_data_of_any_bytes_and_of_none) {
  std::string data(256, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i);
  device.add("telemetry", data);
  device.add("telemetry", "");
  const Fetched fetched = device.fetch(kTelemetry);
  EXPECT_EQ(text(fetched.events.at(0).data), data);
  EXPECT_EQ(text(fetched.events.at(1).data), "");
}

TEST_F(EventRules, make_the_key_one_topic_level) {
  EXPECT_EQ(topic_of_key("boiler-1_a.b~"), "holdfast/device-1/telemetry/boiler-1_a.b~");
  EXPECT_EQ(topic_of_key("a/b c"), "holdfast/device-1/telemetry/a%2Fb%20c");
  EXPECT_EQ(topic_of_key("+#%"), "holdfast/device-1/telemetry/%2B%23%25");
  EXPECT_EQ(topic_of_key("\xC3\xA4"), "holdfast/device-1/telemetry/%C3%A4");
  EXPECT_EQ(topic_of_key(std::string(256, '/')).size(), 28U + 3 * 256);
}

TEST_F(EventRules, render_the_template_that_is_configured) {
  device.close();
  StoreOptions options = device.options();
  options.topic_prefix = "plant/7";
  options.topic_template = "{prefix}/up/{key}/{lane}/{device}";
  device.open(options);
  EXPECT_EQ(topic_of_key("k"), "plant/7/up/k/telemetry/device-1");
}

TEST_F(EventRules, refuse_topics_that_are_not_theirs_to_publish) {
  const auto topic = [&](std::string_view name) { return add([&](Event& e) { e.topic = name; }); };
  EXPECT_EQ(topic("plant/7/temperature"), "ok");
  EXPECT_EQ(device.fetch(kTelemetry).events.at(0).topic, "plant/7/temperature");
  EXPECT_EQ(topic("plant/+/temperature"), "invalid");
  EXPECT_EQ(topic("plant/#"), "invalid");
  EXPECT_EQ(topic("$SYS/broker"), "invalid");
  EXPECT_EQ(topic(std::string_view("a\0b", 3)), "invalid");
  EXPECT_EQ(topic(std::string(1025, 't')), "invalid");
  EXPECT_EQ(topic(std::string(1024, 't')), "ok");
  EXPECT_EQ(topic("holdfast/device-1/~gap"), "invalid");
  EXPECT_EQ(topic("holdfast/device-1/~anything"), "invalid");
  EXPECT_EQ(topic("holdfast/device-2/~gap"), "ok");
}

TEST_F(EventRules, refuse_a_key_that_renders_a_reserved_topic) {
  device.close();
  StoreOptions options = device.options();
  options.topic_template = "{prefix}/{device}/{key}";
  device.open(options);
  EXPECT_EQ(add([](Event& e) { e.key = "~gap"; }), "invalid");
  EXPECT_EQ(add([](Event& e) { e.key = "gap"; }), "ok");
}

TEST_F(EventRules, refuse_texts_out_of_bounds) {
  const std::string long_text(257, 'x');
  EXPECT_EQ(add([](Event& e) { e.key = {}; }), "invalid");
  EXPECT_EQ(add([&](Event& e) { e.key = long_text; }), "invalid");
  EXPECT_EQ(add([](Event& e) { e.key = "\xFF"; }), "invalid");
  EXPECT_EQ(add([](Event& e) { e.type = {}; }), "invalid");
  EXPECT_EQ(add([&](Event& e) { e.type = long_text; }), "invalid");
  EXPECT_EQ(add([](Event& e) { e.content_type = "json"; }), "invalid");
  EXPECT_EQ(add([](Event& e) { e.lane = "none"; }), "invalid");
  EXPECT_EQ(add([](Event& e) { e.ttl = std::chrono::seconds(0); }), "invalid");
  EXPECT_EQ(add([](Event& e) { e.ttl = std::chrono::seconds(4'294'967'296); }), "invalid");
}

TEST_F(EventRules, refuse_data_above_the_configured_size) {
  const std::string data(64 * 1024, 'x');
  const auto add_bytes = [&](std::size_t count) {
    return add([&](Event& e) { e.data = bytes_of(std::string_view(data).substr(0, count)); });
  };
  EXPECT_EQ(add_bytes(data.size()), "ok");
  device.close();
  StoreOptions options = device.options();
  options.event_data_bytes_max = 100;
  device.open(options);
  EXPECT_EQ(add_bytes(100), "ok");
  EXPECT_EQ(add_bytes(101), "too_large");
}

TEST_F(EventRules, refuse_attributes_that_cloud_events_would_not_take) {
  EXPECT_EQ(add_attributes({{"Trace", "x"}}), "invalid");
  EXPECT_EQ(add_attributes({{"sequence", "1"}}), "invalid");
  EXPECT_EQ(add_attributes({{"id", "1"}}), "invalid");
  EXPECT_EQ(add_attributes({{"a", "1"}, {"a", "2"}}), "invalid");
  EXPECT_EQ(add_attributes({{"a", ""}}), "invalid");
  EXPECT_EQ(add_attributes({{"a", "line\nbreak"}}), "invalid");
  EXPECT_EQ(add_attributes({{"a", std::string(1025, 'v')}}), "invalid");
  std::vector<Attribute> many;
  for (int i = 0; i < 17; ++i) many.push_back({"a" + std::to_string(i), "v"});
  EXPECT_EQ(add_attributes(many), "too_large");
  many.pop_back();
  EXPECT_EQ(add_attributes(many), "ok");
}

}  // namespace
}  // namespace holdfast::store::test
