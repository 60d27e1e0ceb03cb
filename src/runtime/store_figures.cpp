// SPDX-License-Identifier: MIT
//
// What is published about the store: marks and counters with every commit, the rest now and then.
#include <algorithm>
#include <utility>

#include "runtime/store_thread.hpp"

namespace holdfast::runtime {

StoreStatistics StoreThread::store_statistics() const {
  const Lock lock(mutex_);
  return published_.store;
}

std::vector<LaneStatistics> StoreThread::lane_statistics() const {
  const Instant now = clock_.now();
  const Lock lock(mutex_);
  std::vector<LaneStatistics> lanes = published_.lanes;
  for (std::size_t i = 0; i < lanes.size() && i < published_.marks.size(); ++i) {
    lanes[i].committed_seq = published_.marks[i].committed_seq;
    lanes[i].settled_seq = published_.marks[i].settled_seq;
    lanes[i].backlog_events = published_.marks[i].backlog_events;
    if (lanes[i].oldest_age) lanes[i].oldest_age = now - published_.oldest_at[i];
    if (lanes[i].backlog_events > 0) continue;
    lanes[i].backlog_bytes = 0;  // the last look saw events that are gone
    lanes[i].oldest_age.reset();
  }
  return lanes;
}

// After every change. Without marks the file is not open now: the last figures stand.
void StoreThread::publish() {
  statistics_stale_ = true;
  const std::vector<store::Watermark> marks = store_->watermarks();
  bool other_lanes = false;
  {
    const Lock lock(mutex_);
    other_lanes = !marks.empty() && marks.size() != published_.lanes.size();
    if (!marks.empty() && !other_lanes) published_.marks = marks;
    store_->refresh(published_.store);
    for (platform::Waker* flush : flushes_) flush->wake();
  }
  if (other_lanes) publish_figures();
  announce(marks);
}

// Housekeeping settles events, too: those it drops. Only the baton's holder changes what is published.
bool StoreThread::marks_moved() const {
  const std::vector<store::Watermark> marks = store_->watermarks();
  return !std::equal(marks.begin(), marks.end(), published_.marks.begin(), published_.marks.end(),
                     [](const store::Watermark& now, const store::Watermark& told) {
                       return now.lane == told.lane && now.committed_seq == told.committed_seq &&
                              now.settled_seq == told.settled_seq &&
                              now.backlog_events == told.backlog_events;
                     });
}

void StoreThread::announce(const std::vector<store::Watermark>& marks) {
  if (listener_.committed && !marks.empty()) {
    if (announced_.size() != marks.size()) announced_.assign(marks.size(), {});
    for (std::size_t i = 0; i < marks.size(); ++i) {
      if (marks[i].committed_seq <= announced_[i].committed_seq) continue;
      announced_[i] = marks[i];
      listener_.committed(marks[i].lane, marks[i].committed_seq);
    }
  }
  if (std::exchange(look_again_, false) && listener_.look_again) listener_.look_again();
  if (listener_.control_committed && store_->take_control_news()) listener_.control_committed();
}

void StoreThread::publish_figures() {
  const Instant now = clock_.now();
  statistics_due_ = now + kStatisticsPeriod;
  statistics_stale_ = false;
  StoreStatistics store = store_->statistics();
  std::vector<LaneStatistics> lanes = store_->lane_statistics();
  std::vector<store::Watermark> marks = store_->watermarks();
  const Lock lock(mutex_);
  published_.store = std::move(store);
  if (lanes.empty()) return;
  published_.oldest_at.clear();
  for (const LaneStatistics& lane : lanes)
    published_.oldest_at.push_back(now - lane.oldest_age.value_or(Duration(0)));
  published_.lanes = std::move(lanes);
  published_.marks = std::move(marks);
}

}  // namespace holdfast::runtime
