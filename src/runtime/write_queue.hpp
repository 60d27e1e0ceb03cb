// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <holdfast/limits.hpp>
#include <holdfast/outbox.hpp>
#include <holdfast/platform/clock.hpp>
#include <memory>
#include <string>
#include <vector>

#include "runtime/ticket.hpp"

namespace holdfast::runtime {

/// A write on its way to a commit. Its outcome goes to the callback, then to the ticket.
struct Write {
  WriteBody body;
  WriteCallback callback;
  std::string idempotency_key;
  Instant due = Instant::min();       ///< its group closes then
  Instant deadline = Instant::min();  ///< how long it may wait for room
  std::shared_ptr<Ticket::State> ticket;
  bool caller_waits = false;  ///< synchronous: the caller is likely to write again when it has the outcome

  /// Tells the outcome. Once.
  void tell(WriteResult outcome);
};

/// The writes that wait, in order. Not thread-safe: StoreThread guards it.
///
///   - in the queue: for their commit. A group closes when it is full, or when the first `due` in it is reached.
///   - parked: the store said `full` and they have time left. They run again, before the others, when room was
///     made; at their deadline they get the `full`.
///   - in line: threads that wait for a place in the queue. A place that becomes free is promised to the first.
///
/// Bound: queued + parked + promised <= limits::kQueuedWritesMax. Each waiting thread is in line at most once.
class WriteQueue {
 public:
  /// In line for a place.
  struct Place {
    platform::Waker bell;
    bool promised = false;
  };
  struct Parked {
    Write write;
    WriteResult outcome;
  };

  explicit WriteQueue(std::size_t group_writes_max) : group_writes_max_(group_writes_max) {}

  [[nodiscard]] bool empty() const noexcept { return writes_.empty() && parked_.empty(); }
  [[nodiscard]] std::size_t queued() const noexcept { return writes_.size(); }
  [[nodiscard]] bool has_room() const noexcept { return line_.empty() && used() < limits::kQueuedWritesMax; }
  /// There is room, or the caller has just left the line with a promise.
  void push(Write write);
  void line_up(Place& place) { line_.push_back(&place); }
  /// True: push now, the place was promised.
  [[nodiscard]] bool leave_line(Place& place);
  /// Rings for everybody in line, without a promise.
  void dismiss_line();

  /// When something here wants the store: in the past at once, Instant::max() never.
  [[nodiscard]] Instant due() const noexcept;
  /// From now on nothing waits for company.
  void hurry() noexcept { hurrying_ = true; }
  /// Appends the writes of a group that has closed, if one has.
  void take_group(Instant now, std::vector<Write>& group);

  /// False, and nothing was taken: there is no room to wait in.
  [[nodiscard]] bool park(Write& write, WriteResult& outcome);
  /// Room was made: parked writes are first in the queue again.
  void unpark();
  /// Appends the parked writes whose time is up.
  void take_expired(Instant now, std::vector<Parked>& expired);

 private:
  [[nodiscard]] std::size_t used() const noexcept { return writes_.size() + parked_.size() + promised_; }
  void promise_places();

  const std::size_t group_writes_max_;
  std::deque<Write> writes_;
  Instant group_due_ = Instant::max();  ///< the earliest `due` in writes_
  std::vector<Parked> parked_;
  Instant parked_due_ = Instant::max();  ///< the earliest deadline in parked_
  std::deque<Place*> line_;
  std::size_t promised_ = 0;
  bool hurrying_ = false;
};

}  // namespace holdfast::runtime
