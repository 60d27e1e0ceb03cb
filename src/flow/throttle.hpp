// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/time.hpp>
#include <vector>

#include "flow/token_bucket.hpp"

/// How fast packets may be sent: several pairs of limits, and all of them hold.
namespace holdfast::flow {

/// 0: no limit.
struct Rate {
  std::uint64_t packets_per_s = 0;
  std::uint64_t bytes_per_s = 0;
  Duration burst =
      std::chrono::seconds{1};  ///< what may be sent at once, as the time that it takes to earn it
};

class Throttle {
 public:
  void limit(const Rate& rate);

  [[nodiscard]] bool is_open(Instant now) const noexcept { return now >= opens_at(); }
  [[nodiscard]] Instant opens_at() const noexcept;
  /// A packet of `bytes` was sent.
  void sent(std::uint64_t bytes, Instant now) noexcept;

 private:
  std::vector<TokenBucket> packets_;
  std::vector<TokenBucket> bytes_;
};

}  // namespace holdfast::flow
