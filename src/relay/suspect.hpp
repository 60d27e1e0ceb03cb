// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/platform/link.hpp>
#include <holdfast/time.hpp>
#include <optional>
#include <vector>

#include "flow/backoff.hpp"

/// Which event is it that kills the connections? Some brokers do not refuse a message, they hang up, and a relay
/// that sends again in order sends it first, for ever. But bad networks hang up too, and their events are good.
///
///   (innocent) --N deaths, or a DISCONNECT 0x95--> to be tried --alone, and it dies--> set aside
///        ^                                             |                               |    ^
///        '-----------------answered--------------------'<------alone again-------------'    |
///                                                                  |          dies, not proved
///                                                                  '--dies, proved--> guilty
///
/// 1. A death is a connection that ended by itself, or with a DISCONNECT that may speak of a message. It counts
///    against the event that was sent first of all unanswered publishes, unless something that was sent after it
///    was acknowledged: brokers answer in order, so that one was read and did no harm. N deaths in a row with the
///    same event make a suspect.
/// 2. What we drop ourselves is no death: an acknowledgement timeout is a half-open link, not a deed of an event.
///    Neither is a takeover, a broker that shuts down, or a message that was not in flight.
/// 3. A suspect is tried alone: nothing else of any lane, nor a record, is in flight with it. Any answer, also a
///    refusal, clears it.
/// 4. If the connection dies with it, it is set aside: the others go on without it. It is proved guilty when since then
///    another event was acknowledged on a connection that did not carry it, and a connection that has stood for
///    kProofTime without it dies with it alone in flight. A network that keeps dying dies at other times, too.
/// 5. A connection that dies may take the acknowledgements of good events with it, so the oldest unanswered one need not
///    be the deadly one. Hence, once there is a suspicion, everything goes one at a time until a window of
///    events was acknowledged, and one death is enough to suspect the next one.
/// 6. Without a proof (no other events, or no connection lasts) it is tried alone again with backoff, and stays
///    pending. A try that we end ourselves proves nothing either, and the others go first again.
/// 7. At most kSuspectsMax at a time, one is tried at a time. A further one must wait until there is room.
namespace holdfast::relay {

inline constexpr std::size_t kSuspectsMax = 8;
inline constexpr std::chrono::seconds kProofTime{10};
inline constexpr std::chrono::seconds kOthersTime{
    1};  ///< others go first for so long, if they have something
inline constexpr std::chrono::minutes kUnprovedTime{5};  ///< tried without a proof when no connection lasts
inline constexpr std::size_t kCarefulEvents = platform::kLinkPublishesMax;

struct EventPlace {
  std::size_t lane = 0;  ///< index in the relay's lanes
  std::int64_t seq = 0;
  bool operator==(const EventPlace&) const = default;
};

/// May a connection that ends with this reason have been ended because of a message? 0: it just ended.
[[nodiscard]] bool blames_a_message(std::int32_t reason) noexcept;

class Suspects {
 public:
  struct Suspect {
    EventPlace event;
    std::int32_t reason = 0;  ///< of the last death
    bool guilty = false;
  };
  struct Death {
    std::int32_t reason = 0;
    std::optional<EventPlace> oldest;  ///< the publish sent first of all unanswered, if it is an event
    bool passed = false;               ///< an event that was sent after it was acknowledged
  };

  /// `deaths`: at least 1.
  Suspects(unsigned deaths, flow::BackoffRange pause) : deaths_max_(deaths), pause_(pause) {}

  void begun(Instant now) noexcept;
  void acknowledged(const EventPlace& event) noexcept;
  void refused(const EventPlace& event) noexcept { clear(event); }
  /// The connection is gone, by itself ...
  void died(const Death& death, Instant now, std::uint64_t random);
  /// ... or because we dropped it, or it ended for a reason that has nothing to do with messages.
  void dropped(Instant now, std::uint64_t random) noexcept;

  /// The suspect that is tried alone now: send nothing else until it is answered.
  [[nodiscard]] std::optional<EventPlace> alone(Instant now) noexcept;
  void sent_alone() noexcept;
  /// Send nothing while anything is unanswered.
  [[nodiscard]] bool is_careful() const noexcept { return careful_left_ > 0; }
  /// It is quarantined, or not in the backlog any more.
  void forget(const EventPlace& event) noexcept { clear(event); }
  /// It is guilty and may not be quarantined: it is tried alone for ever, with this backoff.
  void spare(const EventPlace& event, flow::BackoffRange pause, Instant now, std::uint64_t random);

  /// All of them, to be left out of the traffic.
  [[nodiscard]] std::vector<Suspect> all() const;
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] bool contain(const EventPlace& event) const noexcept;
  /// Events that were sent alone, ever.
  [[nodiscard]] std::uint64_t tried() const noexcept { return tried_; }
  /// When alone() may have a new answer although nothing has happened.
  [[nodiscard]] Instant next_call() const noexcept;

 private:
  struct Entry {
    Suspect suspect;
    flow::Backoff breaker;
    Instant try_at;          // alone, proof or not
    bool was_tried = false;  // ever
    bool carried = false;    // by this connection
    bool spared = false;
    bool other_passed = false;  // since it died alone, on a connection without it
    /// Spared: it has been, and would be tried again at once.
    [[nodiscard]] bool may_be_proved() const noexcept {
      return was_tried && other_passed && !carried && !spared;
    }
  };
  enum class Try : std::uint8_t { none, about_to_be_sent, in_flight };

  [[nodiscard]] Instant next_try(const Entry& entry) const noexcept;
  [[nodiscard]] bool is_due(const Entry& entry, Instant now) const noexcept;
  [[nodiscard]] bool is_proved(const Entry& entry, Instant now) const noexcept;
  void died_alone(std::int32_t reason, Instant now, std::uint64_t random) noexcept;
  void count(const Death& death, Instant now);
  void add(const EventPlace& event, std::int32_t reason, Instant now);
  void clear(const EventPlace& event) noexcept;
  void end_connection() noexcept;

  unsigned deaths_max_;
  flow::BackoffRange pause_;
  std::vector<Entry> entries_;       // in the order in which they were suspected
  std::optional<EventPlace> head_;   // not suspected yet
  std::size_t careful_left_ = 0;     // events to be acknowledged one by one
  unsigned deaths_ = 0;              // with head_ in flight, in a row
  std::optional<Instant> begun_at_;  // set: connected
  std::optional<EventPlace> tried_now_;
  Try try_ = Try::none;
  bool proved_ = false;  // before this try
  std::uint64_t tried_ = 0;
};

}  // namespace holdfast::relay
