// SPDX-License-Identifier: MIT
#include "prove/relays/plan.hpp"

#include <utility>

#include <holdfast/platform/sim.hpp>

namespace holdfast::prove {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kCalmMsMax = 150;
constexpr std::uint64_t kHalfOpenMsMin = 50;
constexpr std::uint64_t kHalfOpenMsMax = 300;
// A share moves at the next claim after the term, and there is one in each third of it.
constexpr milliseconds kAwayFor = 2 * kLeaseTerm;

}  // namespace

RelaysPlan make_relays_plan(std::uint64_t seed, std::size_t connections, bool killed) {
  platform::sim::SeededEntropy entropy(seed);
  const auto between = [&entropy](std::uint64_t low, std::uint64_t high) {
    return low + entropy.next() % (high - low + 1);
  };
  RelaysPlan plan;
  plan.killed = killed;
  plan.until_killed = milliseconds(between(0, kCalmMsMax));
  for (int i = 0; i < kLinkTroubles; ++i) {
    const auto trouble = static_cast<LinkTrouble>(i);
    const milliseconds half_open(between(kHalfOpenMsMin, kHalfOpenMsMax));
    plan.faults.push_back({trouble, static_cast<std::size_t>(between(1, connections)),
                           milliseconds(between(0, kCalmMsMax)),
                           trouble == LinkTrouble::away ? kAwayFor : half_open});
  }
  for (std::size_t i = plan.faults.size() - 1; i > 0; --i)
    std::swap(plan.faults[i], plan.faults[static_cast<std::size_t>(between(0, i))]);
  return plan;
}

}  // namespace holdfast::prove
