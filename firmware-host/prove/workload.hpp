// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prove/ledger.hpp"
#include "prove/rig.hpp"

namespace holdfast::prove {

/// What was done to a disk, and what those were told who had it done.
struct Recording {
  platform::sim::DiskLog log;
  Ledger ledger;
  Variation variation;
  std::vector<std::string> complaints;  ///< what went wrong although nobody cut the power
};

struct WorkloadPlan {
  std::uint64_t seed = 1;
  bool from_nothing = false;  ///< the making of the store is recorded, and little else
};

/// One life of a store on `rig`, driven as the runtime and the relay drive it: writes, groups with callers that fail,
/// acknowledgements, refusals, pressure, checkpoints, closings, kills. The seed decides everything.
[[nodiscard]] Recording record_workload(Rig& rig, const WorkloadPlan& plan);

}  // namespace holdfast::prove
