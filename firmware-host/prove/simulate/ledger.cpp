// SPDX-License-Identifier: MIT
#include "prove/simulate/ledger.hpp"

#include <algorithm>

namespace holdfast::prove {
namespace {

constexpr std::string_view kNotRetained = "not_retained";
constexpr std::size_t kPerhapsMax = 12;  // all parts of them are tried; one cut of the backend leaves one

}  // namespace

std::size_t lane_index(std::string_view name) noexcept {
  return static_cast<std::size_t>(std::find(kLaneNames.begin(), kLaneNames.end(), name) - kLaneNames.begin());
}

std::uint64_t SimulatedFates::declared_in_all() const noexcept {
  std::uint64_t all = 0;
  for (const auto& [reason, count] : declared) all += count;
  return all;
}

void SimulatedLedger::complain(const std::string& what) {
  if (complaints_.size() < kComplaintsMax) complaints_.push_back(what);
  ++complaints_in_all_;
}

SimulatedLedger::Lane* SimulatedLedger::lane_of(const EventId& id) {
  const auto book = books_.find(id.epoch.bits);
  const std::size_t lane = lane_index(id.lane);
  return book == books_.end() || lane == kLanes ? nullptr : &book->second.lanes[lane];
}

SimulatedLedger::Told* SimulatedLedger::find(const EventId& id) {
  Lane* lane = lane_of(id);
  const std::int64_t at = lane == nullptr || lane->events.empty() ? -1 : id.seq - lane->first;
  return at < 0 || at >= static_cast<std::int64_t>(lane->events.size())
             ? nullptr
             : &lane->events[static_cast<std::size_t>(at)];
}

// --- the device's side ---

void SimulatedLedger::committed(std::size_t device, const EventId& id, std::uint64_t data) {
  const auto [found, is_new] = books_.try_emplace(id.epoch.bits);
  if (is_new) found->second.device = device;
  const std::size_t index = lane_index(id.lane);
  if (found->second.device != device || index == kLanes)
    return complain("G4: " + id.text() + " is of another device or lane");
  Lane& lane = found->second.lanes[index];
  if (lane.events.empty()) lane.first = id.seq;
  if (id.seq != lane.first + static_cast<std::int64_t>(lane.events.size()))
    return complain("G4: " + id.text() + " is not the next seq of its lane");
  lane.events.push_back({.data = data});
  ++counts_[device].committed;
}

void SimulatedLedger::rolled_back(const EventId& id) {
  Told* event = find(id);
  if (event == nullptr) return complain("rolled back, but never committed: " + id.text());
  event->is_rolled_back = true;
  if (event->fate == Fate::applied) rewound_.insert(books_.at(id.epoch.bits).device);
}

void SimulatedLedger::another_image(std::size_t device) {
  had_other_images_.insert(device);
  for (auto& [epoch, book] : books_) {
    if (book.device != device) continue;
    for (Lane& lane : book.lanes) lane.published.clear();
  }
}

// --- the broker's ---

bool SimulatedLedger::published(const EventId& id, std::string_view key, std::uint64_t data) {
  Told* event = find(id);
  if (event == nullptr) {
    complain("G1: published, but not committed: " + id.text());
    return false;
  }
  if (event->data != data) complain("G4: " + id.text() + " was published with other data");
  if (event->is_published) return true;
  event->is_published = true;
  Lane& lane = *lane_of(id);
  auto last = lane.published.find(key);
  if (last == lane.published.end()) last = lane.published.emplace(key, 0).first;
  if (id.seq < last->second)
    complain("G5: " + id.text() + " was published after seq " + std::to_string(last->second));
  last->second = std::max(last->second, id.seq);
  return true;
}

void SimulatedLedger::accepted(const EventId& id) {
  if (Told* event = find(id); event != nullptr) event->is_accepted = true;
}

void SimulatedLedger::accepted(const GapRecord& gap) {
  Lane* lane = lane_of({gap.epoch, gap.lane, gap.first});
  if (lane == nullptr) return;
  const std::int64_t end = lane->first + static_cast<std::int64_t>(lane->events.size());
  for (std::int64_t seq = std::max(gap.first, lane->first); seq <= gap.last && seq < end; ++seq)
    lane->events[static_cast<std::size_t>(seq - lane->first)].is_accepted = true;
}

// --- the backend's ---

void SimulatedLedger::count_effect(std::size_t device, std::size_t lane, Told& event) {
  event.fate = Fate::applied;
  Effects& sum = sums_[device][lane];
  ++sum.count;
  sum.data ^= static_cast<std::int64_t>(event.data);
  ++counts_[device].applied;
  if (event.is_rolled_back) rewound_.insert(device);
}

void SimulatedLedger::applied(const EventId& id, std::uint64_t data) {
  Told* event = find(id);
  if (event == nullptr) return complain("G1: applied, but not committed: " + id.text());
  if (event->data != data) complain("G4: " + id.text() + " was applied with other data");
  if (event->fate == Fate::applied) return complain("G8: " + id.text() + " was applied again");
  count_effect(books_.at(id.epoch.bits).device, lane_index(id.lane), *event);
}

void SimulatedLedger::perhaps_applied(const EventId& id) {
  Told* event = find(id);
  if (event == nullptr) return complain("G1: applied, but not committed: " + id.text());
  if (event->fate == Fate::waits) event->fate = Fate::perhaps;
}

void SimulatedLedger::duplicate(const EventId& id) {
  ++duplicates_;
  Told* event = find(id);
  if (event == nullptr) return complain("G1: a duplicate of what was not committed: " + id.text());
  // Declared first and delivered after all: once its epoch was complete the inbox knows no difference any more.
  if (event->fate == Fate::waits && (event->declared > 0 || is_in_sparse(*lane_of(id), id.seq))) return;
  if (event->fate == Fate::waits)
    return complain("G8: taken for a duplicate, but never applied: " + id.text());
  if (event->fate != Fate::perhaps) return;
  count_effect(books_.at(id.epoch.bits).device, lane_index(id.lane), *event);
}

bool SimulatedLedger::can_be(std::size_t device, std::size_t lane, const Effects& found) {
  std::vector<Told*> perhaps;
  for (auto& [epoch, book] : books_) {
    if (book.device != device) continue;
    for (Told& event : book.lanes[lane].events) {
      if (event.fate == Fate::perhaps && perhaps.size() < kPerhapsMax) perhaps.push_back(&event);
    }
  }
  for (std::uint32_t part = 0; part < 1U << perhaps.size(); ++part) {
    const auto is_in = [&](std::size_t i) { return (part >> i & 1U) != 0; };
    Effects sum = sums_[device][lane];
    for (std::size_t i = 0; i < perhaps.size(); ++i) {
      if (!is_in(i)) continue;
      ++sum.count;
      sum.data ^= static_cast<std::int64_t>(perhaps[i]->data);
    }
    if (sum != found) continue;
    for (std::size_t i = 0; i < perhaps.size(); ++i) {
      if (is_in(i)) count_effect(device, lane, *perhaps[i]);
    }
    return true;
  }
  return false;
}

std::uint8_t SimulatedLedger::reason_index(const std::string& reason) {
  auto found = std::find(reasons_.begin(), reasons_.end(), reason);
  if (found == reasons_.end()) found = reasons_.insert(found, reason);
  return static_cast<std::uint8_t>(found - reasons_.begin() + 1);
}

// The backend asks for a range of an epoch whose record it never got, and the device answers for the range, not for the epoch.
bool SimulatedLedger::declared_by_guess(const GapRecord& gap, Lane& lane) {
  const std::int64_t end = lane.first + static_cast<std::int64_t>(lane.events.size());
  if (!lane.events.empty() && gap.first >= lane.first && gap.last < end) return false;
  ++never_committed_;
  const std::uint8_t reason = reason_index(gap.reason);
  for (std::int64_t seq = std::max(gap.first, lane.first); seq <= gap.last && seq < end; ++seq) {
    Told& event = lane.events[static_cast<std::size_t>(seq - lane.first)];
    if (event.declared == 0) event.declared = reason;
  }
  return true;
}

std::string SimulatedLedger::extent_of(const Lane* lane) {
  if (lane == nullptr || lane->events.empty()) return "none";
  return std::to_string(lane->first) + " to " +
         std::to_string(lane->first + static_cast<std::int64_t>(lane->events.size()) - 1);
}

void SimulatedLedger::declared(const GapRecord& gap) {
  const EventId first{gap.epoch, gap.lane, gap.first};
  Lane* lane = lane_of(first);
  if (gap.reason == kNotRetained && lane != nullptr && declared_by_guess(gap, *lane)) return;
  if (find(first) == nullptr || find({gap.epoch, gap.lane, gap.last}) == nullptr)
    return complain("G3: declared lost, but not committed: " + first.text() + " to " +
                    std::to_string(gap.last) + ", " + gap.reason + "; of that lane the epoch has " +
                    extent_of(lane));
  if (!gap_records_.insert(gap.id).second && gap.missing == gap.last - gap.first + 1) return;
  if (gap.missing < gap.last - gap.first + 1) {
    lane->sparse[gap.id] = gap;
    return;
  }
  const std::uint8_t reason = reason_index(gap.reason);
  for (std::int64_t seq = gap.first; seq <= gap.last; ++seq) {
    Told& event = lane->events[static_cast<std::size_t>(seq - lane->first)];
    if (event.declared == 0) event.declared = reason;
  }
}

// --- the verdict ---

void SimulatedLedger::judge(bool broker_lost_data) {
  if (never_committed_ > 0 && !broker_lost_data)
    complain("G3: " + std::to_string(never_committed_) +
             " gap records name events that were never committed");
  for (const auto& [epoch, book] : books_) {
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      judge_lane(book, lane, Epoch{epoch}.text(),
                 broker_lost_data && had_other_images_.contains(book.device));
  }
}

bool SimulatedLedger::is_in_sparse(const Lane& lane, std::int64_t seq) {
  return std::any_of(lane.sparse.begin(), lane.sparse.end(),
                     [&](const auto& one) { return one.second.first <= seq && seq <= one.second.last; });
}

void SimulatedLedger::judge_lane(const Book& book, std::size_t index, std::string_view epoch,
                                 bool may_be_forgotten) {
  const Lane& lane = book.lanes[index];
  SimulatedFates& fates = counts_[book.device];
  std::vector<std::int64_t> open;  // not explained by a dense record
  for (std::size_t i = 0; i < lane.events.size(); ++i) {
    const Told& event = lane.events[i];
    if (event.fate == Fate::applied) continue;
    if (event.declared > 0) {
      ++fates.declared[reasons_[event.declared - 1U]];
    } else if (event.is_rolled_back) {
      ++fates.rolled_back;
    } else if (event.is_accepted && may_be_forgotten &&
               !is_in_sparse(lane, lane.first + static_cast<std::int64_t>(i))) {
      ++fates.forgotten;
    } else {
      open.push_back(lane.first + static_cast<std::int64_t>(i));
    }
  }
  if (!open.empty())
    judge_sparse(lane, std::string(epoch) + '-' + std::string(kLaneNames[index]), fates, open);
}

// Hulls that overlap count together, as the inbox counts them.
void SimulatedLedger::judge_sparse(const Lane& lane, const std::string& name, SimulatedFates& fates,
                                   const std::vector<std::int64_t>& open) {
  std::vector<GapRecord> hulls;
  for (const auto& [id, gap] : lane.sparse) hulls.push_back(gap);
  std::sort(hulls.begin(), hulls.end(),
            [](const GapRecord& a, const GapRecord& b) { return a.first < b.first; });
  std::size_t next = 0;
  for (std::size_t i = 0; i < open.size();) {
    std::int64_t first = open[i];
    std::int64_t last = first - 1;
    std::int64_t missing = 0;
    std::string reason;
    while (next < hulls.size() && hulls[next].last < open[i]) ++next;
    for (; next < hulls.size() && hulls[next].first <= std::max(last, first); ++next) {
      last = std::max(last, hulls[next].last);
      missing += hulls[next].missing;
      reason = hulls[next].reason;
    }
    std::int64_t inside = 0;
    for (; i < open.size() && open[i] <= last; ++i) ++inside;
    if (inside == 0) {  // no hull holds it
      ++fates.lost;
      complain("G3: lost: " + name + '-' + std::to_string(open[i++]));
      continue;
    }
    fates.declared[reason] += static_cast<std::uint64_t>(std::min(inside, missing));
    if (inside <= missing) continue;
    fates.lost += static_cast<std::uint64_t>(inside - missing);
    complain("G3: lost: " + std::to_string(inside - missing) + " of " + name + ' ' + std::to_string(first) +
             " to " + std::to_string(last) + ", beyond what its gap records say");
  }
}

}  // namespace holdfast::prove
