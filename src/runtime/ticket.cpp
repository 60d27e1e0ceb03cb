// SPDX-License-Identifier: MIT
#include "runtime/ticket.hpp"

namespace holdfast {

void Ticket::State::complete(WriteResult result) {
  result_ = std::move(result);
  done_ = true;
  if (awaited_) waker_.wake();
}

WriteResult Ticket::State::wait(Instant deadline) {
  awaited_ = true;
  const bool rung = done_ || clock_.wait_until(deadline, waker_);
  if (rung) waker_.wake();  // the bell wakes one waiter: pass it on
  if (done_) return result_;
  return fail(ErrorCode::unavailable, "wait for the write",
              "the deadline has passed; the write is still on its way");
}

Ticket::Ticket(std::shared_ptr<State> state) : state_(std::move(state)) {}

bool Ticket::done() const { return state_->done(); }

WriteResult Ticket::wait(Instant deadline) const { return state_->wait(deadline); }

}  // namespace holdfast
