// SPDX-License-Identifier: MIT
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <holdfast/limits.hpp>

namespace holdfast::base {
namespace {

constexpr char32_t kMalformed = 0xFFFF'FFFF;

// Takes one code point off the front of `rest`; kMalformed when the bytes are not UTF-8.
char32_t next_code_point(std::string_view& rest) noexcept {
  const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const unsigned char lead = byte_at(0);
  if (lead < 0x80) {
    rest.remove_prefix(1);
    return lead;
  }
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || rest.size() < length) return kMalformed;
  char32_t point = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(i) & 0xC0U) != 0x80U) return kMalformed;
    point = (point << 6U) | (byte_at(i) & 0x3FU);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (overlong || surrogate || point > 0x10FFFF) return kMalformed;
  rest.remove_prefix(length);
  return point;
}

constexpr std::uint64_t in_every_byte(std::uint8_t byte) noexcept { return byte * 0x0101'0101'0101'0101U; }

// Whether all eight bytes are ASCII and no control characters. The top bit of a byte comes out set if it was
// set, if taking 0x20 away borrows, or if adding 1 carries into it (0x7F). A borrow or carry may spill over
// into other bytes, but only from one that is refused itself.
bool is_plain_ascii(const char* eight) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, eight, sizeof word);
  return ((word | (word - in_every_byte(0x20)) | (word + in_every_byte(0x01))) & in_every_byte(0x80)) == 0;
}

// Nearly all texts are plain ASCII through and through: eight bytes at a time.
void skip_plain_ascii(std::string_view& rest) noexcept {
  while (rest.size() >= 8 && is_plain_ascii(rest.data())) rest.remove_prefix(8);
}

template <class Allowed>
bool all_code_points(std::string_view text, Allowed allowed) noexcept {
  while (!text.empty()) {
    const char32_t point = next_code_point(text);
    if (point == kMalformed || !allowed(point)) return false;
  }
  return true;
}

bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) noexcept { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }

/// Letters, digits and some marks, looked up.
class CharSet {
 public:
  constexpr explicit CharSet(std::string_view marks) noexcept {
    for (const char c : marks) has_[static_cast<unsigned char>(c)] = true;
    for (char c = '0'; c <= '9'; ++c) has_[static_cast<unsigned char>(c)] = true;
    for (char c = 'a'; c <= 'z'; ++c) {
      has_[static_cast<unsigned char>(c)] = has_[static_cast<unsigned char>(c - 'a' + 'A')] = true;
    }
  }
  [[nodiscard]] constexpr bool has(char c) const noexcept { return has_[static_cast<unsigned char>(c)]; }

 private:
  std::array<bool, 256> has_{};
};

constexpr CharSet kToken("!#$%&'*+-.^_`{|}~");  // letters, digits and these: RFC 2045 section 5.1
constexpr CharSet kUnreserved("-._~");          // RFC 3986 section 2.3

template <class Allowed>
bool made_of(std::string_view text, std::size_t bytes_max, Allowed allowed) noexcept {
  return !text.empty() && text.size() <= bytes_max && std::all_of(text.begin(), text.end(), allowed);
}

bool is_token(std::string_view text) noexcept {
  return made_of(text, text.size(), [](char c) { return kToken.has(c); });
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  return all_code_points(text, [](char32_t) { return true; });
}

bool is_plain_text(std::string_view text) noexcept {
  skip_plain_ascii(text);
  return all_code_points(text, [](char32_t point) {
    const bool control = point < 0x20 || (point >= 0x7F && point <= 0x9F);
    const bool noncharacter = (point >= 0xFDD0 && point <= 0xFDEF) || (point & 0xFFFEU) == 0xFFFE;
    return !control && !noncharacter;
  });
}

bool is_lane_name(std::string_view text) noexcept {
  return made_of(text, limits::kLaneNameBytesMax,
                 [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

bool is_device_id(std::string_view text) noexcept {
  return made_of(text, limits::kDeviceBytesMax,
                 [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_attribute_name(std::string_view text) noexcept {
  return made_of(text, limits::kAttributeNameBytesMax, [](char c) { return is_lower(c) || is_digit(c); }) &&
         is_lower(text.front());
}

bool is_media_type(std::string_view text) noexcept {
  const auto is_printable = [](char c) { return c >= 0x20 && c < 0x7F; };
  if (!made_of(text, limits::kContentTypeBytesMax, is_printable)) return false;
  std::string_view type = text.substr(0, text.find(';'));
  type = type.substr(0, type.find_last_not_of(' ') + 1);
  const auto slash = type.find('/');
  return slash != std::string_view::npos && is_token(type.substr(0, slash)) &&
         is_token(type.substr(slash + 1));
}

bool is_topic(std::string_view text) noexcept {
  return !text.empty() && text.size() <= limits::kTopicBytesMax && text.find('+') == std::string_view::npos &&
         text.find('#') == std::string_view::npos && is_plain_text(text);
}

void append_percent_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    if (kUnreserved.has(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kHex[byte >> 4U], kHex[byte & 0xFU]};
  }
}

std::string percent_encode(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size());
  append_percent_encoded(encoded, text);
  return encoded;
}

std::string hex64(std::uint64_t bits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = kHex[(bits >> (60 - 4 * i)) & 0xFU];
  return text;
}

std::optional<std::uint64_t> parse_hex64(std::string_view text) noexcept {
  if (!made_of(text, 16, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }) || text.size() != 16) {
    return std::nullopt;
  }
  std::uint64_t bits = 0;
  std::from_chars(text.data(), text.data() + text.size(), bits, 16);
  return bits;
}

std::optional<std::int64_t> parse_decimal(std::string_view text) noexcept {
  if (!made_of(text, 40, is_digit)) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace holdfast::base
