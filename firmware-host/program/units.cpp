// SPDX-License-Identifier: MIT
#include "program/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "flow/connection_windows.hpp"
#include "wire/time_text.hpp"

namespace holdfast::program {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array<Unit, 5> kDurationUnits = {
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 4> kSizeUnits = {{{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};

constexpr double kDurationMsMax = 365.0 * 86'400'000;
constexpr double kSizeMax = 1024.0 * 1024 * 1024 * 1024;  // 1 TiB: no device has more for its outbox

template <std::size_t N>
[[nodiscard]] std::optional<double> parse_with_unit(std::string_view text, const std::array<Unit, N>& units) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units)
    if (text == unit.name) return number * static_cast<double>(unit.factor);
  return std::nullopt;
}

[[nodiscard]] tl::unexpected<Error> refuse(std::string_view text, std::string hint) {
  return fail(ErrorCode::invalid, "read '" + std::string(text) + "'", std::move(hint));
}

constexpr std::array<std::pair<std::string_view, WhenFull>, 5> kWhenFull = {
    {{"block", WhenFull::block},
     {"reject", WhenFull::reject},
     {"drop_oldest", WhenFull::drop_oldest},
     {"keep_latest", WhenFull::keep_latest},
     {"thin", WhenFull::thin}}};

[[nodiscard]] bool read_priority(std::string_view text, LaneOptions& lane) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), lane.priority);
  return error == std::errc{} && end == text.data() + text.size() && lane.priority >= 0;
}

[[nodiscard]] Result<void> read_when_full(std::string_view setting, std::string_view value,
                                          LaneOptions& lane) {
  for (const auto& [name, policy] : kWhenFull) {
    if (name != value) continue;
    lane.when_full = policy;
    return {};
  }
  return refuse(setting, "when_full is block, reject, drop_oldest, keep_latest or thin");
}

[[nodiscard]] Result<void> read_bytes(std::string_view setting, std::string_view value,
                                      std::uint64_t& bytes) {
  const auto size = parse_size_or_zero(value);
  if (!size) return refuse(setting, "it is a size like 512KiB or 8MiB, or 0 for none");
  bytes = *size;
  return {};
}

template <class Target>
[[nodiscard]] Result<void> read_time(std::string_view setting, std::string_view value, Target& target) {
  if (value == "0") {
    target = Target(0);
    return {};
  }
  const auto time = parse_duration(value);
  if (!time) return refuse(setting, "it is a duration like 50ms, 1h or 7d, or 0 for none");
  target = std::chrono::duration_cast<Target>(*time);
  if (target == Target(0)) return refuse(setting, "it is at least 1s, or 0 for none");
  return {};
}

/// One "key=value".
[[nodiscard]] Result<void> read_lane_setting(std::string_view setting, LaneOptions& lane) {
  const std::size_t equals = std::min(setting.find('='), setting.size());
  const std::string_view key = setting.substr(0, equals);
  const std::string_view value = setting.substr(std::min(equals + 1, setting.size()));
  if (key == "when_full") return read_when_full(setting, value, lane);
  if (key == "max") return read_bytes(setting, value, lane.max_bytes);
  if (key == "guaranteed") return read_bytes(setting, value, lane.guaranteed_bytes);
  if (key == "ttl") return read_time(setting, value, lane.ttl);
  if (key == "commit_delay") return read_time(setting, value, lane.commit_delay);
  return refuse(setting, "a lane's settings are when_full, max, guaranteed, ttl and commit_delay");
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto ms = parse_with_unit(text, kDurationUnits);
  if (!ms || !(*ms >= 1) || *ms > kDurationMsMax)
    return refuse(text, "write a duration like 500ms, 1s, 5m, 2h or 7d");
  return std::chrono::milliseconds(static_cast<std::int64_t>(*ms));
}

Result<std::chrono::milliseconds> parse_duration_or_zero(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  return parse_duration(text);
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto bytes = parse_with_unit(text, kSizeUnits);
  if (!bytes || !(*bytes >= 1) || *bytes > kSizeMax)
    return refuse(text, "write a size like 65536, 512KiB, 64MiB or 2GiB");
  return static_cast<std::uint64_t>(*bytes);
}

Result<std::uint64_t> parse_size_or_zero(std::string_view text) {
  if (text == "0") return 0;
  return parse_size(text);
}

std::string size_text(std::uint64_t bytes) {
  std::size_t unit = kSizeUnits.size() - 1;
  while (unit > 0 && bytes < static_cast<std::uint64_t>(kSizeUnits.at(unit).factor)) --unit;
  if (unit == 0) return std::to_string(bytes) + " bytes";
  const auto factor = static_cast<std::uint64_t>(kSizeUnits.at(unit).factor);
  const std::uint64_t tenths = bytes / factor * 10 + bytes % factor * 10 / factor;  // cut, not rounded
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text + " " + std::string(kSizeUnits.at(unit).name);
}

Result<LaneArgument> parse_lane(std::string_view text) {
  LaneArgument lane;
  const std::size_t name_end = std::min(text.find_first_of(":,"), text.size());
  lane.options.name = text.substr(0, name_end);
  if (!base::is_lane_name(lane.options.name)) return refuse(text, "a lane's name is [a-z0-9_]{1,32}");
  lane.has_settings = name_end < text.size();
  std::string_view rest = text.substr(name_end);
  if (rest.starts_with(':')) {
    const std::string_view priority = rest.substr(1, rest.find(',') - 1);
    if (!read_priority(priority, lane.options))
      return refuse(text, "write NAME or NAME:PRIORITY, where 0 is served first");
    rest.remove_prefix(1 + priority.size());
  }
  while (!rest.empty()) {  // at a comma
    const std::string_view setting = rest.substr(1, rest.find(',', 1) - 1);
    if (auto read = read_lane_setting(setting, lane.options); !read) return tl::unexpected(read.error());
    rest.remove_prefix(1 + setting.size());
  }
  return lane;
}

Result<LaneRelayOptions> parse_ordering(std::string_view text) {
  LaneRelayOptions lane;
  const std::size_t equals = std::min(text.find('='), text.size());
  lane.name = text.substr(0, equals);
  const std::string_view order = text.substr(equals);
  if (order == "=strict:hold") lane.after_refusal = AfterRefusal::hold;
  if (order.starts_with("=strict")) lane.ordering = Ordering::strict;
  const bool known =
      order == "=lane" || order == "=strict" || order == "=strict:pass" || order == "=strict:hold";
  if (!known || !base::is_lane_name(lane.name))
    return refuse(text, "write LANE=strict, LANE=strict:hold or LANE=lane");
  return lane;
}

Result<BrokerProfile> parse_profile(std::string_view text) {
  if (const auto profile = broker_profile(text)) return *profile;
  return refuse(text, "there are generic, mosquitto, emqx, hivemq, aws-iot and azure-eventgrid");
}

Result<std::string> parse_window(std::string_view text) {
  return flow::ConnectionWindow::parse(text).map(
      [&](const flow::ConnectionWindow&) { return std::string(text); });
}

Result<Attribute> parse_attribute(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return refuse(text, "write NAME=VALUE");
  return Attribute{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

Result<UtcTime> parse_utc(std::string_view text) {
  const auto time = wire::parse_time(text);
  if (time) return *time;
  return refuse(text, "a time is written 2026-11-20T23:04:42Z");
}

}  // namespace holdfast::program
