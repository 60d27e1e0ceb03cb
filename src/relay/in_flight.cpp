// SPDX-License-Identifier: MIT
#include "relay/in_flight.hpp"

#include <algorithm>
#include <holdfast/check.hpp>

namespace holdfast::relay {

void InFlightTable::add(LinkToken token, InFlight publish) {
  HOLDFAST_CHECK(entries_.size() < platform::kLinkPublishesMax);
  HOLDFAST_CHECK(entries_.empty() || entries_.back().token < token);
  entries_.push_back({token, publish});
}

InFlight InFlightTable::take(LinkToken token) {
  const auto entry = std::lower_bound(entries_.begin(), entries_.end(), token,
                                      [](const Entry& e, LinkToken t) { return e.token < t; });
  HOLDFAST_CHECK(entry != entries_.end() && entry->token == token);
  const InFlight publish = entry->publish;
  entries_.erase(entry);
  return publish;
}

bool InFlightTable::has_traffic() const noexcept {
  return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.publish.kind != InFlight::Kind::status && entry.publish.kind != InFlight::Kind::subscription;
  });
}

std::optional<Instant> InFlightTable::oldest_sent_at() const noexcept {
  if (entries_.empty()) return std::nullopt;
  return entries_.front().publish.sent_at;
}

}  // namespace holdfast::relay
