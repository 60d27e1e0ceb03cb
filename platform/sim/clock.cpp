// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <vector>

#include <holdfast/check.hpp>
#include <holdfast/platform/sim.hpp>

// Locks, outermost first: a listener's own, then Impl::mutex, then a waker's. No lock is held while listeners
// run. A waiter is in `waiting` from before it looks at the time until after it has stopped waiting, and
// advance() rings only wakers in that list, under the lock, so a waker may die as soon as its wait returned.
namespace holdfast::platform::sim {
namespace {

constexpr Instant kStart{std::chrono::hours(1)};
constexpr UtcTime kStartWall{std::chrono::seconds(1'767'225'600)};  // 2026-01-01T00:00:00Z

}  // namespace

struct VirtualClock::Impl {
  std::atomic<std::int64_t> now_ns{kStart.time_since_epoch().count()};
  std::mutex mutex;
  WallTime wall{kStartWall, true};  // at wall_set
  Instant wall_set = kStart;
  std::vector<Waker*> waiting;
  std::vector<std::weak_ptr<std::function<void()>>> listeners;

  [[nodiscard]] Instant now() const noexcept { return Instant(Duration(now_ns.load())); }
};

VirtualClock::VirtualClock() : impl_(std::make_unique<Impl>()) {}
VirtualClock::~VirtualClock() = default;

Instant VirtualClock::now() const noexcept { return impl_->now(); }

WallTime VirtualClock::wall() const noexcept {
  const std::lock_guard lock(impl_->mutex);
  return {impl_->wall.utc + (impl_->now() - impl_->wall_set), impl_->wall.trusted};
}

void VirtualClock::set_wall(WallTime wall) {
  const std::lock_guard lock(impl_->mutex);
  impl_->wall = wall;
  impl_->wall_set = impl_->now();
}

bool VirtualClock::wait_until(Instant deadline, Waker& waker) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->waiting.push_back(&waker);
  }
  bool was_rung = false;
  {
    std::unique_lock lock(mutex_of(waker));
    bell_of(waker).wait(lock, [&] { return rung(waker) || impl_->now() >= deadline; });
    was_rung = take_ring(waker);
  }
  const std::lock_guard lock(impl_->mutex);
  impl_->waiting.erase(std::find(impl_->waiting.begin(), impl_->waiting.end(), &waker));
  return was_rung;
}

void VirtualClock::advance(Duration by) {
  HOLDFAST_CHECK(by >= Duration::zero());
  std::vector<std::shared_ptr<std::function<void()>>> listeners;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->now_ns.store(saturating_add(impl_->now(), by).time_since_epoch().count());
    std::erase_if(impl_->listeners, [](const auto& listener) { return listener.expired(); });
    for (const auto& listener : impl_->listeners) listeners.push_back(listener.lock());
  }
  for (const auto& listener : listeners)
    if (listener) (*listener)();
  const std::lock_guard lock(impl_->mutex);
  for (Waker* waker : impl_->waiting) {
    // The waiter looks at the time under this lock: it has seen the new one, or it is asleep and hears the
    // bell.
    { const std::lock_guard passing(mutex_of(*waker)); }
    bell_of(*waker).notify_one();
  }
}

std::shared_ptr<void> VirtualClock::on_advance(std::function<void()> listener) {
  auto kept = std::make_shared<std::function<void()>>(std::move(listener));
  const std::lock_guard lock(impl_->mutex);
  impl_->listeners.push_back(kept);
  return kept;
}

}  // namespace holdfast::platform::sim
