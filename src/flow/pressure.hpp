// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/options.hpp>
#include <string>

/// How short of room the store is (DESIGN.md 5).
///
///   state      enter at                leave below
///   normal
///   conserve   60 %                    50 %
///   shed       80 %                    70 %
///   protect    92 %                    85 %
///   emergency  97 %, or an I/O error   92 %, and a commit has succeeded since
///
/// 1. `used` is compared with the capacity of the same look, in whole per cent, rounded down. Both marks are
///    whole numbers, so the rounding moves no decision and a reported figure never contradicts the state.
/// 2. One look may climb several states. It may also fall through several, one after the other, as long as
///    each one's own leave mark allows it. It never does both.
/// 3. Between the two marks of a state nothing changes: a store that hovers at a mark does not flap.
/// 4. An I/O error is an emergency however empty the store is, and only a commit after it is proof that the
///    medium works again. A commit that the same look reports may be older than the error: it does not count.
/// 5. The commit and the room may be seen by different looks, in either order. So every state has an exit:
///    a look at an empty store after a successful commit is `normal`.
namespace holdfast::flow {

/// What one look at the disk says. Page counts are below 2^32 (SQLite's own bound).
struct PressureSample {
  std::uint64_t used_pages = 0;      ///< pages of retained rows are not counted
  std::uint64_t capacity_pages = 0;  ///< at least 1
  bool trouble = false;              ///< an I/O error since the last look
  bool committed = false;            ///< a successful commit since the last look
};

class PressureGauge {
 public:
  /// Takes one look and returns the state now.
  Pressure look(const PressureSample& sample);

  [[nodiscard]] Pressure state() const noexcept { return state_; }
  /// One line with figures, for people: `used 83 % of 13,000 pages: shed until below 70 %`.
  [[nodiscard]] std::string reason() const;
  /// Pages that must become free so that the present state is left: how much shedding is due. 0 in normal and
  /// conserve, which shed nothing, and in an emergency that waits for a commit only.
  [[nodiscard]] std::uint64_t pages_over() const noexcept;

 private:
  [[nodiscard]] std::uint64_t percent() const noexcept;
  [[nodiscard]] bool may_leave() const noexcept;
  void fall() noexcept;
  void climb() noexcept;
  [[nodiscard]] std::string way_out() const;

  Pressure state_ = Pressure::normal;
  std::uint64_t used_ = 0;
  std::uint64_t capacity_ = 0;  // 0: not looked yet
  bool trouble_ = false;        // an I/O error began this emergency, or fell into it
  bool committed_ = false;  // a commit has succeeded since the emergency began and since the last I/O error
};

}  // namespace holdfast::flow
