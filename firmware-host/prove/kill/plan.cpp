// SPDX-License-Identifier: MIT
#include "prove/kill/plan.hpp"

#include <array>
#include <utility>

#include <holdfast/platform/sim.hpp>

namespace holdfast::prove {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, kKillPoints> kPointNames = {
    "before_commit", "before_publish", "before_puback", "before_settle", "random_time"};
constexpr std::array<std::string_view, kTroubles> kTroubleNames = {
    "network_down",   "connection_cut", "connection_reset", "half_open",
    "half_a_publish", "half_a_puback",  "slow_network",     "broker_killed"};

constexpr std::uint64_t kPassingMax = 12;
constexpr std::uint64_t kRandomMsMax = 250;  // starting takes some tens of them
constexpr std::uint64_t kTroubleMsMin = 100;
constexpr std::uint64_t kTroubleMsMax = 400;

}  // namespace

std::string_view to_string(KillPoint point) noexcept { return kPointNames[static_cast<std::size_t>(point)]; }
std::string_view to_string(Trouble trouble) noexcept {
  return kTroubleNames[static_cast<std::size_t>(trouble)];
}

std::optional<KillPoint> kill_point(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kPointNames.size(); ++i)
    if (kPointNames[i] == name) return static_cast<KillPoint>(i);
  return std::nullopt;
}

KillPlan make_kill_plan(std::uint64_t seed) {
  platform::sim::SeededEntropy entropy(seed);
  const auto between = [&entropy](std::uint64_t low, std::uint64_t high) {
    return low + entropy.next() % (high - low + 1);
  };
  KillPlan plan;
  plan.seed = seed;
  for (int point = 0; point < kKillPoints; ++point)
    plan.deaths.push_back({static_cast<KillPoint>(point), static_cast<unsigned>(between(1, kPassingMax)),
                           milliseconds(between(1, kRandomMsMax))});
  for (std::size_t i = plan.deaths.size() - 1; i > 0; --i)
    std::swap(plan.deaths[i], plan.deaths[static_cast<std::size_t>(between(0, i))]);
  plan.troubled = {static_cast<Trouble>(seed % kTroubles),
                   milliseconds(between(kTroubleMsMin, kTroubleMsMax)), between(0, 2) == 0};
  plan.troubled_before = static_cast<std::size_t>(between(0, plan.deaths.size()));
  return plan;
}

}  // namespace holdfast::prove
