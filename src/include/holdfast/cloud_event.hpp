// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/event.hpp>
#include <holdfast/mqtt_message.hpp>
#include <holdfast/result.hpp>

namespace holdfast {

/// A CloudEvents 1.0 event. Required: id, source, type. Holdfast's own attributes `sequence` and `epoch`, and
/// `traceparent` and the like, stand in `attributes` under their names. https://github.com/cloudevents/spec
struct CloudEvent {
  std::string id;
  std::string source;
  std::string type;
  std::string subject;       ///< empty: absent. Holdfast: the key
  std::string time;          ///< RFC 3339, empty: absent
  std::string content_type;  ///< `datacontenttype`, empty: absent
  std::vector<Attribute> attributes;
  std::vector<std::byte> data;

  /// The value of a further attribute, or nullptr.
  [[nodiscard]] const std::string* attribute(std::string_view name) const noexcept;
  friend bool operator==(const CloudEvent&, const CloudEvent&) = default;
};

/// Binary mode for MQTT 5, JSON structured mode for 3.1.1 (the only one it allows); in both the data bytes
/// come out of decode_cloud_event() as they went in. Fails with `invalid` when a required attribute is
/// missing, a name or value is outside CloudEvents' types, a name repeats, or the topic cannot be published
/// to; with `too_large` above limits::kMessageBytesMax or 64 further attributes. `expiry_s` becomes the
/// Message Expiry Interval (MQTT 5 only). Pure: does not block, any thread.
[[nodiscard]] Result<MqttMessage> encode_cloud_event(const CloudEvent& event, std::string topic,
                                                     MqttVersion version,
                                                     std::optional<std::uint32_t> expiry_s = std::nullopt);

/// Structured when the content type begins with `application/cloudevents`, or when there is none and no
/// `specversion` user property (3.1.1); else binary. Bounded; rejects what RFC 8259, UTF-8 or CloudEvents
/// reject, duplicate names, trailing bytes and event formats other than JSON with `invalid`, and oversize
/// with `too_large`. Of a structured event's `data` the JSON text is taken verbatim when datacontenttype is
/// JSON (an absent one becomes application/json), else the string. Pure: does not block, any thread.
[[nodiscard]] Result<CloudEvent> decode_cloud_event(const MqttMessage& message);

}  // namespace holdfast
