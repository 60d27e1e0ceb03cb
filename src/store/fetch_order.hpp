// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "store/lease.hpp"
#include "store/stored_event.hpp"

namespace holdfast::store {

/// What a relay wants of a lane.
struct FetchOrder {
  LaneNumber lane = 0;
  std::int64_t after_seq = 0;
  std::size_t events_max = 0;  ///< at most limits::kFetchEventsMax
  std::size_t bytes_max = 0;   ///< data bytes; one event always fits
  ShareLease lease = {};       ///< rows of other shares are left out
  bool spread = false;         ///< the lane's keys are divided among the shares
};

}  // namespace holdfast::store
