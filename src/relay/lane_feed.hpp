// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "flow/backoff.hpp"
#include "relay/backlog.hpp"

/// One lane between the store and the wire: reads ahead, hands out events in order, remembers which ones are
/// not settled, and pauses after a refusal.
///
/// Where an event can be:
///
///   stored --fetch--> ahead --take--> in flight --acknowledged--> settled (forgotten here)
///                                        |-------refused--------> refused: waits for the next pass
///                                        '-----to be judged-----> judged: the store quarantines it
///
/// 1. The store is the only copy. Only what is `ahead` is in memory with its data; an event that was handed
///    to the link is remembered as a number. Going back means fetching again.
/// 2. A *pass* runs from the cursor upwards in ascending seq. It ends with the connection, or with a refusal:
///    the lane then pauses (full jitter, longer at each pause) until its time has come *and* none of its
///    events is in flight, and begins a new pass at the cursor. The store leaves out what is settled, so the
///    refused event and what follows is published in order, and what was acknowledged is not.
/// 3. A judged event belongs to the store until it answers: it is left out of every pass, also on a later
///    connection. If the quarantine was full it counts as refused and the lane pauses.
/// 4. The pause starts short again when the event that caused the last one is settled. An acknowledgement of
///    another event of the lane is no reason to hammer the broker with the refused one.
/// 5. cursor() is a seq such that it and all below are settled. An event is handed out only when it is at
///    most limits::kSpanMax above it.
/// 6. At most one fetch is under way. An answer that was asked for in an earlier pass is stale: thrown away.
/// 7. An empty lane is not asked: a fetch needs a hint that there is something (commit notice, `more`, a new
///    pass, or an event settled while committed ones are out of the span).
namespace holdfast::relay {

inline constexpr std::size_t kAheadEventsMax = 128;        ///< twice the largest window
inline constexpr std::size_t kAheadBytesMax = 256 * 1024;  ///< data bytes; one event may exceed it
inline constexpr std::size_t kUnsettledMax = 64;           ///< handed out and not settled, per lane

/// A lane as the relay is told of it.
struct LaneSetup {
  LaneNumber number = 0;
  std::string name;
  int priority = 0;
  std::int64_t settled_seq = 0;  ///< the stored cursor
};

class LaneFeed {
 public:
  struct Taken {
    StoredEvent event;
    bool repeated = false;  ///< its seq was handed out before in this process
  };

  LaneFeed(LaneSetup setup, flow::BackoffRange pause);

  [[nodiscard]] const std::string& name() const noexcept { return setup_.name; }
  [[nodiscard]] LaneNumber number() const noexcept { return setup_.number; }
  [[nodiscard]] int priority() const noexcept { return setup_.priority; }

  // Towards the store.
  void committed(std::int64_t seq) noexcept;
  /// Asks the store although nobody said that there is something (RelayOptions::poll_interval).
  void look() noexcept { more_ = true; }
  /// The fetch to make now; it counts as made. Also ends a pause whose time has come.
  [[nodiscard]] std::optional<FetchRequest> next_fetch(Instant now);
  void accept(FetchReply reply);

  // Towards the wire.
  /// The event to publish next, or nullptr: nothing there, paused, or a bound is reached.
  [[nodiscard]] const StoredEvent* next() const noexcept;
  /// Hands out next(): it is in flight from now on.
  [[nodiscard]] Taken take();

  // What became of an event in flight.
  void acknowledged(std::int64_t seq);
  void refused(std::int64_t seq, Instant now, std::uint64_t random);
  void to_be_judged(std::int64_t seq);
  void judged(const RefusalReply& reply, Instant now, std::uint64_t random);
  /// The connection is gone: what is not settled is pending again.
  void disconnected();

  [[nodiscard]] std::int64_t cursor() const noexcept;
  /// Everything that is known of is settled.
  [[nodiscard]] bool idle() const noexcept {
    return !more_ && fetch_ == Fetch::none && ahead_.empty() && unsettled_.empty();
  }
  /// When next_fetch() should be asked although nothing has happened.
  [[nodiscard]] std::optional<Instant> next_call() const noexcept;

 private:
  enum class Fetch : std::uint8_t { none, asked, stale };
  enum class Fate : std::uint8_t { in_flight, refused, judged };
  struct Unsettled {
    std::int64_t seq = 0;
    Fate fate = Fate::in_flight;
  };
  using UnsettledIt = std::vector<Unsettled>::iterator;

  [[nodiscard]] UnsettledIt find(std::int64_t seq, Fate fate);
  void settle(UnsettledIt it);
  void pause(std::int64_t culprit, Instant now, std::uint64_t random);
  void resume_when_due(Instant now);
  void end_pass();
  [[nodiscard]] bool anything_in_flight() const noexcept;

  LaneSetup setup_;
  Fetch fetch_ = Fetch::none;
  bool more_ = true;      // the store may have rows above end_seq_
  std::int64_t end_seq_;  // fetched up to here in this pass
  std::int64_t committed_seq_ = 0;
  std::int64_t asked_about_seq_ = 0;  // committed_seq_ when the last fetch was made
  std::int64_t handed_out_seq_ = 0;   // the highest ever
  std::deque<StoredEvent> ahead_;     // ascending seq
  std::size_t ahead_bytes_ = 0;
  std::vector<Unsettled> unsettled_;  // ascending seq, at most kUnsettledMax
  flow::Backoff breaker_;
  std::optional<Instant> resume_at_;  // set: paused
  std::int64_t culprit_ = 0;          // the seq whose refusal caused the last pause
};

}  // namespace holdfast::relay
