// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "demonstration/report.hpp"
#include "evidence.hpp"

namespace holdfast::demo {
namespace {

using test::good_evidence;
using test::report_of;
using testing::HasSubstr;
using testing::Not;

TEST(Filled, does_not_look_at_what_it_has_put_in) {
  EXPECT_EQ(filled("{{a}} and {{b}}", {{"a", "{{b}}"}, {"b", "2"}}), "{{b}} and 2");
}

TEST(FilledDeathTest, refuses_a_name_without_a_value) {
  EXPECT_DEATH((void)filled("{{unknown}}", {}), "value != values.end");
}

TEST(Page, loads_nothing_and_leaves_no_name_unfilled) {
  const std::string page = to_page(report_of(good_evidence()));
  for (const char* forbidden : {"http:", "https:", "src=", "href=", "url(", "@import", "<script", "{{", "}}"})
    EXPECT_THAT(page, Not(HasSubstr(forbidden))) << forbidden;
}

TEST(Page, marks_the_outage_and_the_kill) {
  const std::string page = to_page(report_of(good_evidence()));
  EXPECT_THAT(page, HasSubstr("<g class=\"outage\">"));
  EXPECT_THAT(page, HasSubstr("<g class=\"kill\">"));
}

TEST(Page, puts_the_verdict_first) {
  const std::string passed = to_page(report_of(good_evidence()));
  EXPECT_THAT(passed, HasSubstr("<div class=\"verdict passed\">\n<h1>All 100 events were applied once</h1>"));
  Evidence evidence = good_evidence();
  evidence.applied.pop_back();
  const std::string failed = to_page(report_of(evidence));
  EXPECT_THAT(failed, HasSubstr("<div class=\"verdict failed\">\n<h1>The demo failed</h1>"));
  EXPECT_THAT(failed, HasSubstr("<td class=\"figure wrong\">1</td>"));
  EXPECT_THAT(failed, HasSubstr("event-100"));
}

TEST(Page, escapes_text_that_comes_from_elsewhere) {
  Evidence evidence = good_evidence();
  evidence.committed.push_back({"<script>alert(1)</script>", test::at_ms(1)});
  Report report = report_of(evidence);
  report.environment = "Mosquitto <img>";
  report.history.story.push_back({test::at_ms(1), "a <i>story</i>"});
  report.history.machinery = {"<b>broken</b>"};
  const std::string page = to_page(report);
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  for (const char* raw : {"<script", "<img", "<i>", "<b>"}) EXPECT_THAT(page, Not(HasSubstr(raw))) << raw;
}

}  // namespace
}  // namespace holdfast::demo
