// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <holdfast/outbox.hpp>
#include <holdfast/platform/clock.hpp>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/ticket.hpp"
#include "store/store.hpp"

namespace holdfast::runtime {

/// The thread that owns the store: everything anybody wants of the store is done here, one thing at a time.
///
/// One round: the tasks that wait (reads, the relay's requests), then one group of writes, then housekeeping.
/// The watermarks and counters are published before a write's outcome is told, so whoever has the outcome
/// sees them.
///
/// Bounds: limits::kQueuedWritesMax writes wait, kTasksMax tasks, kDelayedTasksMax delayed ones, kFlushesMax
/// flushes.
class StoreThread {
 public:
  static constexpr std::size_t kTasksMax = 1024;
  static constexpr std::size_t kDelayedTasksMax = 64;
  static constexpr std::size_t kFlushesMax = 64;
  /// Between two tries to store acknowledgements after an error.
  static constexpr std::chrono::seconds kSettleRetryPause{1};
  /// Figures that need a look into the tables are refreshed at most so often.
  static constexpr std::chrono::milliseconds kStatisticsPeriod{100};

  using Task = std::function<void(store::Store&)>;
  /// Told on this thread about new durable seqs and records, so that the relay wakes up.
  struct Listener {
    std::function<void(store::LaneNumber, std::int64_t)> committed;
    std::function<void()> control_committed;
  };

  StoreThread(std::unique_ptr<store::Store> store, platform::Clock& clock,
              std::chrono::milliseconds settle_delay_max);
  ~StoreThread();
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  /// `busy`, or `unavailable` once closing.
  [[nodiscard]] Result<Ticket> write(WriteBody body, WriteCallback callback);
  /// Runs a task and waits for it. `busy`, `unavailable`.
  [[nodiscard]] Result<void> run(Task task);
  /// Runs a task soon. Accepted until the thread ends; the relay's own rules bound how many it posts.
  void post(Task task);
  /// For the thread itself: runs a task later.
  void post_at(Instant due, Task task);
  /// `unavailable` at the deadline, or when the store has been closed meanwhile.
  [[nodiscard]] Result<void> flush(Instant deadline);
  void listen(Listener listener);
  /// Waits until every task that was posted before has run. For whoever is about to go away.
  void drain_tasks();

  [[nodiscard]] StoreStatistics store_statistics() const;
  [[nodiscard]] std::vector<LaneStatistics> lane_statistics() const;
  /// True on the store's thread: inside a closure or callback.
  [[nodiscard]] bool is_this_thread() const noexcept { return std::this_thread::get_id() == thread_id_; }

  /// Refuses new writes and reads; the ones that wait are done. Tasks are still taken.
  void refuse_writes();
  /// Does what waits, stores the acknowledgements, closes the store, ends the thread.
  [[nodiscard]] Result<void> close();

 private:
  struct Write {
    WriteBody body;
    WriteCallback callback;
    std::shared_ptr<Ticket::State> ticket;
  };
  struct DelayedTask {
    Instant due;
    Task task;
  };
  /// What other threads see.
  struct Published {
    StoreStatistics store;
    std::vector<LaneStatistics> lanes;
    std::vector<Instant> oldest_at;  ///< per lane; of use when the lane has an oldest_age
    std::vector<store::Watermark> marks;
  };

  void loop();
  void wait_for_work();
  void run_tasks();
  void run_group();
  void keep_house();
  void publish_marks();
  void publish_counters();
  void publish_statistics();
  [[nodiscard]] bool finished();
  void end();
  [[nodiscard]] bool is_closed() const;
  [[nodiscard]] bool settled_up_to(const std::vector<store::Watermark>& wanted) const;

  std::unique_ptr<store::Store> store_;  // this thread's
  platform::Clock& clock_;
  const std::chrono::milliseconds settle_delay_max_;
  platform::Waker waker_;

  mutable std::mutex mutex_;  // guards from here ...
  std::deque<Write> writes_;
  std::deque<Task> tasks_;
  std::vector<platform::Waker*> flushes_;
  Listener listener_;
  Published published_;
  bool refusing_ = false;
  bool closing_ = false;
  std::optional<Result<void>> closed_;  // set: the store is closed, with this result ... to here

  std::vector<DelayedTask> delayed_;  // this thread's, and so are the following
  std::optional<Instant> settle_due_;
  Instant statistics_due_;
  bool statistics_stale_ = false;
  std::vector<std::int64_t> announced_;  // the durable seq that the listener knows, per lane
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_;  // while it runs; an ended thread's id goes to the next one
};

}  // namespace holdfast::runtime
