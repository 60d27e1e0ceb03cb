// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/outbox.hpp>
#include <holdfast/platform/sim.hpp>
#include <string>

#include "prove/crash/ledger.hpp"
#include "sim/crash_disk.hpp"

namespace holdfast::prove {

inline constexpr const char* kProvePath = "/store.db";

/// How the store of one round is set up.
struct Variation {
  bool growing = false;
  bool thins = false;    ///< the bulk lane thins; else it keeps the latest of each key
  bool retains = false;  ///< settled events are kept for a while
};
[[nodiscard]] Variation variation_of(std::uint64_t seed) noexcept;

/// A device's platform: one thread, virtual time, a disk whose power can be cut.
struct Rig {
  platform::sim::CrashDisk disk;
  platform::sim::VirtualClock clock;
  platform::sim::ScriptedHost host;

  Rig();
  [[nodiscard]] StoreOptions options(const Variation& variation) const;
  [[nodiscard]] PlatformView view(platform::sim::SeededEntropy& entropy) {
    return {clock, disk, entropy, host};
  }
};

}  // namespace holdfast::prove
