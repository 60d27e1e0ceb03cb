// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prove/crash/ledger.hpp"
#include "prove/crash/observer.hpp"

/// Looking at a store whose medium has lost what it had taken: a call may fail, and the next opening goes on.
namespace holdfast::prove {

/// One or several openings, until one goes on without an error.
struct WornObservation {
  Observation last;
  std::size_t openings = 0;
  bool refused_and_changed = false;       ///< files of it went
  bool set_aside = false;                 ///< in any of the openings
  std::vector<ToldEvent> shown;           ///< whatever was handed out, in all of them
  std::vector<ToldEvent> acknowledged;    ///< here, by hand
  std::vector<ToldWrite> written;         ///< here
  std::vector<EpochRecord> epochs;        ///< of all openings
  std::vector<std::string> trouble;       ///< errors on the way to the last opening: they were told
  std::optional<DrainObservation> drain;  ///< of all openings together
};

/// Opens it, up to kOpeningsMax times. `moment`: what had reached the consumer by then is there.
inline constexpr std::size_t kOpeningsMax = 5;
[[nodiscard]] WornObservation observe_worn(Rig& rig, platform::sim::DiskImage image, const Look& look,
                                           std::size_t moment);

/// What a check of the file says is no error of a call.
[[nodiscard]] inline bool is_of_check(std::string_view finding) { return finding.starts_with("check: "); }

}  // namespace holdfast::prove
