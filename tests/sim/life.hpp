// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/world.hpp"

namespace holdfast::sim_tests {

/// One random life of a device and its backend, and what is found wrong with it in the end. The seed decides
/// everything: same seed, same life.
///
/// 1. Every event whose write succeeded is applied once, or was refused by the broker for good and declared (G3, G8).
/// 2. Nothing is applied or published that was not committed, or with other data (G1, G4).
/// 3. Ids are unique, and seqs are dense per lane across restarts (G4).
/// 4. The broker sees the events of a lane for the first time in commit order (G5).
/// 5. State is that of the last committed write (G1).
/// 6. When the faults are over everything is settled, the inbox misses nothing, and an ordinary restart is no rewind.
class Life {
 public:
  explicit Life(std::uint64_t seed);

  /// Lives, then recovers from all faults. What is found wrong, one line each.
  [[nodiscard]] std::vector<std::string> live();
  /// For people: what happened.
  [[nodiscard]] std::string summary() const;

 private:
  struct Fate {
    std::string data;
    int applied = 0;
  };
  struct Plan {
    std::string lane;
    std::string data;
    bool fails = false;
  };

  std::uint64_t below(std::uint64_t bound) { return dice_.next() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  void write_some();
  [[nodiscard]] WriteBody body_of(const std::vector<Plan>& plan);
  void note_committed(const std::vector<Plan>& plan, const Receipt& receipt);
  void mishap();
  void device_mishap();
  void backend_mishap();
  void boot_backend();
  void recover();
  std::uint8_t answer(const MqttMessage& message);
  void applied(const CloudEvent& event, const ApplyOutcome& outcome);
  void judge();
  void judge_fates();
  void complain(const std::string& what);

  World world_;
  platform::sim::SeededEntropy dice_;
  int data_counter_ = 0;
  int boots_ = 1;
  std::map<std::string, Fate> committed_;               // by id
  std::map<std::string, std::int64_t> last_seq_;        // per lane
  std::map<std::string, std::int64_t> last_published_;  // per lane, for the first time
  std::map<std::string, std::string> published_;        // data by id
  std::set<std::string> refused_for_good_;              // ids
  std::set<std::string> declared_;  // "<epoch>-<lane>-<seq>" of gap records that were applied
  std::string last_state_;
  std::uint8_t refuse_next_ = 0;
  std::vector<std::string> complaints_;
  std::size_t writes_ = 0;
};

}  // namespace holdfast::sim_tests
