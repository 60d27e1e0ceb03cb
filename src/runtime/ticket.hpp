// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <holdfast/outbox.hpp>
#include <holdfast/platform/clock.hpp>

namespace holdfast {

/// Where the outcome of one asynchronous write arrives. Whoever commits it completes it once; any number of
/// threads wait. There is one per write, so it has no lock: the result is complete when `done_` says so, and the
/// bell is rung only for somebody who may be waiting.
class Ticket::State {
 public:
  explicit State(platform::Clock& clock) : clock_(clock) {}

  void complete(WriteResult result);
  [[nodiscard]] bool done() const noexcept { return done_; }
  [[nodiscard]] WriteResult wait(Instant deadline);

 private:
  platform::Clock& clock_;
  WriteResult result_;
  // Both sequentially consistent: of complete() and wait(), one sees what the other has said.
  std::atomic<bool> done_ = false;
  std::atomic<bool> awaited_ = false;
  platform::Waker waker_;
};

}  // namespace holdfast
