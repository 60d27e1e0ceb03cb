// SPDX-License-Identifier: MIT
#include "flow/lane_scheduler.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <limits>
#include <utility>

namespace holdfast::flow {

LaneScheduler::LaneScheduler(std::vector<int> priorities) : priorities_(std::move(priorities)) {
  HOLDFAST_CHECK(priorities_.size() <= limits::kLanesMax);
}

LaneSet LaneScheduler::best_of(const LaneSet& ready) const {
  int best = std::numeric_limits<int>::max();
  for (std::size_t lane = 0; lane < priorities_.size(); ++lane) {
    if (ready.test(lane)) best = std::min(best, priorities_[lane]);
  }
  LaneSet group;
  for (std::size_t lane = 0; lane < priorities_.size(); ++lane) {
    group.set(lane, ready.test(lane) && priorities_[lane] == best);
  }
  return group;
}

std::size_t LaneScheduler::longest_waiting(const LaneSet& group) const {
  std::optional<std::size_t> longest;
  for (std::size_t lane = 0; lane < priorities_.size(); ++lane) {
    if (!group.test(lane)) continue;
    if (!longest || last_turn_[lane] < last_turn_[*longest]) longest = lane;
  }
  HOLDFAST_CHECK(longest.has_value());
  return *longest;
}

std::optional<std::size_t> LaneScheduler::pick(const LaneSet& ready) const {
  if (ready.none()) return std::nullopt;
  const LaneSet best = best_of(ready);
  const LaneSet lower = ready & ~best;
  return longest_waiting(owed_ + 1 >= kShare && lower.any() ? lower : best);
}

void LaneScheduler::served(std::size_t lane, const LaneSet& ready) {
  HOLDFAST_CHECK(lane < priorities_.size() && ready.test(lane));
  last_turn_[lane] = ++turn_;
  const LaneSet best = best_of(ready);
  if (!best.test(lane)) {
    owed_ = 0;
  } else if ((ready & ~best).any()) {
    owed_ = std::min(owed_ + 1, kShare);
  }
}

}  // namespace holdfast::flow
