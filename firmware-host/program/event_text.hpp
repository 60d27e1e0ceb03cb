// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <holdfast/cloud_event.hpp>

/// A received event as one line.
namespace holdfast::program {

/// "<id> <key> <data>", where a SenML pack is "name=value unit" and other data is text or a byte count.
/// Without control characters; cut after 4,096 bytes.
[[nodiscard]] std::string event_line(const CloudEvent& event);

/// A JSON object with the CloudEvents attributes, and the data as "data_senml", "data_text" or "data_base64"
/// (no CloudEvents attribute has such a name).
[[nodiscard]] std::string event_json(const CloudEvent& event);

}  // namespace holdfast::program
