// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <holdfast/result.hpp>

/// SenML (RFC 8428) in deterministic CBOR (RFC 8949 section 4.2.1).
namespace holdfast::senml {

inline constexpr std::string_view kContentType = "application/senml+cbor";

/// `vb`, `v`, `vs`, `vd`. A float keeps its type: 48.0 is a float in CBOR, never an integer.
using Value = std::variant<bool, double, std::string, std::vector<std::byte>>;

/// A resolved or unresolved record; nullopt is an absent field. Base fields hold from their record until
/// replaced (RFC 8428 section 4.1).
struct Record {
  std::optional<std::string> base_name = std::nullopt;
  std::optional<double> base_time = std::nullopt;  ///< seconds; < 2^28 relative to now, else since 1970
  std::optional<std::string> base_unit = std::nullopt;
  std::optional<double> base_value = std::nullopt;
  std::optional<double> base_sum = std::nullopt;
  std::optional<int> base_version = std::nullopt;  ///< 10 when absent; a larger one is refused on decode
  std::optional<std::string> name = std::nullopt;
  std::optional<std::string> unit = std::nullopt;  ///< RFC 8428 section 12.1: "Cel", "%RH", "Pa", "V", ...
  std::optional<Value> value = std::nullopt;
  std::optional<double> sum = std::nullopt;
  std::optional<double> time = std::nullopt;
  std::optional<double> update_time = std::nullopt;
  friend bool operator==(const Record&, const Record&) = default;
};

using Pack = std::vector<Record>;

inline constexpr std::size_t kRecordsMax = 1024;  ///< records of one pack, encoding and decoding

/// Deterministic bytes: shortest integers, lengths and floats, keys in bytewise order of their encoding.
/// `invalid`: no record at all, a record that has neither value nor sum (one with base fields only is
/// allowed: RFC 8428 section 5.1.7), a name (base name + name) that is empty or has forbidden characters, a
/// number that is NaN or infinite, text that is not UTF-8, versions that differ. `too_large`: over
/// kRecordsMax records.
[[nodiscard]] Result<std::vector<std::byte>> encode(const Pack& pack);

/// Accepts any well-formed CBOR pack, deterministic or not (definite or indefinite lengths, integers and
/// decimal fractions as numbers). Unknown keys are ignored; an unknown label that ends in `_` is `invalid`,
/// and so are duplicate keys, trailing bytes, bad UTF-8, a version above 10, two values in one record, a
/// known field under its JSON name, and all that encode() refuses. Depth 16, 65,536 items and
/// limits::kMessageBytesMax are the bounds: `too_large`.
[[nodiscard]] Result<Pack> decode(std::span<const std::byte> bytes);

/// RFC 8428 section 4.6: no base fields (but a version below 10), full names, absolute times, in
/// chronological order. `now_s` (seconds since 1970) resolves relative times; without it they stay as they
/// are, absent ones included, and stand before the absolute ones. `invalid`: what encode() refuses, a `now_s`
/// below 2^28, or a sum with its base that overflows.
[[nodiscard]] Result<Pack> resolve(const Pack& pack, std::optional<double> now_s);

}  // namespace holdfast::senml
