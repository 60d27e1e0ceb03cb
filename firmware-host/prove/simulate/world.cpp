// SPDX-License-Identifier: MIT
#include "prove/simulate/world.hpp"

#include <algorithm>
#include <holdfast/check.hpp>

namespace holdfast::prove {
namespace {

constexpr int kRoundsAtOneInstantMax = 100'000;  // more: somebody spins

}  // namespace

// Steps everybody who is due or called until nobody is; returns when somebody will be.
Instant World::settle_down() {
  for (int rounds = 0;; ++rounds) {
    HOLDFAST_CHECK(rounds < kRoundsAtOneInstantMax);
    const Instant now = clock.now();
    bool quiet = true;
    Instant next = Instant::max();
    for (Place& place : places_) {
      if (place.actor->called() || place.due <= now) {
        place.due = place.actor->step();
        quiet = false;
      }
      next = std::min(next, place.due);
    }
    next = std::min(next, broker.next_event());
    if (quiet && next > now) return next;
    clock.advance(Duration(0));
  }
}

void World::run_for(Duration time) {
  const Instant end = clock.now() + time;
  while (clock.now() < end) clock.advance(std::min(settle_down(), end) - clock.now());
  (void)settle_down();
}

bool World::run_until(const std::function<bool()>& done, Duration patience) {
  const Instant end = clock.now() + patience;
  while (!done()) {
    if (clock.now() >= end) return false;
    clock.advance(std::min(settle_down(), end) - clock.now());
  }
  return true;
}

}  // namespace holdfast::prove
