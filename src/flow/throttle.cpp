// SPDX-License-Identifier: MIT
#include "flow/throttle.hpp"

#include <algorithm>

namespace holdfast::flow {

void Throttle::limit(const Rate& rate) {
  if (rate.packets_per_s != 0) packets_.emplace_back(rate.packets_per_s, rate.burst);
  if (rate.bytes_per_s != 0) bytes_.emplace_back(rate.bytes_per_s, rate.burst);
}

Instant Throttle::opens_at() const noexcept {
  Instant opens = Instant::min();
  for (const TokenBucket& bucket : packets_) opens = std::max(opens, bucket.opens_at());
  for (const TokenBucket& bucket : bytes_) opens = std::max(opens, bucket.opens_at());
  return opens;
}

void Throttle::sent(std::uint64_t bytes, Instant now) noexcept {
  for (TokenBucket& bucket : packets_) bucket.spend(1, now);
  for (TokenBucket& bucket : bytes_) bucket.spend(bytes, now);
}

}  // namespace holdfast::flow
