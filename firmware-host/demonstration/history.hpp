// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <holdfast/time.hpp>

#include "demonstration/verdict.hpp"

/// What was seen from outside while the demo ran. It draws the pictures and tells when to act; the verdict
/// rests on the tables.
namespace holdfast::demo {

/// One look at the processes. While a process is down its last word stands.
struct Sample {
  Instant at;
  std::uint64_t backlog = 0;  ///< the device's: committed, not yet acknowledged
  std::uint64_t in_flight = 0;
  std::uint64_t committed = 0;
  std::uint64_t received = 0;  ///< by the consumer: events, repeats and records
  std::uint64_t applied = 0;
  std::uint64_t duplicates = 0;
};

enum class FaultKind : std::uint8_t { broker_killed, device_killed };

struct Fault {
  FaultKind kind = FaultKind::broker_killed;
  Instant touched{};            ///< the first SIGSTOP that prepares it
  Instant killed{};             ///< SIGKILL
  Instant restarted{};          ///< the process runs again
  Instant recovered{};          ///< the backlog is gone
  std::uint64_t in_flight = 0;  ///< events, at the kill

  [[nodiscard]] Disturbance disturbance() const { return {touched, recovered}; }
};

struct StoryLine {
  Instant at;
  std::string text;
};

struct History {
  Instant began;  ///< of the load
  Instant ended;  ///< when the consumer had everything, or was given up
  std::vector<Sample> samples;
  std::vector<Fault> faults;
  std::vector<StoryLine> story;
  std::vector<std::string> machinery;  ///< failures of the demo itself, such as an unexpected exit code

  [[nodiscard]] std::uint64_t backlog_peak() const;
  [[nodiscard]] double seconds(Instant at) const;  ///< since the load began
};

}  // namespace holdfast::demo
