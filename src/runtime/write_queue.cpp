// SPDX-License-Identifier: MIT
#include "runtime/write_queue.hpp"

#include <algorithm>
#include <iterator>

namespace holdfast::runtime {

void Write::tell(WriteResult outcome) {
  if (callback) callback(outcome);
  ticket->complete(std::move(outcome));
}

// --- the queue ---

void WriteQueue::push(Write write) {
  group_due_ = std::min(group_due_, write.due);
  writes_.push_back(std::move(write));
}

Instant WriteQueue::due() const noexcept {
  if (!writes_.empty() && (hurrying_ || writes_.size() >= group_writes_max_)) return Instant::min();
  return std::min(group_due_, parked_due_);
}

void WriteQueue::take_group(Instant now, std::vector<Write>& group) {
  if (writes_.empty()) return;
  if (!hurrying_ && writes_.size() < group_writes_max_ && group_due_ > now) return;
  const std::size_t count = std::min(writes_.size(), group_writes_max_);
  const auto end = writes_.begin() + static_cast<std::ptrdiff_t>(count);
  group.insert(group.end(), std::make_move_iterator(writes_.begin()), std::make_move_iterator(end));
  writes_.erase(writes_.begin(), end);
  group_due_ = Instant::max();
  for (const Write& write : writes_) group_due_ = std::min(group_due_, write.due);
  promise_places();
}

// --- those who wait for room in the store ---

bool WriteQueue::park(Write& write, WriteResult& outcome) {
  if (used() >= limits::kQueuedWritesMax) return false;
  parked_due_ = std::min(parked_due_, write.deadline);
  parked_.push_back({std::move(write), std::move(outcome)});
  return true;
}

void WriteQueue::unpark() {
  if (parked_.empty()) return;
  for (auto parked = parked_.rbegin(); parked != parked_.rend(); ++parked) {
    parked->write.due = Instant::min();
    writes_.push_front(std::move(parked->write));
  }
  group_due_ = Instant::min();
  parked_.clear();
  parked_due_ = Instant::max();
}

void WriteQueue::take_expired(Instant now, std::vector<Parked>& expired) {
  if (parked_due_ > now) return;
  const auto over = std::stable_partition(
      parked_.begin(), parked_.end(), [now](const Parked& parked) { return parked.write.deadline > now; });
  expired.insert(expired.end(), std::make_move_iterator(over), std::make_move_iterator(parked_.end()));
  parked_.erase(over, parked_.end());
  parked_due_ = Instant::max();
  for (const Parked& parked : parked_) parked_due_ = std::min(parked_due_, parked.write.deadline);
  promise_places();
}

// --- those who wait for a place in the queue ---

bool WriteQueue::leave_line(Place& place) {
  if (place.promised) {
    --promised_;
    return true;
  }
  std::erase(line_, &place);
  return false;
}

void WriteQueue::dismiss_line() {
  for (Place* place : line_) place->bell.wake();
  line_.clear();
}

void WriteQueue::promise_places() {
  while (!line_.empty() && used() < limits::kQueuedWritesMax) {
    Place& first = *line_.front();
    line_.pop_front();
    first.promised = true;
    ++promised_;
    first.bell.wake();
  }
}

}  // namespace holdfast::runtime
