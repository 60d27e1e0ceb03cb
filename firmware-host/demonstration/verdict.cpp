// SPDX-License-Identifier: MIT
//
//   committed  C: ids in the table that the device writes in the transaction of the event
//   applied    A: ids in the table that the consumer writes in the inbox's transaction, one row per effect
//
//   lost = C - A     phantom = A - C     applied twice = ids with several rows in A     delivered = C and A
//
// No counter of the programs decides any of these.
#include "demonstration/verdict.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace holdfast::demo {
namespace {

struct Seen {
  Instant committed_at;
  Instant applied_at;  ///< the first time
  bool is_committed = false;
  std::size_t effects = 0;
};

using SeenById = std::unordered_map<std::string_view, Seen>;

[[nodiscard]] SeenById join(const Evidence& evidence) {
  SeenById all;
  all.reserve(evidence.committed.size());
  for (const LedgerRow& row : evidence.committed) {
    Seen& seen = all[row.id];
    seen.is_committed = true;
    seen.committed_at = row.at;
  }
  for (const LedgerRow& row : evidence.applied) {
    Seen& seen = all[row.id];
    seen.applied_at = seen.effects == 0 ? row.at : std::min(seen.applied_at, row.at);
    ++seen.effects;
  }
  return all;
}

void note(Ids& ids, std::string_view id) {
  ++ids.count;
  ids.first.emplace_back(id);
}

void shorten(Ids& ids) {
  std::sort(ids.first.begin(), ids.first.end());
  if (ids.first.size() > kIdsListedMax) ids.first.resize(kIdsListedMax);
}

[[nodiscard]] bool is_disturbed(const Evidence& evidence, Instant at) {
  return std::any_of(evidence.disturbances.begin(), evidence.disturbances.end(),
                     [at](const Disturbance& one) { return one.from <= at && at <= one.until; });
}

/// Nearest rank; the value below which `percent` of them lie.
[[nodiscard]] Duration percentile(const std::vector<Duration>& sorted, std::size_t percent) {
  if (sorted.empty()) return {};
  const std::size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

[[nodiscard]] Latency summarize(std::vector<Duration> all) {
  std::sort(all.begin(), all.end());
  return {percentile(all, 50), percentile(all, 99)};
}

/// A step of the count between two looks is explained when a disturbance overlaps the time between them.
[[nodiscard]] std::uint64_t stray_duplicates(const Evidence& evidence) {
  std::uint64_t stray = 0;
  DuplicateCount before{};
  for (const DuplicateCount& now : evidence.duplicate_counts) {
    const bool explained =
        std::any_of(evidence.disturbances.begin(), evidence.disturbances.end(),
                    [&](const Disturbance& one) { return one.from <= now.at && before.at <= one.until; });
    if (now.duplicates > before.duplicates && !explained) stray += now.duplicates - before.duplicates;
    before = now;
  }
  return stray;
}

[[nodiscard]] std::string count_of(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + (count == 1 ? " event was " : " events were ") + std::string(what);
}

}  // namespace

Verdict judge(const Evidence& evidence) {
  Verdict verdict;
  std::vector<Duration> latencies;
  std::vector<Duration> calm;
  for (const auto& [id, seen] : join(evidence)) {
    if (seen.is_committed) ++verdict.committed;
    if (seen.is_committed && seen.effects == 0) note(verdict.lost, id);
    if (!seen.is_committed) note(verdict.phantom, id);
    if (seen.effects > 1) note(verdict.applied_twice, id);
    if (!seen.is_committed || seen.effects == 0) continue;
    ++verdict.delivered;
    latencies.push_back(seen.applied_at - seen.committed_at);
    if (!is_disturbed(evidence, seen.committed_at)) calm.push_back(latencies.back());
  }
  for (Ids* ids : {&verdict.lost, &verdict.phantom, &verdict.applied_twice}) shorten(*ids);
  verdict.gaps = evidence.gaps;
  verdict.faults = evidence.faults;
  if (!evidence.duplicate_counts.empty())
    verdict.duplicates_received = evidence.duplicate_counts.back().duplicates;
  verdict.duplicates_stray = stray_duplicates(evidence);
  verdict.latency = summarize(std::move(latencies));
  verdict.latency_calm = summarize(std::move(calm));
  return verdict;
}

std::vector<std::string> Verdict::complaints() const {
  std::vector<std::string> all;
  if (lost.count != 0) all.push_back(count_of(lost.count, "committed and never applied."));
  if (phantom.count != 0) all.push_back(count_of(phantom.count, "applied and never committed."));
  if (applied_twice.count != 0) all.push_back(count_of(applied_twice.count, "applied more than once."));
  if (gaps != 0) all.push_back("The inbox reports " + std::to_string(gaps) + " missing ranges.");
  if (duplicates_stray != 0) all.push_back(count_of(duplicates_stray, "received twice without any fault."));
  if (committed == 0) all.emplace_back("Nothing was committed, so nothing is proved.");
  if (faults && duplicates_received == 0)
    all.emplace_back("No duplicate was received, so it is not proved that one is suppressed.");
  return all;
}

}  // namespace holdfast::demo
