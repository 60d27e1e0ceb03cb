// SPDX-License-Identifier: MIT
#include "relay/control_feed.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <utility>

namespace holdfast::relay {

bool ControlFeed::take_fetch(Instant now) {
  if (in_flight_ > 0) return false;
  if (resume_at_ && now >= *resume_at_) resume_at_.reset();
  if (resume_at_ || !wanted_ || fetch_ != Fetch::none || !records_.empty()) return false;
  wanted_ = false;
  fetch_ = Fetch::asked;
  return true;
}

void ControlFeed::accept(std::vector<ControlRecord> records) {
  HOLDFAST_CHECK(fetch_ != Fetch::none);
  if (std::exchange(fetch_, Fetch::none) == Fetch::stale) return;
  std::stable_partition(records.begin(), records.end(),
                        [](const auto& r) { return std::holds_alternative<EpochRecord>(r.record); });
  records_.assign(std::make_move_iterator(records.begin()), std::make_move_iterator(records.end()));
}

bool ControlFeed::gates() const noexcept {
  return !resume_at_ && (wanted_ || fetch_ != Fetch::none || !records_.empty());
}

const ControlRecord* ControlFeed::next() const noexcept {
  if (resume_at_ || records_.empty()) return nullptr;
  const bool waits = in_flight_ > 0 && std::holds_alternative<EpochRecord>(records_.front().record);
  return waits ? nullptr : &records_.front();
}

void ControlFeed::taken() {
  HOLDFAST_CHECK(next() != nullptr);
  records_.pop_front();
  in_flight_ += 1;
}

void ControlFeed::acknowledged() {
  HOLDFAST_CHECK(in_flight_ > 0);
  in_flight_ -= 1;
  if (in_flight_ == 0 && !gates() && !resume_at_) breaker_.reset();  // all of them are through
}

void ControlFeed::refused(Instant now, std::uint64_t random) {
  HOLDFAST_CHECK(in_flight_ > 0);
  in_flight_ -= 1;
  if (resume_at_) return;
  resume_at_ = saturating_add(now, breaker_.next(random));
  records_.clear();  // asked for again
  wanted_ = true;
  if (fetch_ == Fetch::asked) fetch_ = Fetch::stale;
}

void ControlFeed::disconnected() {
  records_.clear();
  in_flight_ = 0;
  wanted_ = true;
  if (fetch_ == Fetch::asked) fetch_ = Fetch::stale;
}

std::optional<Instant> ControlFeed::next_call() const noexcept {
  return in_flight_ > 0 ? std::nullopt : resume_at_;
}

}  // namespace holdfast::relay
