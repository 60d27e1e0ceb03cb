// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <holdfast/records.hpp>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "prove/crash/ledger.hpp"

/// The oracle of a simulation: what the application was told, what the broker saw, what the backend's inbox said, and
/// whether they agree. It stands outside of the product and reads nothing back from it.
///
/// Told at once (safety):
///  G1  nothing is published or applied that was not committed
///  G4  an id names one event, seqs are dense per lane and epoch, and data never change
///  G5  events of a lane and key are published for the first time in commit order, as long as the device goes on from one image
///  G8  an effect is applied once; a duplicate is one of an event whose effect is there
/// Told by judge(), when all has drained:
///  G3  each committed event was applied, or a gap record declares it, or its store was overwritten by an older image
namespace holdfast::prove {

/// Events that ended so.
struct SimulatedFates {
  std::uint64_t committed = 0;
  std::uint64_t applied = 0;
  std::map<std::string, std::uint64_t> declared;  ///< by the reason of the gap record; not applied
  std::uint64_t rolled_back = 0;  ///< neither: the image that held them was replaced by an older one
  /// Neither: the broker had acknowledged it and then lost its data, and with the event all that would have shown the
  /// consumer that it is missing.
  std::uint64_t forgotten = 0;
  std::uint64_t lost = 0;  ///< silently: there may be none

  [[nodiscard]] std::uint64_t declared_in_all() const noexcept;
  friend bool operator==(const SimulatedFates&, const SimulatedFates&) = default;
};

class SimulatedLedger {
 public:
  static constexpr std::size_t kComplaintsMax = 20;

  explicit SimulatedLedger(std::size_t devices) : counts_(devices), sums_(devices) {}

  // --- the device's side ---
  void committed(std::size_t device, const EventId& id, std::uint64_t data);
  /// The image was replaced by one on which the lane ends at `seq`, and this event came later.
  void rolled_back(const EventId& id);
  /// The device goes on from another image: what it has not sent in this one it may send after what it sent in the last.
  void another_image(std::size_t device);

  // --- the broker's ---
  /// `key`: order is promised among events of one. False: the event was not committed.
  bool published(const EventId& id, std::string_view key, std::uint64_t data);
  /// It is acknowledged.
  void accepted(const EventId& id);
  /// The record that declares them is acknowledged.
  void accepted(const GapRecord& gap);

  // --- the backend's ---
  void applied(const EventId& id, std::uint64_t data);
  /// Its effect ran, and the commit's outcome is not known.
  void perhaps_applied(const EventId& id);
  void duplicate(const EventId& id);
  void declared(const GapRecord& gap);

  /// Everything has drained: looks at each event. Only a broker that has lost data may have forgotten one, and only of a
  /// device that went on from another image: the one that could tell of the event was put away.
  void judge(bool broker_lost_data = false);

  void complain(const std::string& what);
  [[nodiscard]] const std::vector<std::string>& complaints() const noexcept { return complaints_; }
  [[nodiscard]] std::uint64_t complaints_in_all() const noexcept { return complaints_in_all_; }

  /// By device; all but `committed` and `applied` are told by judge().
  [[nodiscard]] const SimulatedFates& fates(std::size_t device) const { return counts_[device]; }
  /// So many effects, and the exclusive or of their data's digests: what the effects themselves must have left.
  struct Effects {
    std::int64_t count = 0;
    std::int64_t data = 0;
    friend bool operator==(const Effects&, const Effects&) = default;
  };
  [[nodiscard]] const std::array<Effects, kLanes>& effects(std::size_t device) const { return sums_[device]; }
  /// Whether they can be what is there in the end: what was applied, and of what perhaps was and never came again any
  /// part, which is known with this.
  [[nodiscard]] bool can_be(std::size_t device, std::size_t lane, const Effects& found);
  [[nodiscard]] std::uint64_t duplicates() const noexcept { return duplicates_; }
  [[nodiscard]] std::uint64_t gap_records() const noexcept { return gap_records_.size(); }
  /// Gap records `not_retained` about seqs that their epoch never had: answers to questions that guessed.
  [[nodiscard]] std::uint64_t never_committed() const noexcept { return never_committed_; }
  /// An event of this device that was applied is not on its medium any more: the inbox has to report a rewind.
  [[nodiscard]] bool is_rewound(std::size_t device) const { return rewound_.contains(device); }

 private:
  enum class Fate : std::uint8_t { waits, perhaps, applied };
  struct Told {
    std::uint64_t data = 0;
    Fate fate = Fate::waits;
    std::uint8_t declared = 0;  ///< 0: not; else 1 + index of the reason
    bool is_published = false;
    bool is_accepted = false;
    bool is_rolled_back = false;
  };
  struct Lane {
    std::int64_t first = 0;
    std::vector<Told> events;
    std::map<std::string, std::int64_t, std::less<>> published;  // highest seq, by key
    std::map<std::string, GapRecord> sparse;                     // by id
  };
  struct Book {
    std::size_t device = 0;
    std::array<Lane, kLanes> lanes;
  };
  [[nodiscard]] Lane* lane_of(const EventId& id);
  [[nodiscard]] Told* find(const EventId& id);
  void count_effect(std::size_t device, std::size_t lane, Told& event);
  [[nodiscard]] bool declared_by_guess(const GapRecord& gap, Lane& lane);
  [[nodiscard]] static bool is_in_sparse(const Lane& lane, std::int64_t seq);
  [[nodiscard]] static std::string extent_of(const Lane* lane);
  std::uint8_t reason_index(const std::string& reason);
  void judge_lane(const Book& book, std::size_t lane, std::string_view epoch, bool may_be_forgotten);
  void judge_sparse(const Lane& lane, const std::string& name, SimulatedFates& fates,
                    const std::vector<std::int64_t>& open);

  std::map<std::uint64_t, Book> books_;  // by epoch
  std::vector<SimulatedFates> counts_;
  std::vector<std::array<Effects, kLanes>> sums_;
  std::vector<std::string> reasons_;
  std::set<std::string> gap_records_;
  std::set<std::size_t> rewound_;
  std::set<std::size_t> had_other_images_;
  std::uint64_t duplicates_ = 0;
  std::uint64_t never_committed_ = 0;
  std::vector<std::string> complaints_;
  std::uint64_t complaints_in_all_ = 0;
};

/// Index in kLaneNames; kLanes: there is no such lane.
[[nodiscard]] std::size_t lane_index(std::string_view name) noexcept;

}  // namespace holdfast::prove
