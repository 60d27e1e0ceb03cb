// SPDX-License-Identifier: MIT
//
// Words of the command line. The first byte says which; the rest is the word.
#include <holdfast/check.hpp>
#include <holdfast/limits.hpp>

#include "fuzz/input.hpp"
#include "program/quarantine_report.hpp"
#include "program/units.hpp"
#include "prove/crash/state_name.hpp"

namespace holdfast::program {
namespace {

void duration(std::string_view text) {
  const auto some = parse_duration(text);
  const auto zero = parse_duration_or_zero(text);
  HOLDFAST_CHECK(!some || (zero && *zero == *some));
  HOLDFAST_CHECK(!some || (some->count() > 0 && *some <= std::chrono::hours(365 * 24)));
  HOLDFAST_CHECK(some || !zero || zero->count() == 0);
  if (some) HOLDFAST_CHECK(*parse_duration(std::to_string(some->count()) + "ms") == *some);
}

void size(std::string_view text) {
  const auto some = parse_size(text);
  const auto zero = parse_size_or_zero(text);
  HOLDFAST_CHECK(!some || (*some >= 1 && zero && *zero == *some));
  HOLDFAST_CHECK(some || !zero || *zero == 0);
  if (!some) return;
  HOLDFAST_CHECK(*parse_size(std::to_string(*some)) == *some);
  HOLDFAST_CHECK(!size_text(*some).empty());
}

void lane(std::string_view text) {
  const auto parsed = parse_lane(text);
  if (!parsed) return;
  HOLDFAST_CHECK(text.starts_with(parsed->options.name));
  HOLDFAST_CHECK(parsed->has_settings == (parsed->options.name.size() < text.size()));
}

void relay_words(std::string_view text) {
  if (const auto ordering = parse_ordering(text)) HOLDFAST_CHECK(text.starts_with(ordering->name));
  (void)parse_profile(text);
  if (const auto profile = broker_profile(text)) HOLDFAST_CHECK(to_string(*profile) == text);
  (void)parse_window(text);
}

void places(std::string_view text) {
  if (const auto span = parse_seqs(text)) HOLDFAST_CHECK(1 <= span->first && span->first <= span->last);
  if (const auto time = parse_utc(text)) HOLDFAST_CHECK(time->time_since_epoch().count() != INT64_MIN);
  if (const auto attribute = parse_attribute(text))
    HOLDFAST_CHECK(attribute->name + '=' + attribute->value == text);
}

void state_name(std::string_view text) {
  const auto name = prove::StateName::parse(text);
  if (!name) return;
  const auto again = prove::StateName::parse(name->text());
  HOLDFAST_CHECK(again && again->text() == name->text());
}

}  // namespace

HOLDFAST_FUZZ_TARGET(words) {
  constexpr std::array kWords = {&duration, &size, &lane, &relay_words, &places, &state_name};
  fuzz::Input in(input);
  const auto word = in.one_of(kWords);
  word(fuzz::text_of(in.rest()));
}

}  // namespace holdfast::program
