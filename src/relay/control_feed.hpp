// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "flow/backoff.hpp"
#include "relay/backlog.hpp"

/// The epoch and gap records on their way out. They go before events:
///
/// 1. On every connection all unacknowledged records are asked for first; epoch records lead, then gap
///    records in the order of the store. New ones are asked for when the store says that it has some.
/// 2. While records are asked for or not yet handed out, gates() holds every event back, so a gap record goes
///    out before the later events that were not published yet.
/// 3. Records are asked for only when none is in flight, so no answer can bring a record twice.
/// 4. A refused record pauses the records (full jitter) and opens the gate: an ACL that forgot the control
///    topics must not stop the data. It is kept and tried again, never given up.
/// 5. An epoch record waits until the one before it is acknowledged: were that one refused, the consumer would see
///    a child without its parent, which means a rewind.
namespace holdfast::relay {

class ControlFeed {
 public:
  explicit ControlFeed(flow::BackoffRange pause) : breaker_(pause) {}

  /// There may be records that were not handed out.
  void want() noexcept { wanted_ = true; }
  /// True: fetch_control() is to be called now. Also ends a pause whose time has come.
  [[nodiscard]] bool take_fetch(Instant now);
  void accept(std::vector<ControlRecord> records);

  [[nodiscard]] bool gates() const noexcept;
  /// All that are known of are acknowledged, or one was refused and the records pause.
  [[nodiscard]] bool through() const noexcept { return !gates() && in_flight_ == 0; }
  /// Nothing of them is in flight or with the store.
  [[nodiscard]] bool quiet() const noexcept { return fetch_ == Fetch::none && in_flight_ == 0; }
  /// Everything that is known of is acknowledged.
  [[nodiscard]] bool idle() const noexcept { return !gates() && !resume_at_ && in_flight_ == 0; }
  /// The record to publish next, or nullptr.
  [[nodiscard]] const ControlRecord* next() const noexcept;
  /// next() is in flight from now on.
  void taken();

  // What became of a record in flight.
  void acknowledged();
  void refused(Instant now, std::uint64_t random);
  void disconnected();

  /// When take_fetch() should be asked although nothing has happened.
  [[nodiscard]] std::optional<Instant> next_call() const noexcept;

 private:
  enum class Fetch : std::uint8_t { none, asked, stale };

  bool wanted_ = true;
  Fetch fetch_ = Fetch::none;
  std::deque<ControlRecord> records_;
  std::size_t in_flight_ = 0;
  flow::Backoff breaker_;
  std::optional<Instant> resume_at_;  // set: paused
};

}  // namespace holdfast::relay
