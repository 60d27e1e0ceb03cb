// SPDX-License-Identifier: MIT
#include "runtime/ticket.hpp"

namespace holdfast {

void Ticket::State::complete(WriteResult result) {
  result_ = std::move(result);
  done_ = 1;
  done_.notify_all();
  if (timed_) bell_.wake();
}

WriteResult Ticket::State::wait(Instant deadline) {
  if (deadline == Instant::max()) {
    done_.wait(0);
    return result_;
  }
  timed_ = true;
  const bool rung = done() || clock_.wait_until(deadline, bell_);
  if (rung) bell_.wake();  // the bell wakes one waiter: pass it on
  if (done()) return result_;
  return fail(ErrorCode::unavailable, "wait for the write",
              "the deadline has passed; the write is still on its way");
}

WriteResult Ticket::State::take() {
  done_.wait(0);
  return std::move(result_);
}

Ticket::Ticket(std::shared_ptr<State> state) : state_(std::move(state)) {}

bool Ticket::done() const { return state_->done(); }

WriteResult Ticket::wait(Instant deadline) const { return state_->wait(deadline); }

}  // namespace holdfast
