// SPDX-License-Identifier: MIT
#include "wire/cloud_event_rules.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.hpp"
#include "wire/time_text.hpp"

namespace holdfast::wire {
namespace {

constexpr std::size_t kAttributeNameBytesMax = 64;

bool is_value(std::string_view text) {
  return text.size() <= limits::kAttributeValueBytesMax && base::is_plain_text(text);
}

// The characters of RFC 3986; a structure finer than that is nobody's business here.
bool is_uri_reference(std::string_view text) {
  constexpr std::string_view kOthers = "-._~:/?#[]@!$&'()*+,;=%";
  return !text.empty() && text.size() <= limits::kAttributeValueBytesMax &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           const bool alphanumeric =
               (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
           return alphanumeric || kOthers.find(c) != kOthers.npos;
         });
}

bool is_context_name(std::string_view name) {
  constexpr std::array<std::string_view, 8> kNames = {"specversion", "id",   "source",          "type",
                                                      "subject",     "time", "datacontenttype", "data"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// What is wrong with the further attributes, or empty.
std::string broken_attribute(const std::vector<Attribute>& attributes) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : attributes) {
    if (!is_attribute_name(name) || is_context_name(name)) return "an attribute's name is not allowed";
    if (!is_value(value)) return "the value of attribute " + name + " is not allowed";
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  return twice == names.end() ? "" : "attribute " + std::string(*twice) + " stands twice";
}

const char* broken_context(const CloudEvent& event) {
  if (event.id.empty() || !is_value(event.id)) return "id is missing or not allowed";
  if (!is_uri_reference(event.source)) return "source is missing or no URI-reference";
  if (event.type.empty() || !is_value(event.type)) return "type is missing or not allowed";
  if (!is_value(event.subject)) return "subject is not allowed";
  if (!event.time.empty() && !is_time_text(event.time)) return "time is not RFC 3339";
  if (!event.content_type.empty() && !base::is_media_type(event.content_type)) {
    return "datacontenttype is no media type";
  }
  return nullptr;
}

}  // namespace

bool is_attribute_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kAttributeNameBytesMax &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

Result<void> check_event(const CloudEvent& event, const char* where) {
  if (const char* broken = broken_context(event)) return fail(ErrorCode::invalid, where, broken);
  if (event.attributes.size() > kFurtherAttributesMax) {
    return fail(ErrorCode::too_large, where, "too many attributes");
  }
  if (auto broken = broken_attribute(event.attributes); !broken.empty()) {
    return fail(ErrorCode::invalid, where, std::move(broken));
  }
  return {};
}

std::string essence(std::string_view media_type) {
  std::string type(media_type.substr(0, media_type.find(';')));
  type.erase(type.find_last_not_of(" \t") + 1);
  for (char& c : type) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return type;
}

bool is_json_type(std::string_view media_type) {
  const std::string type = essence(media_type);
  return type.ends_with("/json") || type.ends_with("+json");
}

}  // namespace holdfast::wire
