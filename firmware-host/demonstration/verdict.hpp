// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <holdfast/time.hpp>

/// What the demo concludes from the two tables. Pure: rows in, figures out.
namespace holdfast::demo {

/// One row of the device's table of committed events, or of the consumer's table of effects.
struct LedgerRow {
  std::string id;
  Instant at;  ///< committed, or applied; both processes read the same boot clock
};

/// From the first touch of a fault until the backlog was gone again.
struct Disturbance {
  Instant from;
  Instant until;
};

/// The consumer's count of suppressed duplicates, looked at every now and then.
struct DuplicateCount {
  Instant at;
  std::uint64_t duplicates = 0;
};

struct Evidence {
  std::vector<LedgerRow> committed;
  std::vector<LedgerRow> applied;                ///< one row for each time that an effect was applied
  std::size_t gaps = 0;                          ///< ranges that the inbox misses
  std::vector<DuplicateCount> duplicate_counts;  ///< in the order of time; the last one is final
  std::vector<Disturbance> disturbances;
  bool faults = true;  ///< some were planned: then a duplicate has to be received
};

inline constexpr std::size_t kIdsListedMax = 20;

struct Ids {
  std::size_t count = 0;
  std::vector<std::string> first;  ///< at most kIdsListedMax, in order
};

/// From commit to application. Zero when nothing was delivered.
struct Latency {
  Duration p50{};
  Duration p99{};
};

struct Verdict {
  std::size_t committed = 0;  ///< distinct ids
  std::size_t delivered = 0;  ///< of them applied
  std::uint64_t duplicates_received = 0;
  std::uint64_t duplicates_stray = 0;  ///< of them, those that no fault explains
  Ids applied_twice;                   ///< ids with more than one effect
  Ids lost;                            ///< committed, without an effect
  Ids phantom;                         ///< an effect without a commit
  std::size_t gaps = 0;
  Latency latency;
  Latency latency_calm;  ///< of events committed outside the disturbances
  bool faults = true;    ///< as in the evidence

  /// Why the demo failed, a sentence each. Empty: every event once, and the proof had teeth.
  [[nodiscard]] std::vector<std::string> complaints() const;
};

[[nodiscard]] Verdict judge(const Evidence& evidence);

}  // namespace holdfast::demo
