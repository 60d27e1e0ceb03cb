// SPDX-License-Identifier: MIT
#include "prove/simulate/story.hpp"

#include <fmt/format.h>

namespace holdfast::prove {

std::string when(Duration since_the_beginning) {
  const auto s = std::chrono::duration_cast<std::chrono::seconds>(since_the_beginning).count();
  return fmt::format("day {} {:02}:{:02}:{:02}", s / 86'400, s / 3'600 % 24, s / 60 % 60, s % 60);
}

std::string length(Duration time) {
  const auto s = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (s < 120) return fmt::format("{} s", s);
  if (s < 7'200) return fmt::format("{} min", s / 60);
  if (s < 172'800) return fmt::format("{}.{} h", s / 3'600, s % 3'600 / 360);
  return fmt::format("{}.{} d", s / 86'400, s % 86'400 / 8'640);
}

}  // namespace holdfast::prove
