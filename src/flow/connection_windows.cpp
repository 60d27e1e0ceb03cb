// SPDX-License-Identifier: MIT
#include "flow/connection_windows.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace holdfast::flow {
namespace {

constexpr std::int64_t kMinutesPerDay = 24 * 60;

struct Field {
  const char* name;
  int min;
  int max;
};
constexpr std::array<Field, 5> kFields = {
    {{"MINUTE", 0, 59}, {"HOUR", 0, 23}, {"DAY", 1, 31}, {"MONTH", 1, 12}, {"WEEKDAY", 0, 7}}};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> words = split(text, ' ');
  std::erase(words, std::string_view());
  return words;
}

std::optional<int> number(std::string_view text, int min, int max) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max)
    return std::nullopt;
  return value;
}

// One part of a list: its numbers go into `set`. False: it is none.
template <std::size_t N>
bool add_part(std::string_view part, const Field& field, std::bitset<N>& set) {
  const auto slash = part.find('/');
  const std::string_view range = part.substr(0, slash);
  int step = 1;
  if (slash != std::string_view::npos) {
    const auto given = number(part.substr(slash + 1), 1, field.max);
    if (!given) return false;
    step = *given;
  }
  int first = field.min;
  int last = field.max;
  if (range != "*") {
    const auto dash = range.find('-');
    const auto from = number(range.substr(0, dash), field.min, field.max);
    if (!from) return false;
    first = *from;
    if (dash != std::string_view::npos) {
      const auto to = number(range.substr(dash + 1), first, field.max);
      if (!to) return false;
      last = *to;
    } else if (slash == std::string_view::npos) {
      last = first;
    }
  }
  for (int value = first; value <= last; value += step) set.set(static_cast<std::size_t>(value));
  return true;
}

template <std::size_t N>
bool add_field(std::string_view text, const Field& field, std::bitset<N>& set) {
  const auto parts = split(text, ',');
  return std::all_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return add_part(part, field, set); });
}

tl::unexpected<Error> refuse(std::string_view text, std::string hint) {
  return fail(ErrorCode::invalid, "connection window '" + std::string(text) + "'", std::move(hint));
}

tl::unexpected<Error> refuse_field(std::string_view text, std::size_t field, std::string_view found) {
  const Field& rule = kFields.at(field);
  return refuse(text, std::string(rule.name) + " '" + std::string(found) + "' is not *, or numbers from " +
                          std::to_string(rule.min) + " to " + std::to_string(rule.max) +
                          " like 0,30 or 8-18 or */15");
}

std::int64_t floor_minute(UtcTime at) noexcept {
  return std::chrono::floor<std::chrono::minutes>(at).time_since_epoch().count();
}

UtcTime time_of(std::int64_t minute) noexcept { return UtcTime{std::chrono::minutes{minute}}; }

}  // namespace

Result<ConnectionWindow> ConnectionWindow::parse(std::string_view text) {
  const auto given = words(text);
  if (given.size() != 7 || given[5] != "for")
    return refuse(text, "write MINUTE HOUR DAY MONTH WEEKDAY for MINUTES, such as '0 2 * * * for 30'");
  ConnectionWindow window;
  if (!add_field(given[0], kFields[0], window.minute_)) return refuse_field(text, 0, given[0]);
  if (!add_field(given[1], kFields[1], window.hour_)) return refuse_field(text, 1, given[1]);
  if (!add_field(given[2], kFields[2], window.day_)) return refuse_field(text, 2, given[2]);
  if (!add_field(given[3], kFields[3], window.month_)) return refuse_field(text, 3, given[3]);
  if (!add_field(given[4], kFields[4], window.weekday_)) return refuse_field(text, 4, given[4]);
  if (window.weekday_.test(7)) window.weekday_.set(0);
  window.any_day_ = given[2] == "*";
  window.any_weekday_ = given[4] == "*";
  const auto minutes = number(given[6], 1, kMinutesMax);
  if (!minutes)
    return refuse(text, "MINUTES '" + std::string(given[6]) + "' is not a number from 1 to 10080 (a week)");
  window.length_ = *minutes;
  return window;
}

bool ConnectionWindow::fits_day(std::int64_t day) const noexcept {
  const std::chrono::sys_days date{std::chrono::days{day}};
  const std::chrono::year_month_day calendar{date};
  if (!month_.test(unsigned{calendar.month()})) return false;
  const bool by_day = day_.test(unsigned{calendar.day()});
  const bool by_weekday = weekday_.test(std::chrono::weekday{date}.c_encoding());
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

bool ConnectionWindow::opens(std::int64_t minute) const noexcept {
  const std::int64_t day = (minute >= 0 ? minute : minute - kMinutesPerDay + 1) / kMinutesPerDay;
  const auto of_day = static_cast<std::size_t>(minute - day * kMinutesPerDay);
  return minute_.test(of_day % 60) && hour_.test(of_day / 60) && fits_day(day);
}

Result<ConnectionWindows> ConnectionWindows::parse(const std::vector<std::string>& texts) {
  if (texts.size() > kWindowsMax)
    return fail(ErrorCode::invalid, "connection windows", "there are more than 16");
  ConnectionWindows windows;
  for (const std::string& text : texts) {
    auto window = ConnectionWindow::parse(text);
    if (!window) return tl::unexpected(window.error());
    windows.windows_.push_back(*window);
  }
  return windows;
}

bool ConnectionWindows::open(UtcTime at) const noexcept {
  if (none()) return true;
  const std::int64_t now = floor_minute(at);
  return std::any_of(windows_.begin(), windows_.end(), [now](const ConnectionWindow& window) {
    for (std::int64_t minute = now; minute > now - window.minutes(); --minute)
      if (window.opens(minute)) return true;
    return false;
  });
}

// Walks minute by minute with what each window would have left: a day and a week of minutes at most, a millisecond.
UtcTime ConnectionWindows::next_change(UtcTime at) const noexcept {
  const std::int64_t now = floor_minute(at);
  const std::int64_t end = now + std::chrono::minutes(kHorizon).count();
  std::int64_t change = end;
  std::array<std::int64_t, kWindowsMax> open_until{};
  open_until.fill(INT64_MIN);
  const bool was_open = open(at);
  for (std::int64_t minute = now - ConnectionWindow::kMinutesMax; minute < end; ++minute) {
    bool is_open = none();
    for (std::size_t i = 0; i < windows_.size(); ++i) {
      if (minute <= now - windows_[i].minutes()) continue;  // what opened then has closed
      if (windows_[i].opens(minute)) open_until.at(i) = minute + windows_[i].minutes();
      is_open = is_open || minute < open_until.at(i);
    }
    if (minute <= now || is_open == was_open) continue;
    change = minute;
    break;
  }
  return change == end ? at + kHorizon : time_of(change);
}

}  // namespace holdfast::flow
