// SPDX-License-Identifier: MIT
#include "runtime/store_thread.hpp"

#include <algorithm>
#include <holdfast/check.hpp>

namespace holdfast::runtime {
namespace {

tl::unexpected<Error> closing(const char* where) {
  return fail(ErrorCode::unavailable, where, "the outbox is closed or closing");
}

tl::unexpected<Error> queue_full(const char* where) {
  return fail(ErrorCode::busy, where, "too many requests wait for the store; try again in a moment");
}

}  // namespace

StoreThread::StoreThread(std::unique_ptr<store::Store> store, platform::Clock& clock,
                         std::chrono::milliseconds settle_delay_max)
    : store_(std::move(store)), clock_(clock), settle_delay_max_(settle_delay_max) {
  publish_marks();
  publish_counters();
  publish_statistics();
  thread_ = std::thread([this] { loop(); });
}

StoreThread::~StoreThread() { (void)close(); }

Result<Ticket> StoreThread::write(WriteBody body, WriteCallback callback) {
  auto ticket = std::make_shared<Ticket::State>(clock_);
  {
    const std::lock_guard lock(mutex_);
    if (refusing_) return closing("write");
    if (writes_.size() >= limits::kQueuedWritesMax) return queue_full("write");
    writes_.push_back({std::move(body), std::move(callback), ticket});
  }
  waker_.wake();
  return Ticket(std::move(ticket));
}

Result<void> StoreThread::run(Task task) {
  platform::Waker done;
  {
    const std::lock_guard lock(mutex_);
    if (refusing_) return closing("read");
    if (tasks_.size() >= kTasksMax) return queue_full("read");
    tasks_.emplace_back([&task, &done](store::Store& store) {
      task(store);
      done.wake();
    });
  }
  waker_.wake();
  clock_.wait_until(Instant::max(), done);  // bounded by the work that waits: the thread runs every task
  return {};
}

void StoreThread::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  waker_.wake();
}

void StoreThread::post_at(Instant due, Task task) {
  HOLDFAST_CHECK(delayed_.size() < kDelayedTasksMax);
  delayed_.push_back({due, std::move(task)});
}

void StoreThread::listen(Listener listener) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

void StoreThread::drain_tasks() {
  platform::Waker done;
  post([&](store::Store&) {
    delayed_.clear();  // only the relay delays tasks, and it asks no more
    done.wake();
  });
  clock_.wait_until(Instant::max(), done);
}

// --- flush ---

bool StoreThread::settled_up_to(const std::vector<store::Watermark>& wanted) const {
  const std::lock_guard lock(mutex_);
  return std::all_of(wanted.begin(), wanted.end(), [&](const store::Watermark& want) {
    const auto now = std::find_if(published_.marks.begin(), published_.marks.end(),
                                  [&](const store::Watermark& mark) { return mark.lane == want.lane; });
    return now != published_.marks.end() && now->settled_seq >= want.committed_seq;
  });
}

bool StoreThread::is_closed() const {
  const std::lock_guard lock(mutex_);
  return closed_.has_value();
}

Result<void> StoreThread::flush(Instant deadline) {
  platform::Waker bell;
  std::vector<store::Watermark> wanted;
  {
    const std::lock_guard lock(mutex_);
    if (flushes_.size() >= kFlushesMax) return queue_full("flush");
    wanted = published_.marks;
    flushes_.push_back(&bell);
  }
  bool over = is_closed();  // asked first: what close() settles counts
  bool settled = settled_up_to(wanted);
  while (!settled && !over && clock_.wait_until(deadline, bell)) {
    over = is_closed();
    settled = settled_up_to(wanted);
  }
  {
    const std::lock_guard lock(mutex_);
    std::erase(flushes_, &bell);
  }
  if (settled) return {};
  return fail(ErrorCode::unavailable, "flush",
              "events are still waiting for the broker; they stay in the store");
}

// --- statistics ---

StoreStatistics StoreThread::store_statistics() const {
  const std::lock_guard lock(mutex_);
  return published_.store;
}

std::vector<LaneStatistics> StoreThread::lane_statistics() const {
  const Instant now = clock_.now();
  const std::lock_guard lock(mutex_);
  std::vector<LaneStatistics> lanes = published_.lanes;
  for (std::size_t i = 0; i < lanes.size() && i < published_.marks.size(); ++i) {
    lanes[i].committed_seq = published_.marks[i].committed_seq;
    lanes[i].settled_seq = published_.marks[i].settled_seq;
    lanes[i].backlog_events = published_.marks[i].backlog_events;
    if (lanes[i].oldest_age) lanes[i].oldest_age = now - published_.oldest_at[i];
    if (lanes[i].backlog_events > 0) continue;
    lanes[i].backlog_bytes = 0;  // the last look saw events that are gone
    lanes[i].oldest_age.reset();
  }
  return lanes;
}

void StoreThread::publish_marks() {
  statistics_stale_ = true;
  std::vector<store::Watermark> marks = store_->watermarks();
  Listener listener;
  {
    const std::lock_guard lock(mutex_);
    if (marks.size() == published_.marks.size() || published_.marks.empty()) published_.marks = marks;
    listener = listener_;
    for (platform::Waker* flush : flushes_) flush->wake();
  }
  announced_.resize(marks.size(), 0);
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (marks[i].committed_seq <= announced_[i] || !listener.committed) continue;
    announced_[i] = marks[i].committed_seq;
    listener.committed(marks[i].lane, marks[i].committed_seq);
  }
  if (listener.control_committed && store_->take_control_news()) listener.control_committed();
}

void StoreThread::publish_counters() {
  StoreStatistics store = store_->statistics();
  const std::lock_guard lock(mutex_);
  published_.store = std::move(store);
}

void StoreThread::publish_statistics() {
  publish_counters();
  const Instant now = clock_.now();
  statistics_due_ = now + kStatisticsPeriod;
  statistics_stale_ = false;
  std::vector<LaneStatistics> lanes = store_->lane_statistics();
  const std::lock_guard lock(mutex_);
  if (lanes.empty()) return;  // the file is not open now: the last figures stand
  published_.oldest_at.clear();
  for (const LaneStatistics& lane : lanes)
    published_.oldest_at.push_back(now - lane.oldest_age.value_or(Duration(0)));
  published_.lanes = std::move(lanes);
}

// --- the thread ---

void StoreThread::loop() {
  thread_id_ = std::this_thread::get_id();
  while (!finished()) {
    wait_for_work();
    run_tasks();
    run_group();
    keep_house();
  }
  end();
  thread_id_ = std::thread::id();
}

void StoreThread::end() {
  Result<void> closed = store_->close();
  const std::lock_guard lock(mutex_);
  closed_ = std::move(closed);
  for (platform::Waker* flush : flushes_) flush->wake();
}

bool StoreThread::finished() {
  const std::lock_guard lock(mutex_);
  return closing_ && writes_.empty() && tasks_.empty();
}

void StoreThread::wait_for_work() {
  Instant due = Instant::max();
  if (settle_due_) due = std::min(due, *settle_due_);
  if (statistics_stale_) due = std::min(due, statistics_due_);
  for (const DelayedTask& task : delayed_) due = std::min(due, task.due);
  {
    const std::lock_guard lock(mutex_);
    if (!writes_.empty() || !tasks_.empty() || closing_) return;
  }
  clock_.wait_until(due, waker_);
}

void StoreThread::run_tasks() {
  std::deque<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (Task& task : tasks) task(*store_);
  const Instant now = clock_.now();
  std::vector<DelayedTask> due;
  std::erase_if(delayed_, [&](DelayedTask& task) {
    if (task.due > now) return false;
    due.push_back(std::move(task));
    return true;
  });
  for (DelayedTask& task : due) task.task(*store_);
  if (!tasks.empty() || !due.empty()) publish_marks();
}

void StoreThread::run_group() {
  std::vector<Write> group;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t count = std::min(writes_.size(), limits::kGroupWritesMax);
    group.assign(std::make_move_iterator(writes_.begin()),
                 std::make_move_iterator(writes_.begin() + static_cast<std::ptrdiff_t>(count)));
    writes_.erase(writes_.begin(), writes_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  std::vector<store::WriteJob> jobs(group.size());
  for (std::size_t i = 0; i < group.size(); ++i) jobs[i].body = &group[i].body;
  for (std::size_t done = 0; done < jobs.size();) {
    const std::size_t ran = store_->commit_group(std::span(jobs).subspan(done));
    publish_marks();
    publish_counters();
    for (const std::size_t end = done + ran; done < end; ++done) {
      if (group[done].callback) group[done].callback(jobs[done].outcome);
      group[done].ticket->complete(std::move(jobs[done].outcome));
    }
    store_->checkpoint_if_due();
  }
}

void StoreThread::keep_house() {
  const Instant now = clock_.now();
  const bool force = settle_due_ && *settle_due_ <= now;
  const auto waiting = store_->store_settled(force);
  if (!waiting) {
    settle_due_ = now + kSettleRetryPause;
  } else if (*waiting == 0) {
    settle_due_.reset();
  } else if (!settle_due_ || force) {
    settle_due_ = now + settle_delay_max_;
  }
  store_->checkpoint_if_due();
  if (statistics_stale_ && now >= statistics_due_) publish_statistics();
}

void StoreThread::refuse_writes() {
  const std::lock_guard lock(mutex_);
  refusing_ = true;
}

Result<void> StoreThread::close() {
  {
    const std::lock_guard lock(mutex_);
    refusing_ = closing_ = true;
  }
  waker_.wake();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  return *closed_;
}

}  // namespace holdfast::runtime
