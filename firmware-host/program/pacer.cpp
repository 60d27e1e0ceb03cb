// SPDX-License-Identifier: MIT
#include "program/pacer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace holdfast::program {
namespace {

constexpr std::chrono::milliseconds kPeriodMin{5};
constexpr double kLagSecondsMax = 1;

}  // namespace

Pacer::Pacer(double events_per_s, Instant now) : events_per_s_(events_per_s), since_(now) {}

double Pacer::due(Instant now) const {
  return std::chrono::duration<double>(now - since_).count() * events_per_s_ - static_cast<double>(taken_);
}

std::size_t Pacer::take(Instant now, std::size_t count_max) {
  const double waiting = due(now);
  if (waiting < 1) return 0;
  const auto count = static_cast<std::size_t>(std::min(std::floor(waiting), static_cast<double>(count_max)));
  taken_ += count;
  if (due(now) > std::max(1.0, events_per_s_ * kLagSecondsMax)) {
    since_ = now;
    taken_ = 0;
  }
  return count;
}

Instant Pacer::next(Instant now) const {
  const double seconds = static_cast<double>(taken_ + 1) / events_per_s_;
  const auto at = std::chrono::ceil<Duration>(std::chrono::duration<double>(seconds));
  return std::max(since_ + at, now + kPeriodMin);
}

}  // namespace holdfast::program
