// SPDX-License-Identifier: MIT
#include "wire/time_text.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>

namespace holdfast::wire {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;

constexpr std::size_t kTextBytesMax = 64;  // 20 and as many decimals as anyone could mean

struct Fields {
  sys_days day;
  seconds of_day{0};
  std::chrono::nanoseconds fraction{0};
  minutes offset{0};
};

// Takes the parts of a date-time off the front of the text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  // Exactly `digits` digits, at most `max`; -1 otherwise.
  int number(std::size_t digits, int max) noexcept {
    if (text_.size() < digits) return -1;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return -1;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return value <= max ? value : -1;
  }

  bool one_of(std::string_view marks, char* taken = nullptr) noexcept {
    if (text_.empty() || marks.find(text_.front()) == marks.npos) return false;
    if (taken != nullptr) *taken = text_.front();
    text_.remove_prefix(1);
    return true;
  }

  [[nodiscard]] bool at_end() const noexcept { return text_.empty(); }

 private:
  std::string_view text_;
};

bool take_date(Cursor& cursor, Fields& fields) {
  const int year = cursor.number(4, 9999);
  if (year < 0 || !cursor.one_of("-")) return false;
  const int month = cursor.number(2, 12);
  if (month < 0 || !cursor.one_of("-")) return false;
  const int day = cursor.number(2, 31);
  if (day < 0) return false;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  fields.day = sys_days(date);
  return true;
}

bool take_clock(Cursor& cursor, Fields& fields) {
  const int hour = cursor.number(2, 23);
  if (hour < 0 || !cursor.one_of(":")) return false;
  const int minute = cursor.number(2, 59);
  if (minute < 0 || !cursor.one_of(":")) return false;
  const int second = cursor.number(2, 60);
  if (second < 0) return false;
  fields.of_day = std::chrono::hours(hour) + minutes(minute) + seconds(second);
  if (!cursor.one_of(".")) return true;
  auto unit = 100'000'000ns;
  int digit = cursor.number(1, 9);
  if (digit < 0) return false;
  for (; digit >= 0; digit = cursor.number(1, 9)) {
    fields.fraction += digit * unit;
    unit /= 10;
  }
  return true;
}

bool take_offset(Cursor& cursor, Fields& fields) {
  if (cursor.one_of("Zz")) return true;
  char sign = '+';
  if (!cursor.one_of("+-", &sign)) return false;
  const int hour = cursor.number(2, 23);
  if (hour < 0 || !cursor.one_of(":")) return false;
  const int minute = cursor.number(2, 59);
  if (minute < 0) return false;
  fields.offset = (hour * 60min + minutes(minute)) * (sign == '-' ? -1 : 1);
  return true;
}

std::optional<Fields> parse_fields(std::string_view text) noexcept {
  if (text.size() > kTextBytesMax) return std::nullopt;
  Cursor cursor(text);
  Fields fields;
  const bool whole = take_date(cursor, fields) && cursor.one_of("Tt") && take_clock(cursor, fields) &&
                     take_offset(cursor, fields) && cursor.at_end();
  return whole ? std::optional(fields) : std::nullopt;
}

}  // namespace

std::string time_text(UtcTime time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::microseconds>(time) - day);
  std::array<char, kTextBytesMax> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

bool is_time_text(std::string_view text) noexcept { return parse_fields(text).has_value(); }

std::optional<UtcTime> parse_time(std::string_view text) noexcept {
  // One second inside int64 nanoseconds, so that the fraction cannot overflow.
  constexpr seconds kSecondsMax = std::chrono::floor<seconds>(UtcTime::duration::max()) - 1s;
  const auto fields = parse_fields(text);
  if (!fields) return std::nullopt;
  const seconds since_1970 = fields->day.time_since_epoch() + fields->of_day - fields->offset;
  if (since_1970 > kSecondsMax || since_1970 < -kSecondsMax) return std::nullopt;
  return UtcTime(UtcTime::duration(since_1970) + fields->fraction);
}

}  // namespace holdfast::wire
