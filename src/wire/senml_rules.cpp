// SPDX-License-Identifier: MIT
#include "wire/senml_rules.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"

namespace holdfast::senml {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view name) {
  constexpr std::string_view kPunctuation = "-:./_";
  const auto allowed = [&](char c) {
    return is_alphanumeric(c) || kPunctuation.find(c) != kPunctuation.npos;
  };
  return !name.empty() && is_alphanumeric(name.front()) && std::all_of(name.begin(), name.end(), allowed);
}

bool is_finite(const std::optional<double>& number) { return !number || std::isfinite(*number); }

bool numbers_are_finite(const Record& record) {
  const auto* value = record.value ? std::get_if<double>(&*record.value) : nullptr;
  return is_finite(record.base_time) && is_finite(record.base_value) && is_finite(record.base_sum) &&
         is_finite(record.sum) && is_finite(record.time) && is_finite(record.update_time) &&
         (value == nullptr || std::isfinite(*value));
}

bool texts_are_utf8(const Record& record) {
  const auto* value = record.value ? std::get_if<std::string>(&*record.value) : nullptr;
  return base::is_utf8(record.base_unit.value_or("")) && base::is_utf8(record.unit.value_or("")) &&
         (value == nullptr || base::is_utf8(*value));
}

// The rule that the record breaks, or nullptr.
const char* broken_rule(const Record& record, std::string_view base_name) {
  if (!numbers_are_finite(record)) return "a number is NaN or infinite";
  if (!texts_are_utf8(record)) return "text is not UTF-8";
  if (only_base_fields(record)) return nullptr;
  if (!is_name(std::string(base_name) + record.name.value_or(""))) return "the name is empty or not allowed";
  if (!record.value && !record.sum) return "neither value nor sum";
  return nullptr;
}

}  // namespace

bool only_base_fields(const Record& record) noexcept {
  const bool has_base = record.base_name || record.base_time || record.base_unit || record.base_value ||
                        record.base_sum || record.base_version;
  const bool has_regular =
      record.name || record.unit || record.value || record.sum || record.time || record.update_time;
  return has_base && !has_regular;
}

Result<void> check_pack(const Pack& pack, const char* where) {
  if (pack.empty()) return fail(ErrorCode::invalid, where, "a pack has at least one record");
  if (pack.size() > kRecordsMax) return fail(ErrorCode::too_large, where, "too many records");
  const int version = pack.front().base_version.value_or(kVersion);
  if (version < 1 || version > kVersion) return fail(ErrorCode::invalid, where, "version is not 1 to 10");
  std::string_view base_name;
  for (std::size_t i = 0; i < pack.size(); ++i) {
    const Record& record = pack[i];
    if (record.base_name) base_name = *record.base_name;
    const char* broken = broken_rule(record, base_name);
    if (record.base_version.value_or(version) != version) broken = "another version than the first record";
    if (broken != nullptr)
      return fail(ErrorCode::invalid, where, "record " + std::to_string(i) + ": " + broken);
  }
  return {};
}

}  // namespace holdfast::senml
