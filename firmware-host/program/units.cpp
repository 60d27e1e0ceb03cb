// SPDX-License-Identifier: MIT
#include "program/units.hpp"

#include <array>
#include <charconv>
#include <optional>

#include "base/text.hpp"

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

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto ms = parse_with_unit(text, kDurationUnits);
  if (!ms || !(*ms >= 1) || *ms > kDurationMsMax)
    return refuse(text, "write a duration like 500ms, 1s, 5m, 2h or 7d");
  return std::chrono::milliseconds(static_cast<std::int64_t>(*ms));
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto bytes = parse_with_unit(text, kSizeUnits);
  if (!bytes || !(*bytes >= 1) || *bytes > kSizeMax)
    return refuse(text, "write a size like 65536, 512KiB, 64MiB or 2GiB");
  return static_cast<std::uint64_t>(*bytes);
}

Result<LaneOptions> parse_lane(std::string_view text) {
  LaneOptions lane;
  const std::size_t colon = text.find(':');
  lane.name = text.substr(0, colon);
  if (!base::is_lane_name(lane.name)) return refuse(text, "a lane's name is [a-z0-9_]{1,32}");
  if (colon == std::string_view::npos) return lane;
  const std::string_view priority = text.substr(colon + 1);
  const auto [end, error] =
      std::from_chars(priority.data(), priority.data() + priority.size(), lane.priority);
  if (error != std::errc{} || end != priority.data() + priority.size() || lane.priority < 0)
    return refuse(text, "write NAME or NAME:PRIORITY, where 0 is served first");
  return lane;
}

Result<Attribute> parse_attribute(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return refuse(text, "write NAME=VALUE");
  return Attribute{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

}  // namespace holdfast::program
