// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <holdfast/limits.hpp>
#include <optional>
#include <vector>

/// Which lane sends next.
///
/// 1. Of the lanes that have something to send, those of the best (lowest) priority number come first.
/// 2. While they are served, lower lanes that have something to send are owed: every kShare-th turn is
///    theirs, all of them together. So an alarm storm slows telemetry down to an eighth and never stops it.
/// 3. Within a group (the best ones, or all the lower ones) the lane that was served longest ago is next; of
///    several never served, the first one.
/// 4. Turns are events, not bytes: a lane of large events gets more bytes out of its share. The byte window
///    bounds what that can cost.
/// 5. The same calls give the same turns.
namespace holdfast::flow {

using LaneSet = std::bitset<limits::kLanesMax>;

class LaneScheduler {
 public:
  static constexpr unsigned kShare = 8;

  /// One priority per lane, at most limits::kLanesMax.
  explicit LaneScheduler(std::vector<int> priorities);

  /// The lane whose turn it is, or nullopt when none is ready. Asking changes nothing.
  [[nodiscard]] std::optional<std::size_t> pick(const LaneSet& ready) const;
  /// The turn was taken by `lane`, the answer of pick(ready).
  void served(std::size_t lane, const LaneSet& ready);

 private:
  [[nodiscard]] LaneSet best_of(const LaneSet& ready) const;
  [[nodiscard]] std::size_t longest_waiting(const LaneSet& group) const;

  std::vector<int> priorities_;
  std::array<std::uint64_t, limits::kLanesMax> last_turn_{};
  std::uint64_t turn_ = 0;
  unsigned owed_ = 0;  // turns of better lanes since a lower one that waited was served
};

}  // namespace holdfast::flow
