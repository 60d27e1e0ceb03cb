// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <holdfast/result.hpp>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prove/crash/ledger.hpp"
#include "prove/crash/media.hpp"
#include "prove/crash/state_name.hpp"
#include "prove/crash/worn_oracle.hpp"

namespace holdfast::prove {

/// A bug that the product might have on worse media, to see that the explorer finds it.
enum class Planted : std::uint8_t {
  none,
  repeats_epochs,  ///< the epoch of a new opening is one that was
  claims_all,      ///< the new epoch says that nothing is gone
};

struct CrashPlan {
  std::uint64_t seed = 1;
  Media media = Media::honest;
  std::uint64_t states = 300'000;  ///< at least so many distinct ones
  std::uint64_t first_round = 0;   ///< round 0 makes a store, and does little else
  unsigned threads = 1;
  /// Flushes of files whose name ends so are acknowledged and not made: to see that the explorer finds it. Empty: none.
  std::string ignored_syncs;
  Planted planted = Planted::none;
  /// Told from time to time: distinct states so far.
  std::function<void(std::uint64_t)> progress;
};

/// Where the cut was: what the workload was doing, and the last operation before the cut.
using CutKind = std::pair<Phase, std::string>;

struct CutCount {
  std::uint64_t states = 0;
  std::uint64_t there = 0;                                     ///< a write was in progress, and is there
  std::uint64_t gone = 0;                                      ///< ... and is not
  std::array<std::uint64_t, kOutcomeNames.size()> outcomes{};  ///< on worse media
};

struct BadState {
  StateName name;
  std::string survived;  ///< for people
  std::vector<std::string> complaints;
};

struct CrashReport {
  std::uint64_t seed = 0;
  Media media = Media::honest;
  std::uint64_t rounds = 0;
  std::uint64_t operations = 0;   ///< of the recorded workloads
  std::uint64_t images = 0;       ///< that were built and judged
  std::uint64_t states = 0;       ///< distinct ones of them, each opened
  std::uint64_t second_cuts = 0;  ///< of the states, with a second cut
  std::uint64_t drained = 0;      ///< ... that a relay drained to a consumer
  /// ... whose state holds a value that no write gave to its key. On honest media that is a complaint.
  std::uint64_t state_differs = 0;
  std::map<CutKind, CutCount> by_cut;
  std::uint64_t bad_states = 0;
  std::vector<BadState> bad;  ///< the first of them
  /// A recorded workload went wrong although nobody cut the power.
  std::vector<std::string> complaints;

  [[nodiscard]] bool passed() const { return bad_states == 0 && complaints.empty(); }
};

/// Explores whole rounds, in order, until there are states enough. Seed and number of states decide everything but the
/// time it takes.
[[nodiscard]] CrashReport explore_crashes(const CrashPlan& plan);
/// One state alone. `invalid`: there is no such state.
[[nodiscard]] Result<CrashReport> explore_one(const CrashPlan& plan, const StateName& name);

/// The state that this thread has before it, for a signal handler; empty: none.
[[nodiscard]] const char* state_at_hand() noexcept;

}  // namespace holdfast::prove
