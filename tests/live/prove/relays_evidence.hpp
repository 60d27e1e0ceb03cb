// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string>

#include "prove/relays/verdict.hpp"

namespace holdfast::prove::test {

inline std::string event_id(int seq, const char* lane = kSpreadLane) {
  return std::string("00000000000000aa-") + lane + "-" + std::to_string(seq);
}
inline JournalLine life() { return {ClaimStep::life}; }
inline JournalLine connects(std::size_t n) { return {ClaimStep::connects, n}; }
inline JournalLine drops(std::size_t n) { return {ClaimStep::drops, n}; }
inline JournalLine publishes(std::size_t n, const std::string& id, const std::string& key) {
  return {ClaimStep::publishes, n, id, key};
}
inline JournalLine acknowledged(std::size_t n, const std::string& id) {
  return {ClaimStep::acknowledged, n, id};
}
inline JournalLine not_taken(std::size_t n, const std::string& id) { return {ClaimStep::not_taken, n, id}; }
/// A line of this time.
inline JournalLine at(std::int64_t ms, JournalLine line) {
  line.at_ms = ms;
  return line;
}
inline JournalLine refused(std::size_t n, const std::string& id) { return {ClaimStep::refused, n, id}; }

/// Of two connections the shares of these keys: CRC-32C of "c" is odd, that of "a" even.
inline constexpr const char* kKeyOfShare1 = "c";
inline constexpr const char* kKeyOfShare0 = "a";

/// Two connections. The second one dies with event 3 in flight; the first takes over its share and publishes it again.
inline RelaysEvidence good_relays_evidence() {
  RelaysEvidence evidence;
  evidence.connections = 2;
  const std::string one = event_id(1);
  const std::string two = event_id(2);
  const std::string three = event_id(3);
  const std::string alarm = event_id(1, kWholeLane);
  evidence.journal = {
      life(),
      connects(1),
      connects(2),
      publishes(1, one, kKeyOfShare0),
      publishes(1, alarm, kKeyOfShare1),
      publishes(2, two, kKeyOfShare1),
      acknowledged(1, one),
      acknowledged(1, alarm),
      acknowledged(2, two),
      publishes(2, three, kKeyOfShare1),
      drops(2),
      publishes(1, three, kKeyOfShare1),
      acknowledged(1, three),
  };
  evidence.tables.applied.emplace();
  for (const std::string& id : {one, alarm, two, three}) {
    const demo::LedgerRow row{id, Instant(std::chrono::seconds(1))};
    evidence.tables.committed.push_back(row);
    evidence.tables.received.push_back(row);
    evidence.tables.applied->push_back(row);
  }
  return evidence;
}

}  // namespace holdfast::prove::test
