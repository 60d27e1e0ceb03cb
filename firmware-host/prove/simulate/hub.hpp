// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "prove/simulate/backend.hpp"
#include "prove/simulate/board.hpp"
#include "prove/simulate/run.hpp"

namespace holdfast::prove {

/// Which event a CloudEvent of Holdfast is; nullopt: a record, or nonsense.
[[nodiscard]] std::optional<EventId> event_id_of(const CloudEvent& event);
/// Its device's place among the boards; nullopt: of none.
[[nodiscard]] std::optional<std::size_t> device_of(const CloudEvent& event);

/// The backend of all devices: the product's inbox on a disk of its own, an effect that counts, and the falls of its machine.
/// Tells the ledger what the inbox says.
///
/// The effect adds each event to a row of its lane, by count and by exclusive or of the data's digests: what is in the table
/// in the end is what was applied, each once, or it is not.
class Hub final : public Actor {
 public:
  Hub(World& world, std::size_t devices, std::uint64_t seed, SimulatedLedger& ledger, SimulatedStory& story,
      Duration look_period, const SimulatePlant& plant);

  [[nodiscard]] Instant step() override;
  [[nodiscard]] bool called() override {
    return std::exchange(called_, false) || (!backend_.running() && !boot_at_);
  }
  [[nodiscard]] Backend& backend() noexcept { return backend_; }

  void fall(const Fall& fall);
  void fall_at_work(std::uint64_t operations, const Fall& fall);
  /// The next message is committed and not acknowledged.
  void fall_unacknowledged(Duration down);
  /// No fall is to come any more.
  void disarm();
  void boot_now();

  /// Nothing is missing, as the inbox says.
  [[nodiscard]] bool is_complete();
  /// Compares the effects and the rewinds with the ledger; complains of what the inbox misses.
  void judge(bool broker_lost_data, const std::vector<bool>& may_rewind);

  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  [[nodiscard]] std::uint64_t rewinds() const noexcept { return rewinds_; }

 private:
  using Effects = std::array<SimulatedLedger::Effects, kLanes>;

  void boot();
  void end_process(const Fall& fall);
  void take(const CloudEvent& event, const ApplyOutcome& outcome);
  [[nodiscard]] std::vector<Effects> read_effects();
  void judge_rewinds(bool broker_lost_data, const std::vector<bool>& may_rewind);

  World& world_;
  SimulatedLedger& ledger_;
  SimulatedStory& story_;
  std::size_t devices_;
  Instant begun_;
  platform::sim::SeededEntropy dice_;
  platform::sim::SeededEntropy entropy_;
  platform::sim::CrashDisk disk_;
  platform::sim::ScriptedHost host_;
  Backend backend_;
  std::optional<Fall> armed_;
  std::optional<Instant> boot_at_;
  bool called_ = false;  ///< it has been given a time to boot at
  Duration down_{std::chrono::seconds(5)};
  std::uint64_t received_ = 0;
  std::uint64_t rewinds_ = 0;
};

}  // namespace holdfast::prove
