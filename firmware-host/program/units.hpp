// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <holdfast/event.hpp>
#include <holdfast/options.hpp>
#include <holdfast/result.hpp>

/// Words of the command line. All fail with `invalid` and a hint that shows the form.
namespace holdfast::program {

/// "500ms", "1s", "1.5s", "5m", "2h", "7d"; more than 0 and at most 365 days.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "4096", "64KiB", "64MiB", "2GiB"; at least 1.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);
/// "telemetry" or "alarm:0".
[[nodiscard]] Result<LaneOptions> parse_lane(std::string_view text);
/// "traceparent=00-...". Names and values are checked by the store.
[[nodiscard]] Result<Attribute> parse_attribute(std::string_view text);

}  // namespace holdfast::program
