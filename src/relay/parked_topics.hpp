// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/limits.hpp>
#include <holdfast/time.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "flow/backoff.hpp"

/// The topics of one lane that the broker does not let us publish to (0x87), and the keys that a refusal holds
/// (AfterRefusal::hold). Their events wait; those of others go on.
///
///   not parked --refused--> parked --due: one probe--> probing --acknowledged--> not parked
///                              ^--------refused, longer----'
///
/// 1. While a topic is parked, of its events only the probe is sent: the lowest one that waits, when the breaker
///    says so (full jitter, longer at each refusal). Any acknowledged event of the topic ends it.
/// 2. A topic that has been parked for `patience` is given up: its events that are reached are not sent but
///    quarantined, all but the probe, which still finds out when the topic is open again. Keys are not given up.
/// 3. Waiting events are not remembered one by one. The lowest one is: going back to it means meeting the
///    others again. So a parked topic costs some 80 bytes, however many of its events wait.
/// 4. Topics and keys are known by a hash of 64 bits. Should two ever share one, they are parked together: what
///    is acknowledged or refused is still told one by one.
/// 5. `patience` counts on the instants that come in: powered time, and of this process only.
/// 6. At most limits::kParkedTopicsMax at a time.
namespace holdfast::relay {

using TextHash = std::uint64_t;
[[nodiscard]] TextHash hash_of(std::string_view text) noexcept;

class ParkedTopics {
 public:
  enum class Kind : std::uint8_t { topic, key };
  /// An event, as far as it matters here.
  struct Event {
    std::int64_t seq = 0;
    TextHash topic = 0;
    TextHash key = 0;
  };
  enum class Verdict : std::uint8_t { send, probe, wait, give_up };

  /// `patience` Duration::max(): for ever.
  ParkedTopics(flow::BackoffRange pause, Duration patience) : pause_(pause), patience_(patience) {}

  /// What is to be done with the event that comes next in its lane.
  [[nodiscard]] Verdict reached(const Event& event, Instant now) const noexcept;
  /// It was not sent: it waits for its topic or key.
  void waits(const Event& event, Instant now) noexcept;
  /// It was handed out as a probe.
  void probing(const Event& event) noexcept;

  /// The broker has refused the event, which waits from now on. False: too many are parked.
  [[nodiscard]] bool park(Kind kind, const Event& event, Instant now, std::uint64_t random);
  /// Its topic has been refused for longer than the patience.
  [[nodiscard]] bool is_given_up(const Event& event, Instant now) const noexcept;
  /// It was given up and there is no place for it: it waits, and so do the others. False: its topic is not parked.
  [[nodiscard]] bool has_no_place(const Event& event, Instant now, std::uint64_t random) noexcept;
  /// It was acknowledged. The waiting event to go back to, if there is one.
  [[nodiscard]] std::optional<std::int64_t> acknowledged(const Event& event) noexcept;
  /// The broker's answer says nothing of topic or key. If it was a probe, there will be another one.
  void answered_otherwise(std::int64_t seq, Instant now, std::uint64_t random) noexcept;
  /// The connection is gone: there is no probe, and the lane begins at its lowest event.
  void disconnected() noexcept;
  /// Events above `seq` will be reached again.
  void went_back_to(std::int64_t seq) noexcept;

  /// The waiting event to go back to, because a probe is due or patience is over.
  [[nodiscard]] std::optional<std::int64_t> due(Instant now) const noexcept;
  /// Forgets what is due and has no event that waits. The caller knows that the lane has no other events.
  void forget_idle(Instant now) noexcept;
  /// When due() will have an answer; with `idle`, forget_idle() something to do. Instant::max(): never.
  [[nodiscard]] Instant next_due(bool idle) const noexcept;

  [[nodiscard]] bool empty() const noexcept { return parked_.empty(); }
  [[nodiscard]] std::size_t count(Kind kind) const noexcept;
  /// The lowest event that waits for a topic or key.
  [[nodiscard]] std::optional<std::int64_t> lowest() const noexcept;

 private:
  struct Parked {
    Kind kind;
    TextHash hash;
    flow::Backoff breaker;
    Duration pause{};                     // the last one
    Instant probe_at;                     // not before
    Instant give_up_at;                   // from then on
    std::optional<std::int64_t> waiting;  // the lowest
    std::optional<std::int64_t> probe;    // in flight
    [[nodiscard]] bool is_of(const Event& event) const noexcept {
      return hash == (kind == Kind::topic ? event.topic : event.key);
    }
    [[nodiscard]] bool probe_due(Instant now) const noexcept { return !probe && now >= probe_at; }
  };
  [[nodiscard]] static Verdict verdict_of(const Parked& parked, const Event& event, Instant now) noexcept;
  static void back_off(Parked& parked, Instant now, std::uint64_t random) noexcept;
  static void add_waiting(Parked& parked, std::int64_t seq) noexcept;
  [[nodiscard]] Parked* find(Kind kind, TextHash hash) noexcept;

  flow::BackoffRange pause_;
  Duration patience_;
  std::vector<Parked> parked_;
};

}  // namespace holdfast::relay
