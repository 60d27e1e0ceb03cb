// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "prove/crash/oracle.hpp"
#include "prove/crash/rig.hpp"

/// The other side under power cuts: an inbox that applies what a broker delivers, some of it twice, late, or with an
/// effect that fails.
///
///  G8  an effect whose delivery was told applied is there, once; one that was rolled back or never begun is not;
///      when everything is delivered again, each effect is there exactly once, and nothing is missing.
///  G9  the inbox opens by itself.
namespace holdfast::prove {

/// One message handed to the inbox.
struct Delivery {
  std::size_t event = 0;  ///< number of the event
  std::size_t begin = 0;  ///< operations, as in Step
  std::size_t end = 0;
  bool applied = false;  ///< told so
};

struct InboxRecording {
  platform::sim::DiskLog log;
  Ledger ledger;  ///< its steps alone
  std::vector<Delivery> deliveries;
  std::vector<std::string> complaints;
};

[[nodiscard]] InboxRecording record_inbox(Rig& rig, std::uint64_t seed);

struct InboxObservation {
  std::string refused;                   ///< not empty: it did not open, and why
  std::vector<std::int64_t> effects;     ///< how often each event's effect is there
  std::vector<std::int64_t> in_the_end;  ///< ... after all was delivered again
  std::vector<std::string> findings;
};

[[nodiscard]] InboxObservation observe_inbox(Rig& rig, platform::sim::DiskImage image);
[[nodiscard]] Verdict judge_inbox(const InboxObservation& seen, const InboxRecording& told,
                                  std::size_t point);

}  // namespace holdfast::prove
