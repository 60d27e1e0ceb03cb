// SPDX-License-Identifier: MIT
#include "prove/crash/sample.hpp"

#include <algorithm>
#include <holdfast/platform/sim.hpp>

namespace holdfast::prove {

std::uint64_t mixed(std::uint64_t one, std::uint64_t other) {
  using platform::sim::SeededEntropy;
  return SeededEntropy(SeededEntropy(one).next() ^ other).next();
}

Sample::Sample(const platform::sim::DiskLog& log, const Ledger& ledger, std::uint64_t seed,
               std::uint64_t wanted, Media media)
    : seed_(seed) {
  CrashImages images(log, seed, media);
  std::array<std::uint64_t, kPhaseNames.size()> counts{};
  phases_.reserve(images.last_point() + 1);
  for (std::size_t point = 0; point <= images.last_point(); ++point) {
    images.move_to(point);
    const Step* step = point > 0 ? ledger.step_of(point - 1) : nullptr;
    phases_.push_back(step != nullptr ? step->phase : Phase::opening);
    counts.at(static_cast<std::size_t>(phases_.back())) += images.variants();
  }
  const double points = static_cast<double>(phases_.size());
  plain_share_ = std::min(1.0, static_cast<double>(wanted) / 2 / points);
  divide(counts, static_cast<double>(wanted));
}

bool Sample::takes(std::size_t point, std::size_t variant) const {
  const double dice = static_cast<double>(mixed(seed_ + point, variant) >> 11U) * 0x1.0p-53;
  return dice < (variant < 2 ? plain_share_ : shares_.at(static_cast<std::size_t>(phases_[point])));
}

// What a phase cannot use is divided among the others.
void Sample::divide(const std::array<std::uint64_t, kPhaseNames.size()>& counts, double wanted) {
  std::vector<std::size_t> order;
  for (std::size_t phase = 0; phase < counts.size(); ++phase) {
    if (counts.at(phase) > 0) order.push_back(phase);
  }
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return counts.at(a) < counts.at(b); });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto count = static_cast<double>(counts.at(order[i]));
    const double share = std::min(count, wanted / static_cast<double>(order.size() - i));
    shares_.at(order[i]) = share / count;
    wanted -= share;
  }
}

}  // namespace holdfast::prove
