// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/records.hpp>
#include <optional>
#include <string>
#include <vector>

#include "prove/crash/consumer.hpp"
#include "prove/crash/ledger.hpp"
#include "prove/crash/rig.hpp"

namespace holdfast::prove {

/// What the product shows of an image when it opens it and goes on working: asked for as an application and a relay ask.
struct Observation {
  struct Lane {
    std::int64_t committed = 0;
    std::int64_t settled = 0;
    std::int64_t backlog = 0;
    std::vector<ToldEvent> pending;  ///< as fetched, in order
    std::vector<std::int64_t> quarantined;
  };
  std::string refused;  ///< not empty: it did not open, and why
  std::array<Lane, kLanes> lanes;
  State state;
  std::vector<GapRecord> gaps;  ///< not acknowledged yet
  std::string warning;          ///< "the store was damaged and set aside ..."
  bool mended = false;          ///< it was set aside while it was looked at: what was seen before may be gone
  std::uint64_t rows_damaged = 0;
  std::vector<std::string> findings;  ///< whatever else went wrong while looking
  std::uint64_t file_bytes = 0;       ///< database and WAL, at most
  // The first write after the opening.
  bool drained = false;  ///< there was no room for it before all that was pending had been acknowledged
  ToldWrite next;
  std::vector<EpochRecord> epochs;  ///< not acknowledged, after it
  std::size_t opened_at = 0;        ///< operations of a recording, when there is one
  std::size_t wrote_at = 0;
  std::optional<DrainObservation> drain;  ///< when a consumer was there
};

struct Look {
  Variation variation;
  std::uint64_t seed = 0;                          ///< of epochs and of what is written
  bool thorough = false;                           ///< also drains, checkpoints, checks the file, closes
  platform::sim::DiskLog* log = nullptr;           ///< records what is done
  std::uint64_t budget_bytes = kProveBudgetBytes;  ///< 0: whatever the store has
  std::string path = kProvePath;
  bool create = true;
  Consumer* consumer = nullptr;  ///< thorough: drained to it, by the relay; else by hand
};

/// Mounts the image, opens it with the product's own open, looks, writes, and takes the power away again.
[[nodiscard]] Observation observe(Rig& rig, platform::sim::DiskImage image, const Look& look);
/// The same with what is mounted, which stays.
[[nodiscard]] Observation observe_again(Rig& rig, const Look& look);

}  // namespace holdfast::prove
