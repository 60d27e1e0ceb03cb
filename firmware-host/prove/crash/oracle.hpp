// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "prove/crash/ledger.hpp"
#include "prove/crash/observer.hpp"

/// Whether a store that was opened after a power cut keeps what its callers were promised. Pure: what was told, and what
/// is seen, in; complaints out. Each complaint begins with the guarantee that is broken (DESIGN.md, section 1).
///
///  G1  the writes that are there are a prefix of those that were begun; of one commit all or none; the state is
///      exactly what they left. No event that was never committed is there.
///  G2  every write that was told success is there; acknowledgements that were stored stay stored.
///  G3  an event that is not pending was acknowledged, is in quarantine, or is declared; one that was declared does
///      not come back; the backlog is counted right.
///  G4  an id has the data it was given; the next write takes the next seq, in an epoch that nobody has seen, whose
///      record names its parent and where that ended.
///  G5  pending events come in the order of their commits.
///  G6  database and WAL are within the budget.
///  G9  the store opens by itself, nothing is set aside or called damaged, and the next write succeeds.
namespace holdfast::prove {

struct Verdict {
  std::vector<std::string> complaints;
  bool any_in_progress = false;  ///< a write was in progress at the cut
  std::size_t writes = 0;        ///< of the step in progress, that are there
};

[[nodiscard]] Verdict judge(const Observation& seen, const Ledger& told, std::size_t point);

}  // namespace holdfast::prove
