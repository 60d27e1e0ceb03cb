// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/outbox.hpp>
#include <holdfast/platform/clock.hpp>
#include <mutex>
#include <optional>

namespace holdfast {

/// Where the outcome of one write arrives. The store's thread completes it once; any number of threads wait.
class Ticket::State {
 public:
  explicit State(platform::Clock& clock) : clock_(clock) {}

  void complete(WriteResult result);
  [[nodiscard]] bool done() const;
  [[nodiscard]] WriteResult wait(Instant deadline);

 private:
  platform::Clock& clock_;
  mutable std::mutex mutex_;
  std::optional<WriteResult> result_;
  platform::Waker waker_;
};

}  // namespace holdfast
