// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <holdfast/result.hpp>
#include <holdfast/senml.hpp>

/// What makes a pack a pack (RFC 8428 section 4), whatever its representation:
///   1. it has 1 to kRecordsMax records, all of one version from 1 to 10 (10 when none is said);
///   2. base name + name is [A-Za-z0-9][A-Za-z0-9:./_-]*;
///   3. a record has a value or a sum (or both), or it has base fields only (the RFC's example 5.1.7): then
///      it is no measurement and only sets them;
///   4. numbers are finite, text is UTF-8.
namespace holdfast::senml {

inline constexpr int kVersion = 10;

/// The keys of RFC 8428 table 4. The list is closed: extensions use text keys.
enum Label : std::int64_t {
  kBaseSum = -6,
  kBaseValue = -5,
  kBaseUnit = -4,
  kBaseTime = -3,
  kBaseName = -2,
  kBaseVersion = -1,
  kName = 0,
  kUnit = 1,
  kValue = 2,
  kStringValue = 3,
  kBooleanValue = 4,
  kSum = 5,
  kTime = 6,
  kUpdateTime = 7,
  kDataValue = 8,
};

[[nodiscard]] bool only_base_fields(const Record& record) noexcept;

/// `invalid` with the broken rule and the record's number, `too_large` for too many records.
[[nodiscard]] Result<void> check_pack(const Pack& pack, const char* where);

}  // namespace holdfast::senml
