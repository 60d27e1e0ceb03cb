// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

/// How much may be on its way to the broker without an answer.
///
/// 1. At most `events_max` messages and `bytes_max` bytes are in flight.
/// 2. One message is always admitted when nothing is in flight, however large: a message above the byte
///    window would otherwise wait for ever.
/// 3. The window slides: each answer makes room at once. Filling it and waiting for all answers costs a
///    delayed-ACK pause (40 ms) per batch: 500 messages/s where sliding gives 30,000.
/// 4. When the broker says that its quota is exceeded the event window is halved, down to 1; each
///    acknowledgement gives one back, up to `events_max`.
namespace holdfast::flow {

class InFlightWindow {
 public:
  /// Both at least 1.
  InFlightWindow(std::size_t events_max, std::size_t bytes_max);

  [[nodiscard]] bool admits(std::size_t bytes) const noexcept;
  /// The caller has asked admits().
  void add(std::size_t bytes) noexcept;
  /// A message of `bytes` has been answered.
  void remove(std::size_t bytes) noexcept;

  void halve() noexcept;
  void recover() noexcept;

  [[nodiscard]] std::size_t events() const noexcept { return events_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t events_allowed() const noexcept { return events_allowed_; }

 private:
  std::size_t events_max_;
  std::size_t bytes_max_;
  std::size_t events_allowed_;
  std::size_t events_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace holdfast::flow
