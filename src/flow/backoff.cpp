// SPDX-License-Identifier: MIT
#include "flow/backoff.hpp"

#include <algorithm>
#include <holdfast/check.hpp>

namespace holdfast::flow {
namespace {

constexpr unsigned kDoublingsMax = 20;  // a step of 0.5 s is six days by then
constexpr Duration kCredentialsMax = std::chrono::minutes{10};

// The modulo's bias is below one in a million: spreads are minutes in nanoseconds (2^40), random has 64 bits.
Duration uniform(Duration max, std::uint64_t random) noexcept {
  return Duration{static_cast<Duration::rep>(random % (static_cast<std::uint64_t>(max.count()) + 1))};
}

// min(ceiling, step * 2^doublings) without overflow.
Duration doubled(Duration step, unsigned doublings, Duration ceiling) noexcept {
  return step.count() > (ceiling.count() >> doublings) ? ceiling : step * (std::int64_t{1} << doublings);
}

}  // namespace

Backoff::Backoff(BackoffRange range) : range_(range) {
  HOLDFAST_CHECK(range.floor >= Duration::zero() && range.step >= Duration::zero());
  range_.max = std::max(range.floor, range.max);
}

Duration Backoff::next(std::uint64_t random) noexcept {
  const Duration spread = doubled(range_.step, failures_, range_.max - range_.floor);
  failures_ = std::min(failures_ + 1, kDoublingsMax);
  return range_.floor + uniform(spread, random);
}

ReconnectBackoff::ReconnectBackoff(const RelayOptions& options)
    : first_max_(options.backoff_min),
      takeover_max_(std::max(options.takeover_backoff_min, options.backoff_max)),
      ordinary_({Duration::zero(), options.backoff_min, options.backoff_max}),
      credentials_({options.auth_backoff_min, options.auth_backoff_min, kCredentialsMax}),
      takeover_({options.takeover_backoff_min, options.takeover_backoff_min, options.backoff_max}) {}

Duration ReconnectBackoff::first(std::uint64_t random) const noexcept { return uniform(first_max_, random); }

Duration ReconnectBackoff::failed(ConnectionFailure failure, std::uint64_t random) noexcept {
  switch (failure) {
    case ConnectionFailure::credentials: return credentials_.next(random);
    case ConnectionFailure::takeover: return takeover_.next(random);
    case ConnectionFailure::ordinary: break;
  }
  return ordinary_.next(random);
}

void ReconnectBackoff::acknowledged(Duration connection_age) noexcept {
  ordinary_.reset();
  credentials_.reset();
  if (connection_age > takeover_max_) takeover_.reset();
}

}  // namespace holdfast::flow
