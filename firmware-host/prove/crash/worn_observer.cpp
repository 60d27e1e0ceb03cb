// SPDX-License-Identifier: MIT
#include "prove/crash/worn_observer.hpp"

#include <algorithm>

#include "prove/crash/rig.hpp"

namespace holdfast::prove {
namespace {

void add(WornObservation& all, const Observation& seen) {
  ++all.openings;
  all.set_aside = all.set_aside || !seen.warning.empty();
  for (const auto& lane : seen.lanes)
    all.shown.insert(all.shown.end(), lane.pending.begin(), lane.pending.end());
  for (std::size_t lane = 0; seen.drained && lane < kLanes; ++lane)
    all.acknowledged.insert(all.acknowledged.end(), seen.lanes[lane].pending.begin(),
                            seen.lanes[lane].pending.end());
  if (!seen.next.events.empty()) all.written.push_back(seen.next);
  for (const EpochRecord& record : seen.epochs) {
    if (std::find(all.epochs.begin(), all.epochs.end(), record) == all.epochs.end())
      all.epochs.push_back(record);
  }
}

bool has_failed(const Observation& seen) {
  return !std::all_of(seen.findings.begin(), seen.findings.end(), is_of_check);
}

/// What a store that was there had is still there: SQLite may move its WAL into it, but nothing goes.
bool is_kept(Rig& rig, platform::sim::DiskImage image, const Look& look) {
  using platform::sim::DiskAct;
  platform::sim::DiskLog log;
  Look again = look;
  again.log = &log;
  again.consumer = nullptr;
  (void)observe(rig, std::move(image), again);
  return std::none_of(log.operations.begin(), log.operations.end(), [&](const auto& operation) {
    const std::string& file = log.name_of(operation);
    const bool is_store = file == kProvePath || file == std::string(kProvePath) + "-wal";
    const bool takes_away = operation.act == DiskAct::remove || operation.act == DiskAct::rename ||
                            (operation.act == DiskAct::truncate && operation.file < log.files.size() &&
                             operation.offset < log.files[operation.file].bytes.size());
    return is_store && takes_away;
  });
}

}  // namespace

WornObservation observe_worn(Rig& rig, platform::sim::DiskImage image, const Look& look, std::size_t moment) {
  WornObservation all;
  Look mine = look;
  platform::sim::DiskImage untouched;
  for (const auto& [path, file] : image) untouched.emplace(path, file->copy());
  if (mine.consumer != nullptr) mine.consumer->open(moment);
  rig.disk.mount(std::move(image));
  for (std::size_t i = 0; i < kOpeningsMax; ++i) {
    mine.seed = look.seed + i;
    Observation seen = observe_again(rig, mine);
    add(all, seen);
    all.last = std::move(seen);
    if (!all.last.refused.empty() || (!has_failed(all.last) && !all.last.mended)) break;
    all.trouble.insert(all.trouble.end(), all.last.findings.begin(), all.last.findings.end());
  }
  rig.disk.mount({});
  if (mine.consumer != nullptr) all.drain = mine.consumer->close();
  if (!all.last.refused.empty() && all.openings == 1)
    all.refused_and_changed = !is_kept(rig, std::move(untouched), look);
  return all;
}

}  // namespace holdfast::prove
