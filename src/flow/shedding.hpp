// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/options.hpp>
#include <span>
#include <string_view>
#include <vector>

/// Which lane may still grow, and which one gives up how much, as pressure rises (DESIGN.md 5).
///
///   state             a lane may grow up to                   shed down to
///   normal, conserve  its maximum                             nothing is shed
///   shed              ... and its share                       the share
///   protect           lower lanes: ... and their guarantee    the guarantee
///   emergency         lower lanes: not at all; the highest:   the guarantee
///                     their guarantee or maximum
///
/// "Highest" are all lanes with the smallest priority number there is; the others are "lower".
///
/// 1. The state says when, the lane's policy says how. A lane at its bound refuses (block, reject) or drops
///    events of its own (drop_oldest, keep_latest, thin). It refuses too when it has too little to drop:
///    everything it holds may be in flight.
/// 2. `shed` is fair: every lane is held to its share, the highest too. From `protect` on priority decides: the
///    room that lower lanes give up is for the highest, which only their own quota bounds.
/// 3. Lower lanes give before higher ones. Of equals, the one that is furthest above its floor gives first.
/// 4. A guarantee is never touched by shedding. Events in flight are never dropped. A lane that refuses never
///    gives. A lane's own write never takes from a higher lane.
/// 5. A plan never frees more than was asked. It frees less when the lanes do not have it: who must not drop
///    in vain adds up the steps first.
/// 6. Sizes are bytes of event data. Lanes may stand in any order; `lane` is a name and not an index.
namespace holdfast::flow {

/// What a lane holds and may hold. 0 means the same as in LaneOptions.
struct LaneLoad {
  std::size_t lane = 0;
  int priority = 1;
  WhenFull when_full = WhenFull::block;
  std::uint64_t guaranteed_bytes = 0;
  std::uint64_t max_bytes = 0;
  std::uint64_t backlog_bytes = 0;
  std::uint64_t droppable_bytes = 0;  ///< of the backlog, what is not pinned
};

/// A lane's fair part: its guarantee, and an equal part of what the guarantees leave. All shares together are
/// at most the capacity, unless the guarantees alone exceed it; then each lane has its guarantee.
[[nodiscard]] std::uint64_t share_of(const LaneLoad& lane, std::span<const LaneLoad> all,
                                     std::uint64_t capacity_bytes);

enum class Admission : std::uint8_t {
  admit,
  refuse,     ///< block: wait for the deadline and ask again; everybody else: `full`
  make_room,  ///< first the lane's own policy frees the event's size, or all that it may drop if that is less
};

/// May an event of `event_bytes` enter `lane` now? `all` contains `lane`.
[[nodiscard]] Admission admit(Pressure pressure, const LaneLoad& lane, std::span<const LaneLoad> all,
                              std::uint64_t capacity_bytes, std::uint64_t event_bytes);

struct ShedStep {
  std::size_t lane = 0;
  std::uint64_t bytes = 0;  ///< at least 1
};

/// Who gives up how much so that `bytes_to_free` become free, in the order in which to do it. A lane occurs at
/// most once. Empty in normal and conserve.
[[nodiscard]] std::vector<ShedStep> plan_shed(Pressure pressure, std::span<const LaneLoad> all,
                                              std::uint64_t capacity_bytes, std::uint64_t bytes_to_free);

/// Room for one write of lane `wanting` when no page is left, in whatever state: steps of lanes with its
/// priority number or a larger one, each down to its guarantee. The lane itself gives like its equals, also
/// below its share. `wanting` is in `all`.
[[nodiscard]] std::vector<ShedStep> plan_room(std::span<const LaneLoad> all, std::size_t wanting,
                                              std::uint64_t bytes_to_free);

/// Which rows of the oldest block stay; the oldest row comes first. A block may have nothing to give: all keys
/// different, or a single row. The caller then goes on with the next block.
///
/// Of each key the newest. No key is a key like any other.
[[nodiscard]] std::vector<bool> survivors_of_keep_latest(std::span<const std::string_view> keys);
/// Every second one; the newest stays.
[[nodiscard]] std::vector<bool> survivors_of_thin(std::size_t rows);

}  // namespace holdfast::flow
