// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/time.hpp>
#include <string_view>
#include <vector>

#include "flow/lease_board.hpp"
#include "store/stored_event.hpp"

namespace holdfast::store {

using flow::ShareSet;

/// What a relay drains, as it knows it. The default is that of a single relay: all there is, without a claim.
struct ShareLease {
  std::size_t relay = 0;
  std::size_t shares = 1;  ///< there are so many
  ShareSet held{1};
  std::int64_t token = 0;  ///< the highest of its takings

  [[nodiscard]] bool alone() const noexcept { return shares == 1; }
  /// Whether an event is in it: by its key if the lane is `spread`, by its lane otherwise.
  [[nodiscard]] bool covers(LaneNumber lane, bool spread, std::string_view key) const noexcept;
  friend bool operator==(const ShareLease&, const ShareLease&) = default;
};

/// What a relay asks for: to keep what it holds, and what is free.
struct ShareClaim {
  std::size_t relay = 0;
  ShareSet keeps;
};

struct LaneCursor {
  LaneNumber lane = 0;
  std::int64_t settled_seq = 0;
};

struct ShareGrant {
  ShareLease lease;
  Instant until;                    ///< nothing may be sent from then on
  ShareSet wanted_back;             ///< of what it holds: their relay is back
  std::vector<LaneCursor> cursors;  ///< everything up to them is settled
};

}  // namespace holdfast::store
