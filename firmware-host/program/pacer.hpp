// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include <holdfast/time.hpp>

namespace holdfast::program {

/// When to write next, and how much, for an even rate of events. What could not be kept up with for longer
/// than a second is given up: a load is a rate, not a debt.
class Pacer {
 public:
  /// `events_per_s` is more than 0.
  Pacer(double events_per_s, Instant now);
  /// Events that are due and not yet taken, at most `count_max`; they are taken.
  [[nodiscard]] std::size_t take(Instant now, std::size_t count_max);
  /// When the next one is due, at least 5 ms from now so that a high rate is written in groups.
  [[nodiscard]] Instant next(Instant now) const;

 private:
  [[nodiscard]] double due(Instant now) const;

  double events_per_s_;
  Instant since_;
  std::uint64_t taken_ = 0;  // since since_
};

}  // namespace holdfast::program
