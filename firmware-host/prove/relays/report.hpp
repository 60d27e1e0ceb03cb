// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prove/relays/stage.hpp"
#include "prove/relays/verdict.hpp"

namespace holdfast::prove {

struct RelaysReport {
  std::uint64_t seed = 0;
  std::uint64_t lives = 0;
  double seconds = 0;
  RelaysCounts counts;
  RelaysVerdict verdict;
  std::vector<std::string> machinery;  ///< what went wrong beside the events

  /// Empty: passed.
  [[nodiscard]] std::vector<std::string> complaints() const;
  [[nodiscard]] std::string command() const;  ///< that repeats it
};

[[nodiscard]] std::string to_text(const RelaysReport& report);
[[nodiscard]] std::string to_json(const RelaysReport& report);  ///< one line

}  // namespace holdfast::prove
