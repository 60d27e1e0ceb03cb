// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Checks and conversions of short texts, shared by the layers above.
namespace holdfast::base {

/// Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// A CloudEvents String: UTF-8 without U+0000-1F, U+007F-9F and noncharacters. MQTT's own rules for text
/// (section 1.5.4) are contained in it.
[[nodiscard]] bool is_plain_text(std::string_view text) noexcept;

/// [a-z0-9_]{1,32}
[[nodiscard]] bool is_lane_name(std::string_view text) noexcept;
/// [A-Za-z0-9._-]{1,64}
[[nodiscard]] bool is_device_id(std::string_view text) noexcept;
/// [a-z][a-z0-9]{0,19}
[[nodiscard]] bool is_attribute_name(std::string_view text) noexcept;
/// type "/" subtype, both of RFC 2045 tokens, and perhaps ";" with parameters; printable ASCII, at most
/// limits::kContentTypeBytesMax.
[[nodiscard]] bool is_media_type(std::string_view text) noexcept;
/// A topic that may be published to: 1 to limits::kTopicBytesMax bytes of plain text, no wildcard.
[[nodiscard]] bool is_topic(std::string_view text) noexcept;

/// Everything but A-Z a-z 0-9 - . _ ~ becomes %XX (RFC 3986), so the result is one topic level.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// The same at the end of `out`, for a buffer that is used again.
void append_percent_encoded(std::string& out, std::string_view text);

/// 16 lower-case hexadecimal digits.
[[nodiscard]] std::string hex64(std::uint64_t bits);
[[nodiscard]] std::optional<std::uint64_t> parse_hex64(std::string_view text) noexcept;
/// A decimal without sign, leading zeros allowed; nullopt when it is anything else or above INT64_MAX.
[[nodiscard]] std::optional<std::int64_t> parse_decimal(std::string_view text) noexcept;

}  // namespace holdfast::base
