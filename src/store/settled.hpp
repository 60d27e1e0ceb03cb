// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>

namespace holdfast::store {

/// Which seqs of one lane are settled: all up to the cursor, and some above it. Bounded by limits::kSpanMax,
/// since nothing further ahead of the cursor is ever handed out.
class Settled {
 public:
  explicit Settled(std::int64_t cursor = 0) : cursor_(cursor) {}

  /// False when it was settled already.
  bool settle(std::int64_t seq) {
    if (contains(seq)) return false;
    above_.insert(seq);
    while (!above_.empty() && *above_.begin() == cursor_ + 1) {
      cursor_ = *above_.begin();
      above_.erase(above_.begin());
    }
    return true;
  }

  [[nodiscard]] bool contains(std::int64_t seq) const { return seq <= cursor_ || above_.contains(seq); }
  [[nodiscard]] std::int64_t cursor() const noexcept { return cursor_; }
  [[nodiscard]] std::size_t above() const noexcept { return above_.size(); }

 private:
  std::int64_t cursor_;
  std::set<std::int64_t> above_;
};

}  // namespace holdfast::store
