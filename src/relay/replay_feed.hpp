// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "flow/backoff.hpp"
#include "relay/backlog.hpp"

/// Settled events on their way out once more: because a consumer asked, because a program did (Outbox::replay), or
/// because an operator took them out of quarantine. They go beside the backlog and never hold it up:
///
/// 1. Jobs are answered one after the other, requeued events first; each is read a page at a time, and the next page
///    when everything of this one was answered. In memory is at most one page.
/// 2. A job remembers up to where everything was answered. After a lost connection, or a pause, its page is read again
///    from there; what the broker has acknowledged of it is left out.
/// 3. A refused one pauses all of this (full jitter), and no lane. It is given up when the refusal is final, and at the
///    kReplayTriesMax-th; a requeued one then stays in quarantine.
/// 4. They go when no lane has anything to send, else one after kEventsPerResent events of the backlog; at most
///    kReplayInFlightMax are in flight.
namespace holdfast::relay {

inline constexpr std::size_t kReplayInFlightMax = 16;  ///< a quarter of the window
inline constexpr std::size_t kEventsPerResent = 8;
inline constexpr int kReplayTriesMax = 5;

using ReplayAnswer = std::variant<StoredEvent, GapRecord, EpochRecord>;

class ReplayFeed {
 public:
  using Parts = std::vector<store::ReplayQuestion>;
  struct Item {
    ReplayAnswer what;
    std::int64_t number = 0;  ///< names it in the calls below
  };
  /// Whose answer it was.
  struct Sent {
    bool requeued = false;
    LaneNumber lane = 0;   ///< of an event
    std::int64_t key = 0;  ///< seq of an event, -first of a gap record, 0 of an epoch's
  };
  struct Refused {
    Sent sent;
    bool given_up = false;
  };

  explicit ReplayFeed(flow::BackoffRange pause) : breaker_(pause) {}

  /// False: limits::kResendRequestsMax wait.
  [[nodiscard]] bool accept(Parts parts);
  /// There may be requeued events that were not handed out.
  void want_requeued() noexcept { requeued_wanted_ = true; }
  /// Requests that are not answered to their end.
  [[nodiscard]] std::size_t requests() const noexcept;

  // Towards the store.
  /// The fetch to make now; it counts as made. Also ends a page and a pause.
  [[nodiscard]] std::optional<ReplayFetch> next_fetch(Instant now);
  void accept(ReplayReply reply);

  // Towards the wire.
  /// What to send next, or nullptr.
  [[nodiscard]] const Item* next() const noexcept;
  /// next() goes before the lanes' events.
  [[nodiscard]] bool has_precedence() const noexcept {
    return next() != nullptr && passed_by_ >= kEventsPerResent;
  }
  void passed_by() noexcept { passed_by_ += 1; }
  /// Hands out next(): it is in flight from now on.
  [[nodiscard]] Item take();

  // What became of it.
  Sent acknowledged(std::int64_t number);
  Refused refused(std::int64_t number, bool final, Instant now, std::uint64_t random);
  void disconnected();

  /// When next_fetch() should be asked although nothing has happened.
  [[nodiscard]] std::optional<Instant> next_call() const noexcept;

 private:
  enum class Fetch : std::uint8_t { none, asked, stale };
  struct Job {
    bool requeued = false;
    std::deque<store::ReplayQuestion> parts;  // the first one begins where everything before was answered
    store::RequeuedPlace after;               // the same, of a requeued job
  };

  void end_page();
  void drop_page();
  [[nodiscard]] Sent answered(std::int64_t number);

  std::deque<Job> jobs_;
  bool requeued_wanted_ = true;  // from before the relay began
  Fetch fetch_ = Fetch::none;
  bool page_open_ = false;
  ReplayReply page_;  // its end; what it holds has moved to items_
  std::deque<Item> items_;
  std::map<std::int64_t, Sent> in_flight_;  // by number
  std::int64_t last_number_ = 0;
  std::set<std::pair<LaneNumber, std::int64_t>> done_;        // of this page: answered or given up
  std::map<std::pair<LaneNumber, std::int64_t>, int> tries_;  // of this page
  std::size_t passed_by_ = 0;
  flow::Backoff breaker_;
  std::optional<Instant> resume_at_;  // set: paused
};

}  // namespace holdfast::relay
