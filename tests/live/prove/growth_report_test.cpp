// SPDX-License-Identifier: MIT
#include "prove/growth/report.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace holdfast::prove {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::json;

GrowthPoint point(std::uint64_t rows) {
  return {.rows = rows,
          .fetch_ms = 0.07,
          .commit_ms = 0.15,
          .raw_ms = 0.12,
          .purge_ms = 2,
          .purge_step_ms_max = 3,
          .commit_purging_ms = 0.2,
          .raw_purging_ms = 0.12,
          .purged = 10'000,
          .purge_steps = 20,
          .purge_step_rows_max = 1000,
          .naive_poll_ms = 0.0001 * static_cast<double>(rows)};
}

GrowthReport flat_report() {
  GrowthReport report;
  report.points = {point(10'000), point(100'000), point(1'000'000)};
  report.sqlite = "3.40.1";
  report.file_system = "ext4";
  report.machine = "a board";
  report.optimised = true;
  return report;
}

TEST(GrowthReport, passes_when_nothing_grows) {
  EXPECT_THAT(flat_report().complaints(), IsEmpty());
  EXPECT_THAT(to_text(flat_report()), HasSubstr("Passed"));
  EXPECT_THAT(to_text(flat_report()), ContainsRegex("\n +1000000 +0.070 +0.150 +2.000"));
}

TEST(GrowthReport, finds_each_cost_that_grows_with_the_rows) {
  for (const auto& [value, title] : {std::pair{&GrowthPoint::fetch_ms, "poll"},
                                     {&GrowthPoint::commit_ms, "commit"},
                                     {&GrowthPoint::purge_ms, "purge"},
                                     {&GrowthPoint::commit_purging_ms, "commit while purging"}}) {
    GrowthReport report = flat_report();
    report.points.back().*value *= 10;
    EXPECT_THAT(report.complaints(), ElementsAre(HasSubstr(std::string(title) + ": "))) << title;
    EXPECT_EQ(Json::parse(to_json(report)).at("passed"), false);
  }
}

TEST(GrowthReport, takes_no_offence_at_times_that_are_too_short_to_compare) {
  GrowthReport report = flat_report();
  report.points.front().fetch_ms = 0.001;
  report.points.back().fetch_ms = 0.1;
  EXPECT_THAT(report.complaints(), IsEmpty());
}

void slow_down(GrowthPoint& point, double times) {
  for (double GrowthPoint::*value : {&GrowthPoint::commit_ms, &GrowthPoint::raw_ms, &GrowthPoint::purge_ms,
                                     &GrowthPoint::commit_purging_ms, &GrowthPoint::raw_purging_ms})
    point.*value *= times;
}

TEST(GrowthReport, takes_no_offence_at_a_neighbour_who_began_to_use_the_disk_during_the_run) {
  GrowthReport report = flat_report();
  slow_down(report.points.back(), 20);
  EXPECT_THAT(report.complaints(), IsEmpty());
}

// A purge is work as much as flushes, so that beside a slow raw commit it looks cheap.
TEST(GrowthReport, takes_no_offence_at_a_neighbour_who_stopped_during_the_run) {
  GrowthReport report = flat_report();
  report.points.front().raw_ms *= 20;
  report.points.front().raw_purging_ms *= 20;
  EXPECT_THAT(report.complaints(), IsEmpty());
}

TEST(GrowthReport, finds_growth_also_on_a_disk_that_became_slower) {
  GrowthReport report = flat_report();
  slow_down(report.points.back(), 3);
  report.points.back().purge_ms *= 10;
  EXPECT_THAT(report.complaints(), ElementsAre(HasSubstr("purge: ")));
}

TEST(GrowthReport, does_not_pass_when_the_control_did_not_grow) {
  GrowthReport report = flat_report();
  report.points.back().naive_poll_ms = report.points.front().naive_poll_ms;
  EXPECT_THAT(report.complaints(), ElementsAre(HasSubstr("The control did not grow")));
}

TEST(GrowthReport, does_not_pass_when_nothing_grew_or_hardly_anything_was_purged) {
  GrowthReport report = flat_report();
  report.points.back().purge_steps = 2;
  EXPECT_THAT(report.complaints(), ElementsAre(HasSubstr("With 1000000 rows there were 2 steps of a purge")));
  report.points.resize(1);
  EXPECT_THAT(report.complaints(), ElementsAre(HasSubstr("Nothing grew")));
  EXPECT_THAT(GrowthReport{}.complaints(), ElementsAre(HasSubstr("Nothing grew")));
}

TEST(GrowthReport, gives_each_size_as_json_and_as_a_line_of_the_chart) {
  const Json json = Json::parse(to_json(flat_report()));
  EXPECT_EQ(json.at("format"), "dev.holdfast.prove.growth.v1");
  EXPECT_EQ(json.at("passed"), true);
  EXPECT_EQ(json.at("points").size(), 3U);
  EXPECT_EQ(json.at("points").at(1).at("rows"), 100'000);
  EXPECT_DOUBLE_EQ(json.at("points").at(1).at("fetch_100_ms").get<double>(), 0.07);
  const std::string page = to_html(flat_report());
  EXPECT_THAT(page, HasSubstr("<polyline"));
  EXPECT_THAT(page, HasSubstr("1000000 rows</text>"));
  EXPECT_THAT(page, HasSubstr("Passed"));
}

}  // namespace
}  // namespace holdfast::prove
