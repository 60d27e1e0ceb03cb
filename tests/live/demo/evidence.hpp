// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "demonstration/report.hpp"
#include "demonstration/verdict.hpp"

namespace holdfast::demo::test {

inline Instant at_ms(std::int64_t ms) { return Instant(std::chrono::milliseconds(ms)); }

/// 100 events, one every 100 ms, each applied 10 ms after its commit; one fault from 4 to 5 s, which explains
/// the three duplicates.
inline Evidence good_evidence() {
  Evidence evidence;
  for (std::int64_t i = 1; i <= 100; ++i) {
    evidence.committed.push_back({"event-" + std::to_string(i), at_ms(i * 100)});
    evidence.applied.push_back({"event-" + std::to_string(i), at_ms(i * 100 + 10)});
  }
  evidence.disturbances = {{at_ms(4000), at_ms(5000)}};
  evidence.duplicate_counts = {{at_ms(0), 0}, {at_ms(3900), 0}, {at_ms(4500), 3}, {at_ms(10'000), 3}};
  return evidence;
}

inline Report report_of(const Evidence& evidence) {
  Report report;
  report.seed = 7;
  report.seconds = 10;
  report.events_per_s = 10;
  report.environment = "Holdfast, SQLite, Mosquitto";
  report.page = "demo.html";
  report.history.began = at_ms(0);
  report.history.ended = at_ms(10'500);
  report.history.samples = {{at_ms(0), 0, 0, 0, 0, 0, 0}, {at_ms(4500), 44, 20, 45, 40, 40, 0}};
  report.history.faults = {
      {FaultKind::broker_killed, at_ms(3900), at_ms(4000), at_ms(4800), at_ms(5000), 20},
      {FaultKind::device_killed, at_ms(7000), at_ms(7100), at_ms(7200), at_ms(7500), 17}};
  report.history.story = {{at_ms(4000), "broker killed"}};
  report.verdict = judge(evidence);
  report.committed = evidence.committed;
  report.applied = evidence.applied;
  return report;
}

}  // namespace holdfast::demo::test
