// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <holdfast/records.hpp>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What callers of a store were told, and when, in operations of its disk. Written down outside the store: nothing here
/// was read back from it.
namespace holdfast::prove {

inline constexpr std::uint64_t kProveBudgetBytes = 1024ULL * 1024;
inline constexpr std::size_t kLanes = 3;
inline constexpr std::array<std::string_view, kLanes> kLaneNames = {"alarm", "telemetry", "bulk"};

/// What the workload was doing.
enum class Phase : std::uint8_t {
  provisioning,
  opening,
  recovering,
  writing,
  grouping,
  acknowledging,
  recording,
  quarantining,
  shedding,
  checkpointing,
  housekeeping,
  closing,
  migrating,  ///< the first opening of a store of an older schema
  resizing,   ///< the budget changes
  backing_up,
  applying,  ///< the inbox
};
inline constexpr std::array<std::string_view, 16> kPhaseNames = {
    "provisioning", "opening",      "recovering", "writing",       "grouping",     "acknowledging",
    "recording",    "quarantining", "shedding",   "checkpointing", "housekeeping", "closing",
    "migrating",    "resizing",     "backing up", "applying"};
[[nodiscard]] constexpr std::string_view to_string(Phase phase) noexcept {
  return kPhaseNames[static_cast<std::size_t>(phase)];
}

/// Of bytes that are the same or not.
[[nodiscard]] std::uint64_t digest(std::span<const std::byte> bytes) noexcept;

struct ToldEvent {
  std::size_t lane = 0;
  std::int64_t seq = 0;
  Epoch epoch;
  std::uint64_t data = 0;  ///< digest
  friend bool operator==(const ToldEvent&, const ToldEvent&) = default;
};

using State = std::map<std::string, std::uint64_t>;  ///< digests of values
using Ends = std::array<std::int64_t, kLanes>;       ///< a seq per lane

/// A write whose caller was told that it is durable.
struct ToldWrite {
  std::vector<ToldEvent> events;
  std::vector<std::pair<std::string, std::optional<std::uint64_t>>> state;  ///< nullopt: erased
};

/// One call of the store. Before operation `begin` nothing of it was on its way; from `end` on its caller has the answer.
struct Step {
  Phase phase = Phase::writing;
  std::size_t begin = 0;
  std::size_t end = 0;
  Ends ends_before{};  ///< last seqs that were committed
  State state_before;
  std::vector<ToldWrite> writes;  ///< in the order of their commits
  bool one_commit = true;         ///< all of the writes or none
};

struct Ledger {
  struct Acknowledged {
    std::size_t lane = 0;
    std::int64_t seq = 0;
    std::size_t at = 0;
  };
  /// A gap record that the broker has.
  struct Declared {
    GapRecord record;
    std::size_t at = 0;
  };
  struct Quarantined {
    std::size_t lane = 0;
    std::int64_t seq = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t discarded = SIZE_MAX;  ///< an operator began to give it up
    bool discarded_before = false;     ///< ... before this ledger begins: see after_cut()
  };
  /// Acknowledgements up to here were stored: the store said so.
  struct Cursor {
    std::size_t lane = 0;
    std::int64_t seq = 0;
    std::size_t at = 0;
  };

  /// A copy of the store, as far as it had come.
  struct Backup {
    std::size_t begin = 0;
    std::size_t end = SIZE_MAX;  ///< told that it is complete
    Ends ends_before{};
    Ends ends_after{};
  };

  std::vector<Step> steps;  ///< ascending, none empty
  std::array<std::vector<ToldEvent>, kLanes> events;
  std::vector<Acknowledged> acknowledged;
  std::vector<Declared> declared;
  std::vector<Quarantined> quarantined;
  std::vector<Cursor> cursors;
  std::vector<Backup> backups;
  std::uint64_t budget_bytes = kProveBudgetBytes;  ///< the largest that the store ever had
  std::set<Epoch> epochs;
  Ends ends{};  ///< after the last step
  State state;

  /// A write of the last step, which is the latest: its caller was told success.
  void committed(const ToldWrite& write);
  /// The same told by the one who lives after a cut at `point` at which `writes` of the step in progress were found:
  /// everything that happened before is at 0.
  [[nodiscard]] Ledger after_cut(std::size_t point, std::size_t writes) const;
  /// The step that was in progress at the point; nullptr: none.
  [[nodiscard]] const Step* in_progress(std::size_t point) const;
  /// The step that has issued this operation; nullptr: none.
  [[nodiscard]] const Step* step_of(std::size_t operation) const;
  /// What is committed for certain at the point, and with so many writes of the step in progress.
  void world_at(std::size_t point, std::size_t writes, Ends& ends, State& state) const;
};

}  // namespace holdfast::prove
