// SPDX-License-Identifier: MIT
//
// The baton, and what the store's thread does with it. What callers ask for: store_requests.cpp.
#include "runtime/store_thread.hpp"

#include <algorithm>
#include <holdfast/check.hpp>

namespace holdfast::runtime {

StoreThread::StoreThread(std::unique_ptr<store::Store> store, platform::Clock& clock,
                         const StoreOptions& options)
    : store_(std::move(store)),
      clock_(clock),
      settle_delay_max_(options.settle_delay_max),
      queue_(std::min(limits::kGroupWritesMax, options.group_events_max)) {
  for (const store::LaneRecord& lane : store_->lanes())
    delays_.push_back({lane.options.name, lane.options.commit_delay});
  publish();
  thread_ = std::thread([this] { loop(); });
}

StoreThread::~StoreThread() { (void)close(); }

// --- the baton ---

// A caller may use the store without making anybody wait out of turn.
bool StoreThread::idle() const {
  return !taken_ && !wanted_ && !refusing_ && queue_.queued() == 0 && tasks_.empty();
}

void StoreThread::take_baton(Lock& lock) {
  HOLDFAST_CHECK(!taken_);
  taken_ = true;
  lock.unlock();
  user_ = std::this_thread::get_id();
}

// The lock is free afterwards.
void StoreThread::give_baton_back(Lock& lock) {
  user_ = std::thread::id();
  const Instant house = house_due();
  if (!lock.owns_lock()) lock.lock();
  house_due_ = house;
  taken_ = false;
  ring_if_due(lock);
}

/// When the store's thread is needed: Instant::min() at once.
Instant StoreThread::due() const {
  if (closing_ || !tasks_.empty()) return Instant::min();
  return std::min(house_due_, queue_.due());
}

// Ends the critical section. Rings only if the thread would sleep too long, and once for everything that
// comes until it is awake. While the baton is taken its holder does this when giving it back.
void StoreThread::ring_if_due(Lock& lock) {
  const bool ring = asleep_ && !taken_ && due() < sleeps_until_;
  if (ring) asleep_ = false;
  lock.unlock();
  if (ring) waker_.wake();
}

// --- the thread ---

void StoreThread::loop() {
  while (take_turn()) {
    run_tasks();
    run_group();
    keep_house();
    await_company();
    Lock lock(mutex_, std::defer_lock);
    give_baton_back(lock);
  }
  end();
  user_ = std::thread::id();
}

// Waits until something is due, and takes the baton. False: everything is done, it is time to close.
bool StoreThread::take_turn() {
  Lock lock(mutex_);
  for (;;) {
    const Instant due_at = due();
    const bool now_due = due_at == Instant::min() || due_at <= clock_.now();
    if (now_due && !taken_) break;
    wanted_ = now_due;
    sleeps_until_ = now_due ? Instant::max() : due_at;
    asleep_ = true;
    lock.unlock();
    clock_.wait_until(sleeps_until_, waker_);
    lock.lock();
    asleep_ = false;
  }
  wanted_ = false;
  const bool more = !closing_ || !queue_.empty() || !tasks_.empty();
  take_baton(lock);
  return more;
}

void StoreThread::run_tasks() {
  std::deque<Task> tasks;
  {
    const Lock lock(mutex_);
    tasks.swap(tasks_);
  }
  for (Task& task : tasks) task(*store_);
  std::vector<DelayedTask> due;
  if (!delayed_.empty()) {
    const Instant now = clock_.now();
    std::erase_if(delayed_, [&](DelayedTask& task) {
      if (task.due > now) return false;
      due.push_back(std::move(task));
      return true;
    });
  }
  for (DelayedTask& task : due) task.task(*store_);
  if (!tasks.empty() || !due.empty()) publish();
}

void StoreThread::run_group() {
  {
    const Lock lock(mutex_);
    queue_.take_group(clock_.now(), group_);
  }
  jobs_.resize(group_.size());
  callers_told_ = static_cast<std::size_t>(
      std::count_if(group_.begin(), group_.end(), [](const Write& write) { return write.caller_waits; }));
  for (std::size_t i = 0; i < group_.size(); ++i) {
    jobs_[i].body = &group_[i].body;
    jobs_[i].idempotency_key = group_[i].idempotency_key;
  }
  for (std::size_t done = 0; done < jobs_.size();) {
    const std::size_t ran = store_->commit_group(std::span(jobs_).subspan(done));
    publish();
    for (const std::size_t end = done + ran; done < end; ++done) settle_outcome(group_[done], jobs_[done]);
    store_->checkpoint_if_due();
  }
  group_.clear();
  jobs_.clear();
}

// The callers of the last group are on their way back with their next writes, and a commit is worth more with
// all of them. The baton is kept meanwhile, so that the first to come does not commit alone. The processor is
// left to them; it ends when kCompanyLooks looks in a row saw nobody new, or after kCompanyTime, whatever
// others do with the processor.
void StoreThread::await_company() {
  if (callers_told_ < 2) return;
  const Instant end = clock_.now() + kCompanyTime;
  std::size_t seen = 0;
  for (int looks = 0; looks < kCompanyLooks && clock_.now() < end; ++looks) {
    {
      const Lock lock(mutex_);
      if (closing_ || queue_.queued() >= callers_told_) return;
      if (queue_.queued() > seen) looks = 0;
      seen = queue_.queued();
    }
    std::this_thread::yield();
  }
}

// A write that was `full` waits for room if it may; every other outcome is told.
void StoreThread::settle_outcome(Write& write, store::WriteJob& job) {
  if (!park(write, job)) write.tell(std::move(job.outcome));
}

bool StoreThread::park(Write& write, store::WriteJob& job) {
  if (!job.room_may_come || write.deadline <= clock_.now()) return false;
  const Lock lock(mutex_);
  return !closing_ && queue_.park(write, job.outcome);
}

void StoreThread::keep_house() {
  const Instant now = clock_.now();
  const bool force = settle_due_ && *settle_due_ <= now;
  const auto waiting = store_->store_settled(force);
  if (!waiting) {
    settle_due_ = now + kRetryPause;
  } else if (*waiting == 0) {
    settle_due_.reset();
  } else if (!settle_due_ || force) {
    settle_due_ = now + settle_delay_max_;
  }
  const auto more = store_->keep_house();
  const Duration pause = more ? Duration(kHousePeriod) : Duration(kRetryPause);
  chores_due_ = more && *more ? Instant::min() : now + pause;
  store_->checkpoint_if_due();
  if (after_commit() || force || marks_moved()) publish();
  end_parked();
  if (statistics_stale_ && now >= statistics_due_) publish_figures();
}

// Parked writes run again when there is news of room, and get their `full` when their time is up.
void StoreThread::end_parked() {
  std::vector<WriteQueue::Parked> expired;
  {
    const Lock lock(mutex_);
    queue_.take_expired(closing_ ? Instant::max() : clock_.now(), expired);
  }
  for (WriteQueue::Parked& parked : expired) parked.write.tell(std::move(parked.outcome));
}

void StoreThread::end() {
  Result<void> closed = store_->close();
  const Lock lock(mutex_);
  closed_ = std::move(closed);
  for (platform::Waker* flush : flushes_) flush->wake();
}

// --- what the baton's holder leaves behind ---

Instant StoreThread::house_due() const {
  Instant due = chores_due_;
  if (settle_due_) due = std::min(due, *settle_due_);
  if (statistics_stale_) due = std::min(due, statistics_due_);
  for (const DelayedTask& task : delayed_) due = std::min(due, task.due);
  return due;
}

// True: there is more room than before.
bool StoreThread::after_commit() {
  if (!store_->take_room_news()) return false;
  const Lock lock(mutex_);
  queue_.unpark();
  return true;
}

}  // namespace holdfast::runtime
