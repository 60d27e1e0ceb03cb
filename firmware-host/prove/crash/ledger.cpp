// SPDX-License-Identifier: MIT
#include "prove/crash/ledger.hpp"

#include <algorithm>
#include <cstring>

namespace holdfast::prove {
namespace {

void apply(const ToldWrite& write, Ends& ends, State& state) {
  for (const ToldEvent& event : write.events) ends[event.lane] = std::max(ends[event.lane], event.seq);
  for (const auto& [key, value] : write.state) {
    if (value)
      state[key] = *value;
    else
      state.erase(key);
  }
}

template <class Item>
std::vector<Item> before(const std::vector<Item>& items, std::size_t point) {
  std::vector<Item> kept;
  for (const Item& item : items) {
    if (item.at > point) continue;
    kept.push_back(item);
    kept.back().at = 0;
  }
  return kept;
}

}  // namespace

std::uint64_t digest(std::span<const std::byte> bytes) noexcept {
  constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15;
  std::uint64_t hash = bytes.size() * kFactor;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(sizeof(word), bytes.size() - at));
    hash = (hash ^ word) * kFactor;
    hash ^= hash >> 29U;
  }
  return hash;
}

void Ledger::committed(const ToldWrite& write) {
  for (const ToldEvent& event : write.events) {
    auto& lane = events[event.lane];
    lane.resize(std::max(lane.size(), static_cast<std::size_t>(event.seq)));
    lane[static_cast<std::size_t>(event.seq - 1)] = event;
    epochs.insert(event.epoch);
  }
  apply(write, ends, state);
}

Ledger Ledger::after_cut(std::size_t point, std::size_t writes) const {
  Ledger ledger;
  world_at(point, writes, ledger.ends, ledger.state);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const auto& all = events[lane];
    ledger.events[lane].assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(ledger.ends[lane]));
    for (const ToldEvent& event : ledger.events[lane]) ledger.epochs.insert(event.epoch);
  }
  ledger.acknowledged = before(acknowledged, point);
  ledger.declared = before(declared, point);
  ledger.cursors = before(cursors, point);
  ledger.budget_bytes = budget_bytes;
  for (Quarantined event : quarantined) {
    if (event.end > 0 && event.begin >= point) continue;
    event.end = event.end <= point ? 0 : SIZE_MAX;  // in progress: it may be there
    event.begin = 0;
    event.discarded_before = event.discarded_before || event.discarded < point;
    event.discarded = SIZE_MAX;
    ledger.quarantined.push_back(event);
  }
  return ledger;
}

const Step* Ledger::in_progress(std::size_t point) const {
  const Step* step = point > 0 ? step_of(point - 1) : nullptr;
  return step != nullptr && step->end > point ? step : nullptr;
}

const Step* Ledger::step_of(std::size_t operation) const {
  const auto after = std::upper_bound(steps.begin(), steps.end(), operation,
                                      [](std::size_t at, const Step& step) { return at < step.begin; });
  if (after == steps.begin()) return nullptr;
  const Step& step = *std::prev(after);
  return operation < step.end ? &step : nullptr;
}

void Ledger::world_at(std::size_t point, std::size_t writes, Ends& ends_at, State& state_at) const {
  const auto after = std::upper_bound(steps.begin(), steps.end(), point,
                                      [](std::size_t at, const Step& step) { return at < step.end; });
  if (after == steps.end()) {
    ends_at = ends;
    state_at = state;
    return;
  }
  ends_at = after->ends_before;
  state_at = after->state_before;
  for (std::size_t i = 0; i < writes; ++i) apply(after->writes[i], ends_at, state_at);
}

}  // namespace holdfast::prove
