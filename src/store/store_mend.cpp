// SPDX-License-Identifier: MIT
//
// What the store does when it meets damage in the open file: it is set aside, and what reads goes on. At most once in
// kTroubleSpan, so that a medium that damages everything does not fill up with stores.
#include <algorithm>
#include <holdfast/platform/clock.hpp>

#include "store/store.hpp"

namespace holdfast::store {

bool Store::mend() {
  const Instant now = platform_.clock.now();
  if (last_mending_ && now - *last_mending_ < kTroubleSpan) return false;
  last_mending_ = now;
  damaged_ = true;
  return reopen();
}

// A caller's code may have made the error up, or met it in a file of its own: the whole file is looked at first.
bool Store::mend_if_damaged(const Error& error) {
  const Instant now = platform_.clock.now();
  if (!session_ || !says_damaged(error) || error.code == ErrorCode::outcome_unknown) return false;
  if (last_mending_ && now - *last_mending_ < kTroubleSpan) return false;
  const auto findings = session_->check_structure();
  const bool is_damaged = findings ? !findings->empty() : says_damaged(findings.error());
  if (is_damaged) return mend();
  last_mending_ = now;  // a caller that says so all the time does not have the file read all the time
  return false;
}

// Writes that met the damage have changed nothing, and run again in what was saved.
void Store::mend_for(std::span<WriteJob> jobs) {
  const auto met = std::find_if(jobs.begin(), jobs.end(), [](const WriteJob& job) {
    return !job.outcome && says_damaged(job.outcome.error());
  });
  if (met == jobs.end() || counters_.degraded || !mend_if_damaged(met->outcome.error())) return;
  look_at_pressure();
  for (WriteJob& job : jobs) {
    const bool failed = !job.outcome && job.outcome.error().code != ErrorCode::outcome_unknown;
    if (failed && says_damaged(job.outcome.error())) run_alone(job);
  }
}

}  // namespace holdfast::store
