// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <holdfast/limits.hpp>
#include <holdfast/time.hpp>
#include <optional>

/// Which of several relays drains which share of the work.
///
/// The work is cut into as many shares as there are relays; share n is at home with relay n. A relay *claims* once in a
/// while, and what it is granted is its own until the term is over:
///
/// 1. A share is held by one relay at a time, or by nobody.
/// 2. A claim renews what the relay holds and wants to keep, and lets go of the rest.
/// 3. Its home share is taken when nobody holds it, or when the term of whoever holds it is over. Otherwise it
///    is asked back.
/// 4. A share that is not at home is taken only when its term is over: its relay does not claim any more, because
///    it is stuck or without a connection. One at a time, so that several relays divide them.
/// 5. A share that is let go of, and at the beginning each of them, is kept for its home for a term.
///
/// Bounded by limits::kRelaysMax. Reads no clock.
namespace holdfast::flow {

/// Shares of the work: bit n is share n.
using ShareSet = std::bitset<limits::kRelaysMax>;

class LeaseBoard {
 public:
  struct Decision {
    ShareSet held;         ///< what the relay may drain from now on
    ShareSet taken;        ///< of it, what is new
    ShareSet let_go;       ///< what it held before
    ShareSet wanted_back;  ///< of `held`: at home elsewhere, and that relay is back
    /// Who did not keep what is taken.
    std::bitset<limits::kRelaysMax> dispossessed;
  };

  LeaseBoard(std::size_t relays, Duration term, Instant now);

  /// `keeps`: what the relay wants to go on with.
  Decision claim(std::size_t relay, ShareSet keeps, Instant now);

  [[nodiscard]] std::size_t relays() const noexcept { return relays_; }
  [[nodiscard]] Duration term() const noexcept { return term_; }
  [[nodiscard]] bool holds(std::size_t relay, ShareSet shares) const noexcept;

 private:
  struct Share {
    std::optional<std::size_t> holder;
    Instant until;  ///< only its holder or, when there is none, its home may have it before
    bool wanted_back = false;
  };
  void take(std::size_t share, std::size_t relay, Instant now, Decision& decision);

  std::size_t relays_;
  Duration term_;
  std::array<Share, limits::kRelaysMax> shares_;
};

}  // namespace holdfast::flow
