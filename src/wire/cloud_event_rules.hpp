// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include <holdfast/cloud_event.hpp>
#include <holdfast/result.hpp>

#include "wire/json.hpp"

/// What CloudEvents 1.0 asks of an event, the same for what is sent and what is received:
///   1. id, source and type are there; source is a URI-reference, time is RFC 3339, datacontenttype a media
///      type; a value is UTF-8 without control characters and noncharacters;
///   2. the name of a further attribute is [a-z0-9]{1,64}, is none of the context attributes above, and
///      stands once. (The specification's 20 characters are a SHOULD, which Event::attributes keeps.)
///   3. the bounds: 64 further attributes, limits::kAttributeValueBytesMax per value.
namespace holdfast::wire {

inline constexpr std::size_t kFurtherAttributesMax = 64;
inline constexpr std::string_view kSpecVersion = "1.0";
inline constexpr std::string_view kStructuredPrefix = "application/cloudevents";
inline constexpr std::string_view kStructuredJson = "application/cloudevents+json";
inline constexpr std::string_view kJsonContentType = "application/json";

/// The envelope is bounded in bytes; its data may nest 63 deep, and nothing below the first level is kept.
inline constexpr JsonLimits kEnvelopeLimits = {
    .depth_max = 64, .items_max = 262'144, .bytes_max = limits::kMessageBytesMax, .depth_kept = 1};

[[nodiscard]] bool is_attribute_name(std::string_view name) noexcept;

/// `invalid` or `too_large`; `where` goes into the error.
[[nodiscard]] Result<void> check_event(const CloudEvent& event, const char* where);

/// The media type without parameters, in lower case.
[[nodiscard]] std::string essence(std::string_view media_type);
/// */json or */*+json, whatever the parameters.
[[nodiscard]] bool is_json_type(std::string_view media_type);

}  // namespace holdfast::wire
