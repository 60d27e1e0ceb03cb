// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <holdfast/result.hpp>

#include "flow/lease_board.hpp"
#include "store/lease.hpp"

namespace holdfast::store {

/// The leases of the relays of this opening. They live here, in memory: renewing writes nothing. A taking is stored
/// before it counts, because its token has to be higher than all before, also those of earlier openings.
///
/// The token is the fence. A relay that was stuck while it lost a share still believes in the lease with the token
/// of before; is_current() tells, and what it asks the store for is not done.
class Leases {
 public:
  Leases(std::size_t relays, Duration term, Instant now) : board_(relays, term, now) {}

  /// Stores what was taken and let go of, in one transaction; returns the highest token of what was taken.
  using Write = std::function<Result<std::int64_t>(const flow::LeaseBoard::Decision&)>;
  struct Granted {
    ShareLease lease;
    ShareSet wanted_back;
    std::bitset<limits::kRelaysMax> dispossessed;  ///< relays that have lost something
    bool moved = false;                            ///< a share was taken or let go of
  };
  [[nodiscard]] Result<Granted> claim(const ShareClaim& claim, Instant now, const Write& write);
  [[nodiscard]] bool is_current(const ShareLease& lease) const noexcept;
  [[nodiscard]] Duration term() const noexcept { return board_.term(); }

 private:
  flow::LeaseBoard board_;
  std::array<std::int64_t, limits::kRelaysMax> tokens_{};  // of the last taking, by relay
};

}  // namespace holdfast::store
