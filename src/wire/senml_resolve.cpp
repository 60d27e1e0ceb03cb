// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "wire/senml_rules.hpp"

namespace holdfast::senml {
namespace {

constexpr double kFirstAbsoluteTime = 268'435'456;  // 2^28; less is relative to now (section 4.5.3)

// A missing one counts as zero; both missing: nothing.
std::optional<double> sum_of(const std::optional<double>& base, const std::optional<double>& field) {
  if (!base && !field) return std::nullopt;
  return base.value_or(0) + field.value_or(0);
}

std::optional<Value> value_of(const Record& base, const std::optional<Value>& field) {
  if (field && !std::holds_alternative<double>(*field)) return field;
  const auto number = field ? std::optional(std::get<double>(*field)) : std::nullopt;
  if (const auto sum = sum_of(base.base_value, number)) return *sum;
  return std::nullopt;
}

std::optional<double> time_of(const Record& base, const std::optional<double>& field,
                              std::optional<double> now_s) {
  const auto time = sum_of(base.base_time, field);
  if (!now_s || time.value_or(0) >= kFirstAbsoluteTime) return time;
  return *now_s + time.value_or(0);
}

template <class Field>
void replace(std::optional<Field>& base, const std::optional<Field>& field) {
  if (field) base = field;
}

// Base fields hold from their record on until replaced.
void replace_base(Record& base, const Record& record) {
  replace(base.base_name, record.base_name);
  replace(base.base_time, record.base_time);
  replace(base.base_unit, record.base_unit);
  replace(base.base_value, record.base_value);
  replace(base.base_sum, record.base_sum);
  replace(base.base_version, record.base_version);
}

Record apply_base(const Record& base, const Record& record, std::optional<double> now_s) {
  Record resolved;
  if (base.base_version.value_or(kVersion) != kVersion) resolved.base_version = base.base_version;
  resolved.name = base.base_name.value_or("") + record.name.value_or("");
  resolved.unit = record.unit ? record.unit : base.base_unit;
  resolved.value = value_of(base, record.value);
  resolved.sum = sum_of(base.base_sum, record.sum);
  resolved.time = time_of(base, record.time, now_s);
  resolved.update_time = record.update_time;
  return resolved;
}

bool is_finite(const Record& record) {
  const auto* value = record.value ? std::get_if<double>(&*record.value) : nullptr;
  return (value == nullptr || std::isfinite(*value)) && std::isfinite(record.sum.value_or(0)) &&
         std::isfinite(record.time.value_or(0));
}

}  // namespace

Result<Pack> resolve(const Pack& pack, std::optional<double> now_s) {
  constexpr const char* kWhere = "resolve SenML";
  if (now_s && !(*now_s >= kFirstAbsoluteTime && std::isfinite(*now_s))) {
    return fail(ErrorCode::invalid, kWhere, "now is not a time since 1970");
  }
  if (auto checked = check_pack(pack, kWhere); !checked) return tl::unexpected(std::move(checked.error()));
  Pack resolved;
  resolved.reserve(pack.size());
  Record base;
  for (const Record& record : pack) {
    replace_base(base, record);
    if (only_base_fields(record)) continue;
    resolved.push_back(apply_base(base, record, now_s));
    if (!is_finite(resolved.back())) return fail(ErrorCode::invalid, kWhere, "a sum with its base overflows");
  }
  std::stable_sort(resolved.begin(), resolved.end(), [](const Record& left, const Record& right) {
    return left.time.value_or(0) < right.time.value_or(0);
  });
  return resolved;
}

}  // namespace holdfast::senml
