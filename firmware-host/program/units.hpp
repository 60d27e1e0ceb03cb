// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <holdfast/event.hpp>
#include <holdfast/options.hpp>
#include <holdfast/result.hpp>
#include <holdfast/time.hpp>

/// Words of the command line. All fail with `invalid` and a hint that shows the form.
namespace holdfast::program {

/// "500ms", "1s", "1.5s", "5m", "2h", "7d"; more than 0 and at most 365 days.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The same, or "0" where none at all has a meaning.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration_or_zero(std::string_view text);
/// "4096", "64KiB", "64MiB", "2GiB"; at least 1.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);
/// The same, or "0" where nothing at all has a meaning.
[[nodiscard]] Result<std::uint64_t> parse_size_or_zero(std::string_view text);
/// "512 bytes", "22.5 MiB", "64 MiB".
[[nodiscard]] std::string size_text(std::uint64_t bytes);

/// "2026-11-20T23:04:42Z" or another date-time of RFC 3339.
[[nodiscard]] Result<UtcTime> parse_utc(std::string_view text);

/// A lane as the command line names it.
struct LaneArgument {
  LaneOptions options;
  bool has_settings = false;  ///< more than the name was given; else a stored lane keeps its own
};
/// "telemetry", "alarm:0" or
/// "telemetry:2,when_full=drop_oldest,max=8MiB,guaranteed=1MiB,ttl=7d,commit_delay=50ms".
[[nodiscard]] Result<LaneArgument> parse_lane(std::string_view text);
/// "alarm=strict" or "alarm=strict:hold"; "alarm=lane" is the default.
[[nodiscard]] Result<LaneRelayOptions> parse_ordering(std::string_view text);
/// "aws-iot" and the others.
[[nodiscard]] Result<BrokerProfile> parse_profile(std::string_view text);
/// "0 2 * * * for 30", as RelayOptions::connection_windows has it.
[[nodiscard]] Result<std::string> parse_window(std::string_view text);
/// "traceparent=00-...". Names and values are checked by the store.
[[nodiscard]] Result<Attribute> parse_attribute(std::string_view text);

}  // namespace holdfast::program
