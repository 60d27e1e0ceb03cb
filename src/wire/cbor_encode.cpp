// SPDX-License-Identifier: MIT
#include <cbor.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include <holdfast/check.hpp>

#include "wire/cbor.hpp"

namespace holdfast::wire {
namespace {

using Bytes = std::vector<std::byte>;

// Appends one head: `encode` is a cbor_encode_* function, which writes at most nine bytes.
template <class Encode, class... Arguments>
void append_head(Bytes& out, Encode encode, Arguments... arguments) {
  std::array<unsigned char, 9> head{};
  const std::size_t size = encode(arguments..., head.data(), head.size());
  HOLDFAST_CHECK(size > 0);
  const auto bytes = std::as_bytes(std::span(head).first(size));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// The half-precision bits of a float that is not NaN, when they hold the same value. Ours, because
// cbor_encode_half rounds, and libcbor 0.8 gets subnormals wrong.
std::optional<std::uint16_t> exact_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16U) & 0x8000U;
  const std::uint32_t fraction = bits & 0x7F'FFFFU;
  const int exponent = static_cast<int>((bits >> 23U) & 0xFFU) - 127;
  const auto half = [&](std::uint32_t magnitude) { return static_cast<std::uint16_t>(sign | magnitude); };

  if ((bits & 0x7FFF'FFFFU) == 0) return half(0);
  if (exponent == 128) return half(0x7C00);
  if (exponent >= -14 && exponent <= 15) {
    if ((fraction & 0x1FFFU) != 0) return std::nullopt;
    return half((static_cast<std::uint32_t>(exponent + 15) << 10U) | (fraction >> 13U));
  }
  if (exponent >= -24 && exponent < -14) {  // a subnormal half: a multiple of 2^-24
    const std::uint32_t significand = fraction | 0x80'0000U;
    const auto shift = static_cast<std::uint32_t>(-exponent - 1);
    if ((significand & ((1U << shift) - 1U)) != 0) return std::nullopt;
    return half(significand >> shift);
  }
  return std::nullopt;
}

void append_half(Bytes& out, std::uint16_t bits) {
  out.insert(out.end(), {std::byte{0xF9}, static_cast<std::byte>(bits >> 8U), static_cast<std::byte>(bits)});
}

void append_float(Bytes& out, double value) {
  constexpr std::uint16_t kNan = 0x7E00;
  if (std::isnan(value)) return append_half(out, kNan);
  const bool in_range =
      std::isinf(value) || std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max());
  const float narrow = in_range ? static_cast<float>(value) : 0.0F;
  if (!in_range || static_cast<double>(narrow) != value) return append_head(out, cbor_encode_double, value);
  if (const auto half = exact_half(narrow)) return append_half(out, *half);
  append_head(out, cbor_encode_single, narrow);
}

void append_item(Bytes& out, const CborValue& value);

struct ContentWriter {
  Bytes& out;

  void operator()(std::nullptr_t) const { append_head(out, cbor_encode_null); }
  void operator()(CborUndefined) const { append_head(out, cbor_encode_undef); }
  void operator()(bool value) const { append_head(out, cbor_encode_bool, value); }
  void operator()(std::uint64_t value) const { append_head(out, cbor_encode_uint, value); }
  void operator()(CborNegative value) const { append_head(out, cbor_encode_negint, value.n); }
  void operator()(double value) const { append_float(out, value); }

  void operator()(const std::string& text) const {
    append_head(out, cbor_encode_string_start, text.size());
    const auto bytes = std::as_bytes(std::span(text));
    out.insert(out.end(), bytes.begin(), bytes.end());
  }

  void operator()(const CborBytes& bytes) const {
    append_head(out, cbor_encode_bytestring_start, bytes.size());
    out.insert(out.end(), bytes.begin(), bytes.end());
  }

  void operator()(const CborArray& array) const {
    append_head(out, cbor_encode_array_start, array.size());
    for (const CborValue& element : array) append_item(out, element);
  }

  void operator()(const CborMap& map) const {
    std::vector<std::pair<std::string, const CborValue*>> entries;
    entries.reserve(map.size());
    for (const CborEntry& entry : map) entries.emplace_back(encoded_key(entry.key), &entry.value);
    std::sort(entries.begin(), entries.end());
    append_head(out, cbor_encode_map_start, map.size());
    const std::string* previous = nullptr;
    for (const auto& [key, element] : entries) {
      HOLDFAST_CHECK(previous == nullptr || *previous != key);
      previous = &key;
      const auto bytes = std::as_bytes(std::span(key));
      out.insert(out.end(), bytes.begin(), bytes.end());
      append_item(out, *element);
    }
  }
};

void append_item(Bytes& out, const CborValue& value) {
  for (const std::uint64_t tag : value.tags) append_head(out, cbor_encode_tag, tag);
  std::visit(ContentWriter{out}, value.content);
}

}  // namespace

CborValue cbor_integer(std::int64_t value) {
  if (value >= 0) return CborValue{static_cast<std::uint64_t>(value)};
  return CborValue{CborNegative{static_cast<std::uint64_t>(-1 - value)}};
}

std::optional<std::int64_t> as_int64(const CborValue& value) noexcept {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!value.tags.empty()) return std::nullopt;
  if (const auto* positive = std::get_if<std::uint64_t>(&value.content)) {
    return *positive <= kMax ? std::optional(static_cast<std::int64_t>(*positive)) : std::nullopt;
  }
  if (const auto* negative = std::get_if<CborNegative>(&value.content)) {
    return negative->n <= kMax ? std::optional(-1 - static_cast<std::int64_t>(negative->n)) : std::nullopt;
  }
  return std::nullopt;
}

std::string encoded_key(const CborValue& key) {
  const Bytes bytes = encode_cbor(key);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::byte> encode_cbor(const CborValue& value) {
  Bytes out;
  append_item(out, value);
  return out;
}

}  // namespace holdfast::wire
