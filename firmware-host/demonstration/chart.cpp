// SPDX-License-Identifier: MIT
#include "demonstration/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace holdfast::demo {
namespace {

// In the SVG's own units; the page scales it to the width it has.
constexpr double kWidth = 720;
constexpr double kHeight = 230;
constexpr double kLeft = 52;
constexpr double kRight = 8;
constexpr double kTop = 34;  // room for the labels of the bands
constexpr double kBottom = 30;
constexpr std::size_t kPointsMax = 600;  // more cannot be told apart at that width

/// 1, 2 or 5 times a power of ten, so that `span` has about `steps` of them.
[[nodiscard]] double nice_step(double span, double steps) {
  const double raw = std::max(span, 1e-9) / steps;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (raw <= factor * power) return factor * power;
  return 10 * power;
}

class Frame {
 public:
  explicit Frame(const Chart& chart) : x_max_(std::max(chart.x_max, 1e-9)) {
    double highest = 0;
    for (const Series& series : chart.series)
      for (const Point& point : series.points) highest = std::max(highest, point.y);
    y_step_ = std::max(1.0, nice_step(highest, 4));
    y_max_ = std::max(1.0, std::ceil(highest / y_step_)) * y_step_;
  }

  [[nodiscard]] double x(double value) const {
    return kLeft + std::clamp(value / x_max_, 0.0, 1.0) * (kWidth - kLeft - kRight);
  }
  [[nodiscard]] double y(double value) const {
    return kHeight - kBottom - std::clamp(value / y_max_, 0.0, 1.0) * (kHeight - kTop - kBottom);
  }

  [[nodiscard]] std::string axes() const {
    std::string svg;
    for (double tick = 0; tick <= y_max_ * 1.001; tick += y_step_)
      svg += fmt::format(
          "<line class=\"grid\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
          "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:.0f}</text>\n",
          kLeft, kWidth - kRight, y(tick), y(tick), kLeft - 7, y(tick) + 4, tick);
    const double x_step = std::max(1.0, nice_step(x_max_, 8));
    for (double tick = 0; tick <= x_max_ * 1.001; tick += x_step)
      svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{:.0f}{}</text>\n", x(tick),
                         kHeight - kBottom + 18, tick > x_max_ * 0.97 ? "end" : "middle", tick,
                         tick == 0 ? " s" : "");
    return svg;
  }

 private:
  double x_max_;
  double y_step_ = 1;
  double y_max_ = 1;
};

[[nodiscard]] std::string band_svg(const Frame& frame, const Band& band) {
  const double from = frame.x(band.from);
  const double until = std::max(frame.x(band.until), from + 1.5);
  const double bottom = kHeight - kBottom;
  return fmt::format(
      "<g class=\"{}\"><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>"
      "<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
      "<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text></g>\n",
      escaped(band.css_class), from, kTop, until - from, bottom - kTop, from, from, kTop - 8, bottom, from,
      kTop - 14, escaped(band.label));
}

[[nodiscard]] std::string series_svg(const Frame& frame, const Series& series) {
  const std::vector<Point> points = thinned(series.points, kPointsMax);
  if (points.empty()) return {};
  std::string line;
  for (const Point& point : points) line += fmt::format("{:.1f},{:.1f} ", frame.x(point.x), frame.y(point.y));
  line.pop_back();
  std::string svg;
  if (series.filled)
    svg += fmt::format("<polygon class=\"{} area\" points=\"{:.1f},{:.1f} {} {:.1f},{:.1f}\"/>\n",
                       escaped(series.css_class), frame.x(points.front().x), frame.y(0), line,
                       frame.x(points.back().x), frame.y(0));
  return svg + fmt::format("<polyline class=\"{}\" points=\"{}\"/>\n", escaped(series.css_class), line);
}

}  // namespace

std::string to_svg(const Chart& chart) {
  const Frame frame(chart);
  std::string svg = fmt::format("<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">\n",
                                kWidth, kHeight, escaped(chart.title));
  for (const Band& band : chart.bands) svg += band_svg(frame, band);
  svg += frame.axes();
  for (const Series& series : chart.series) svg += series_svg(frame, series);
  return svg + "</svg>\n";
}

std::string escaped(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      case '\'': safe += "&#39;"; break;
      default: safe += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    }
  }
  return safe;
}

std::vector<Point> thinned(const std::vector<Point>& points, std::size_t points_max) {
  if (points.size() <= points_max || points_max == 0) return points;
  std::vector<Point> kept;
  kept.reserve(points_max);
  for (std::size_t i = 0; i < points_max; ++i) {
    const auto begin = points.begin() + static_cast<std::ptrdiff_t>(i * points.size() / points_max);
    const auto end = points.begin() + static_cast<std::ptrdiff_t>((i + 1) * points.size() / points_max);
    kept.push_back(*std::max_element(begin, end, [](Point a, Point b) { return a.y < b.y; }));
  }
  return kept;
}

}  // namespace holdfast::demo
