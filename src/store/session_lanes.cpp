// SPDX-License-Identifier: MIT
//
// The part of a session that pauses and retires lanes.
#include <holdfast/check.hpp>

#include "store/session.hpp"

namespace holdfast::store {

Result<void> Session::set_paused(std::string_view name, bool paused) {
  Lane* lane = find(name);
  if (lane == nullptr)
    return fail(ErrorCode::invalid, "pause a lane", "there is no lane '" + std::string(name) + "'");
  auto done = lane_table_.set_paused(lane->record.lane, paused);
  if (!done) return done;
  lane->staged = lane->latest();
  lane->staged->paused = paused;
  return {};
}

bool Session::in_flight(std::size_t lane_index) const noexcept {
  const Lane& lane = lanes_.at(lane_index);
  return lane.pins.highest() > lane.settled.cursor();
}

Result<void> Session::retire(std::size_t lane_index) {
  const LaneRecord record = lanes_.at(lane_index).record;
  HOLDFAST_CHECK(record.cursor == lanes_[lane_index].durable.last_seq && lanes_.size() > 1);
  if (auto done = begin(); !done) return done;
  auto done = lane_table_.set_retired(record.lane, true);
  if (done) done = commit();
  if (!done) {
    roll_back();
    return done;
  }
  lanes_.erase(lanes_.begin() + static_cast<std::ptrdiff_t>(lane_index));
  retired_.push_back(record);
  retired_.back().retired = true;
  // The lane is gone; its empty table goes with the next opening at the latest.
  (void)LaneRows::drop(connection_, record.lane);
  return {};
}

}  // namespace holdfast::store
