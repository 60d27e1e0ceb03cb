// SPDX-License-Identifier: MIT
#include <atomic>
#include <holdfast/platform/sim.hpp>

namespace holdfast::platform::sim {

// SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
std::uint64_t SeededEntropy::next() {
  constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;
  std::uint64_t bits = std::atomic_ref(state_).fetch_add(kStep) + kStep;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31);
}

}  // namespace holdfast::platform::sim
