// SPDX-License-Identifier: MIT
//
// What callers ask of the store. The thread that serves them: store_thread.cpp.
#include <algorithm>
#include <holdfast/check.hpp>

#include "runtime/store_thread.hpp"

namespace holdfast::runtime {
namespace {

tl::unexpected<Error> closing(const char* where) {
  return fail(ErrorCode::unavailable, where, "the outbox is closed or closing");
}

tl::unexpected<Error> queue_full(const char* where) {
  return fail(ErrorCode::busy, where, "too many requests wait for the store; try again in a moment");
}

Write waiting_write(WriteBody body, const WriteOptions& options, std::shared_ptr<Ticket::State> ticket) {
  return {.body = std::move(body),
          .callback = {},
          .idempotency_key = std::string(options.idempotency_key),
          .deadline = options.deadline,
          .ticket = std::move(ticket),
          .caller_waits = true};
}

}  // namespace

// --- writes ---

WriteResult StoreThread::write(WriteBody body, const WriteOptions& options) {
  Lock lock(mutex_);
  const auto delay = commit_delay(options.lane);
  if (!delay) return tl::unexpected<Error>(delay.error());
  if (*delay == Duration(0) && idle()) return lead(lock, std::move(body), options);
  auto ticket = std::make_shared<Ticket::State>(clock_);
  auto done = enter_queue(lock, waiting_write(std::move(body), options, ticket), *delay);
  if (!done) return tl::unexpected<Error>(done.error());
  return ticket->take();  // bounded by the writes that wait before it, and by its deadline
}

Result<Ticket> StoreThread::write_async(WriteBody body, WriteCallback callback, const WriteOptions& options) {
  auto ticket = std::make_shared<Ticket::State>(clock_);
  Write write{.body = std::move(body),
              .callback = std::move(callback),
              .idempotency_key = std::string(options.idempotency_key),
              .deadline = options.deadline,
              .ticket = ticket};
  Lock lock(mutex_);
  const auto delay = commit_delay(options.lane);
  if (!delay) return tl::unexpected<Error>(delay.error());
  if (auto done = enter_queue(lock, std::move(write), *delay); !done) {
    return tl::unexpected<Error>(done.error());
  }
  return Ticket(std::move(ticket));
}

// The caller commits its own write, alone: nobody else waited when it began.
WriteResult StoreThread::lead(Lock& lock, WriteBody body, const WriteOptions& options) {
  take_baton(lock);
  store::WriteJob job{.body = &body, .idempotency_key = options.idempotency_key};
  store_->commit_group(std::span(&job, 1));
  publish();
  store_->checkpoint_if_due();
  after_commit();
  std::shared_ptr<Ticket::State> parked;
  if (job.room_may_come && options.deadline > clock_.now()) {
    parked = std::make_shared<Ticket::State>(clock_);
    Write write = waiting_write(std::move(body), options, parked);
    settle_outcome(write, job);
  }
  give_baton_back(lock);
  return parked ? parked->take() : std::move(job.outcome);
}

Result<Duration> StoreThread::commit_delay(std::string_view lane) const {
  if (lane.empty()) return Duration(0);
  for (const LaneDelay& known : delays_)
    if (known.lane == lane) return known.delay;
  return fail(ErrorCode::invalid, "write", "there is no lane " + std::string(lane));
}

// The lock is free afterwards, or the call has failed.
Result<void> StoreThread::enter_queue(Lock& lock, Write write, Duration delay) {
  if (auto done = find_place(lock, write.deadline); !done) return done;
  if (delay > Duration(0)) write.due = saturating_add(clock_.now(), delay);
  queue_.push(std::move(write));
  ring_if_due(lock);
  return {};
}

Result<void> StoreThread::find_place(Lock& lock, Instant deadline) {
  if (refusing_) return closing("write");
  if (queue_.has_room()) return {};
  if (deadline <= clock_.now()) return queue_full("write");
  WriteQueue::Place place;
  queue_.line_up(place);
  lock.unlock();
  clock_.wait_until(deadline, place.bell);
  lock.lock();
  const bool promised = queue_.leave_line(place);
  if (refusing_) return closing("write");
  if (!promised) return queue_full("write");
  return {};
}

void StoreThread::forget_lane(std::string_view name) {
  const Lock lock(mutex_);
  std::erase_if(delays_, [name](const LaneDelay& known) { return known.lane == name; });
}

// --- tasks ---

Result<void> StoreThread::run(const Task& task) {
  platform::Waker done;
  {
    Lock lock(mutex_);
    if (refusing_) return closing("read");
    if (idle()) {
      take_baton(lock);
      task(*store_);
      publish();
      after_commit();
      give_baton_back(lock);
      return {};
    }
    if (tasks_.size() >= kTasksMax) return queue_full("read");
    tasks_.emplace_back([&task, &done](store::Store& store) {
      task(store);
      done.wake();
    });
    ring_if_due(lock);
  }
  clock_.wait_until(Instant::max(), done);  // bounded by the work that waits: the thread runs every task
  return {};
}

void StoreThread::post(Task task) {
  Lock lock(mutex_);
  tasks_.push_back(std::move(task));
  ring_if_due(lock);
}

void StoreThread::post_at(Instant due, Task task) {
  HOLDFAST_CHECK(is_this_thread());
  HOLDFAST_CHECK(delayed_.size() < kDelayedTasksMax);
  delayed_.push_back({due, std::move(task)});
}

void StoreThread::listen(Listener listener) {
  platform::Waker done;
  post([&](store::Store&) {
    listener_ = std::move(listener);
    announced_.clear();
    announce(store_->watermarks());
    done.wake();
  });
  clock_.wait_until(Instant::max(), done);
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
  const Lock lock(mutex_);
  return std::all_of(wanted.begin(), wanted.end(), [&](const store::Watermark& want) {
    const auto now = std::find_if(published_.marks.begin(), published_.marks.end(),
                                  [&](const store::Watermark& mark) { return mark.lane == want.lane; });
    // A lane that was removed has nothing that is not settled or declared.
    return now == published_.marks.end() || now->settled_seq >= want.committed_seq;
  });
}

bool StoreThread::is_closed() const {
  const Lock lock(mutex_);
  return closed_.has_value();
}

Result<void> StoreThread::flush(Instant deadline) {
  platform::Waker bell;
  std::vector<store::Watermark> wanted;
  {
    const Lock lock(mutex_);
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
    const Lock lock(mutex_);
    std::erase(flushes_, &bell);
  }
  if (settled) return {};
  return fail(ErrorCode::unavailable, "flush",
              "events are still waiting for the broker; they stay in the store");
}

// --- closing ---

void StoreThread::refuse_writes() {
  Lock lock(mutex_);
  refusing_ = true;
  queue_.hurry();
  queue_.dismiss_line();
  ring_if_due(lock);
}

Result<void> StoreThread::close() {
  refuse_writes();
  {
    Lock lock(mutex_);
    closing_ = true;
    ring_if_due(lock);
  }
  if (thread_.joinable()) thread_.join();
  const Lock lock(mutex_);
  return *closed_;
}

}  // namespace holdfast::runtime
