// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::bench {

enum class BarKind : std::uint8_t { at_least, at_most };

/// One line of the table: what was measured, beside what it is measured against.
struct Figure {
  std::string id = {};     ///< its key in the JSON document; never renamed
  std::string title = {};  ///< for people
  std::string unit = {};   ///< of `measured` and `ceiling`
  double measured = 0;
  double ceiling = 0;
  std::string ceiling_is = {};  ///< what the ceiling is the figure of
  double ratio = 0;             ///< measured to ceiling; for speeds the median of the rounds' ratios
  double value = 0;             ///< what is held against the bar, in the unit `value_is`
  std::string value_is = {};    ///< "ratio", "B/event", "B"
  BarKind kind = BarKind::at_least;
  double bar = 0;
  bool sound = true;  ///< false: it was not measured as it should have been, and `note` says why
  std::string note = {};

  [[nodiscard]] bool passed() const;
};

/// Of an even number the mean of the middle two; 0 of nothing.
[[nodiscard]] double median(std::vector<double> values);

}  // namespace holdfast::bench
