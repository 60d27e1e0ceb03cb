// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/time.hpp>
#include <optional>

#include "store/lease.hpp"

/// Which part of the work one of several relays drains, and until when.
///
///                 claim                    granted the same
///   connected ------------> asked ---------------------------------> sends until the term is over
///        ^                    |                                        |  claims again after a third of it
///        |                    | granted more, less or anew             |
///        |                    v                                        | asked back
///        |              changing: sends nothing                        v
///        '------------- until nothing is in flight <------- leaving: sends nothing until
///                       then drains that                    nothing is in flight, then claims less
///
/// 1. What a relay drains changes only while nothing of it is in flight or with the store. So no answer ever meets
///    a lane that begins anew.
/// 2. A relay without a connection does not claim: when its term is over the others may have its part.
/// 3. After the term nothing is sent, whatever else happens: another relay may be at it. What is in flight may be
///    answered.
/// 4. At most one claim is under way. One that could not be stored is answered with what is held, until the old end.
/// 5. A single relay drains everything, for ever, and claims nothing.
namespace holdfast::relay {

using store::ShareClaim;
using store::ShareGrant;
using store::ShareLease;
using store::ShareSet;

class ShareKeeper {
 public:
  /// One of `relays`.
  ShareKeeper(std::size_t relay, std::size_t relays, Duration term) noexcept;

  [[nodiscard]] bool alone() const noexcept { return lease_.alone(); }
  [[nodiscard]] const ShareLease& lease() const noexcept { return lease_; }

  /// Claims at once: there is a connection, or another relay has let go of something.
  void look() noexcept { claim_at_ = Instant::min(); }
  /// The claim to make now; it counts as made.
  [[nodiscard]] std::optional<ShareClaim> next_claim(Instant now, bool quiet) noexcept;
  /// nullopt: it could not be stored.
  void accept(std::optional<ShareGrant> grant, Instant now);
  /// What is to be drained from now on, in place of what was; the change counts as made. `quiet`: see 1.
  [[nodiscard]] std::optional<ShareGrant> take_change(bool quiet);

  [[nodiscard]] bool may_send(Instant now) const noexcept {
    return alone() || (!change_ && wanted_back_.none() && now < until_);
  }
  /// When next_claim() should be asked although nothing has happened.
  [[nodiscard]] Instant next_call() const noexcept { return alone() || asked_ ? Instant::max() : claim_at_; }

 private:
  Duration term_;
  ShareLease lease_;
  Instant until_ = Instant::min();
  Instant claim_at_ = Instant::min();
  Instant leave_at_ = Instant::min();  // not before: the last claim could not be stored
  ShareSet wanted_back_;
  bool asked_ = false;
  std::optional<ShareGrant> change_;
};

}  // namespace holdfast::relay
