// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/result.hpp>

#include "demonstration/proxy.hpp"
#include "demonstration/verdict.hpp"
#include "prove/kill/contender.hpp"
#include "prove/kill/plan.hpp"
#include "prove/stage_kit.hpp"

namespace holdfast::prove {

/// How often what was done, over all plays.
struct KillCounts {
  std::uint64_t device_kills = 0;
  std::uint64_t broker_kills = 0;
  std::uint64_t network_troubles = 0;
};

/// One Mosquitto and one consumer, which outlive all plays; device processes behind a network that can fail.
class KillStage : public Stage {
 public:
  /// `programs`: the directory of holdfast_kill_device. On return the consumer's subscriptions are in force.
  /// `unavailable`: a program is missing; `io_error`.
  [[nodiscard]] static Result<std::unique_ptr<KillStage>> set_up(const std::string& programs,
                                                                 const std::string& directory);

  /// Plays a plan with one contender; returns what its device has committed, by its own table. On return the consumer
  /// has received all that will come. Errors: the machinery failed, or `unavailable` when it was interrupted.
  [[nodiscard]] Result<std::vector<demo::LedgerRow>> play(const KillPlan& plan, Contender contender);

  [[nodiscard]] const KillCounts& counts() const { return counts_; }

 private:
  struct Cast {
    Contender contender;
    std::uint64_t seed;
  };
  KillStage(const std::string& programs, const std::string& directory);
  [[nodiscard]] Result<void> start_world();
  [[nodiscard]] Result<void> start_device(const Cast& cast, std::uint64_t events, const Death* death);
  [[nodiscard]] Result<void> live_until_killed(const Cast& cast, const Death& death);
  [[nodiscard]] Result<void> live_in_trouble(const Cast& cast, const TroubledLife& life);
  [[nodiscard]] Result<void> live_to_the_end(const Cast& cast);
  [[nodiscard]] Result<void> disturb_network(const TroubledLife& life);
  [[nodiscard]] Result<void> kill_broker(const TroubledLife& life);
  [[nodiscard]] Result<void> settle_broker();
  [[nodiscard]] Result<void> await_receipts(const Cast& cast, const std::vector<demo::LedgerRow>& committed);
  [[nodiscard]] Result<void> kill_device();
  [[nodiscard]] std::string store_path(const Cast& cast) const;

  KillCounts counts_;
  std::unique_ptr<demo::Proxy> proxy_;
};

}  // namespace holdfast::prove
