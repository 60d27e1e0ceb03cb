// SPDX-License-Identifier: MIT
#include <sys/timex.h>

#include <algorithm>
#include <ctime>

#include <holdfast/check.hpp>
#include <holdfast/platform/linux.hpp>

namespace holdfast::platform {
namespace {

/// A condition variable counts CLOCK_MONOTONIC, which stands still in suspend, while deadlines count
/// CLOCK_BOOTTIME. So no sleep is longer than this, and after a resume a deadline is met at most so late.
constexpr Duration kSleepMax = std::chrono::seconds(5);

[[nodiscard]] Duration read(clockid_t id) noexcept {
  timespec time{};
  HOLDFAST_CHECK(::clock_gettime(id, &time) == 0);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

class LinuxClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const noexcept override { return Instant(read(CLOCK_BOOTTIME)); }

  [[nodiscard]] WallTime wall() const noexcept override {
    timex state{};  // modes == 0: only asks; allowed to everybody
    const int answer = ::adjtimex(&state);
    const bool trusted = answer >= 0 && answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
    return {UtcTime(read(CLOCK_REALTIME)), trusted};
  }

  bool wait_until(Instant deadline, Waker& waker) override {
    std::unique_lock lock(mutex_of(waker));
    for (;;) {
      if (take_ring(waker)) return true;
      const Instant at = now();
      if (at >= deadline) return false;
      bell_of(waker).wait_for(lock, std::min(deadline - at, kSleepMax), [&] { return rung(waker); });
    }
  }
};

}  // namespace

std::unique_ptr<Clock> make_linux_clock() { return std::make_unique<LinuxClock>(); }

}  // namespace holdfast::platform
