// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "prove/crash/ledger.hpp"
#include "prove/crash/worn_observer.hpp"

/// What the product promises on media that lose what they had taken: **damage is detected and declared, never silent**.
///
///  1. It opens, or it refuses with an error and takes nothing away. A call may fail with an error that says so;
///     after some openings none does. A check of the file may tell of damage that no call has met.
///  2. No event is handed out or delivered that was never committed, and none under an id of another (G1, G4).
///  3. The next write begins an epoch that nobody has seen (G4).
///  4. Of every event whose writer was told success one of these is true (G3): it is pending, or had been acknowledged; it
///     is in quarantine; a gap record declares it; it lies above the end that the new epoch states for its parent; or the
///     consumer finds that it is missing, when the record that declared it is what was damaged. Anything else is a
///     silent loss.
///  5. The consumer, which had received what was acknowledged, ends with each event once (G8), and where the store went
///     back behind what it had seen, it reports a rewind, or the seqs as missing.
///
/// State has no such promise: a value that is older, or that turned where it lay, is handed out as it is. How often that
/// was so is counted.
namespace holdfast::prove {

/// What the product made of an image on such a medium.
enum class Outcome : std::uint8_t {
  whole,      ///< as an honest medium would have left it
  went_back,  ///< later writes are gone, and the new epoch says so
  noticed,    ///< a check of the file finds damage that nothing has met yet
  declared,   ///< gap records say what is gone
  set_aside,  ///< a new store was made of what could be read
  refused,    ///< not opened, and nothing of it taken away
};
inline constexpr std::array<std::string_view, 6> kOutcomeNames = {"whole",    "went back", "noticed",
                                                                  "declared", "set aside", "refused"};
[[nodiscard]] constexpr std::string_view to_string(Outcome outcome) noexcept {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

struct WornVerdict {
  std::vector<std::string> complaints;
  bool any_in_progress = false;
  Outcome outcome = Outcome::whole;
  bool needs_consumer = false;  ///< whether a loss is silent depends on the consumer, and there was none
  bool state_differs = false;   ///< a value is none that its key was ever given by a write that is told of
};

/// `point` is where the world had come to, `arrivals` what had reached the consumer in all.
[[nodiscard]] WornVerdict judge_worn(const WornObservation& seen, const Ledger& told,
                                     const std::vector<Arrival>& arrivals, std::size_t point);

/// A consumer's side of an honest medium, after a drain: each event of `ends` is applied once, in order, or declared (G3 to
/// G5, G8); nothing is missing, and nobody speaks of a rewind.
[[nodiscard]] std::vector<std::string> judge_drain(const DrainObservation& seen, const Ledger& told,
                                                   const std::vector<Arrival>& arrivals, std::size_t point,
                                                   std::size_t writes);

}  // namespace holdfast::prove
