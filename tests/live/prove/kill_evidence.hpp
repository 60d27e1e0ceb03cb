// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "prove/kill/verdict.hpp"

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
inline KillEvidence commit_first_evidence() {
  KillEvidence evidence = good_evidence();
  evidence.applied.reset();
  evidence.committed.push_back(row("event-that-was-never-published"));
  return evidence;
}

/// Another one without an inbox: an event was published, and the process died before it committed.
inline KillEvidence publish_first_evidence() {
  KillEvidence evidence = good_evidence();
  evidence.applied.reset();
  evidence.received.push_back(row("event-that-was-never-committed"));
  return evidence;
}

inline KillVerdict good_verdict() {
  return {.commit_first = tally(commit_first_evidence()),
          .publish_first = tally(publish_first_evidence()),
          .holdfast = tally(good_evidence()),
          .gaps = 0};
}

}  // namespace holdfast::prove::test
