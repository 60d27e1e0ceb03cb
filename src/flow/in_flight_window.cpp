// SPDX-License-Identifier: MIT
#include "flow/in_flight_window.hpp"

#include <algorithm>
#include <holdfast/check.hpp>

namespace holdfast::flow {

InFlightWindow::InFlightWindow(std::size_t events_max, std::size_t bytes_max)
    : events_max_(events_max), bytes_max_(bytes_max), events_allowed_(events_max) {
  HOLDFAST_CHECK(events_max >= 1 && bytes_max >= 1);
}

bool InFlightWindow::admits(std::size_t bytes) const noexcept {
  if (events_ == 0) return true;
  return events_ < events_allowed_ && bytes_ < bytes_max_ && bytes <= bytes_max_ - bytes_;
}

void InFlightWindow::add(std::size_t bytes) noexcept {
  HOLDFAST_CHECK(admits(bytes));
  events_ += 1;
  bytes_ += bytes;
}

void InFlightWindow::remove(std::size_t bytes) noexcept {
  HOLDFAST_CHECK(events_ >= 1 && bytes_ >= bytes);
  events_ -= 1;
  bytes_ -= bytes;
}

void InFlightWindow::halve() noexcept { events_allowed_ = std::max<std::size_t>(1, events_allowed_ / 2); }

void InFlightWindow::recover() noexcept { events_allowed_ = std::min(events_max_, events_allowed_ + 1); }

}  // namespace holdfast::flow
