// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/platform/link.hpp>
#include <holdfast/time.hpp>
#include <optional>
#include <vector>

namespace holdfast::relay {

using platform::LinkToken;

/// A publish that the link has and the broker has not answered. It holds no data: the link has its copy, and
/// the store has the event.
struct InFlight {
  enum class Kind : std::uint8_t {
    event,         ///< of the backlog
    record,        ///< gap or epoch record
    resent,        ///< sent again on request
    status,        ///< presence
    subscription,  ///< to the command topic: no publish, but the link counts it like one
  };
  Kind kind = Kind::event;
  std::size_t lane = 0;     ///< event, resent: index in the relay's lanes
  std::int64_t number = 0;  ///< seq of the event, row of the record, ReplayFeed's number of what is resent
  bool is_gap = false;      ///< of a record
  std::size_t bytes = 0;    ///< as counted by the window
  Instant sent_at;
};

/// The unanswered publishes of this connection, at most platform::kLinkPublishesMax.
///
/// 1. Tokens count up for as long as the process lives, so a token never names two publishes, not even of two
///    connections.
/// 2. Entries stand in the order of sending, so the first one is the oldest.
/// 3. An answer to a token that is not here breaks the link's contract: the process stops.
class InFlightTable {
 public:
  /// The token for the publish that is about to be handed to the link.
  [[nodiscard]] LinkToken new_token() noexcept { return ++last_token_; }
  /// The link took it.
  void add(LinkToken token, InFlight publish);
  /// It was answered.
  [[nodiscard]] InFlight take(LinkToken token);
  /// The connection is gone: no answer will come.
  void clear() noexcept { entries_.clear(); }

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  /// Something that is no status is unanswered.
  [[nodiscard]] bool has_traffic() const noexcept;
  [[nodiscard]] std::optional<Instant> oldest_sent_at() const noexcept;
  struct Entry {
    LinkToken token;
    InFlight publish;
  };
  /// nullptr: nothing is unanswered.
  [[nodiscard]] const Entry* oldest() const noexcept {
    return entries_.empty() ? nullptr : &entries_.front();
  }

 private:
  std::vector<Entry> entries_;
  LinkToken last_token_ = 0;
};

}  // namespace holdfast::relay
