// SPDX-License-Identifier: MIT
//
// A share is what is claimed as one: of the spread lane, the keys with one CRC-32C modulo the connections (computed
// here again, as src/relay/README.md says it); every other lane as a whole.
//
//   in flight    published, without an answer, by a connection whose pass goes on
//   disjoint     whatever is in flight of a share is with one connection, unless the other one is stuck
//   once         an id is published once in a pass, and not again in this life when it was acknowledged
//   order        of each key, first receipts are in the order of seq
#include "prove/relays/verdict.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include <holdfast/event.hpp>

#include "base/crc32c.hpp"

namespace holdfast::prove {
namespace {

void note(demo::Ids& ids, const std::string& id) {
  ++ids.count;
  if (ids.first.size() < demo::kIdsListedMax) ids.first.push_back(id);
}

struct Named {
  std::string lane;
  std::int64_t seq = 0;
};

/// Of "<epoch>-<lane>-<seq>".
[[nodiscard]] Named named(const std::string& id) {
  const std::size_t first = id.find('-');
  const std::size_t last = id.rfind('-');
  if (first == std::string::npos || last == first) return {id, 0};
  return {id.substr(first + 1, last - first - 1), std::strtoll(id.c_str() + last + 1, nullptr, 10)};
}

[[nodiscard]] std::string share_of(const std::string& id, const std::string& key, std::size_t connections) {
  std::string lane = named(id).lane;
  if (lane != kSpreadLane) return lane;
  return lane + "/" + std::to_string(base::crc32c(bytes_of(key)) % connections);
}

/// One reading of the journal.
class Claims {
 public:
  Claims(std::size_t connections, RelaysVerdict& verdict) : passes_(connections), verdict_(verdict) {
    verdict_.connections.resize(connections);
  }

  void take(const JournalLine& line) {
    if (line.step == ClaimStep::life) return begin_life();
    if (line.connection == 0 || line.connection > passes_.size()) return note(verdict_.unclaimed, line.id);
    const std::size_t n = line.connection - 1;
    switch (line.step) {
      case ClaimStep::connects:
      case ClaimStep::drops: passes_[n] = {}; break;
      case ClaimStep::publishes: publish(n, line); break;
      case ClaimStep::not_taken: take_back(n, line.id); break;
      case ClaimStep::refused: forget(n, line.id); break;
      case ClaimStep::acknowledged:
        ++verdict_.connections[n].acknowledged;
        passes_[n].in_flight.erase(line.id);
        acknowledged_.insert(line.id);
        break;
      case ClaimStep::life: break;
    }
    passes_[n].last_line_ms = line.at_ms;
  }

  [[nodiscard]] const std::unordered_map<std::string, std::string>& key_of() const { return key_of_; }

 private:
  struct Pass {
    std::unordered_set<std::string> published;
    std::unordered_map<std::string, std::string> in_flight;  // id -> share
    std::unordered_set<std::string> lost;  // shares that others took while this one was stuck
    std::int64_t last_line_ms = 0;
  };

  void begin_life() {
    for (Pass& pass : passes_) pass = {};
    acknowledged_.clear();
    last_of_share_.clear();
  }

  void publish(std::size_t n, const JournalLine& line) {
    const std::string share = share_of(line.id, line.key, passes_.size());
    ++verdict_.connections[n].published;
    key_of_.emplace(line.id, line.key);
    if (++times_published_[line.id] > 1) ++verdict_.published_again;
    if (acknowledged_.count(line.id) != 0) note(verdict_.after_acknowledgement, line.id);
    if (passes_[n].published.empty()) ++verdict_.connections[n].passes;
    if (!passes_[n].published.insert(line.id).second) note(verdict_.twice_in_a_pass, line.id);
    judge_claim(n, share, line);
    const auto [last, is_new] = last_of_share_.emplace(share, n);
    if (!is_new && last->second != n) ++verdict_.handovers;
    last->second = n;
  }

  /// Who is stuck loses the share: what it has in flight of it counts no more, and neither does the one publish that it
  /// was stuck in.
  void judge_claim(std::size_t n, const std::string& share, const JournalLine& line) {
    for (std::size_t other = 0; other < passes_.size(); ++other) {
      if (other == n || !has(other, share)) continue;
      if (passes_[n].lost.erase(share) != 0) {
        ++verdict_.stuck;
        return;
      }
      if (!is_stuck(other, line.at_ms)) {
        note(verdict_.claimed_twice, line.id);
        break;
      }
      ++verdict_.stuck;
      std::erase_if(passes_[other].in_flight, [&](const auto& one) { return one.second == share; });
      passes_[other].lost.insert(share);
    }
    passes_[n].in_flight.emplace(line.id, share);
  }

  /// It may be published again in this pass: the relay goes back to it.
  void forget(std::size_t n, const std::string& id) {
    passes_[n].in_flight.erase(id);
    passes_[n].published.erase(id);
  }

  /// The same, and nobody has sent it.
  void take_back(std::size_t n, const std::string& id) {
    if (const auto times = times_published_.find(id); times != times_published_.end() && times->second > 0)
      if (--times->second > 0) --verdict_.published_again;
    forget(n, id);
  }

  [[nodiscard]] bool has(std::size_t n, const std::string& share) const {
    const auto& in_flight = passes_[n].in_flight;
    return std::any_of(in_flight.begin(), in_flight.end(),
                       [&](const auto& one) { return one.second == share; });
  }

  [[nodiscard]] bool is_stuck(std::size_t n, std::int64_t now_ms) const {
    return now_ms - passes_[n].last_line_ms >= kStuckAfter.count();
  }

  std::vector<Pass> passes_;
  std::unordered_set<std::string> acknowledged_;
  std::unordered_map<std::string, std::string> key_of_;
  std::unordered_map<std::string, std::uint64_t> times_published_;
  std::map<std::string, std::size_t> last_of_share_;
  RelaysVerdict& verdict_;
};

void judge_order(const std::vector<demo::LedgerRow>& received,
                 const std::unordered_map<std::string, std::string>& key_of, RelaysVerdict& verdict) {
  std::unordered_set<std::string> seen;
  std::map<std::string, std::int64_t> highest;
  for (const demo::LedgerRow& row : received) {
    if (!seen.insert(row.id).second) continue;
    const auto key = key_of.find(row.id);
    if (key == key_of.end()) {
      note(verdict.unclaimed, row.id);
      continue;
    }
    const Named name = named(row.id);
    std::int64_t& before = highest[name.lane == kSpreadLane ? name.lane + "/" + key->second : name.lane];
    if (name.seq < before) note(verdict.out_of_order, row.id);
    before = std::max(before, name.seq);
  }
  verdict.keys = static_cast<std::size_t>(std::count_if(highest.begin(), highest.end(), [](const auto& one) {
    return one.first.starts_with(std::string(kSpreadLane) + "/");
  }));
}

void expect_none(std::vector<std::string>& complaints, const demo::Ids& ids, const char* what) {
  if (ids.count != 0)
    complaints.push_back("Events " + std::string(what) + ": " + std::to_string(ids.count) + ", the first " +
                         ids.first.front() + ".");
}

}  // namespace

std::uint64_t handovers_in(std::span<const JournalLine> lines, std::size_t connections) {
  RelaysVerdict verdict;
  Claims claims(connections, verdict);
  for (const JournalLine& line : lines) claims.take(line);
  return verdict.handovers;
}

RelaysVerdict judge_relays(const RelaysEvidence& evidence) {
  RelaysVerdict verdict;
  verdict.events = tally(evidence.tables);
  verdict.gaps = evidence.gaps;
  Claims claims(evidence.connections, verdict);
  for (const JournalLine& line : evidence.journal) claims.take(line);
  judge_order(evidence.tables.received, claims.key_of(), verdict);
  return verdict;
}

std::vector<std::string> RelaysVerdict::complaints() const {
  std::vector<std::string> all;
  if (events.committed == 0) all.emplace_back("Nothing was committed, so nothing is proved.");
  expect_none(all, twice_in_a_pass, "published twice in one pass");
  expect_none(all, after_acknowledgement, "published again after their acknowledgement");
  expect_none(all, claimed_twice, "claimed while another connection had their share");
  expect_none(all, out_of_order, "received after a later one of their key");
  expect_none(all, unclaimed, "received that no connection had published");
  expect_none(all, events.lost, "lost");
  expect_none(all, events.phantom, "invented");
  expect_none(all, events.applied_twice, "applied twice");
  if (gaps != 0) all.push_back("The inbox misses " + std::to_string(gaps) + " ranges.");
  for (std::size_t n = 0; n < connections.size(); ++n)
    if (connections[n].acknowledged == 0)
      all.push_back("Connection " + std::to_string(n + 1) +
                    " delivered nothing, so the work was not divided.");
  if (handovers == 0) all.emplace_back("No share changed hands, so a takeover is not proved.");
  if (published_again == 0) all.emplace_back("Nothing was published again, so the kills did not hit.");
  return all;
}

}  // namespace holdfast::prove
