// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <holdfast/outbox.hpp>
#include <holdfast/platform/clock.hpp>

namespace holdfast {

/// Where the outcome of one write that waits arrives. Whoever commits it completes it once; any number of threads
/// wait.
///
/// There is one per write, so it has no lock: the result may be read once `done_` is set. Who waits without a
/// deadline needs no clock and waits for `done_` itself. That is worth two ways: a Waker rings under its lock,
/// which the woken thread then runs into (measured with 16 writers: two context switches a write instead of one).
class Ticket::State {
 public:
  explicit State(platform::Clock& clock) : clock_(clock) {}

  void complete(WriteResult result);
  [[nodiscard]] bool done() const noexcept { return done_ != 0; }
  [[nodiscard]] WriteResult wait(Instant deadline);
  /// Waits, and takes the outcome away: for the only one who ever looks.
  [[nodiscard]] WriteResult take();

 private:
  platform::Clock& clock_;
  WriteResult result_;
  // Both sequentially consistent: of complete() and wait(), one sees what the other has said. An int is what the
  // kernel waits for.
  std::atomic<int> done_ = 0;
  std::atomic<bool> timed_ = false;  ///< somebody waits with a deadline, for the bell
  platform::Waker bell_;
};

}  // namespace holdfast
