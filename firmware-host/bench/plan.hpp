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
};

}  // namespace holdfast::bench
