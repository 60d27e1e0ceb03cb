// SPDX-License-Identifier: MIT
#include "flow/lease_board.hpp"

#include <holdfast/check.hpp>

namespace holdfast::flow {

LeaseBoard::LeaseBoard(std::size_t relays, Duration term, Instant now) : relays_(relays), term_(term) {
  HOLDFAST_CHECK(relays >= 1 && relays <= limits::kRelaysMax && term > Duration{0});
  for (Share& share : shares_) share.until = saturating_add(now, term);
}

LeaseBoard::Decision LeaseBoard::claim(std::size_t relay, ShareSet keeps, Instant now) {
  HOLDFAST_CHECK(relay < relays_);
  Decision decision;
  for (std::size_t n = 0; n < relays_; ++n) {
    Share& share = shares_[n];
    if (share.holder != relay) continue;
    share.until = saturating_add(now, term_);
    decision.held[n] = keeps[n];
    decision.let_go[n] = !keeps[n];
    if (keeps[n]) continue;
    share.holder.reset();
    share.wanted_back = false;
  }
  Share& home = shares_[relay];
  if (!home.holder || home.until <= now) take(relay, relay, now, decision);
  if (home.holder != relay) home.wanted_back = true;
  for (std::size_t n = 0; n < relays_; ++n) {
    if (shares_[n].until > now) continue;
    take(n, relay, now, decision);
    break;
  }
  for (std::size_t n = 0; n < relays_; ++n)
    decision.wanted_back[n] = decision.held[n] && shares_[n].wanted_back;
  return decision;
}

void LeaseBoard::take(std::size_t n, std::size_t relay, Instant now, Decision& decision) {
  Share& share = shares_[n];
  if (share.holder) decision.dispossessed.set(*share.holder);
  share = {relay, saturating_add(now, term_), false};
  decision.held.set(n);
  decision.taken.set(n);
}

bool LeaseBoard::holds(std::size_t relay, ShareSet shares) const noexcept {
  for (std::size_t n = 0; n < shares_.size(); ++n)
    if (shares[n] && shares_[n].holder != relay) return false;
  return true;
}

}  // namespace holdfast::flow
