// SPDX-License-Identifier: MIT
#include "relay/broker_profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/relay/world.hpp"

namespace holdfast::relay::test {
namespace {

using testing::HasSubstr;

RelayOptions aws() {
  RelayOptions options;
  options.profile = BrokerProfile::aws_iot;
  options.broker.url = "mqtts://example.iot.eu-central-1.amazonaws.com";
  return options;
}

Publishing usual() {
  return {.device = "pi4",
          .topic_prefix = "holdfast",
          .topic_template = "{prefix}/{device}/{lane}/{key}",
          .event_data_bytes_max = 64 * 1024};
}

std::string why_not(const RelayOptions& options, const Publishing& publishing) {
  const auto checked = check_profile(options, publishing);
  if (checked) return "accepted";
  EXPECT_EQ(checked.error().code, ErrorCode::invalid);
  return checked.error().hint;
}

TEST(BrokerProfile, names_are_read_as_they_are_written) {
  for (const auto profile : {BrokerProfile::generic, BrokerProfile::mosquitto, BrokerProfile::emqx,
                             BrokerProfile::hivemq, BrokerProfile::aws_iot, BrokerProfile::azure_eventgrid})
    EXPECT_EQ(broker_profile(to_string(profile)), profile);
  EXPECT_EQ(to_string(BrokerProfile::azure_eventgrid), "azure-eventgrid");
  EXPECT_EQ(broker_profile("aws"), std::nullopt);
  EXPECT_EQ(broker_profile(""), std::nullopt);
}

TEST(BrokerProfile, the_defaults_fit_every_broker) {
  for (const auto profile : {BrokerProfile::generic, BrokerProfile::mosquitto, BrokerProfile::emqx,
                             BrokerProfile::hivemq, BrokerProfile::aws_iot, BrokerProfile::azure_eventgrid}) {
    RelayOptions options = aws();
    options.profile = profile;
    EXPECT_EQ(why_not(options, usual()), "accepted") << to_string(profile);
    EXPECT_TRUE(check_options(within_profile(options)));
  }
}

TEST(BrokerProfile, topics_that_are_too_deep_or_too_long_are_refused_when_it_starts) {
  Publishing deep = usual();
  deep.topic_template = "{prefix}/a/b/c/d/e/{device}/{lane}/{key}/x";
  EXPECT_EQ(why_not(aws(), deep),
            "aws-iot: a topic has at most 7 slashes; topic_prefix and topic_template give 9");
  RelayOptions generic = aws();
  generic.profile = BrokerProfile::generic;
  EXPECT_EQ(why_not(generic, deep), "accepted");
  Publishing own = usual();
  own.topic_prefix = "a/b/c/d/e/f/g";
  own.topic_template = "{lane}/{key}";
  EXPECT_THAT(why_not(aws(), own), HasSubstr("give 8")) << "the status and the records have topics, too";
  Publishing longer = usual();
  longer.topic_template = "{prefix}/" + std::string(260, 'x') + "/{key}";
  EXPECT_THAT(why_not(aws(), longer), HasSubstr("at most 256 bytes"));
}

TEST(BrokerProfile, events_that_may_be_too_large_and_links_without_tls_are_refused) {
  Publishing large = usual();
  large.event_data_bytes_max = 200 * 1024;
  EXPECT_EQ(why_not(aws(), large),
            "aws-iot: a message has at most 131072 bytes; event_data_bytes_max is 204800");
  RelayOptions plain = aws();
  plain.broker.url = "mqtt://example";
  EXPECT_THAT(why_not(plain, usual()), HasSubstr("aws-iot: it takes TLS only"));
  plain.broker.tls.enabled = true;
  EXPECT_EQ(why_not(plain, usual()), "accepted");
}

TEST(BrokerProfile, window_and_keep_alive_are_brought_into_the_limits) {
  EXPECT_EQ(within_profile(aws()).broker.keep_alive, seconds(30));
  EXPECT_EQ(within_profile(aws()).window_events, 64U);
  RelayOptions azure = aws();
  azure.profile = BrokerProfile::azure_eventgrid;
  EXPECT_EQ(within_profile(azure).window_bytes, 64U * 1024);
  EXPECT_EQ(within_profile(azure).broker.keep_alive, seconds(15));
}

TEST(BrokerProfile, an_event_that_this_broker_would_not_take_is_quarantined_and_does_not_touch_the_wire) {
  RelayOptions options;
  options.profile = BrokerProfile::emqx;
  World world(1, options);
  world.commit(1, 20);
  world.commit(1, 1024 * 1024);
  world.commit(1, 20);
  EXPECT_TRUE(world.run_until_settled(minutes(1)));
  EXPECT_THAT(world.accepted_seqs(), testing::ElementsAre(1, 3));
  ASSERT_EQ(world.backlog.refusals().size(), 1U);
  EXPECT_EQ(world.backlog.refusals()[0].reason, 0x95);
  EXPECT_EQ(world.backlog.refusals()[0].detail, "larger than emqx takes");
}

TEST(BrokerProfile, a_long_key_is_found_before_it_is_sent) {
  MqttMessage message;
  message.topic = "holdfast/pi4/telemetry/" + std::string(256, 'k');
  const auto refused = refused_by_profile(BrokerProfile::aws_iot, message, 400);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, 0x90);
  EXPECT_FALSE(refused_by_profile(BrokerProfile::generic, message, 400));
}

TEST(BrokerProfile, no_second_sees_more_than_the_quota) {
  World world(1, aws());
  world.commit_many(1000);
  std::vector<Instant> times;
  world.broker.set_answer([&](const MqttMessage&) -> std::uint8_t {
    times.push_back(world.clock.now());
    return 0;
  });
  EXPECT_TRUE(world.run_until_settled(minutes(1)));
  ASSERT_EQ(times.size(), 1000U);
  for (std::size_t i = 0; i + 100 < times.size(); ++i) ASSERT_GE(times[i + 100] - times[i], seconds(1)) << i;
  EXPECT_LT(times.back() - times.front(), seconds(12)) << "nine tenths of it are used";
}

}  // namespace
}  // namespace holdfast::relay::test
