// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/event.hpp>
#include <holdfast/result.hpp>

/// What a device says about itself beside its events. Both travel as CloudEvents with JSON data; the format
/// stands in src/README.md.
namespace holdfast {

inline constexpr std::string_view kGapType = "dev.holdfast.gap.v1";
inline constexpr std::string_view kEpochType = "dev.holdfast.epoch.v1";

/// Declares seqs of one lane and epoch that will never be delivered, unless requeued.
struct GapRecord {
  std::string id;  ///< "<epoch>-<lane>-gap-<n>"
  Epoch epoch;
  std::string lane;
  std::int64_t first = 0;
  std::int64_t last = 0;     ///< inclusive
  std::int64_t missing = 0;  ///< exact; less than last - first + 1: a sparse hull
  std::int64_t bytes = 0;    ///< data bytes that were given up
  std::string reason;        ///< "shed", "quarantined", "damaged", "not_retained"
  friend bool operator==(const GapRecord&, const GapRecord&) = default;
};

/// Where the parent epoch ended in one lane: its highest committed seq, 0 for none.
struct LaneEnd {
  std::string lane;
  std::int64_t last = 0;
  friend bool operator==(const LaneEnd&, const LaneEnd&) = default;
};

/// Announces an epoch and where its parent ended, so that a consumer can see a restored backup or a clone.
struct EpochRecord {
  Epoch epoch;
  std::optional<Epoch> parent;  ///< absent: the first epoch of a store
  std::vector<LaneEnd> parent_ends;
  std::string reason;  ///< "created", "opened", "reopened", "restored"
  friend bool operator==(const EpochRecord&, const EpochRecord&) = default;
};

}  // namespace holdfast
