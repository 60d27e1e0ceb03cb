// SPDX-License-Identifier: MIT
#include "relay/broker_profile.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "relay/answer.hpp"
#include "store/topic_template.hpp"

namespace holdfast {
namespace {

constexpr std::array<std::pair<BrokerProfile, std::string_view>, 6> kNames = {
    {{BrokerProfile::generic, "generic"},
     {BrokerProfile::mosquitto, "mosquitto"},
     {BrokerProfile::emqx, "emqx"},
     {BrokerProfile::hivemq, "hivemq"},
     {BrokerProfile::aws_iot, "aws-iot"},
     {BrokerProfile::azure_eventgrid, "azure-eventgrid"}}};

}  // namespace

std::string_view to_string(BrokerProfile profile) noexcept {
  for (const auto& [known, name] : kNames)
    if (known == profile) return name;
  return "unknown";
}

std::optional<BrokerProfile> broker_profile(std::string_view name) noexcept {
  for (const auto& [profile, known] : kNames)
    if (known == name) return profile;
  return std::nullopt;
}

}  // namespace holdfast

namespace holdfast::relay {
namespace {

using std::chrono::seconds;

constexpr std::size_t kKiB = 1024;

constexpr ProfileLimits kGeneric{};

// mosquitto 2.0: its packets are as large as MQTT's, and it says its Receive Maximum (20) and topic aliases (10)
// in the CONNACK. On 3.1.1 it acknowledges what its ACL denies.
constexpr ProfileLimits kMosquitto{};

// emqx.conf of EMQX 5: mqtt.max_packet_size = 1MB, max_topic_levels = 128. EMQX Cloud Serverless takes 10 publishes a
// second of a client: set events_per_s_max.
constexpr ProfileLimits kEmqx{.packet_bytes_max = 1024 * kKiB, .topic_slashes_max = 127};

// HiveMQ CE, Edge and Cloud: packets as large as MQTT's; Edge grants a Receive Maximum of 10 in its CONNACK.
constexpr ProfileLimits kHivemq{};

// "AWS IoT Core message broker and protocol limits and quotas": message size, publish requests and throughput
// per connection, unacknowledged publishes, topic size and slashes, client id, keep alive. TLS with SNI only.
constexpr ProfileLimits kAwsIot{.payload_bytes_max = 128 * kKiB,
                                .topic_bytes_max = 256,
                                .topic_slashes_max = 7,
                                .client_id_bytes_max = 128,
                                .unanswered_max = 100,
                                .publishes_per_s = 100,
                                .bytes_per_s = 512 * kKiB,
                                .keep_alive_min = seconds{30},
                                .keep_alive_max = seconds{1200},
                                .tls = true};

// "Azure Event Grid quotas and limits", MQTT: message size, in flight 1,000 messages or 64 KB, 1,000 messages
// and 1 MB a second of a session, keep alive 1,160 s. TLS 1.2 and above only. Order is not guaranteed there.
constexpr ProfileLimits kAzureEventgrid{.packet_bytes_max = 512 * kKiB,
                                        .unanswered_max = 1000,
                                        .unanswered_bytes_max = 64 * kKiB,
                                        .publishes_per_s = 1000,
                                        .bytes_per_s = 1'000'000,
                                        .keep_alive_max = seconds{1160},
                                        .tls = true};

bool exceeds(std::size_t value, std::size_t max) noexcept { return max != 0 && value > max; }

std::size_t slashes(std::string_view topic) noexcept {
  return static_cast<std::size_t>(std::count(topic.begin(), topic.end(), '/'));
}

tl::unexpected<Error> refuse(BrokerProfile profile, std::string hint) {
  return fail(ErrorCode::invalid, "start the relay",
              std::string(to_string(profile)) + ": " + std::move(hint));
}

// The shortest topic that the template can give, and our own.
Result<void> check_topics(BrokerProfile profile, const Publishing& publishing) {
  const ProfileLimits& limits = limits_of(profile);
  const auto topics =
      store::TopicTemplate::parse(publishing.topic_template, publishing.topic_prefix, publishing.device);
  if (!topics) return tl::unexpected(topics.error());
  const std::string topic = topics->render("l", "k");
  const std::string own = publishing.topic_prefix + "/" + publishing.device + "/~command";
  const std::size_t most = std::max(slashes(topic), slashes(own));
  if (exceeds(most, limits.topic_slashes_max)) {
    return refuse(profile, "a topic has at most " + std::to_string(limits.topic_slashes_max) +
                               " slashes; topic_prefix and topic_template give " + std::to_string(most));
  }
  const std::size_t longest = std::max(topic.size(), own.size());
  if (exceeds(longest, limits.topic_bytes_max)) {
    return refuse(profile, "a topic has at most " + std::to_string(limits.topic_bytes_max) +
                               " bytes; topic_prefix and topic_template give " + std::to_string(longest) +
                               " without a key");
  }
  return {};
}

}  // namespace

const ProfileLimits& limits_of(BrokerProfile profile) noexcept {
  switch (profile) {
    case BrokerProfile::generic: return kGeneric;
    case BrokerProfile::mosquitto: return kMosquitto;
    case BrokerProfile::emqx: return kEmqx;
    case BrokerProfile::hivemq: return kHivemq;
    case BrokerProfile::aws_iot: return kAwsIot;
    case BrokerProfile::azure_eventgrid: return kAzureEventgrid;
  }
  return kGeneric;
}

Result<void> check_profile(const RelayOptions& options, const Publishing& publishing) {
  const ProfileLimits& limits = limits_of(options.profile);
  const BrokerOptions& broker = options.broker;
  if (limits.tls && !broker.tls.enabled && !broker.url.starts_with("mqtts://"))
    return refuse(options.profile, "it takes TLS only; write mqtts:// in the broker's URL");
  const std::string& client_id = broker.client_id.empty() ? publishing.device : broker.client_id;
  if (exceeds(client_id.size(), limits.client_id_bytes_max)) {
    return refuse(options.profile,
                  "a client id has at most " + std::to_string(limits.client_id_bytes_max) + " bytes");
  }
  const std::size_t data_max =
      limits.payload_bytes_max != 0 ? limits.payload_bytes_max : limits.packet_bytes_max;
  if (exceeds(publishing.event_data_bytes_max, data_max)) {
    return refuse(options.profile, "a message has at most " + std::to_string(data_max) +
                                       " bytes; event_data_bytes_max is " +
                                       std::to_string(publishing.event_data_bytes_max));
  }
  return check_topics(options.profile, publishing);
}

RelayOptions within_profile(RelayOptions options) {
  const ProfileLimits& limits = limits_of(options.profile);
  if (limits.unanswered_max != 0)
    options.window_events = std::min(options.window_events, limits.unanswered_max);
  if (limits.unanswered_bytes_max != 0)
    options.window_bytes = std::min(options.window_bytes, limits.unanswered_bytes_max);
  std::chrono::seconds& keep_alive = options.broker.keep_alive;
  keep_alive = std::max(keep_alive, limits.keep_alive_min);
  if (limits.keep_alive_max != seconds{0}) keep_alive = std::min(keep_alive, limits.keep_alive_max);
  return options;
}

flow::Throttle throttle_for(const RelayOptions& options) {
  flow::Throttle throttle;
  throttle.limit({.packets_per_s = options.events_per_s_max, .bytes_per_s = options.bytes_per_s_max});
  const ProfileLimits& limits = limits_of(options.profile);
  throttle.limit({.packets_per_s = limits.publishes_per_s / 10 * 9,
                  .bytes_per_s = limits.bytes_per_s / 10 * 9,
                  .burst = std::chrono::milliseconds{100}});
  return throttle;
}

std::optional<ProfileRefusal> refused_by_profile(BrokerProfile profile, const MqttMessage& message,
                                                 std::size_t packet_bytes) {
  const ProfileLimits& limits = limits_of(profile);
  const std::string name(to_string(profile));
  if (exceeds(message.payload.size(), limits.payload_bytes_max) ||
      exceeds(packet_bytes, limits.packet_bytes_max))
    return ProfileRefusal{kPacketTooLarge, "larger than " + name + " takes"};
  if (exceeds(message.topic.size(), limits.topic_bytes_max) ||
      exceeds(slashes(message.topic), limits.topic_slashes_max))
    return ProfileRefusal{kTopicNameInvalid, "the topic is longer or deeper than " + name + " takes"};
  return std::nullopt;
}

}  // namespace holdfast::relay
