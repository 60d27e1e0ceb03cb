// SPDX-License-Identifier: MIT
#include "runtime/ticket.hpp"

namespace holdfast {

void Ticket::State::complete(WriteResult result) {
  {
    const std::lock_guard lock(mutex_);
    result_ = std::move(result);
  }
  waker_.wake();
}

bool Ticket::State::done() const {
  const std::lock_guard lock(mutex_);
  return result_.has_value();
}

WriteResult Ticket::State::wait(Instant deadline) {
  const bool rung = done() || clock_.wait_until(deadline, waker_);
  if (rung) waker_.wake();  // the bell wakes one waiter: pass it on
  const std::lock_guard lock(mutex_);
  if (result_) return *result_;
  return fail(ErrorCode::unavailable, "wait for the write",
              "the deadline has passed; the write is still on its way");
}

Ticket::Ticket(std::shared_ptr<State> state) : state_(std::move(state)) {}

bool Ticket::done() const { return state_->done(); }

WriteResult Ticket::wait(Instant deadline) const { return state_->wait(deadline); }

}  // namespace holdfast
