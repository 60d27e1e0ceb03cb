// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>

#include <holdfast/result.hpp>

#include "demonstration/history.hpp"
#include "demonstration/narrator.hpp"
#include "demonstration/plan.hpp"
#include "demonstration/stage.hpp"

namespace holdfast::demo {

/// Plays the plan on the stage: load, the broker's death, the device's death, until the last event that the
/// device committed is acknowledged. Without a plan nothing dies. Each wait is bounded.
class Play {
 public:
  Play(const std::optional<Plan>& plan, std::chrono::seconds duration, std::uint64_t events_per_s,
       Stage& stage, History& history, Narrator& narrator);

  [[nodiscard]] Result<void> run();

 private:
  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<void> play_faults();
  [[nodiscard]] Result<void> kill_broker();
  [[nodiscard]] Result<void> kill_device();
  [[nodiscard]] Result<void> end_load();
  [[nodiscard]] Result<void> settle_broker();
  [[nodiscard]] Result<void> fill_in_flight(std::chrono::milliseconds hold);
  [[nodiscard]] Result<void> recover(Fault fault);

  std::optional<Plan> plan_;
  std::chrono::seconds duration_;
  std::uint64_t events_per_s_;
  Stage& stage_;
  History& history_;
  Narrator& narrator_;
};

}  // namespace holdfast::demo
