// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <holdfast/options.hpp>
#include <holdfast/time.hpp>
#include <string>
#include <vector>

#include "prove/simulate/plan.hpp"

namespace holdfast::prove {

inline constexpr std::size_t kNobody = SIZE_MAX;  ///< a note or trouble of the broker, the backend or all

/// One line of what happened.
struct SimulatedNote {
  Duration at{};  ///< since the beginning
  std::size_t device = kNobody;
  std::string text;
};

/// A trouble that came; `until` == `at`: it has no length.
struct SimulatedTrouble {
  Duration at{};
  Duration until{};
  std::size_t device = kNobody;
  Mishap trouble = Mishap::kill;
};

/// One look at a device.
struct SimulatedSample {
  Duration at{};
  std::int64_t backlog = 0;     ///< events
  std::uint64_t committed = 0;  ///< until now, of this device
  std::uint64_t applied = 0;
  std::uint64_t shed = 0;
  Pressure pressure = Pressure::normal;
  bool running = false;
};

/// "day 3 04:05:06", the first day is 0.
[[nodiscard]] std::string when(Duration since_the_beginning);

/// "40 s", "12 min", "3.5 h", "2.1 d".
[[nodiscard]] std::string length(Duration time);

/// What a simulation tells of itself while it goes. Bounded: troubles are, by the plan, a few hundred for each device; of notes
/// the first kNotesMax are kept and all counted.
struct SimulatedStory {
  static constexpr std::size_t kNotesMax = 2'000;

  std::vector<SimulatedNote> notes;
  std::uint64_t notes_in_all = 0;
  std::vector<SimulatedTrouble> troubles;
  std::array<std::uint64_t, kTroubles> counts{};
  std::vector<std::vector<SimulatedSample>> samples;  ///< by device

  void note(Duration at, std::size_t device, std::string text) {
    ++notes_in_all;
    if (notes.size() < kNotesMax) notes.push_back({at, device, std::move(text)});
  }
};

}  // namespace holdfast::prove
