// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/time.hpp>
#include <optional>

/// Does anything get through? Measures how long events have waited for an acknowledgement that did not come.
///
/// 1. The time counts while there is a connection and something of ours is in flight or could be sent. It adds up over
///    connections: a broker that accepts them and acknowledges nothing is as stalled as one that is silent.
/// 2. An acknowledgement ends it, and so does having nothing to send: an idle relay is not stalled.
/// 3. Without a connection it stands still, and while nobody knows whether there is something to send.
/// 4. At `timeout` the connection is to be given up, and the time begins anew. The second time without an
///    acknowledgement, reconnecting has not helped, and the relay is stalled until one comes.
namespace holdfast::flow {

class StallWatch {
 public:
  enum class State : std::uint8_t { still, idle, waiting };

  explicit StallWatch(Duration timeout) : timeout_(timeout) {}

  /// What the relay is doing from now on.
  void observe(State state, Instant now) noexcept;
  void acknowledged(Instant now) noexcept;
  /// A refusal is an answer, too: the broker is alive, but nothing has got through.
  void refused(Instant now) noexcept;
  /// True once per timeout: give the connection up.
  [[nodiscard]] bool gives_up(Instant now) noexcept;
  /// It was given up twice or more since the last acknowledgement.
  [[nodiscard]] bool stalled() const noexcept { return given_up_ >= 2; }
  /// When gives_up() should be asked; Instant::max(): not as long as nothing happens.
  [[nodiscard]] Instant due_at() const noexcept;

 private:
  Duration timeout_;
  Duration waited_{0};            // before waiting_since_
  std::optional<Instant> since_;  // set: waiting
  unsigned given_up_ = 0;         // in a row; stops at 2
};

}  // namespace holdfast::flow
