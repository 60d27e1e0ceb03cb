// SPDX-License-Identifier: MIT
#include "bench/outbox_load.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "bench/store_load.hpp"

namespace holdfast::bench {
namespace {

using std::chrono::steady_clock;

[[nodiscard]] double per_second(std::uint64_t events, steady_clock::time_point since) {
  return static_cast<double>(events) / std::chrono::duration<double>(steady_clock::now() - since).count();
}

/// The first error of many threads.
class FirstError {
 public:
  void take(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
    any_ = true;
  }
  [[nodiscard]] bool any() const noexcept { return any_; }
  [[nodiscard]] Result<double> or_value(double value) const {
    const std::lock_guard lock(mutex_);
    if (error_) return tl::unexpected<Error>(*error_);
    return value;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Error> error_;
  std::atomic<bool> any_ = false;
};

/// How many asynchronous writes are on their way.
class InFlight {
 public:
  /// Waits when there are too many, until there are few.
  void add() {
    if (count_.fetch_add(1) + 1 >= OutboxLoad::kInFlightMost) wait_for(OutboxLoad::kInFlightLeast);
  }
  /// By the callback. Rings only at the marks that somebody may wait for.
  void remove() {
    const std::size_t left = count_.fetch_sub(1) - 1;
    if (left != OutboxLoad::kInFlightLeast && left != 0) return;
    const std::lock_guard lock(mutex_);
    bell_.notify_one();
  }
  void wait_for(std::size_t most) {
    std::unique_lock lock(mutex_);
    bell_.wait(lock, [&] { return count_ <= most; });
  }

 private:
  std::atomic<std::size_t> count_ = 0;
  std::mutex mutex_;
  std::condition_variable bell_;
};

}  // namespace

// The last callback may still be in it when the producer has seen the end, so it lives until the outbox is
// closed.
struct OutboxLoad::Progress {
  InFlight in_flight;
  FirstError error;
};

OutboxLoad::OutboxLoad(std::unique_ptr<Outbox> outbox)
    : progress_(std::make_unique<Progress>()), outbox_(std::move(outbox)) {}
OutboxLoad::OutboxLoad(OutboxLoad&&) noexcept = default;
OutboxLoad::~OutboxLoad() = default;

Result<OutboxLoad> OutboxLoad::make(StoreOptions options, PlatformView platform) {
  auto outbox = Outbox::open(options, platform);
  if (!outbox) return tl::unexpected<Error>(outbox.error());
  OutboxLoad load(std::move(*outbox));
  if (auto warm = load.run_synchronous(kWarmUpEvents, 1); !warm) return tl::unexpected<Error>(warm.error());
  const Statistics statistics = load.outbox_->statistics();
  load.events_before_ = statistics.store.events_committed;
  load.groups_before_ = statistics.store.groups_committed;
  return load;
}

Result<double> OutboxLoad::run_synchronous(std::uint64_t events, std::size_t threads) {
  std::atomic<std::uint64_t> next = 1;
  FirstError error;
  const auto write = [&] {
    for (std::uint64_t n = next++; n <= events && !error.any(); n = next++) {
      const auto written = outbox_->write([n](Transaction& t) { return write_one(t, n); });
      if (!written) error.take(written.error());
    }
  };
  const auto since = steady_clock::now();
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(write);
  write();
  for (std::thread& other : others) other.join();
  return error.or_value(per_second(events, since));
}

Result<double> OutboxLoad::run_asynchronous(std::uint64_t events) {
  Progress& progress = *progress_;
  const WriteCallback told = [&progress](const WriteResult& result) {
    if (!result) progress.error.take(result.error());
    progress.in_flight.remove();
  };
  const auto since = steady_clock::now();
  for (std::uint64_t n = 1; n <= events && !progress.error.any(); ++n) {
    progress.in_flight.add();
    const auto ticket = outbox_->write_async([n](Transaction& t) { return write_one(t, n); }, told);
    if (ticket) continue;
    progress.error.take(ticket.error());
    progress.in_flight.remove();
  }
  progress.in_flight.wait_for(0);
  return progress.error.or_value(per_second(events, since));
}

double OutboxLoad::group_events_mean() const {
  const Statistics statistics = outbox_->statistics();
  const std::uint64_t groups = statistics.store.groups_committed - groups_before_;
  const std::uint64_t events = statistics.store.events_committed - events_before_;
  return groups == 0 ? 0 : static_cast<double>(events) / static_cast<double>(groups);
}

}  // namespace holdfast::bench
