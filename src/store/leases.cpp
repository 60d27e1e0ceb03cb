// SPDX-License-Identifier: MIT
#include "store/leases.hpp"

#include "base/crc32c.hpp"

namespace holdfast::store {

bool ShareLease::covers(LaneNumber lane, bool spread, std::string_view key) const noexcept {
  if (alone()) return true;
  const std::size_t number =
      spread ? base::crc32c(std::as_bytes(std::span(key))) : static_cast<std::size_t>(lane);
  return held[number % shares];
}

Result<Leases::Granted> Leases::claim(const ShareClaim& claim, Instant now, const Write& write) {
  flow::LeaseBoard after = board_;
  const auto decision = after.claim(claim.relay, claim.keeps, now);
  const bool moved = decision.taken.any() || decision.let_go.any();
  std::int64_t& token = tokens_.at(claim.relay);
  if (moved) {
    const auto written = write(decision);
    if (!written) return tl::unexpected<Error>(written.error());
    token = std::max(token, *written);
  }
  board_ = after;
  return Granted{.lease = {claim.relay, board_.relays(), decision.held, token},
                 .wanted_back = decision.wanted_back,
                 .dispossessed = decision.dispossessed,
                 .moved = moved};
}

// What was lost and taken again has a newer token.
bool Leases::is_current(const ShareLease& lease) const noexcept {
  return lease.relay < board_.relays() && lease.token == tokens_.at(lease.relay) &&
         board_.holds(lease.relay, lease.held);
}

}  // namespace holdfast::store
