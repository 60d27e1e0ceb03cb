// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

#include <holdfast/time.hpp>

namespace holdfast::platform {

/// A doorbell. wake() is sticky: a wait that begins after it returns at once and takes it. Any number of
/// threads may ring; one thread at a time waits. When its wait has returned, and nobody else will ring, it
/// may go.
class Waker {
 public:
  void wake() noexcept;

 private:
  friend class Clock;
  std::mutex mutex_;
  std::condition_variable bell_;
  bool rung_ = false;
};

struct WallTime {
  UtcTime utc;
  bool trusted = false;  ///< the system says that the clock is synchronised
};

/// The only source of time in Holdfast.
///
/// Asked of an implementation: now() never goes back, counts suspend where the system can, and is cheap (it
/// is called several times per event). wall() may jump in any direction. All members are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const noexcept = 0;
  [[nodiscard]] virtual WallTime wall() const noexcept = 0;

  /// Blocks until `deadline` is reached or `waker` is rung; true when it was rung. Never returns before
  /// either. A deadline in the past returns at once. Instant::max() waits for the bell alone.
  virtual bool wait_until(Instant deadline, Waker& waker) = 0;

 protected:
  // For implementations: the waker's parts, which are nobody else's business.
  static std::mutex& mutex_of(Waker& waker) noexcept { return waker.mutex_; }
  static std::condition_variable& bell_of(Waker& waker) noexcept { return waker.bell_; }
  /// Takes the ring, under mutex_of(waker).
  static bool take_ring(Waker& waker) noexcept { return std::exchange(waker.rung_, false); }
  static bool rung(const Waker& waker) noexcept { return waker.rung_; }
};

inline void Waker::wake() noexcept {
  // Notified under the lock: whoever waits may destroy the waker as soon as its wait has returned.
  const std::lock_guard lock(mutex_);
  if (std::exchange(rung_, true)) return;  // whoever waits has been told
  bell_.notify_one();
}

}  // namespace holdfast::platform
