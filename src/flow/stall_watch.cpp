// SPDX-License-Identifier: MIT
#include "flow/stall_watch.hpp"

#include <algorithm>

namespace holdfast::flow {

void StallWatch::observe(State state, Instant now) noexcept {
  if (state == State::waiting) {
    if (!since_) since_ = now;
    return;
  }
  if (since_) waited_ += now - *since_;
  since_.reset();
  if (state == State::idle) waited_ = Duration{0};
}

void StallWatch::acknowledged(Instant now) noexcept {
  given_up_ = 0;
  refused(now);
}

void StallWatch::refused(Instant now) noexcept {
  waited_ = Duration{0};
  if (since_) since_ = now;
}

bool StallWatch::gives_up(Instant now) noexcept {
  if (now < due_at()) return false;
  waited_ = Duration{0};
  since_ = now;
  given_up_ = std::min(given_up_ + 1, 2U);
  return true;
}

Instant StallWatch::due_at() const noexcept {
  return since_ ? saturating_add(*since_, timeout_ - std::min(waited_, timeout_)) : Instant::max();
}

}  // namespace holdfast::flow
