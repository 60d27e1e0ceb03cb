// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/outbox.hpp>

#include "bench/workplace.hpp"

namespace holdfast::bench {

/// What the parts of the bench are given.
struct Plan {
  const Workplace& place;
  PlatformView platform;
  std::size_t rounds = 5;
  std::uint64_t events = 4'000;
  std::uint64_t large = 1'000'000;
  /// One opening or fetch takes less than a scheduler's whim: a round is the median of so many.
  std::size_t openings = 9;
  std::size_t fetches = 101;
  /// Before the heap is looked at for the first time, so much has passed through the store, and left it: its
  /// page cache is full, as on a device that has run for a while.
  std::uint64_t heap_warm_up_events = 20'000;
  std::uint64_t budget_bytes = 64ULL << 20U;         ///< of the stores that events rush through
  std::uint64_t large_budget_bytes = 512ULL << 20U;  ///< of the two that are compared in size
};

}  // namespace holdfast::bench
