// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "prove/crash/images.hpp"
#include "prove/crash/ledger.hpp"

namespace holdfast::prove {

/// Two numbers as one that looks like neither.
[[nodiscard]] std::uint64_t mixed(std::uint64_t one, std::uint64_t other);

/// Which variants of which points are looked at: a share of each phase, so that a phase with few operations is not
/// drowned by one with many. All by hash, so that any state is chosen or not whatever else is.
class Sample {
 public:
  /// About `wanted` of all.
  Sample(const platform::sim::DiskLog& log, const Ledger& ledger, std::uint64_t seed, std::uint64_t wanted,
         Media media);
  /// The first two variants of each point are looked at whatever its phase: nothing and everything.
  [[nodiscard]] bool takes(std::size_t point, std::size_t variant) const;

 private:
  void divide(const std::array<std::uint64_t, kPhaseNames.size()>& counts, double wanted);

  std::uint64_t seed_;
  std::vector<Phase> phases_;
  double plain_share_ = 1;
  std::array<double, kPhaseNames.size()> shares_{};
};

}  // namespace holdfast::prove
