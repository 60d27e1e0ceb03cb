// SPDX-License-Identifier: MIT
//
// The part of the store that tells several relays which of them drains what.
#include <holdfast/check.hpp>
#include <holdfast/platform/clock.hpp>

#include "store/store.hpp"

namespace holdfast::store {

void Store::expect_relays(std::size_t relays, Duration term) {
  leases_.reset();
  if (relays > 1) leases_.emplace(relays, term, platform_.clock.now());
}

Result<ShareGrant> Store::claim_shares(const ShareClaim& claim) {
  HOLDFAST_CHECK(leases_.has_value());
  const Instant now = platform_.clock.now();
  const auto granted = leases_->claim(claim, now, [&](const flow::LeaseBoard::Decision& decision) {
    return store_leases(claim.relay, decision);
  });
  if (!granted) return tl::unexpected<Error>(granted.error());
  lease_news_ = lease_news_ || granted->moved;
  for (std::size_t relay = 0; relay < granted->dispossessed.size(); ++relay)
    if (granted->dispossessed[relay]) release_pins(relay);
  ShareGrant grant{.lease = granted->lease,
                   .until = saturating_add(now, leases_->term()),
                   .wanted_back = granted->wanted_back,
                   .cursors = {}};
  for (const Watermark& mark : watermarks()) grant.cursors.push_back({mark.lane, mark.settled_seq});
  return grant;
}

Result<std::int64_t> Store::store_leases(std::size_t relay, const flow::LeaseBoard::Decision& decision) {
  if (!have_session() || counters_.degraded)
    return fail(ErrorCode::io_error, "store a lease", "the store is not usable now");
  std::int64_t token = 0;
  const auto done = transact([&]() -> Result<void> {
    auto let_go = session_->let_go_of_shares(decision.let_go);
    if (!let_go) return let_go;
    const auto taken = session_->take_shares(relay, decision.taken);
    if (!taken) return tl::unexpected<Error>(taken.error());
    token = *taken;
    return {};
  });
  if (!done) return tl::unexpected<Error>(done.error());
  return token;
}

bool Store::is_current(const ShareLease& lease) const noexcept {
  return lease.alone() || (leases_ && leases_->is_current(lease));
}

}  // namespace holdfast::store
