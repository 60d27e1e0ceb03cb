// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "prove/crash/explorer.hpp"

namespace holdfast::prove {

/// Bad states that are told one by one; the others are counted.
inline constexpr std::size_t kBadKept = 20;

/// What one round has found.
struct Round {
  struct Entry {
    std::uint64_t hash = 0;
    std::uint32_t cut = 0;  ///< index in cuts
    bool second = false;
    bool any_in_progress = false;
    bool there = false;
    std::optional<Outcome> outcome = {};
    bool state_differs = false;
    bool drained = false;
  };
  std::vector<CutKind> cuts;
  std::vector<Entry> entries;  ///< distinct within the round
  std::uint64_t operations = 0;
  std::uint64_t images = 0;
  std::uint64_t bad_states = 0;
  std::vector<BadState> bad;
  std::vector<std::string> complaints;
};

/// Explores one round after another. Each worker has one, with disks of its own.
class RoundExplorer {
 public:
  /// `plan` must outlive it.
  explicit RoundExplorer(const CrashPlan& plan);
  ~RoundExplorer();
  RoundExplorer(const RoundExplorer&) = delete;
  RoundExplorer& operator=(const RoundExplorer&) = delete;

  [[nodiscard]] Round explore(std::uint64_t number);
  /// `invalid`: there is no such state.
  [[nodiscard]] Result<Round> explore_one(const StateName& name);

 private:
  class Explorer;
  std::unique_ptr<Explorer> explorer_;
};

}  // namespace holdfast::prove
