// SPDX-License-Identifier: MIT
#include "prove/simulate/plan.hpp"

#include <algorithm>
#include <holdfast/platform/sim.hpp>

namespace holdfast::prove {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t kSwarmEventsMax =
    50'000;  // of one device in the swarm, so that a long life does not take long
constexpr std::int64_t kLooks =
    5'000;  // of the backend, for what it misses: each costs a query for each epoch
constexpr std::uint64_t kMegabyte = 1024ULL * 1024;

class Planner {
 public:
  explicit Planner(const SimulateOptions& options)
      : options_(options), span_(hours(24 * options.days)), dice_(options.seed * 0x9e3779b97f4a7c15ULL + 1) {}

  SimulatePlan run() {
    SimulatePlan plan{options_, span_, {}, {}, 0, {}};
    plan.look_period = std::clamp<Duration>(span_ / kLooks, seconds(10), minutes(10));
    for (std::size_t i = 0; i < options_.devices; ++i) {
      const bool cut_off = options_.scenario == Scenario::outage && i == 0;
      plan.devices.push_back(cut_off ? cut_off_device() : swarm_device());
      plan.devices.back().sample_period = span_ / static_cast<std::int64_t>(kSimulatedSamples);
    }
    for (std::size_t i = kDeviceTroubles; i < kTroubles; ++i) draw(plan.common, static_cast<Mishap>(i));
    plan.session_messages_max = one_in(3) ? 1'000 : 100'000;  // Mosquitto's default, or a generous one
    return plan;
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return dice_.next() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  // Between the two, small ones as often as large ones.
  Duration between(Duration least, Duration most) {
    Duration bound = least;
    for (Duration all = least * 2; all < most; all *= 2) {
      if (one_in(4)) break;
      bound = all;
    }
    return bound + Duration(static_cast<std::int64_t>(below(static_cast<std::uint64_t>(bound.count()) + 1)));
  }

  static bool has_no_end(Mishap trouble) {
    switch (trouble) {
      case Mishap::restart:
      case Mishap::clock_jump:
      case Mishap::new_board:
      case Mishap::older_image:
      case Mishap::twin:
      case Mishap::disconnects:
      case Mishap::lost_acks: return true;
      default: return false;
    }
  }

  // There or not, and how much of it: 2 to 24 times in the whole life.
  void draw(std::vector<TroublePlan>& troubles, Mishap trouble) {
    if (one_in(2)) return;
    add(troubles, trouble);
  }
  void add(std::vector<TroublePlan>& troubles, Mishap trouble) {
    const Duration every = span_ / static_cast<std::int64_t>(2 + below(23));
    const Duration most = std::min<Duration>(every / 2, hours(36));
    const bool is_fall =
        trouble == Mishap::kill || trouble == Mishap::power_cut || trouble == Mishap::cut_at_work;
    const Duration lasts =
        is_fall ? between(seconds(2), std::min<Duration>(most, minutes(30))) : between(seconds(20), most);
    troubles.push_back({trouble, every, has_no_end(trouble) ? Duration(0) : lasts});
  }

  // 30 days: 2.6 million events, far more than the budget holds.
  DevicePlan cut_off_device() {
    DevicePlan plan;
    plan.is_cut_off = true;
    plan.period = seconds(1);
    plan.budget_bytes = 64 * kMegabyte;
    plan.data_bytes = 100;
    for (const Mishap trouble : {Mishap::kill, Mishap::power_cut, Mishap::cut_at_work}) {
      add(plan.troubles, trouble);
      plan.troubles.back().lasts = seconds(0);  // it is up again at once: every second has its event
    }
    draw(plan.troubles, Mishap::clock_jump);
    return plan;
  }

  DevicePlan swarm_device() {
    DevicePlan plan;
    const Duration least = std::max<Duration>(seconds(1), span_ / kSwarmEventsMax);
    plan.period = between(least, least * 8);
    plan.budget_bytes = kMegabyte << below(4);
    plan.telemetry = one_in(3) ? WhenFull::thin : WhenFull::drop_oldest;
    plan.bulk = one_in(2) ? WhenFull::keep_latest : WhenFull::thin;
    plan.data_bytes = static_cast<std::size_t>(40 + below(400));
    plan.keys = static_cast<unsigned>(1 + below(8));
    for (std::size_t i = 0; i < kDeviceTroubles; ++i) draw(plan.troubles, static_cast<Mishap>(i));
    return plan;
  }

  SimulateOptions options_;
  Duration span_;
  platform::sim::SeededEntropy dice_;
};

}  // namespace

SimulatePlan plan_simulation(const SimulateOptions& options) { return Planner(options).run(); }

}  // namespace holdfast::prove
