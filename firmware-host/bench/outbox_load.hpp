// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <holdfast/outbox.hpp>
#include <memory>
#include <string>

namespace holdfast::bench {

/// Our side of the speeds: the load through the public interface, every write one event with its state.
class OutboxLoad {
 public:
  /// Of a group in the asynchronous figure.
  static constexpr std::size_t kGroupEvents = 100;
  /// Asynchronous writes on their way: the producer fills up to `most` and rests until `least`, so that a
  /// full group always waits and the threads do not wake each other for each event.
  static constexpr std::size_t kInFlightMost = 6 * kGroupEvents;
  static constexpr std::size_t kInFlightLeast = 2 * kGroupEvents;

  /// Makes a store and warms it up. Errors as Outbox::open and Outbox::write.
  [[nodiscard]] static Result<OutboxLoad> make(StoreOptions options, PlatformView platform);

  OutboxLoad(OutboxLoad&& other) noexcept;
  OutboxLoad& operator=(OutboxLoad&&) = delete;
  OutboxLoad(const OutboxLoad&) = delete;
  OutboxLoad& operator=(const OutboxLoad&) = delete;
  ~OutboxLoad();

  /// Events a second of `threads` that each wait for every write, `events` altogether.
  [[nodiscard]] Result<double> run_synchronous(std::uint64_t events, std::size_t threads);
  /// Events a second of one thread that does not wait, up to the last commit.
  [[nodiscard]] Result<double> run_asynchronous(std::uint64_t events);
  /// Events of a commit so far, on average; warm-up not counted.
  [[nodiscard]] double group_events_mean() const;
  [[nodiscard]] Result<void> close() { return outbox_->close(); }

 private:
  struct Progress;
  explicit OutboxLoad(std::unique_ptr<Outbox> outbox);
  std::unique_ptr<Progress> progress_;
  std::unique_ptr<Outbox> outbox_;
  std::uint64_t events_before_ = 0;
  std::uint64_t groups_before_ = 0;
};

}  // namespace holdfast::bench
