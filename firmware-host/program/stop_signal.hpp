// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <thread>

#include <holdfast/platform/clock.hpp>

namespace holdfast::program {

/// SIGTERM, SIGINT and SIGHUP as a request to end, taken by a thread of its own and by no handler. To be made
/// before any other thread, because threads inherit what is blocked; one per process, to its end. A second
/// signal ends the process at once, as a power cut would: the store is made for that.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  [[nodiscard]] bool requested() const noexcept { return requested_; }
  /// Waits until `deadline`, a signal, or wake(). One thread at a time.
  void wait(platform::Clock& clock, Instant deadline) { (void)clock.wait_until(deadline, waker_); }
  void wake() noexcept { waker_.wake(); }

 private:
  void listen();

  std::atomic<bool> requested_{false};
  std::atomic<bool> ending_{false};
  platform::Waker waker_;
  std::thread thread_;
};

}  // namespace holdfast::program
