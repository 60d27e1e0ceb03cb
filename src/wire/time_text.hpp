// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <holdfast/time.hpp>

/// Timestamps as text: RFC 3339, the CloudEvents `time`.
namespace holdfast::wire {

/// "2026-11-20T23:04:42.123456Z": UTC, always six decimals (cut, not rounded), so that text order is time
/// order.
[[nodiscard]] std::string time_text(UtcTime time);

/// A date-time of RFC 3339 section 5.6 that exists in the calendar; second 60 is allowed at the end of a
/// minute.
[[nodiscard]] bool is_time_text(std::string_view text) noexcept;

/// nullopt: no such text, or outside UtcTime (1677 to 2262). Decimals beyond nanoseconds are cut; second 60
/// is the first of the next minute.
[[nodiscard]] std::optional<UtcTime> parse_time(std::string_view text) noexcept;

}  // namespace holdfast::wire
