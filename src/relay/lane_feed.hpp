// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <holdfast/options.hpp>
#include <optional>
#include <string>
#include <vector>

#include "flow/backoff.hpp"
#include "relay/backlog.hpp"
#include "relay/parked_topics.hpp"
#include "relay/waiting_keys.hpp"

/// One lane between the store and the wire: reads ahead, hands out events in order, remembers which ones are
/// not settled, and pauses after a refusal.
///
/// Where an event can be:
///
///   stored --fetch--> ahead --take--> in flight --acknowledged--> settled (forgotten here)
///              ^        |                 |-------refused--------> refused: waits for the next pass
///              |        v                 |-----to be judged-----> judged: the store quarantines it
///              '---- waiting <--denied----'
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
/// 8. What waits for its topic or key (ParkedTopics), or is under suspicion (leave_out), is passed over; when its
///    time has come the pass goes back to it. So events of one topic stay in order among themselves.
/// 9. Ordering::strict: one event of a key is in flight at a time, and an event that waits, for whatever reason,
///    holds all later ones of its key. Others overtake it.
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

/// How it is drained.
struct LaneRules {
  flow::BackoffRange pause;         ///< of the lane after a refusal
  flow::BackoffRange denied_pause;  ///< of a topic that is not authorised
  Duration denied_patience = Duration::max();
  Ordering ordering = Ordering::lane;
  AfterRefusal after_refusal = AfterRefusal::pass;
  bool spread = false;

  [[nodiscard]] bool strict() const noexcept { return ordering == Ordering::strict; }
  /// A refused event is never quarantined: it holds its key.
  [[nodiscard]] bool holds() const noexcept { return strict() && after_refusal == AfterRefusal::hold; }
};
/// What is denied waits for people: its breaker is slower than that of a lane or a connection.
[[nodiscard]] flow::BackoffRange denied_pause(const RelayOptions& options);
[[nodiscard]] LaneRules rules_for(const std::string& lane, const RelayOptions& options);

class LaneFeed {
 public:
  struct Taken {
    StoredEvent event;
    bool repeated = false;                ///< its seq was handed out before in this process
    std::optional<std::int32_t> give_up;  ///< do not send it: it is refused for good, for this reason
  };

  LaneFeed(LaneSetup setup, const LaneRules& rules);

  [[nodiscard]] const std::string& name() const noexcept { return setup_.name; }
  [[nodiscard]] LaneNumber number() const noexcept { return setup_.number; }
  [[nodiscard]] int priority() const noexcept { return setup_.priority; }
  [[nodiscard]] bool holds() const noexcept { return rules_.holds(); }
  [[nodiscard]] bool spread() const noexcept { return rules_.spread; }

  // Towards the store.
  void committed(std::int64_t seq) noexcept;
  /// Asks the store although nobody said that there is something (RelayOptions::poll_interval).
  void look() noexcept { more_ = true; }
  /// The fetch to make now; it counts as made. Also ends a pause whose time has come.
  [[nodiscard]] std::optional<FetchRequest> next_fetch(Instant now);
  void accept(FetchReply reply);

  // Towards the wire.
  /// The event to publish next, or nullptr: nothing there, paused, or a bound is reached. As of next_fetch().
  [[nodiscard]] const StoredEvent* next();
  /// Hands out next(): it is in flight from now on.
  [[nodiscard]] Taken take();

  // What became of an event in flight.
  void acknowledged(std::int64_t seq);
  /// The whole lane is to pause.
  void refused(std::int64_t seq, Instant now, std::uint64_t random);
  /// The event waits for its topic, or the lane pauses if too many do. False: it has waited for too long.
  [[nodiscard]] bool denied(std::int64_t seq, Instant now, std::uint64_t random);
  /// Refused for good. True: the store is to judge it. False: it holds its key and is tried again.
  [[nodiscard]] bool give_up(std::int64_t seq, Instant now, std::uint64_t random);
  void judged(const RefusalReply& reply, Instant now, std::uint64_t random);
  /// The connection is gone: what is not settled is pending again.
  void disconnected();

  // Other events of the lane are to be drained from now on (several relays).
  /// None of its events is in flight or being judged, and no fetch is under way.
  [[nodiscard]] bool quiet() const noexcept;
  /// Begins anew above `settled_seq`; what it knew of topics, keys and suspects is forgotten. It must be quiet().
  void restart(std::int64_t settled_seq);

  // Suspects.
  /// It is passed over until let_in(), or until only() asks for it.
  void leave_out(std::int64_t seq);
  void let_in(std::int64_t seq);
  /// It was left out and is given up when it is reached.
  void condemn(std::int64_t seq, std::int32_t reason);
  /// Hands out this one and no other, also during a pause, until everything(). None of the lane is in flight.
  void only(std::int64_t seq);
  void everything();
  /// The event of only() is not to be had: settled meanwhile, or the lane is not drained now.
  [[nodiscard]] bool only_is_gone() const noexcept { return only_ && only_->gone; }

  [[nodiscard]] std::int64_t cursor() const noexcept;
  /// Everything that is known of is settled.
  [[nodiscard]] bool idle() const noexcept {
    return !more_ && fetch_ == Fetch::none && ahead_.empty() && unsettled_.empty();
  }
  /// Topics and keys that hold events back.
  [[nodiscard]] std::size_t parked(ParkedTopics::Kind kind) const noexcept { return parked_.count(kind); }
  /// An event of the lane was to be quarantined, and there was no room.
  [[nodiscard]] bool lacks_quarantine() const noexcept { return homeless_seq_.has_value(); }
  /// When next_fetch() should be asked although nothing has happened.
  [[nodiscard]] std::optional<Instant> next_call() const noexcept;

 private:
  enum class Fetch : std::uint8_t { none, asked, stale };
  enum class Fate : std::uint8_t { in_flight, refused, judged };
  enum class Look : std::uint8_t { send, probe, give_up, passes_by, its_key_is_busy };
  struct Ahead {
    StoredEvent event;
    ParkedTopics::Event names;
  };
  struct Unsettled {
    ParkedTopics::Event names;
    Fate fate = Fate::in_flight;
  };
  struct LeftOut {
    std::int64_t seq = 0;
    bool waiting = false;                   // the pass has gone past it
    std::optional<std::int32_t> condemned;  // the reason
  };
  struct Only {
    std::int64_t seq = 0;
    std::int64_t cursor = 0;  // of the lane when it began
    bool gone = false;
  };
  using UnsettledIt = std::vector<Unsettled>::iterator;

  [[nodiscard]] UnsettledIt place_of(std::int64_t seq);
  [[nodiscard]] UnsettledIt find(std::int64_t seq, Fate fate);
  [[nodiscard]] bool is_unsettled(std::int64_t seq);
  [[nodiscard]] LeftOut* left_out(std::int64_t seq) noexcept;
  void put_ahead(StoredEvent event);
  void settle(UnsettledIt it);
  void set_aside(UnsettledIt it);
  [[nodiscard]] Look look_at(const ParkedTopics::Event& event);
  void pass_by(std::size_t index);
  [[nodiscard]] bool find_next();
  [[nodiscard]] bool in_span(std::int64_t seq) const noexcept;
  [[nodiscard]] bool was_handed_out(std::int64_t seq) noexcept;
  void pause(std::int64_t culprit, Instant now, std::uint64_t random);
  void resume_when_due(Instant now);
  void look_after_parked(Instant now);
  void go_back_to(std::int64_t seq);
  void begin_pass_at(std::int64_t seq);
  void end_pass();
  [[nodiscard]] bool is_idle() const noexcept;
  [[nodiscard]] bool anything_in_flight() const noexcept;

  LaneSetup setup_;
  LaneRules rules_;
  Instant now_;  // of the last next_fetch()
  Fetch fetch_ = Fetch::none;
  bool more_ = true;      // the store may have rows above end_seq_
  std::int64_t end_seq_;  // fetched up to here in this pass
  std::int64_t committed_seq_ = 0;
  std::int64_t asked_about_seq_ = 0;          // committed_seq_ when the last fetch was made
  std::int64_t handed_out_seq_ = 0;           // the highest ever
  std::bitset<limits::kSpanMax> handed_out_;  // of the span below it, by seq modulo the span
  std::deque<Ahead> ahead_;                   // ascending seq
  std::size_t ahead_bytes_ = 0;
  std::size_t next_ = 0;              // ahead_ before it waits for answers of its keys (strict)
  Look look_ = Look::send;            // at ahead_[next_]
  std::vector<Unsettled> unsettled_;  // ascending seq, at most kUnsettledMax
  ParkedTopics parked_;
  WaitingKeys waiting_keys_;       // strict
  std::vector<LeftOut> left_out_;  // at most kSuspectsMax
  std::optional<Only> only_;
  flow::Backoff breaker_;
  std::optional<Instant> resume_at_;  // set: paused
  std::int64_t culprit_ = 0;          // the seq whose refusal caused the last pause
  std::optional<std::int64_t> homeless_seq_;
};

}  // namespace holdfast::relay
