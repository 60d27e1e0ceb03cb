// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "demonstration/verdict.hpp"

/// What `prove kill` concludes from the tables of the contenders. Pure: rows in, figures out.
namespace holdfast::prove {

struct KillEvidence {
  std::vector<demo::LedgerRow> committed;  ///< by the device, in the transaction of its state
  std::vector<demo::LedgerRow> received;   ///< one row for each time that the consumer received an event
  /// One row for each effect. Absent: this consumer has no inbox, so it acts upon whatever it receives.
  std::optional<std::vector<demo::LedgerRow>> applied;
};

struct Tally {
  std::size_t committed = 0;
  demo::Ids lost;            ///< committed, without an effect
  demo::Ids phantom;         ///< received or in effect, never committed
  demo::Ids received_again;  ///< ids received more than once
  demo::Ids applied_twice;   ///< ids with more than one effect
};

/// By demo::judge(), the demo's judge.
[[nodiscard]] Tally tally(const KillEvidence& evidence);

struct KillVerdict {
  Tally commit_first;
  Tally publish_first;
  Tally holdfast;
  std::size_t gaps = 0;  ///< ranges that the inbox misses

  /// Why the proof failed, a sentence each. Empty: Holdfast did nothing wrong, and the same kills hurt both others.
  [[nodiscard]] std::vector<std::string> complaints() const;
};

}  // namespace holdfast::prove
