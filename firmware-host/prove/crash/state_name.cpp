// SPDX-License-Identifier: MIT
#include "prove/crash/state_name.hpp"

#include <charconv>
#include <system_error>

namespace holdfast::prove {
namespace {

template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take_char(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool take_cut(std::string_view& text, CutName& cut) {
  return take_number(text, cut.point) && take_char(text, '.') && take_number(text, cut.variant);
}

}  // namespace

std::string StateName::text() const {
  const auto cut = [](const CutName& c) { return std::to_string(c.point) + "." + std::to_string(c.variant); };
  return std::to_string(round) + "." + cut(first) + (second ? "+" + cut(*second) : "");
}

Result<StateName> StateName::parse(std::string_view text) {
  StateName name;
  std::string_view left = text;
  bool good = take_number(left, name.round) && take_char(left, '.') && take_cut(left, name.first);
  if (good && take_char(left, '+')) good = take_cut(left, name.second.emplace());
  if (good && left.empty()) return name;
  return fail(ErrorCode::invalid, "read the state '" + std::string(text) + "'",
              "it is ROUND.POINT.VARIANT, and after a second cut ROUND.POINT.VARIANT+POINT.VARIANT");
}

}  // namespace holdfast::prove
