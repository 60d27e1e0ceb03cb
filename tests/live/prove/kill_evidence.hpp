// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "prove/kill_verdict.hpp"

namespace holdfast::prove::test {

inline demo::LedgerRow row(const std::string& id) { return {id, Instant(std::chrono::seconds(1))}; }

/// Ten events, all received and applied, one of them received twice.
inline KillEvidence good_evidence() {
  KillEvidence evidence;
  evidence.applied.emplace();
  for (int i = 1; i <= 10; ++i) {
    const std::string id = "event-" + std::to_string(i);
    evidence.committed.push_back(row(id));
    evidence.received.push_back(row(id));
    evidence.applied->push_back(row(id));
  }
  evidence.received.push_back(row("event-3"));
  return evidence;
}

/// The same for a consumer without an inbox; one event was lost.
inline KillEvidence naive_evidence() {
  KillEvidence evidence = good_evidence();
  evidence.applied.reset();
  evidence.committed.push_back(row("event-that-was-never-published"));
  return evidence;
}

inline KillVerdict good_verdict() {
  return {.naive = tally(naive_evidence()), .holdfast = tally(good_evidence()), .gaps = 0};
}

}  // namespace holdfast::prove::test
