// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <holdfast/outbox.hpp>

namespace holdfast::program {

/// A stored event as a CloudEvent in JSON structured mode, on one line: id, source, type, subject, sequence,
/// epoch, time and data as the relay sends them. Data of a JSON type stands in `data`, with line ends between
/// its values turned into spaces; all other data in `data_base64`, byte for byte.
[[nodiscard]] Result<std::string> export_json(const std::string& device, const ArchivedEvent& event);

}  // namespace holdfast::program
