// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/time.hpp>

/// Two devices with one client id throw each other out. MQTT 5 says so (0x8E); on 3.1.1, and with brokers that just close
/// the socket, all that can be seen is connections that work and die young, again and again.
///
/// 1. A connection counts when it lived less than kShort, something was acknowledged on it, and the broker ended it
///    without a reason.
/// 2. kInARow of them with no other failure in between are taken for a takeover. A broker that is restarted does not
///    look like that: connections to it fail in between.
/// 3. A network that cuts connections within seconds, five times in a row, does look like it. It is
///    treated alike, which costs it the longer delay.
namespace holdfast::flow {

class ShortLives {
 public:
  static constexpr Duration kShort = std::chrono::seconds{10};
  static constexpr unsigned kInARow = 5;

  /// A connection has ended; true: take it for a takeover.
  [[nodiscard]] bool ended(Duration age, bool acknowledged, bool without_reason) noexcept {
    const bool counts = age < kShort && acknowledged && without_reason;
    in_a_row_ = counts ? (in_a_row_ < kInARow ? in_a_row_ + 1 : kInARow) : 0;
    return in_a_row_ == kInARow;
  }
  /// A connection could not be made.
  void failed_to_connect() noexcept { in_a_row_ = 0; }

 private:
  unsigned in_a_row_ = 0;
};

}  // namespace holdfast::flow
