// SPDX-License-Identifier: MIT
#include "store/event_rules.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/text.hpp"

namespace holdfast::store {
namespace {

// Set by Holdfast or by CloudEvents itself.
constexpr std::array<std::string_view, 13> kReservedAttributes = {
    "id",   "source",      "type",       "subject",  "time",  "specversion",   "datacontenttype",
    "data", "data_base64", "dataschema", "sequence", "epoch", "unsynchronised"};

tl::unexpected<Error> invalid(std::string where, std::string hint) {
  return fail(ErrorCode::invalid, std::move(where), std::move(hint));
}

bool is_short_text(std::string_view text, std::size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && base::is_plain_text(text);
}

Result<void> check_attributes(std::span<const Attribute> attributes) {
  if (attributes.size() > limits::kAttributesMax) {
    return fail(ErrorCode::too_large, "add event",
                "more than " + std::to_string(limits::kAttributesMax) + " attributes");
  }
  for (auto it = attributes.begin(); it != attributes.end(); ++it) {
    if (!base::is_attribute_name(it->name)) {
      return invalid("add event", "attribute name '" + it->name + "' is not [a-z][a-z0-9]{0,19}");
    }
    if (std::find(kReservedAttributes.begin(), kReservedAttributes.end(), it->name) !=
        kReservedAttributes.end()) {
      return invalid("add event", "attribute '" + it->name + "' is set by Holdfast");
    }
    if (it->value.empty() || it->value.size() > limits::kAttributeValueBytesMax ||
        !base::is_plain_text(it->value)) {
      return invalid("add event", "the value of attribute '" + it->name +
                                      "' is not 1 to 1,024 bytes of UTF-8 without control characters");
    }
    if (std::any_of(attributes.begin(), it, [&](const Attribute& other) { return other.name == it->name; })) {
      return invalid("add event", "attribute '" + it->name + "' is there twice");
    }
  }
  return {};
}

}  // namespace

Result<void> check_event(const Event& event, std::size_t data_bytes_max) {
  if (!is_short_text(event.key, limits::kKeyBytesMax)) {
    return invalid("add event", "the key is not 1 to 256 bytes of UTF-8 without control characters");
  }
  if (!is_short_text(event.type, limits::kTypeBytesMax)) {
    return invalid("add event", "the type is not 1 to 256 bytes of UTF-8 without control characters");
  }
  if (!base::is_media_type(event.content_type)) {
    return invalid("add event", "the content type is not a media type like application/json");
  }
  if (event.data.size() > data_bytes_max) {
    return fail(ErrorCode::too_large, "add event",
                std::to_string(event.data.size()) + " bytes of data, at most " +
                    std::to_string(data_bytes_max) + " (event_data_bytes_max); store a reference instead");
  }
  constexpr std::int64_t kTtlMax = std::numeric_limits<std::uint32_t>::max();
  if (event.ttl && (event.ttl->count() < 1 || event.ttl->count() > kTtlMax)) {
    return invalid("add event", "the ttl is not 1 to 4,294,967,295 seconds");
  }
  return check_attributes(event.attributes);
}

Result<void> check_state(std::string_view key, std::size_t value_bytes, std::string_view content_type) {
  if (!is_short_text(key, limits::kKeyBytesMax)) {
    return invalid("put state", "the key is not 1 to 256 bytes of UTF-8 without control characters");
  }
  if (!base::is_media_type(content_type)) {
    return invalid("put state", "the content type is not a media type like application/json");
  }
  if (value_bytes > limits::kStateValueBytesMax) {
    return fail(
        ErrorCode::too_large, "put state",
        std::to_string(value_bytes) + " bytes, at most " + std::to_string(limits::kStateValueBytesMax));
  }
  return {};
}

Result<void> check_options(const StoreOptions& options) {
  constexpr std::uint64_t kBudgetMin = 1024 * 1024;
  if (options.path.empty()) return invalid("open store", "no path was given");
  if (!options.device.empty() && !base::is_device_id(options.device)) {
    return invalid("open store", "the device id is not [A-Za-z0-9._-]{1,64}");
  }
  for (const LaneOptions& lane : options.lanes) {
    if (!base::is_lane_name(lane.name)) {
      return invalid("open store", "lane name '" + lane.name + "' is not [a-z0-9_]{1,32}");
    }
    const auto same = [&](const LaneOptions& other) { return other.name == lane.name; };
    if (std::count_if(options.lanes.begin(), options.lanes.end(), same) != 1) {
      return invalid("open store", "lane '" + lane.name + "' is there twice");
    }
  }
  if (options.budget_bytes != 0 && options.budget_bytes < kBudgetMin)
    return invalid("open store", "the budget is below 1 MiB");
  if (options.checkpoint_pages == 0) return invalid("open store", "checkpoint_pages is 0");
  if (options.event_data_bytes_max == 0 || options.event_data_bytes_max > limits::kEventDataBytesCeiling) {
    return invalid("open store", "event_data_bytes_max is not 1 to 1,048,576");
  }
  if (options.settle_events_max == 0) return invalid("open store", "settle_events_max is 0");
  return {};
}

}  // namespace holdfast::store
