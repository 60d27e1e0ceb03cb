// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "prove/simulate/device.hpp"
#include "prove/simulate/ledger.hpp"
#include "prove/simulate/plan.hpp"
#include "prove/simulate/story.hpp"
#include "sim/crash_disk.hpp"

namespace holdfast::prove {

/// How a process ends that does not end by itself.
struct Fall {
  std::optional<platform::sim::PowerCut> cut;  ///< none: kill -9, and what was written stays
  Duration down{};                             ///< until the next boot
};

/// One device: the product on a disk whose power can be cut, an application that writes an event each period, and what can
/// happen to its board and card. Tells the ledger what the application was told.
///
/// After each boot it compares what the store shows with what the application knows: the last seq of each lane and the state
/// are those of the last write that succeeded, or both those of the write that was in the middle of its commit (G1, G2).
/// Before and after each write it measures the files (G6).
class Board final : public Actor {
 public:
  Board(World& world, std::size_t number, const DevicePlan& plan, std::uint64_t seed, SimulatedLedger& ledger,
        SimulatedStory& story);

  [[nodiscard]] Instant step() override;
  [[nodiscard]] bool called() override { return std::exchange(called_, false); }
  [[nodiscard]] Device& device() noexcept { return device_; }
  [[nodiscard]] static std::string name(std::size_t number) { return "device-" + std::to_string(number + 1); }

  // --- what happens to it ---
  void fall(const Fall& fall);
  /// In so many operations of the disk from now.
  void fall_at_work(std::uint64_t operations, const Fall& fall);
  void restart();
  void change_network(const platform::sim::ClientNetwork& network);
  [[nodiscard]] platform::sim::ClientNetwork network() const { return network_; }
  void set_clock_error(Duration error, bool trusted) { clock_.set_error(error, trusted); }
  void set_busy(bool busy) noexcept { busy_ = busy; }
  void put_on_older_image();
  void make_or_swap_twin();
  void put_on_new_board();

  /// The answer of the broker to one of its events: 0, or the reason code of its refusals, one in `refuse_one_in`.
  [[nodiscard]] std::uint8_t answer();
  std::uint8_t refusal = 0;
  std::uint64_t refuse_one_in = 1;

  // --- bugs to plant ---
  void plant_lying_disk() { disk_.set_ignored_syncs("-wal"); }
  void plant_phantoms() noexcept { has_phantoms_ = true; }

  // --- the end ---
  void stop_writing() noexcept { writes_ = false; }
  /// No fall is to come any more.
  void disarm() {
    if (!disk_.is_dead()) disk_.set_dead(false);
  }
  void boot_now();
  /// True: another image of it waits, and is up now instead.
  [[nodiscard]] bool take_up_other_image();
  /// One event in each lane, so that a consumer sees where the lanes end.
  void write_last_events();
  void look_at_file();
  void shut_down();

  // --- figures ---
  [[nodiscard]] std::uint64_t peak_bytes() const noexcept { return peak_bytes_; }
  [[nodiscard]] std::uint64_t rejected() const noexcept { return rejected_; }
  [[nodiscard]] std::uint64_t boots() const noexcept { return boots_; }
  [[nodiscard]] bool broken() const noexcept { return broken_; }

 private:
  struct Expected {
    Ends ends{};
    std::string last;  ///< the state
  };
  /// A write whose outcome the application was not told.
  struct Attempt {
    EventId id;
    std::uint64_t data = 0;
    std::string last;
  };
  struct Copy {
    platform::sim::DiskImage files;
    Expected expected;
  };
  struct Card {
    Copy now;  ///< its files only while it is not in the board
    std::optional<Copy> older;
    std::vector<EventId> since_older;  ///< written since that copy was made
  };

  [[nodiscard]] StoreOptions store_options();
  [[nodiscard]] Duration now() const { return world_.clock.now() - begun_; }
  void note(std::string text) { story_.note(now(), number_, std::move(text)); }
  void complain(const std::string& guarantee, const std::string& what);
  void boot();
  void compare(const Expected& seen);
  [[nodiscard]] std::optional<Expected> look();
  void write(std::string_view lane, std::string_view key, std::size_t bytes);
  void write_next();
  void take_outcome(const WriteResult& result, Attempt attempt);
  void end_process(const Fall& fall);
  void take_copy_sometimes();
  void measure();
  void sample();
  void take_pressure(Pressure pressure);
  std::uint64_t below(std::uint64_t bound) { return dice_.next() % bound; }

  World& world_;
  std::size_t number_;
  DevicePlan plan_;
  SimulatedLedger& ledger_;
  SimulatedStory& story_;
  Instant begun_;
  platform::sim::SeededEntropy dice_;
  platform::sim::SeededEntropy entropy_;
  platform::sim::CrashDisk disk_;
  platform::sim::ScriptedHost host_;
  DeviceClock clock_;
  Device device_;
  platform::sim::ClientNetwork network_;

  Card card_;
  std::optional<Card> other_;  ///< of the twin
  std::optional<Attempt> attempt_;
  std::optional<Fall> armed_;  ///< for when the disk dies
  std::optional<Instant> boot_at_;
  Instant write_at_;
  Instant sample_at_;
  std::uint64_t written_ = 0;  ///< number of the last write, never used again
  std::uint64_t boots_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t peak_bytes_ = 0;
  Pressure pressure_ = Pressure::normal;
  Pressure worst_pressure_ = Pressure::normal;
  bool writes_ = true;
  bool busy_ = false;
  bool wants_restart_ = false;
  bool called_ = false;  ///< it has been given a time to boot at
  bool broken_ = false;
  bool has_phantoms_ = false;
};

}  // namespace holdfast::prove
