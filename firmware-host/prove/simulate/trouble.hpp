// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "prove/simulate/board.hpp"
#include "prove/simulate/hub.hpp"

namespace holdfast::prove {

/// Who takes part, for those who act on all of them.
struct Cast {
  World& world;
  std::vector<std::unique_ptr<Board>>& boards;
  Hub& hub;
};

/// Makes the trouble that a plan asks for, at moments that the seed draws, and ends it.
class Troublemaker final : public Actor {
 public:
  Troublemaker(Cast cast, const SimulatePlan& plan, SimulatedStory& story);

  [[nodiscard]] Instant step() override;
  /// Ends all that goes on; nothing new comes.
  void stop();
  /// Messages that the broker had were lost with its data.
  [[nodiscard]] bool has_wiped() const noexcept {
    return story_.counts[static_cast<std::size_t>(Mishap::broker_wipe)] > 0;
  }

 private:
  struct Place {
    TroublePlan plan;
    std::size_t device = kNobody;
    Instant next;
    Instant until;
    bool is_on = false;
  };
  std::uint64_t below(std::uint64_t bound) { return dice_.next() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  [[nodiscard]] Duration about(Duration middle);
  [[nodiscard]] platform::sim::PowerCut a_cut();
  void place(const TroublePlan& plan, std::size_t device);
  void begin(Place& place);
  void begin_of_device(const Place& place, Duration lasts);
  void begin_of_network(const Place& place);
  void begin_refusals(Board& board);
  void begin_of_broker(const Place& place);
  void begin_of_backend(const Place& place, Duration lasts);
  void end(Place& place);

  Cast cast_;
  SimulatedStory& story_;
  Instant begun_;
  platform::sim::SeededEntropy dice_;
  std::vector<Place> places_;
  std::size_t broker_down_ = 0;  ///< troubles that keep it down
};

}  // namespace holdfast::prove
