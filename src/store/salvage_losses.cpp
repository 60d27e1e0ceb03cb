// SPDX-License-Identifier: MIT
#include "store/salvage_losses.hpp"

#include <algorithm>
#include <holdfast/limits.hpp>

namespace holdfast::store {
namespace {

constexpr std::size_t kNewGapsMin = 16;

std::int64_t length(const auto& range) noexcept { return range.last - range.first + 1; }

bool is_dense(const SalvagedGap& gap) noexcept { return gap.missing == gap.last_seq - gap.first_seq + 1; }

// Of bytes that are known for all of a hole: what falls to a part of it, by number.
std::int64_t share(std::int64_t bytes, std::int64_t part, std::int64_t all) noexcept {
  return all == 0 ? 0
                  : static_cast<std::int64_t>(static_cast<double>(bytes) * static_cast<double>(part) /
                                              static_cast<double>(all));
}

// What is left of exact holes without `cover`.
std::vector<SeqHole> without(const std::vector<SeqHole>& holes, const std::vector<SeqHole>& covers) {
  std::vector<SeqHole> left;
  for (const SeqHole& hole : holes) {
    if (hole.missing != length(hole)) {
      left.push_back(hole);
      continue;
    }
    std::int64_t bytes = hole.bytes;
    std::int64_t from = hole.first;
    const std::size_t parts_before = left.size();
    for (auto cover = std::lower_bound(covers.begin(), covers.end(), hole.first,
                                       [](const SeqHole&c, std::int64_t seq) { return c.last < seq; });
         cover != covers.end() && cover->first <= hole.last; ++cover) {
      bytes -= cover->bytes;
      if (cover->first > from) left.push_back({from, cover->first - 1, cover->first - from, 0});
      from = std::max(from, cover->last + 1);
    }
    if (from <= hole.last) left.push_back({from, hole.last, hole.last - from + 1, 0});
    std::int64_t missing = 0;
    for (std::size_t i = parts_before; i < left.size(); ++i) missing += left[i].missing;
    for (std::size_t i = parts_before; i < left.size(); ++i)
      left[i].bytes = share(std::max<std::int64_t>(0, bytes), left[i].missing, missing);
  }
  return left;
}

// Sorted and disjoint, as without() needs them.
std::vector<SeqHole> united(std::vector<SeqHole> covers) {
  std::sort(covers.begin(), covers.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<SeqHole> disjoint;
  for (const SeqHole& cover : covers) {
    if (!disjoint.empty() && cover.first <= disjoint.back().last) {
      disjoint.back().last = std::max(disjoint.back().last, cover.last);
    } else {
      disjoint.push_back(cover);
    }
  }
  return disjoint;
}

std::vector<SeqHole> explained(const LaneLosses& losses) {
  std::vector<SeqHole> covers;
  for (const SalvagedGap& gap : losses.gaps) {
    if (is_dense(gap)) covers.push_back({gap.first_seq, gap.last_seq, gap.missing, gap.bytes});
  }
  for (const std::int64_t seq : losses.quarantined) covers.push_back({seq, seq, 1, 0});
  return united(std::move(covers));
}

SalvagedGap new_gap(const EpochRanges& epochs, const SeqHole& hole, const char* reason) {
  SalvagedGap gap;
  gap.epoch_number = epochs.of(hole.first).value_or(0);
  gap.first_seq = hole.first;
  gap.last_seq = hole.last;
  gap.missing = hole.missing;
  gap.bytes = hole.bytes;
  gap.reason = reason;
  return gap;
}

// A sparse hull explains as many seqs as it says, of those in it that have no row. Takes them out of
// `holes`; what is more is declared.
std::optional<SeqHole> take_hull(const SalvagedGap& hull, std::vector<SeqHole>& holes) {
  const std::vector<SeqHole> cover = {{hull.first_seq, hull.last_seq, 0, 0}};
  const std::vector<SeqHole> outside = without(holes, cover);
  SeqHole more;
  for (const SeqHole& hole : holes) {
    const std::int64_t first = std::max(hole.first, hull.first_seq);
    const std::int64_t last = std::min(hole.last, hull.last_seq);
    if (first > last || hole.missing != length(hole)) continue;
    if (more.missing == 0) more.first = first;
    more.last = last;
    more.missing += last - first + 1;
  }
  holes = outside;
  more.missing -= hull.missing;
  return more.missing > 0 ? std::optional(more) : std::nullopt;
}

// Neighbours of one epoch become one sparse record, the nearest first, until `gaps_max` are left.
void bound_gaps(std::vector<SalvagedGap>& gaps, std::size_t gaps_max) {
  std::sort(gaps.begin(), gaps.end(), [](const auto& a, const auto& b) { return a.first_seq < b.first_seq; });
  if (gaps.size() <= gaps_max) return;
  std::vector<std::int64_t> distances;
  for (std::size_t i = 1; i < gaps.size(); ++i) {
    if (gaps[i].epoch_number == gaps[i - 1].epoch_number)
      distances.push_back(gaps[i].first_seq - gaps[i - 1].last_seq);
  }
  std::size_t merges = std::min(gaps.size() - gaps_max, distances.size());
  if (merges == 0) return;
  std::nth_element(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(merges - 1),
                   distances.end());
  const std::int64_t farthest = distances[merges - 1];
  std::vector<SalvagedGap> merged;
  for (SalvagedGap& gap : gaps) {
    const bool joins = !merged.empty() && merges > 0 && merged.back().epoch_number == gap.epoch_number &&
                       gap.first_seq - merged.back().last_seq <= farthest;
    if (!joins) {
      merged.push_back(std::move(gap));
      continue;
    }
    --merges;
    merged.back().last_seq = std::max(merged.back().last_seq, gap.last_seq);
    merged.back().missing += gap.missing;
    merged.back().bytes += gap.bytes;
  }
  gaps = std::move(merged);
}

// A quarantined event was declared when it was refused. Above the cursor the record is kept, and so it is
// missed here when it is not there; below, only a table that did not read to its end leaves a doubt.
void declare_quarantined(const LaneLosses& losses, std::vector<SalvagedGap>& declared) {
  for (const std::int64_t seq : losses.quarantined) {
    const auto covers = [&](const SalvagedGap& gap) { return gap.first_seq <= seq && seq <= gap.last_seq; };
    if (std::any_of(losses.gaps.begin(), losses.gaps.end(), covers)) continue;
    if (seq <= losses.cursor && losses.gaps_whole) continue;
    declared.push_back(new_gap(losses.epochs, {seq, seq, 1, 0}, "quarantined"));
  }
}

}  // namespace

void SeqHoles::add(std::int64_t first, std::int64_t last, std::int64_t bytes) {
  holes_.push_back({first, last, last - first + 1, bytes});
  if (holes_.size() <= kHolesMax) return;
  for (std::size_t i = 0; 2 * i + 1 < holes_.size(); ++i) {
    const SeqHole& a = holes_[2 * i];
    const SeqHole& b = holes_[2 * i + 1];
    holes_[i] = {a.first, b.last, a.missing + b.missing, a.bytes + b.bytes};
  }
  const bool odd = holes_.size() % 2 == 1;
  const std::size_t half = holes_.size() / 2;
  if (odd) holes_[half] = holes_.back();
  holes_.resize(half + (odd ? 1 : 0));
}

void EpochRanges::begins_after(std::int64_t number, std::int64_t seq) {
  const auto [it, added] = begins_.emplace(number, seq);
  if (!added) it->second = std::min(it->second, seq);
}

std::optional<std::int64_t> EpochRanges::of(std::int64_t seq) const {
  for (auto it = begins_.rbegin(); it != begins_.rend(); ++it) {
    if (it->second < seq) return it->first;
  }
  if (begins_.empty()) return std::nullopt;
  return begins_.begin()->first;
}

std::int64_t EpochRanges::end_of(std::int64_t first, std::int64_t last) const {
  std::int64_t end = last;
  for (const auto& [number, below] : begins_) {
    if (below >= first && below < end && of(below + 1) != of(first)) end = below;
  }
  return end;
}

std::vector<SalvagedGap> declare_losses(const LaneLosses& losses) {
  std::vector<SeqHole> holes = without(losses.holes, explained(losses));
  std::vector<SalvagedGap> declared;
  for (const SalvagedGap& gap : losses.gaps) {
    if (is_dense(gap) || gap.first_seq <= losses.cursor) continue;
    const auto more = take_hull(gap, holes);
    if (more) declared.push_back(new_gap(losses.epochs, *more, "damaged"));
  }
  for (const SeqHole& hole : holes) {
    if (hole.missing != length(hole)) {
      declared.push_back(new_gap(losses.epochs, hole, "damaged"));
      continue;
    }
    for (std::int64_t first = hole.first; first <= hole.last;) {
      const std::int64_t end = losses.epochs.end_of(first, hole.last);
      const SeqHole part{first, end, end - first + 1, share(hole.bytes, end - first + 1, hole.missing)};
      declared.push_back(new_gap(losses.epochs, part, "damaged"));
      first = end + 1;
    }
  }
  const std::size_t room = limits::kGapRowsMax - std::min(limits::kGapRowsMax, losses.gaps.size());
  bound_gaps(declared, std::max(kNewGapsMin, room));
  declare_quarantined(losses, declared);
  declared.insert(declared.end(), losses.gaps.begin(), losses.gaps.end());
  std::sort(declared.begin(), declared.end(),
            [](const auto& a, const auto& b) { return a.first_seq < b.first_seq; });
  return declared;
}

}  // namespace holdfast::store
