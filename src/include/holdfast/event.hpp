// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <holdfast/result.hpp>

namespace holdfast {

/// A further CloudEvents attribute, such as `traceparent`. The name is [a-z][a-z0-9]{0,19} and not one that
/// Holdfast sets itself; the value is UTF-8 without control characters.
struct Attribute {
  std::string name;
  std::string value;
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

/// 64 random bits: one per opening of a store that commits an event.
struct Epoch {
  std::uint64_t bits = 0;
  [[nodiscard]] std::string text() const;  ///< 16 lower-case hexadecimal digits
  [[nodiscard]] static Result<Epoch> parse(std::string_view text);
  friend auto operator<=>(const Epoch&,
                          const Epoch&) = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14
};

/// Names one event for ever: the device is in the CloudEvents source, the rest in its id.
struct EventId {
  Epoch epoch;
  std::string lane;
  std::int64_t seq = 0;                    ///< 1, 2, 3 ... per lane, dense among committed events
  [[nodiscard]] std::string text() const;  ///< "<epoch>-<lane>-<seq>", the CloudEvents id
  friend bool operator==(const EventId&, const EventId&) = default;
};

/// The application's fact, as given to Transaction::add(). Views: they need to live only during the call.
struct Event {
  std::string_view lane;          ///< a lane of OutboxOptions
  std::string_view key;           ///< ordering key: sensor or aggregate id, 1 to 256 bytes of UTF-8
  std::string_view type;          ///< reverse-DNS, "com.example.reading.v1"
  std::string_view content_type;  ///< media type of `data`, "application/senml+cbor"
  std::span<const std::byte> data;
  std::span<const Attribute> attributes = {};
  std::optional<std::chrono::seconds> ttl = std::nullopt;  ///< MQTT message expiry, 1 s to 2^32-1 s
  std::string_view topic = {};                             ///< empty: rendered from the template
};

/// The bytes of a string, for `Event::data` and state values.
[[nodiscard]] inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

}  // namespace holdfast
