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
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/write_queue.hpp"
#include "store/store.hpp"

namespace holdfast::runtime {

/// The store, and the thread that works for it. One user of the store at a time: whoever holds the baton
/// (`taken_`). A caller who finds it free, and nothing that waits, takes it, does its own write or read on its own
/// thread, and gives it back: no thread is woken for that. Otherwise the request waits, and the store's thread
/// takes the baton for a round: the tasks that wait, then one group of writes, then housekeeping. Whoever gives the
/// baton back wakes the store's thread if something is due earlier than it knows; a thread that found the baton
/// taken is served before the next caller (`wanted_`).
///
/// The watermarks and counters are published before a write's outcome is told, so whoever has the outcome sees
/// them.
///
/// Bounds: WriteQueue's, kTasksMax tasks, kDelayedTasksMax delayed ones, kFlushesMax flushes.
class StoreThread {
 public:
  static constexpr std::size_t kTasksMax = 1024;
  /// Each relay tries again at most one fetch per lane, one of records and one of replays.
  static constexpr std::size_t kDelayedTasksMax = limits::kRelaysMax * (limits::kLanesMax + 2);
  static constexpr std::size_t kFlushesMax = 64;
  /// Between two tries to store acknowledgements, or to keep house, after an error.
  static constexpr std::chrono::seconds kRetryPause{1};
  /// Housekeeping of a store that nobody uses: events expire there too.
  static constexpr std::chrono::seconds kHousePeriod{1};
  /// How often it looks for the callers of the last group to come back, and for how long, before it gives up. 64
  /// looks take about 20 us if nobody else wants the processor; 100 us is what a commit costs. Measured with 16
  /// writers: 15 writes to a commit instead of 8.
  static constexpr std::chrono::microseconds kCompanyTime{100};
  static constexpr int kCompanyLooks = 64;
  /// Figures that need a look into the tables are refreshed at most so often.
  static constexpr std::chrono::milliseconds kStatisticsPeriod{100};

  using Task = std::function<void(store::Store&)>;
  /// Told by the holder of the baton about new durable seqs and records, so that the relay wakes up.
  struct Listener {
    std::function<void(store::LaneNumber, std::int64_t)> committed;
    std::function<void()> control_committed;
    std::function<void()> look_again;
  };

  /// `options` as the store was opened with.
  StoreThread(std::unique_ptr<store::Store> store, platform::Clock& clock, const StoreOptions& options);
  ~StoreThread();
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  /// Outbox::write, with options that are in order.
  [[nodiscard]] WriteResult write(WriteBody body, const WriteOptions& options);
  /// `busy`, `invalid`, or `unavailable` once closing. Everything else by the ticket and the callback.
  [[nodiscard]] Result<Ticket> write_async(WriteBody body, WriteCallback callback,
                                           const WriteOptions& options);
  /// Runs a task and waits for it. `busy`, `unavailable`.
  [[nodiscard]] Result<void> run(const Task& task);
  /// Runs a task soon. Accepted until the thread ends; the relay's own rules bound how many it posts.
  void post(Task task);
  /// For the holder of the baton: runs a task later.
  void post_at(Instant due, Task task);
  /// `unavailable` at the deadline, or when the store has been closed meanwhile.
  [[nodiscard]] Result<void> flush(Instant deadline);
  /// Returns when nobody uses the old listener any more, and the new one knows what is durable.
  void listen(Listener listener);
  /// For the holder of the baton: the listener is told to look into every lane again, since a fetch that gave nothing
  /// may give something now.
  void ask_to_look_again() noexcept { look_again_ = true; }
  /// Waits until every task that was posted before has run. For whoever is about to go away.
  void drain_tasks();
  /// The lane is gone: writes that name it are `invalid`.
  void forget_lane(std::string_view name);

  [[nodiscard]] StoreStatistics store_statistics() const;
  [[nodiscard]] std::vector<LaneStatistics> lane_statistics() const;
  /// True on the thread that holds the baton: inside a closure or callback.
  [[nodiscard]] bool is_this_thread() const noexcept { return std::this_thread::get_id() == user_; }

  /// Refuses new writes and reads; the ones that wait are done. Tasks are still taken.
  void refuse_writes();
  /// Does what waits, stores the acknowledgements, closes the store, ends the thread.
  [[nodiscard]] Result<void> close();

 private:
  struct DelayedTask {
    Instant due;
    Task task;
  };
  struct LaneDelay {
    std::string lane;
    Duration delay;
  };
  /// What other threads see.
  struct Published {
    StoreStatistics store;
    std::vector<LaneStatistics> lanes;
    std::vector<Instant> oldest_at;  ///< per lane; of use when the lane has an oldest_age
    std::vector<store::Watermark> marks;
  };
  using Lock = std::unique_lock<std::mutex>;

  // The baton.
  [[nodiscard]] bool idle() const;
  void take_baton(Lock& lock);
  void give_baton_back(Lock& lock);
  [[nodiscard]] Instant due() const;
  void ring_if_due(Lock& lock);

  // Writes.
  [[nodiscard]] Result<Duration> commit_delay(std::string_view lane) const;
  [[nodiscard]] Result<void> enter_queue(Lock& lock, Write write, Duration delay);
  [[nodiscard]] Result<void> find_place(Lock& lock, Instant deadline);
  [[nodiscard]] WriteResult lead(Lock& lock, WriteBody body, const WriteOptions& options);
  [[nodiscard]] bool park(Write& write, store::WriteJob& job);
  void settle_outcome(Write& write, store::WriteJob& job);

  // The thread.
  void loop();
  [[nodiscard]] bool take_turn();
  void run_tasks();
  void run_group();
  void await_company();
  void end_parked();
  void keep_house();
  void end();

  // For the holder of the baton.
  bool after_commit();
  [[nodiscard]] bool marks_moved() const;
  void publish();
  void publish_figures();
  void announce(const std::vector<store::Watermark>& marks);
  [[nodiscard]] Instant house_due() const;
  [[nodiscard]] bool is_closed() const;
  [[nodiscard]] bool settled_up_to(const std::vector<store::Watermark>& wanted) const;

  const std::unique_ptr<store::Store> store_;  // the baton holder's
  platform::Clock& clock_;
  const std::chrono::milliseconds settle_delay_max_;
  platform::Waker waker_;

  mutable std::mutex mutex_;  // guards from here ...
  bool taken_ = false;        // the baton
  bool wanted_ = false;       // the store's thread waits for the baton
  bool asleep_ = false;       // the store's thread waits, until sleeps_until_
  Instant sleeps_until_;
  Instant house_due_ = Instant::min();  // as the last baton holder left it
  WriteQueue queue_;
  std::deque<Task> tasks_;
  std::vector<LaneDelay> delays_;
  std::vector<platform::Waker*> flushes_;
  Published published_;
  bool refusing_ = false;
  bool closing_ = false;
  std::optional<Result<void>> closed_;  // set: the store is closed, with this result ... to here

  std::vector<DelayedTask> delayed_;  // the baton holder's, and so are the following
  std::optional<Instant> settle_due_;
  Instant chores_due_ = Instant::min();  // Store::keep_house
  Instant statistics_due_;
  bool statistics_stale_ = false;
  Listener listener_;
  std::vector<store::Watermark> announced_;  // what the listener knows
  bool look_again_ = false;
  std::vector<Write> group_;
  std::vector<store::WriteJob> jobs_;
  std::size_t callers_told_ = 0;  // synchronous ones, of the last group
  std::thread thread_;
  std::atomic<std::thread::id> user_;  // who holds the baton; nobody's id while it is free
};

}  // namespace holdfast::runtime
