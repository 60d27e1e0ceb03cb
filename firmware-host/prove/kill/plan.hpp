// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// The crash schedule of one run of `holdfast prove kill`. Pure: the same seed, the same plan, for all contenders.
namespace holdfast::prove {

/// Where a device process dies, by SIGKILL.
enum class KillPoint : std::uint8_t {
  before_commit,   ///< state and event are written, their transaction is not committed
  before_publish,  ///< committed, not handed to the link
  before_puback,   ///< sent; the answer is not read
  before_settle,   ///< the answer is there, and nothing was done about it
  random_time,     ///< whatever it does
};
inline constexpr int kKillPoints = 5;
[[nodiscard]] std::string_view to_string(KillPoint point) noexcept;
[[nodiscard]] std::optional<KillPoint> kill_point(std::string_view name) noexcept;

struct Death {
  KillPoint point = KillPoint::random_time;
  unsigned passing = 1;                ///< named points: the how manieth time that the process comes there
  std::chrono::milliseconds after{0};  ///< random_time: since the process began
};

/// What happens around a device process that works.
enum class Trouble : std::uint8_t {
  network_down,
  connection_cut,
  connection_reset,
  half_open,
  half_a_publish,  ///< the device's packet breaks off in its middle
  half_a_puback,   ///< the broker's does
  slow_network,
  broker_killed,
};
inline constexpr int kTroubles = 8;
[[nodiscard]] std::string_view to_string(Trouble trouble) noexcept;

struct TroubledLife {
  Trouble trouble = Trouble::network_down;
  std::chrono::milliseconds lasts{0};
  bool killed_in_it = false;  ///< the device process is; otherwise when events arrive again
};

/// Device processes, one after the other: one for each of `deaths`, one in trouble before the death of number
/// `troubled_before`, and a last one that lives until everything is acknowledged.
struct KillPlan {
  std::uint64_t seed = 0;
  std::vector<Death> deaths;
  TroubledLife troubled;
  std::size_t troubled_before = 0;
};

/// Each point once, in an order of the seed's; the troubles take turns, so that kTroubles seeds in a row have them all.
[[nodiscard]] KillPlan make_kill_plan(std::uint64_t seed);

}  // namespace holdfast::prove
