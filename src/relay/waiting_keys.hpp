// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <unordered_map>

#include "relay/parked_topics.hpp"

namespace holdfast::relay {

/// Ordering::strict: the keys of events that wait (for a topic, for a held key, under suspicion), each with the lowest
/// such event, so that no later event of the key overtakes it. At most limits::kSpanMax, one per waiting event
/// at worst; empty while nothing waits.
class WaitingKeys {
 public:
  void waits(TextHash key, std::int64_t seq) {
    const auto known = keys_.try_emplace(key, seq).first;
    if (seq < known->second) known->second = seq;
  }
  /// An event of the key and below `seq` waits.
  [[nodiscard]] bool block(TextHash key, std::int64_t seq) const {
    if (keys_.empty()) return false;
    const auto known = keys_.find(key);
    return known != keys_.end() && known->second < seq;
  }
  /// Events above `seq` will be reached again.
  void went_back_to(std::int64_t seq) {
    std::erase_if(keys_, [&](const auto& entry) { return entry.second > seq; });
  }

 private:
  std::unordered_map<TextHash, std::int64_t> keys_;
};

}  // namespace holdfast::relay
