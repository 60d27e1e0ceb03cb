// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <holdfast/limits.hpp>
#include <holdfast/result.hpp>

/// CBOR (RFC 8949) as a small value model: what is decoded is bounded, what is encoded is deterministic.
///
/// The encoding follows section 4.2.1 of the RFC, and where section 4.2.2 leaves a choice:
///   1. integers, lengths and tags take their shortest form, lengths are definite;
///   2. a float stays a float and takes the shortest of half, single and double that preserves its value;
///   3. every NaN is f97e00; -0.0 is f98000;
///   4. the keys of a map stand in bytewise order of their encodings, none twice.
namespace holdfast::wire {

struct CborValue;
struct CborEntry;

struct CborUndefined {
  friend bool operator==(const CborUndefined&, const CborUndefined&) = default;
};

/// The integer -1 - n: CBOR's negative integers reach below INT64_MIN.
struct CborNegative {
  std::uint64_t n = 0;
  friend bool operator==(const CborNegative&, const CborNegative&) = default;
};

using CborBytes = std::vector<std::byte>;
using CborArray = std::vector<CborValue>;
using CborMap = std::vector<CborEntry>;  ///< in any order when encoding, in wire order after decoding

struct CborValue {
  using Content = std::variant<std::nullptr_t, CborUndefined, bool, std::uint64_t, CborNegative, double,
                               std::string, CborBytes, CborArray, CborMap>;
  Content content;                       ///< a string is UTF-8
  std::vector<std::uint64_t> tags = {};  ///< tag numbers, the outermost first
};

struct CborEntry {
  CborValue key;
  CborValue value;
};

[[nodiscard]] CborValue cbor_integer(std::int64_t value);
/// nullopt: not an untagged integer, or outside int64.
[[nodiscard]] std::optional<std::int64_t> as_int64(const CborValue& value) noexcept;

[[nodiscard]] std::vector<std::byte> encode_cbor(const CborValue& value);

/// The same bytes as a string, whose order is the bytewise one, to sort and compare keys.
[[nodiscard]] std::string encoded_key(const CborValue& key);

struct CborLimits {
  std::size_t depth_max = 16;                        ///< arrays, maps and tags inside one another
  std::size_t items_max = 65'536;                    ///< data items, each chunk and each break included
  std::size_t bytes_max = limits::kMessageBytesMax;  ///< of the input
};

/// Exactly one data item. `invalid`: not well-formed, trailing bytes, bad UTF-8 (in any chunk), the same key
/// twice in a map, or a simple value other than false, true, null, undefined. `too_large`: over a limit. A
/// claimed length is believed only as far as bytes follow, so memory stays in proportion to the input.
[[nodiscard]] Result<CborValue> decode_cbor(std::span<const std::byte> bytes, const CborLimits& limits = {});

}  // namespace holdfast::wire
