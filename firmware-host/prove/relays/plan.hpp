// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

/// The schedule of trouble of one life of `holdfast prove relays`. Pure: the same seed, the same plan.
namespace holdfast::prove {

/// What happens to one connection of several.
enum class LinkTrouble : std::uint8_t {
  cut,        ///< closed; it comes back at once
  reset,      ///< the same with RST
  half_open,  ///< nothing arrives any more, and nobody is told
  away,       ///< without a network for longer than its lease lasts: others take its share, and it comes home
};
inline constexpr int kLinkTroubles = 4;

struct LinkFault {
  LinkTrouble trouble = LinkTrouble::cut;
  std::size_t connection = 1;          ///< from 1
  std::chrono::milliseconds calm{0};   ///< before it
  std::chrono::milliseconds lasts{0};  ///< half_open, away
};

/// The device process begins, works, meets these faults one after the other, and ends.
struct RelaysPlan {
  std::vector<LinkFault> faults;
  bool killed = true;  ///< by SIGKILL; otherwise it is asked to end, and delivers what waits
  std::chrono::milliseconds until_killed{0};
};

/// Well above the acknowledgement time-out: a relay that is alive and slow must not be taken for one that is gone.
inline constexpr std::chrono::milliseconds kLeaseTerm{3'000};

/// Each trouble once, in an order and at connections of the seed's.
[[nodiscard]] RelaysPlan make_relays_plan(std::uint64_t seed, std::size_t connections, bool killed);

}  // namespace holdfast::prove
