// SPDX-License-Identifier: MIT
#include "prove/crash/backup.hpp"

#include <algorithm>

#include "prove/crash/workload.hpp"

namespace holdfast::prove {
namespace {

std::string text(std::size_t lane, std::int64_t seq) {
  return std::string(kLaneNames[lane]) + ' ' + std::to_string(seq);
}

/// Events of it that are not those that the store had.
std::string find_foreign(const Observation& seen, const Ledger& told) {
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (const ToldEvent& event : seen.lanes[lane].pending) {
      const auto& all = told.events[lane];
      const bool known = event.seq >= 1 && static_cast<std::size_t>(event.seq) <= all.size();
      if (!known || !(event == all[static_cast<std::size_t>(event.seq - 1)])) return text(lane, event.seq);
    }
  }
  return {};
}

bool says_restored(const Observation& seen) {
  if (seen.next.events.empty()) return false;
  return std::any_of(seen.epochs.begin(), seen.epochs.end(), [&](const EpochRecord& record) {
    return record.epoch == seen.next.events.front().epoch && record.reason == "restored";
  });
}

}  // namespace

std::optional<Observation> observe_backup(Rig& rig, platform::sim::DiskImage image, const Look& look,
                                          std::uint64_t budget_bytes) {
  if (!image.contains(std::string_view(kProveBackupPath))) return std::nullopt;
  Look mine = look;
  mine.path = kProveBackupPath;
  mine.budget_bytes = budget_bytes;
  mine.create = false;
  mine.consumer = nullptr;
  return observe(rig, std::move(image), mine);
}

std::vector<std::string> judge_backup(const std::optional<Observation>& seen, const Ledger& told,
                                      std::size_t point) {
  std::vector<std::string> complaints;
  const auto complain = [&](const std::string& what) { complaints.push_back("G2: the backup " + what); };
  for (const Ledger::Backup& backup : told.backups) {
    if (backup.begin > point) continue;
    const bool is_told = backup.end <= point;
    if (!seen || !seen->refused.empty()) {
      if (is_told)
        complain("was told complete, and " + (seen ? "does not open: " + seen->refused : "is not there"));
      continue;
    }
    if (!seen->warning.empty()) {
      if (is_told) complain("was told complete, and is damaged: " + seen->warning);
      continue;
    }
    const Ends& most = is_told ? backup.ends_after : told.ends;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::int64_t end = seen->lanes[lane].committed;
      if (end < (is_told ? backup.ends_after : backup.ends_before)[lane])
        complain("is taken for whole, and ends at " + text(lane, end));
      if (end > most[lane]) complain("has an event that never was: " + text(lane, end));
    }
    if (const std::string foreign = find_foreign(*seen, told); !foreign.empty())
      complain("has another event as " + foreign);
    if (is_told && !says_restored(*seen)) complain("does not say that it was restored");
    for (const std::string& finding : seen->findings) complain(finding);
  }
  return complaints;
}

}  // namespace holdfast::prove
