// SPDX-License-Identifier: MIT
#include "flow/token_bucket.hpp"

#include <algorithm>
#include <holdfast/check.hpp>

namespace holdfast::flow {
namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
// 4 GiB at once take 4 * 10^18 ns at one byte a second: below the 9 * 10^18 of a Duration.
constexpr std::uint64_t kTokensMax = 4ULL * 1024 * 1024 * 1024;

}  // namespace

TokenBucket::TokenBucket(std::uint64_t per_s, Duration burst) : per_s_(per_s), burst_(burst) {
  HOLDFAST_CHECK(burst >= Duration{1});
}

Instant TokenBucket::opens_at() const noexcept {
  if (per_s_ == 0 || empty_at_ == Instant::min()) return Instant::min();
  return saturating_add(empty_at_, Duration{1});
}

void TokenBucket::spend(std::uint64_t tokens, Instant now) noexcept {
  if (per_s_ == 0 || tokens == 0) return;
  const std::uint64_t price = std::min(tokens, kTokensMax) * kNanosecondsPerSecond;
  const auto worth = static_cast<Duration::rep>(price / per_s_ + (price % per_s_ == 0 ? 0 : 1));
  empty_at_ = saturating_add(std::max(empty_at_, now - burst_), Duration{worth});
}

}  // namespace holdfast::flow
