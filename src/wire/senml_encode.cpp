// SPDX-License-Identifier: MIT
#include <utility>

#include "wire/cbor.hpp"
#include "wire/senml_rules.hpp"

namespace holdfast::senml {
namespace {

using wire::CborMap;
using wire::CborValue;

template <class Field>
void put(CborMap& map, Label label, const std::optional<Field>& field) {
  if (field) map.push_back({wire::cbor_integer(label), CborValue{*field}});
}

void put_value(CborMap& map, const Value& value) {
  constexpr Label kLabels[] = {kBooleanValue, kValue, kStringValue, kDataValue};  // in the order of Value
  const auto content = [](const auto& held) { return CborValue{held}; };
  map.push_back({wire::cbor_integer(kLabels[value.index()]), std::visit(content, value)});
}

CborValue encode_record(const Record& record) {
  CborMap map;
  if (record.base_version) {
    map.push_back({wire::cbor_integer(kBaseVersion), wire::cbor_integer(*record.base_version)});
  }
  put(map, kBaseName, record.base_name);
  put(map, kBaseTime, record.base_time);
  put(map, kBaseUnit, record.base_unit);
  put(map, kBaseValue, record.base_value);
  put(map, kBaseSum, record.base_sum);
  put(map, kName, record.name);
  put(map, kUnit, record.unit);
  if (record.value) put_value(map, *record.value);
  put(map, kSum, record.sum);
  put(map, kTime, record.time);
  put(map, kUpdateTime, record.update_time);
  return CborValue{std::move(map)};
}

}  // namespace

Result<std::vector<std::byte>> encode(const Pack& pack) {
  if (auto checked = check_pack(pack, "encode SenML"); !checked) return tl::unexpected(checked.error());
  wire::CborArray records;
  records.reserve(pack.size());
  for (const Record& record : pack) records.push_back(encode_record(record));
  return wire::encode_cbor(CborValue{std::move(records)});
}

}  // namespace holdfast::senml
