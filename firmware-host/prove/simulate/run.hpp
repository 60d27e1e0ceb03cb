// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "prove/simulate/ledger.hpp"
#include "prove/simulate/plan.hpp"
#include "prove/simulate/story.hpp"

namespace holdfast::prove {

struct SimulatedDevice {
  std::string name;
  DevicePlan plan;
  SimulatedFates fates;
  std::uint64_t rejected = 0;  ///< writes that found no room, and were told so
  std::uint64_t boots = 0;
  std::uint64_t peak_bytes = 0;  ///< of database and WAL
};

struct SimulateReport {
  SimulatePlan plan;
  std::vector<SimulatedDevice> devices;
  SimulatedStory story;
  std::uint64_t published = 0;   ///< events that reached the broker, each time
  std::uint64_t received = 0;    ///< messages that reached the inbox: events, gap and epoch records
  std::uint64_t duplicates = 0;  ///< of them, events that it knew
  std::uint64_t gap_records = 0;
  std::uint64_t never_committed = 0;  ///< of them, about seqs that there never were
  std::uint64_t rewinds = 0;          ///< that the inbox has reported
  std::uint64_t resend_requests = 0;  ///< of the backend
  std::uint64_t broker_dropped = 0;   ///< messages for which the broker's queue had no room
  std::uint64_t connects = 0;
  Duration drained_in{};  ///< virtual time from the end of all trouble until everything was delivered
  std::vector<std::string> complaints;  ///< at most SimulatedLedger::kComplaintsMax
  std::uint64_t complaints_in_all = 0;

  [[nodiscard]] bool passed() const noexcept { return complaints_in_all == 0; }
  [[nodiscard]] SimulatedFates total() const;
};

/// Bugs to plant, so that a test can see that a simulation fails.
struct SimulatePlant {
  bool effect_twice = false;  ///< the effect of one event in fifty runs twice
  bool no_resend = false;     ///< the backend does not ask again for what is missing
  bool phantom = false;       ///< one write in fifty is not on the application's books
  bool lying_disk = false;    ///< the devices' disks ignore flushes of the WAL
};

/// Lives the plan's life, then ends all trouble, and waits until everything is delivered. Deterministic: one thread, and the
/// plan decides everything. `progress` is told the simulated time now and then.
[[nodiscard]] SimulateReport simulate(const SimulatePlan& plan, const SimulatePlant& plant = {},
                                      const std::function<void(Duration)>& progress = {});

}  // namespace holdfast::prove
