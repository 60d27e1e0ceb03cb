// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prove/crash/consumer.hpp"
#include "prove/crash/ledger.hpp"
#include "prove/crash/rig.hpp"

namespace holdfast::prove {

/// What was done to a disk, and what those were told who had it done.
struct Recording {
  platform::sim::DiskLog log;
  Ledger ledger;
  std::vector<Arrival> arrivals;  ///< at a consumer, by the time they did
  Variation variation;
  std::vector<std::string> complaints;  ///< what went wrong although nobody cut the power
};

/// What happens in it beside the ordinary.
enum class Life : std::uint8_t {
  ordinary,
  from_nothing,  ///< the making of the store is recorded, and little else
  migrated,      ///< it begins with a store of an older schema
  resized,       ///< its budget becomes larger, and smaller again
  backed_up,     ///< it is copied to kProveBackupPath
};

struct WorkloadPlan {
  std::uint64_t seed = 1;
  Life life = Life::ordinary;
};

inline constexpr const char* kProveBackupPath = "/backup.db";

/// One life of a store on `rig`, driven as the runtime and the relay drive it: writes, groups with callers that fail,
/// acknowledgements, refusals, pressure, checkpoints, closings, kills. The seed decides everything.
[[nodiscard]] Recording record_workload(Rig& rig, const WorkloadPlan& plan);

}  // namespace holdfast::prove
