// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Charts as inline SVG. Colours are the page's: elements carry CSS classes and no colour of their own.
namespace holdfast::demo {

struct Point {
  double x = 0;
  double y = 0;
};

struct Series {
  std::string css_class;
  std::vector<Point> points;  ///< by x
  bool filled = false;        ///< the area below it, too
};

/// A time that is marked: a shaded band with a line where it begins.
struct Band {
  std::string css_class;
  std::string label;
  double from = 0;
  double until = 0;
};

struct Chart {
  std::string title;  ///< for those who cannot see it
  double x_max = 1;   ///< seconds; x begins at 0
  std::vector<Series> series;
  std::vector<Band> bands;
};

[[nodiscard]] std::string to_svg(const Chart& chart);

/// Text as HTML or XML content, or as the value of a quoted attribute. Control characters become spaces.
[[nodiscard]] std::string escaped(std::string_view text);

/// At most `points_max` points: of each stretch of x the highest, so that a peak stays one.
[[nodiscard]] std::vector<Point> thinned(const std::vector<Point>& points, std::size_t points_max);

}  // namespace holdfast::demo
