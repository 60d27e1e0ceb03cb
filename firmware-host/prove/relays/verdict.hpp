// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "prove/kill/verdict.hpp"
#include "prove/relays/journal.hpp"
#include "prove/relays/plan.hpp"

/// What `prove relays` concludes from the claim journal and the tables of both sides. Pure: rows in, figures out.
namespace holdfast::prove {

/// This lane's keys are divided among the connections; every other lane is with one of them as a whole.
inline constexpr const char* kSpreadLane = "telemetry";
inline constexpr const char* kWholeLane = "alarm";

/// A connection that writes nothing for so long with events in flight is stuck, and its share may be another's
/// (src/relay/README.md): its lease was renewed a third of the term ago at most. One that works writes something at
/// least every acknowledgement time-out, which is shorter.
inline constexpr std::chrono::milliseconds kStuckAfter = kLeaseTerm * 2 / 3;

struct RelaysEvidence {
  std::size_t connections = 0;
  std::vector<JournalLine> journal;
  KillEvidence tables;   ///< `received` in the order of receipt
  std::size_t gaps = 0;  ///< ranges that the inbox misses
};

struct ConnectionFigures {
  std::uint64_t published = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t passes = 0;  ///< times that it was connected and given events
};

struct RelaysVerdict {
  Tally events;
  std::size_t gaps = 0;
  std::vector<ConnectionFigures> connections;
  std::uint64_t published_again = 0;  ///< publishes of an id that had been published before, in whatever life
  std::uint64_t handovers = 0;        ///< a share was published by another connection than before
  std::uint64_t stuck = 0;            ///< of them: with events in flight, from one that did nothing any more
  std::size_t keys = 0;               ///< of the spread lane, received

  // Each of these is a broken promise.
  demo::Ids twice_in_a_pass;        ///< published again on a connection that has published it
  demo::Ids after_acknowledgement;  ///< published again in a life in which it was acknowledged
  demo::Ids
      claimed_twice;       ///< published while another connection, at work, had events of its share in flight
  demo::Ids out_of_order;  ///< received first after a later one of its key (kWholeLane: of its lane)
  demo::Ids unclaimed;     ///< received, and not in the journal

  /// Why the proof failed, a sentence each. Empty: nothing was broken, and several connections did the work.
  [[nodiscard]] std::vector<std::string> complaints() const;
};

/// RelaysVerdict::handovers of these lines alone.
[[nodiscard]] std::uint64_t handovers_in(std::span<const JournalLine> lines, std::size_t connections);

[[nodiscard]] RelaysVerdict judge_relays(const RelaysEvidence& evidence);

}  // namespace holdfast::prove
