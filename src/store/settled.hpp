// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace holdfast::store {

/// Seqs that left the backlog without their rows: shed, expired, quarantined, damaged. All of them declared.
struct Hole {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t bytes = 0;  ///< data bytes that their rows had
};

/// Which seqs of one lane are settled: all up to the cursor, and some above it. Rows are told from holes, so that
/// the backlog can be counted without counting rows.
///
/// Bounded: rows above the cursor by limits::kSpanMax, since nothing further ahead is ever handed out; holes
/// by what was handed out and by dropped blocks, which merge.
class Settled {
 public:
  explicit Settled(std::int64_t cursor = 0) : cursor_(cursor) {}

  /// The row is acknowledged. False when it was settled already.
  bool settle(std::int64_t seq) {
    if (contains(seq)) return false;
    rows_.insert(seq);
    move_cursor();
    return true;
  }

  /// The seqs have no rows any more. None of them was settled before.
  void settle_hole(const Hole& hole) {
    if (hole.last <= cursor_) return;
    auto [it, added] = holes_.emplace(hole.first, hole);
    if (!added) return;
    const auto next = std::next(it);
    if (next != holes_.end() && next->first == it->second.last + 1) {
      it->second = {it->first, next->second.last, it->second.bytes + next->second.bytes};
      holes_.erase(next);
    }
    if (it != holes_.begin()) {
      const auto before = std::prev(it);
      if (before->second.last + 1 == it->first) {
        before->second = {before->first, it->second.last, before->second.bytes + it->second.bytes};
        holes_.erase(it);
      }
    }
    move_cursor();
  }

  [[nodiscard]] bool contains(std::int64_t seq) const {
    return seq <= cursor_ || rows_.contains(seq) || in_hole(seq);
  }
  [[nodiscard]] bool in_hole(std::int64_t seq) const {
    const auto after = holes_.upper_bound(seq);
    return after != holes_.begin() && std::prev(after)->second.last >= seq;
  }
  /// The parts of from..to that are above the cursor and in no hole.
  [[nodiscard]] std::vector<std::pair<std::int64_t, std::int64_t>> not_in_holes(std::int64_t from,
                                                                                std::int64_t to) const {
    std::vector<std::pair<std::int64_t, std::int64_t>> parts;
    for (std::int64_t seq = std::max(from, cursor_ + 1); seq <= to;) {
      const auto next = holes_.upper_bound(seq);
      if (in_hole(seq)) {
        seq = std::prev(next)->second.last + 1;
        continue;
      }
      const std::int64_t end = next == holes_.end() ? to : std::min(to, next->first - 1);
      parts.emplace_back(seq, end);
      seq = end + 1;
    }
    return parts;
  }

  [[nodiscard]] std::int64_t cursor() const noexcept { return cursor_; }
  /// Acknowledged rows above the cursor.
  [[nodiscard]] std::size_t rows_above() const noexcept { return rows_.size(); }
  /// The highest of them; the cursor when there is none.
  [[nodiscard]] std::int64_t highest_row() const noexcept {
    return rows_.empty() ? cursor_ : *rows_.rbegin();
  }
  /// Holes that the cursor has passed since this object was made.
  [[nodiscard]] std::int64_t hole_seqs_passed() const noexcept { return hole_seqs_passed_; }
  [[nodiscard]] std::int64_t hole_bytes_passed() const noexcept { return hole_bytes_passed_; }

 private:
  void move_cursor() {
    for (;;) {
      if (!rows_.empty() && *rows_.begin() == cursor_ + 1) {
        cursor_ = *rows_.begin();
        rows_.erase(rows_.begin());
      } else if (!holes_.empty() && holes_.begin()->first <= cursor_ + 1) {
        const Hole& hole = holes_.begin()->second;
        hole_seqs_passed_ += hole.last - std::max(hole.first - 1, cursor_);
        hole_bytes_passed_ += hole.bytes;
        cursor_ = hole.last;
        holes_.erase(holes_.begin());
      } else {
        return;
      }
    }
  }

  std::int64_t cursor_;
  std::set<std::int64_t> rows_;
  std::map<std::int64_t, Hole> holes_;  // by first; disjoint and never adjacent
  std::int64_t hole_seqs_passed_ = 0;
  std::int64_t hole_bytes_passed_ = 0;
};

}  // namespace holdfast::store
