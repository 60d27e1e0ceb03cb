// SPDX-License-Identifier: MIT
#include "demonstration/chart.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace holdfast::demo {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Escaped, leaves_no_character_that_could_begin_markup_or_end_an_attribute) {
  EXPECT_EQ(escaped("<script>alert(\"a\" & 'b')</script>\n\x01"),
            "&lt;script&gt;alert(&quot;a&quot; &amp; &#39;b&#39;)&lt;/script&gt;  ");
}

TEST(Escaped, keeps_utf_8) { EXPECT_EQ(escaped("21 °C"), "21 °C"); }

TEST(Thinned, keeps_the_peak) {
  std::vector<Point> points;
  for (int i = 0; i < 10'000; ++i) points.push_back({static_cast<double>(i), i == 7777 ? 99.0 : 1.0});
  const std::vector<Point> few = thinned(points, 100);
  EXPECT_EQ(few.size(), 100U);
  EXPECT_TRUE(std::any_of(few.begin(), few.end(), [](Point point) { return point.y == 99.0; }));
}

TEST(Svg, marks_a_band_and_draws_its_label_as_text) {
  const std::string svg =
      to_svg({"a title", 10, {{"line", {{0, 1}, {10, 5}}, true}}, {{"outage", "<b>", 2, 4}}});
  EXPECT_THAT(svg, HasSubstr("<g class=\"outage\"><rect"));
  EXPECT_THAT(svg, HasSubstr("&lt;b&gt;"));
  EXPECT_THAT(svg, Not(HasSubstr("<b>")));
  EXPECT_THAT(svg, HasSubstr("<polyline class=\"line\""));
}

TEST(Svg, of_no_data_has_axes_and_no_invalid_number) {
  const std::string svg = to_svg({"nothing", 0, {{"line", {}, true}}, {}});
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
  EXPECT_THAT(svg, HasSubstr("class=\"grid\""));
}

}  // namespace
}  // namespace holdfast::demo
