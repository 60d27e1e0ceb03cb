// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/options.hpp>
#include <holdfast/time.hpp>

/// How long to wait before trying again.
///
/// 1. Full jitter: a delay is uniform in [floor, floor + min(max - floor, step * 2^n)], where n counts the
///    failures in a row. The jitter spreads a fleet that failed together; the doubling calms one that keeps
///    failing.
/// 2. A delay is never below the floor and never above the larger of floor and max.
/// 3. Only success that the far side has confirmed resets n. A CONNACK is not enough: a broker that accepts
///    connections and dies at the first publish would be hammered at the shortest delay.
/// 4. Nothing here reads a clock or draws a random number: both are arguments.
namespace holdfast::flow {

/// All not negative. `max` below `floor` counts as `floor`.
struct BackoffRange {
  Duration floor{0};
  Duration step{0};
  Duration max{0};
};

class Backoff {
 public:
  explicit Backoff(BackoffRange range);
  /// Counts a failure and returns the delay before the next try.
  [[nodiscard]] Duration next(std::uint64_t random) noexcept;
  void reset() noexcept { failures_ = 0; }
  [[nodiscard]] bool failing() const noexcept { return failures_ > 0; }

 private:
  BackoffRange range_;
  unsigned failures_ = 0;  // in a row; stops counting where doubling has stopped to matter
};

enum class ConnectionFailure : std::uint8_t {
  ordinary,     ///< network, timeout, the broker is busy or away
  credentials,  ///< the broker refused who we are: only an operator can mend it
  takeover,     ///< another client has our client id; answering at once would start a tug of war
};

/// The delay before the next connection. Each kind of failure counts for itself.
class ReconnectBackoff {
 public:
  explicit ReconnectBackoff(const RelayOptions& options);
  /// Before the very first connection: a fleet that is powered up together is spread too.
  [[nodiscard]] Duration first(std::uint64_t random) const noexcept;
  [[nodiscard]] Duration failed(ConnectionFailure failure, std::uint64_t random) noexcept;
  /// The longest delay after a takeover.
  [[nodiscard]] Duration takeover_max() const noexcept { return takeover_max_; }
  /// The broker acknowledged a publish on a connection that has stood for `connection_age`. Two devices with
  /// one client id both get acknowledgements between takeovers, so that count is reset only by a connection
  /// that outlived the longest takeover delay.
  void acknowledged(Duration connection_age) noexcept;

 private:
  Duration first_max_;
  Duration takeover_max_;
  Backoff ordinary_;
  Backoff credentials_;
  Backoff takeover_;
};

}  // namespace holdfast::flow
