// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/time.hpp>

/// How fast something may be spent: a token bucket that reads no clock.
///
/// 1. It fills at `per_s` tokens a second up to `burst` worth of time, and begins full.
/// 2. It is open while there is anything in it. What is spent beyond that is a debt, and the bucket stays shut until
///    the debt is paid. So a packet larger than the whole bucket is sent, and paid for later, and the price need
///    not be known before.
/// 3. In any span of time T at most per_s * (burst + T) tokens are spent, and one spending more.
/// 4. Whole tokens are worth time, rounded up to a nanosecond: never faster than asked for.
namespace holdfast::flow {

class TokenBucket {
 public:
  /// `per_s` 0: always open. `burst` is at least a nanosecond.
  TokenBucket(std::uint64_t per_s, Duration burst);

  [[nodiscard]] bool is_open(Instant now) const noexcept { return now >= opens_at(); }
  /// The first instant at which it is open.
  [[nodiscard]] Instant opens_at() const noexcept;
  /// Spends `tokens`, open or not.
  void spend(std::uint64_t tokens, Instant now) noexcept;

 private:
  std::uint64_t per_s_;
  Duration burst_;
  Instant empty_at_ = Instant::min();  // were it empty at this instant, it would hold now what it does hold
};

}  // namespace holdfast::flow
