// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Who is killed by `holdfast prove kill`, and how a consumer tells their events apart.
namespace holdfast::prove {

enum class Contender : std::uint8_t {
  commit_first,   ///< a dual write: commits, then publishes; what it forgets is lost
  publish_first,  ///< a dual write: publishes, then commits; what it forgets was announced all the same
  holdfast,
};
inline constexpr std::size_t kContenders = 3;
inline constexpr std::array kAllContenders = {Contender::commit_first, Contender::publish_first,
                                              Contender::holdfast};

template <typename Value>
using PerContender = std::array<Value, kContenders>;
[[nodiscard]] constexpr std::size_t index(Contender contender) noexcept {
  return static_cast<std::size_t>(contender);
}

/// As on the command line of holdfast_kill_device, and as the first level of its topics.
[[nodiscard]] std::string_view to_string(Contender contender) noexcept;
[[nodiscard]] std::optional<Contender> contender(std::string_view name) noexcept;
/// The `source` of a dual write's events. Holdfast's are its own.
[[nodiscard]] std::string naive_source(Contender contender, const std::string& device);
/// Whose events have this source.
[[nodiscard]] Contender contender_of_source(std::string_view source) noexcept;

}  // namespace holdfast::prove
