// SPDX-License-Identifier: MIT
#include "prove/simulate/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "demonstration/chart.hpp"

namespace holdfast::prove {
namespace {

// In the SVG's own units; the page scales it to the width it has.
constexpr double kWidth = 960;
constexpr double kLeft = 6;
constexpr double kRight = 92;  // the highest values
constexpr double kBandTop = 16;
constexpr double kBandHeight = 10;
constexpr double kCurvesTop = 38;
constexpr double kCurvesHeight = 90;
constexpr std::size_t kPointsMax = 480;

class Timeline {
 public:
  explicit Timeline(const SimulateReport& report)
      : report_(report), whole_(std::max<double>(1, static_cast<double>(report.plan.span.count()))) {}

  [[nodiscard]] double x(Duration at) const {
    return kLeft + std::clamp(static_cast<double>(at.count()) / whole_, 0.0, 1.0) * (kWidth - kLeft - kRight);
  }

  [[nodiscard]] std::string rect(std::string_view css, Duration from, Duration until) const {
    return fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.0f}\" width=\"{:.1f}\" height=\"{:.0f}\"/>\n",
                       css, x(from), kBandTop, std::max(1.0, x(until) - x(from)), kBandHeight);
  }

  [[nodiscard]] std::string mark(std::string_view css, Duration at) const {
    return fmt::format(
        "<line class=\"{0}\" x1=\"{1:.1f}\" x2=\"{1:.1f}\" y1=\"6\" y2=\"{2:.0f}\"/>"
        "<circle class=\"{0} dot\" cx=\"{1:.1f}\" cy=\"6\" r=\"2.2\"/>\n",
        css, x(at), kBandTop + kBandHeight + 2);
  }

  // At most ten days are named.
  [[nodiscard]] std::string axis(double y) const {
    const std::int64_t days = report_.plan.options.days;
    const std::int64_t step = std::max<std::int64_t>(1, (days + 9) / 10);
    std::string svg;
    for (std::int64_t day = 0; day <= days; day += step) {
      const double at = x(std::chrono::hours(24 * day));
      svg += fmt::format(
          "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.0f}\" y2=\"{2:.0f}\"/>"
          "<text x=\"{3:.1f}\" y=\"{4:.0f}\" text-anchor=\"{5}\">{6}{7}</text>\n",
          at, kBandTop, y, at, y + 14, day == 0 ? "start" : "middle", day == 0 ? "day " : "", day);
    }
    return svg;
  }

  using Value = std::function<double(const SimulatedSample&)>;
  [[nodiscard]] std::string curve(std::string_view css, std::size_t device, const Value& value, int row,
                                  bool filled) const {
    std::vector<demo::Point> points;
    double highest = 0;
    for (const SimulatedSample& sample : report_.story.samples[device]) {
      points.push_back({static_cast<double>(sample.at.count()), value(sample)});
      highest = std::max(highest, points.back().y);
    }
    if (highest == 0) return {};
    std::string line;
    const double bottom = kCurvesTop + kCurvesHeight;
    for (const demo::Point& point : demo::thinned(points, kPointsMax))
      line += fmt::format("{:.1f},{:.1f} ", x(Duration(static_cast<std::int64_t>(point.x))),
                          bottom - point.y / highest * kCurvesHeight);
    line.pop_back();
    std::string svg;
    if (filled)
      svg += fmt::format("<polygon class=\"{} area\" points=\"{:.1f},{:.1f} {} {:.1f},{:.1f}\"/>\n", css,
                         x(Duration(static_cast<std::int64_t>(points.front().x))), bottom, line,
                         x(Duration(static_cast<std::int64_t>(points.back().x))), bottom);
    svg += fmt::format("<polyline class=\"{}\" points=\"{}\"/>\n", css, line);
    return svg + fmt::format(
                     "<line class=\"{0}\" stroke-width=\"2\" x1=\"{1:.0f}\" x2=\"{2:.0f}\" y1=\"{3:.0f}\" "
                     "y2=\"{3:.0f}\"/>"
                     "<text x=\"{4:.0f}\" y=\"{5:.0f}\">{6:.0f}</text>\n",
                     css, kWidth - kRight + 8, kWidth - kRight + 22, kCurvesTop + 10 + row * 20,
                     kWidth - kRight + 27, kCurvesTop + 14 + row * 20, highest);
  }

 private:
  const SimulateReport& report_;
  double whole_;
};

/// How a trouble is drawn: a piece of the band, or a mark at its moment.
struct Look {
  std::string_view css;
  bool is_mark = false;
};

Look look_of(Mishap trouble) {
  switch (trouble) {
    case Mishap::partition:
    case Mishap::broker_restart:
    case Mishap::broker_wipe:
    case Mishap::broker_full: return {"away"};
    case Mishap::half_open:
    case Mishap::slow:
    case Mishap::lossy:
    case Mishap::narrow: return {"weak"};
    case Mishap::refusals: return {"refused"};
    case Mishap::older_image:
    case Mishap::twin:
    case Mishap::new_board: return {"image", true};
    case Mishap::clock_jump:
    case Mishap::burst:
    case Mishap::disconnects:
    case Mishap::lost_acks: return {""};
    default: return {"fall", true};
  }
}

bool concerns(const SimulatedTrouble& one, std::size_t device) {
  const bool is_of_broker =
      one.device == kNobody && one.trouble < Mishap::backend_kill && one.trouble != Mishap::narrow;
  return one.device == device || is_of_broker;  // the broker's trouble is everybody's
}

}  // namespace

std::string timeline_svg(const SimulateReport& report, std::size_t device) {
  const Timeline line(report);
  const bool has_curves = device != kNobody;
  const double bottom = has_curves ? kCurvesTop + kCurvesHeight : kBandTop + kBandHeight + 4;
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"Life of {}\">\n", kWidth, bottom + 20,
      has_curves ? "device-" + std::to_string(device + 1) : "the broker and the backend");
  svg += line.axis(bottom);
  svg += line.rect("link", {}, report.plan.span);
  if (has_curves && report.plan.devices[device].is_cut_off) svg += line.rect("away", {}, report.plan.span);
  for (const bool marks : {false, true}) {
    for (const SimulatedTrouble& one : report.story.troubles) {
      const Look look = look_of(one.trouble);
      if (look.css.empty() || look.is_mark != marks || !concerns(one, device)) continue;
      svg += marks ? line.mark(look.css, one.at)
                   : line.rect(look.css, one.at, std::min(one.until, report.plan.span));
    }
  }
  if (has_curves) {
    svg += line.curve(
        "backlog", device, [](const auto& s) { return static_cast<double>(s.backlog); }, 0, true);
    svg += line.curve(
        "applied", device, [](const auto& s) { return static_cast<double>(s.applied); }, 1, false);
    svg += line.curve(
        "shed", device, [](const auto& s) { return static_cast<double>(s.shed); }, 2, false);
  }
  return svg + "</svg>\n";
}

}  // namespace holdfast::prove
