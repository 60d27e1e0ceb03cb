// SPDX-License-Identifier: MIT
#include "relay/share_keeper.hpp"

#include <holdfast/check.hpp>
#include <utility>

namespace holdfast::relay {

ShareKeeper::ShareKeeper(std::size_t relay, std::size_t relays, Duration term) noexcept
    : term_(term), lease_{relay, relays, relays == 1 ? ShareSet{1} : ShareSet{}, 0} {}

std::optional<ShareClaim> ShareKeeper::next_claim(Instant now, bool quiet) noexcept {
  if (alone() || asked_ || change_) return std::nullopt;
  const bool leaves = wanted_back_.any() && quiet && now >= leave_at_;
  if (!leaves && now < claim_at_) return std::nullopt;
  asked_ = true;
  return ShareClaim{lease_.relay, leaves ? lease_.held & ~wanted_back_ : lease_.held};
}

void ShareKeeper::accept(std::optional<ShareGrant> grant, Instant now) {
  HOLDFAST_CHECK(asked_);
  asked_ = false;
  claim_at_ = saturating_add(now, term_ / 3);
  leave_at_ = grant ? Instant::min() : claim_at_;
  if (!grant) return;
  wanted_back_ = grant->wanted_back;
  if (grant->lease == lease_)
    until_ = grant->until;
  else
    change_ = std::move(grant);
}

std::optional<ShareGrant> ShareKeeper::take_change(bool quiet) {
  if (!change_ || !quiet) return std::nullopt;
  lease_ = change_->lease;
  until_ = change_->until;
  return std::exchange(change_, std::nullopt);
}

}  // namespace holdfast::relay
