// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <holdfast/limits.hpp>

namespace holdfast::store {

/// Up to which seq of a lane rows are with the relays: they may be on the wire, and are not dropped.
class Pins {
 public:
  void add(std::size_t relay, std::int64_t seq) noexcept { to_[relay] = std::max(to_[relay], seq); }
  void release(std::size_t relay) noexcept { to_[relay] = 0; }
  [[nodiscard]] std::int64_t highest() const noexcept { return *std::max_element(to_.begin(), to_.end()); }

 private:
  std::array<std::int64_t, limits::kRelaysMax> to_{};
};

}  // namespace holdfast::store
