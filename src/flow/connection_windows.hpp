// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <holdfast/result.hpp>
#include <holdfast/time.hpp>
#include <string>
#include <string_view>
#include <vector>

/// When a device may be connected, as cron writes it. UTC; no clock is read.
///
///     window  = MINUTE HOUR DAY MONTH WEEKDAY "for" MINUTES
///     field   = part {"," part}
///     part    = ("*" | number | number "-" number) ["/" step]
///     MINUTE 0-59, HOUR 0-23, DAY 1-31, MONTH 1-12, WEEKDAY 0-7 (0 and 7 are Sunday), MINUTES 1-10080
///
/// 1. A window opens at each minute that fits all fields and stays open for MINUTES. Openings may overlap.
/// 2. As in cron, when neither DAY nor WEEKDAY is "*", a day fits when either does.
/// 3. "5/15" is "5-59/15": from 5 on, every 15.
namespace holdfast::flow {

class ConnectionWindow {
 public:
  static constexpr int kMinutesMax = 7 * 24 * 60;

  /// `invalid`; the hint names the field.
  [[nodiscard]] static Result<ConnectionWindow> parse(std::string_view text);

  /// It opens at this minute since 1970.
  [[nodiscard]] bool opens(std::int64_t minute) const noexcept;
  [[nodiscard]] int minutes() const noexcept { return length_; }

 private:
  [[nodiscard]] bool fits_day(std::int64_t day) const noexcept;

  std::bitset<60> minute_;
  std::bitset<24> hour_;
  std::bitset<32> day_;    // 1 to 31
  std::bitset<13> month_;  // 1 to 12
  std::bitset<8> weekday_;
  bool any_day_ = false;
  bool any_weekday_ = false;
  int length_ = 0;
};

/// All windows of a device: open when one of them is. None: always open.
class ConnectionWindows {
 public:
  static constexpr std::size_t kWindowsMax = 16;
  /// How far next_change() looks.
  static constexpr std::chrono::hours kHorizon{24};

  [[nodiscard]] static Result<ConnectionWindows> parse(const std::vector<std::string>& texts);

  [[nodiscard]] bool none() const noexcept { return windows_.empty(); }
  [[nodiscard]] bool open(UtcTime at) const noexcept;
  /// The first instant after `at` at which open() answers otherwise, or `at + kHorizon` when it is not nearer.
  [[nodiscard]] UtcTime next_change(UtcTime at) const noexcept;

 private:
  std::vector<ConnectionWindow> windows_;
};

}  // namespace holdfast::flow
