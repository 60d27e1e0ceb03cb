// SPDX-License-Identifier: MIT
#include "relay/outgoing.hpp"

#include <algorithm>
#include <holdfast/cloud_event.hpp>
#include <optional>
#include <utility>

#include "flow/time_resolution.hpp"
#include "wire/identity.hpp"
#include "wire/records.hpp"
#include "wire/time_text.hpp"

namespace holdfast::relay {
namespace {

constexpr std::string_view kUnsynchronisedAttribute = "unsynchronised";

std::optional<std::uint32_t> expiry(const store::StoredEvent& event, Instant now) noexcept {
  if (!event.ttl_s || !event.of_this_boot) return event.ttl_s;
  const auto waited = std::chrono::floor<std::chrono::seconds>(now - event.committed_at).count();
  const std::int64_t left = std::int64_t{*event.ttl_s} - std::max<std::int64_t>(0, waited);
  return static_cast<std::uint32_t>(std::max<std::int64_t>(1, left));
}

constexpr std::size_t kLengthBytes = 2;  // before every MQTT string
constexpr std::size_t kPropertyId = 1;

constexpr std::size_t variable_integer_bytes(std::size_t value) noexcept {
  return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

std::size_t property_bytes(const MqttMessage& message) noexcept {
  std::size_t bytes = 0;
  if (message.payload_is_utf8) bytes += kPropertyId + 1;
  if (message.expiry_s) bytes += kPropertyId + 4;
  if (!message.content_type.empty()) bytes += kPropertyId + kLengthBytes + message.content_type.size();
  for (const auto& [name, value] : message.user_properties) {
    bytes += kPropertyId + 2 * kLengthBytes + name.size() + value.size();
  }
  return bytes;
}

}  // namespace

Result<MqttMessage> to_message(store::StoredEvent event, const std::string& lane, const Sender& sender,
                               Instant now, const platform::WallTime& wall) {
  const auto expiry_s = expiry(event, now);
  const auto time = flow::resolve_time({event.committed_at, event.of_this_boot, event.anchor}, now, wall);

  CloudEvent out;
  out.id = EventId{event.epoch, lane, event.seq}.text();
  out.source = wire::lane_source(sender.device, lane);
  out.type = std::move(event.type);
  out.subject = std::move(event.key);
  if (time.utc) out.time = wire::time_text(*time.utc);
  out.content_type = std::move(event.content_type);
  out.attributes = std::move(event.attributes);
  out.attributes.push_back({std::string(wire::kSequenceAttribute), wire::sequence_text(event.seq)});
  out.attributes.push_back({std::string(wire::kEpochAttribute), event.epoch.text()});
  if (!time.synchronised) out.attributes.push_back({std::string(kUnsynchronisedAttribute), "true"});
  out.data = std::move(event.data);
  return encode_cloud_event(out, std::move(event.topic), sender.version, expiry_s);
}

Result<MqttMessage> to_message(const store::ControlRecord& record, const Sender& sender) {
  const std::string base = sender.topic_prefix + "/" + sender.device;
  if (const auto* gap = std::get_if<GapRecord>(&record.record)) {
    return encode_cloud_event(wire::gap_event(*gap, sender.device), base + "/~gap", sender.version);
  }
  const auto& epoch = std::get<EpochRecord>(record.record);
  return encode_cloud_event(wire::epoch_event(epoch, sender.device), base + "/~epoch", sender.version);
}

std::size_t window_bytes(const store::StoredEvent& event) noexcept {
  std::size_t bytes = event.data.size() + event.topic.size() + event.key.size() + event.type.size() +
                      event.content_type.size();
  for (const Attribute& attribute : event.attributes) bytes += attribute.name.size() + attribute.value.size();
  return bytes;
}

std::size_t packet_bytes(const MqttMessage& message, MqttVersion version) noexcept {
  constexpr std::size_t kPacketId = 2;
  std::size_t remaining = kLengthBytes + message.topic.size() + kPacketId + message.payload.size();
  if (version == MqttVersion::v5) {
    const std::size_t properties = property_bytes(message);
    remaining += variable_integer_bytes(properties) + properties;
  }
  return 1 + variable_integer_bytes(remaining) + remaining;
}

}  // namespace holdfast::relay
