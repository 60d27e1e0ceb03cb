// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "wire/cbor.hpp"
#include "wire/senml_rules.hpp"

namespace holdfast::senml {
namespace {

using wire::CborEntry;
using wire::CborMap;
using wire::CborValue;

constexpr const char* kWhere = "decode SenML";
// 15 labels with a key and a value each, the map itself, and room for the extensions of other producers.
constexpr std::size_t kItemsPerRecordMax = 64;
constexpr std::uint64_t kDecimalFractionTag = 4;

// mantissa * 10^exponent, rounded once to the nearest double, as a decimal literal is.
std::optional<double> decimal_fraction(const CborValue& value) {
  const auto* parts = std::get_if<wire::CborArray>(&value.content);
  if (parts == nullptr || parts->size() != 2) return std::nullopt;
  const auto exponent = wire::as_int64((*parts)[0]);
  const auto mantissa = wire::as_int64((*parts)[1]);
  if (!exponent || !mantissa) return std::nullopt;
  if (*mantissa == 0) return 0.0;
  const std::string literal = std::to_string(*mantissa) + 'e' + std::to_string(*exponent);
  double number = 0;
  const auto [end, error] = std::from_chars(literal.data(), literal.data() + literal.size(), number);
  if (error != std::errc() || end != literal.data() + literal.size()) return std::nullopt;
  return number;
}

std::optional<double> number_of(const CborValue& value) {
  if (value.tags.size() == 1 && value.tags[0] == kDecimalFractionTag) return decimal_fraction(value);
  if (!value.tags.empty()) return std::nullopt;
  if (const auto* number = std::get_if<double>(&value.content)) return *number;
  if (const auto* positive = std::get_if<std::uint64_t>(&value.content))
    return static_cast<double>(*positive);
  if (const auto* negative = std::get_if<wire::CborNegative>(&value.content)) {
    return -1.0 - static_cast<double>(negative->n);
  }
  return std::nullopt;
}

bool take_number(const CborValue& value, std::optional<double>& field) {
  field = number_of(value);
  return field.has_value();
}

bool take_text(CborValue& value, std::optional<std::string>& field) {
  auto* text = std::get_if<std::string>(&value.content);
  if (text == nullptr || !value.tags.empty()) return false;
  field = std::move(*text);
  return true;
}

bool take_version(const CborValue& value, std::optional<int>& field) {
  const auto version = wire::as_int64(value);
  if (!version || *version < 1 || *version > kVersion) return false;
  field = static_cast<int>(*version);
  return true;
}

// One of v, vs, vb, vd. False when it has another type, or when the record has a value already.
template <class Held>
bool take_value(CborValue& value, std::optional<Value>& field) {
  auto* held = std::get_if<Held>(&value.content);
  if (held == nullptr || !value.tags.empty() || field) return false;
  field = std::move(*held);
  return true;
}

bool take_number_value(const CborValue& value, std::optional<Value>& field) {
  const auto number = number_of(value);
  if (!number || field) return false;
  field = *number;
  return true;
}

bool take_labelled(std::int64_t label, CborValue& value, Record& record) {
  switch (label) {
    case kBaseSum: return take_number(value, record.base_sum);
    case kBaseValue: return take_number(value, record.base_value);
    case kBaseUnit: return take_text(value, record.base_unit);
    case kBaseTime: return take_number(value, record.base_time);
    case kBaseName: return take_text(value, record.base_name);
    case kBaseVersion: return take_version(value, record.base_version);
    case kName: return take_text(value, record.name);
    case kUnit: return take_text(value, record.unit);
    case kValue: return take_number_value(value, record.value);
    case kStringValue: return take_value<std::string>(value, record.value);
    case kBooleanValue: return take_value<bool>(value, record.value);
    case kSum: return take_number(value, record.sum);
    case kTime: return take_number(value, record.time);
    case kUpdateTime: return take_number(value, record.update_time);
    case kDataValue: return take_value<std::vector<std::byte>>(value, record.value);
    default: return true;  // unknown and therefore ignored (section 4.4)
  }
}

// A text key is an extension: ignored, unless it says with a final '_' that it must be understood. A known
// field under its JSON name would change the meaning when ignored, so that is refused too.
bool may_ignore(std::string_view label) {
  constexpr std::array<std::string_view, 15> kJsonNames = {"bver", "bn", "bt", "bu", "bv", "bs", "n", "u",
                                                           "v",    "vs", "vb", "s",  "t",  "ut", "vd"};
  return !label.ends_with('_') && std::find(kJsonNames.begin(), kJsonNames.end(), label) == kJsonNames.end();
}

bool take_field(CborEntry& entry, Record& record) {
  if (const auto label = wire::as_int64(entry.key)) return take_labelled(*label, entry.value, record);
  const auto* name = std::get_if<std::string>(&entry.key.content);
  return name != nullptr && entry.key.tags.empty() && may_ignore(*name);
}

std::string name_of(const CborValue& key) {
  if (const auto label = wire::as_int64(key)) return "field " + std::to_string(*label);
  return "a field with a text key";
}

Result<Record> decode_record(CborValue& value) {
  auto* map = std::get_if<CborMap>(&value.content);
  if (map == nullptr || !value.tags.empty()) return fail(ErrorCode::invalid, kWhere, "a record is a map");
  Record record;
  for (CborEntry& entry : *map) {
    if (take_field(entry, record)) continue;
    return fail(ErrorCode::invalid, kWhere, name_of(entry.key) + " is not understood");
  }
  return record;
}

}  // namespace

Result<Pack> decode(std::span<const std::byte> bytes) {
  auto document = wire::decode_cbor(bytes, {.items_max = kRecordsMax * kItemsPerRecordMax});
  if (!document) return tl::unexpected(std::move(document.error()));
  auto* records = std::get_if<wire::CborArray>(&document->content);
  if (records == nullptr || !document->tags.empty())
    return fail(ErrorCode::invalid, kWhere, "a pack is an array");
  if (records->size() > kRecordsMax) return fail(ErrorCode::too_large, kWhere, "too many records");
  Pack pack;
  pack.reserve(records->size());
  for (CborValue& value : *records) {
    auto record = decode_record(value);
    if (!record) return tl::unexpected(std::move(record.error()));
    pack.push_back(std::move(*record));
  }
  if (auto checked = check_pack(pack, kWhere); !checked) return tl::unexpected(std::move(checked.error()));
  return pack;
}

}  // namespace holdfast::senml
