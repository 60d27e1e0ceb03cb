// SPDX-License-Identifier: MIT
#include "demonstration/report.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "evidence.hpp"

namespace holdfast::demo {
namespace {

using test::good_evidence;
using test::report_of;
using testing::HasSubstr;
using testing::Not;

TEST(ReportJson, is_one_line_with_the_promised_keys) {
  const std::string text = to_json(report_of(good_evidence()));
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json.at("committed"), 100);
  EXPECT_EQ(json.at("delivered"), 100);
  EXPECT_EQ(json.at("duplicates_received"), 3);
  for (const char* none : {"applied_twice", "lost", "phantom", "gaps"}) EXPECT_EQ(json.at(none), 0) << none;
  EXPECT_EQ(json.at("backlog_peak"), 44);
  EXPECT_EQ(json.at("latency_ms").at("p50"), 10.0);
  EXPECT_EQ(json.at("passed"), true);
  EXPECT_EQ(json.at("faults").at(0).at("killed"), "broker");
  EXPECT_EQ(json.at("faults").at(0).at("in_flight"), 20);
}

TEST(ReportJson, names_what_is_wrong) {
  Evidence evidence = good_evidence();
  evidence.applied.pop_back();
  const auto json = nlohmann::json::parse(to_json(report_of(evidence)));
  EXPECT_EQ(json.at("passed"), false);
  EXPECT_EQ(json.at("lost"), 1);
  EXPECT_EQ(json.at("ids").at("lost").at(0), "event-100");
  EXPECT_EQ(json.at("complaints").size(), 1U);
}

TEST(ReportText, says_how_to_do_it_again) {
  EXPECT_THAT(to_text(report_of(good_evidence())),
              HasSubstr("Repeat: ./firmware-host/demo --seed 7 --seconds 10\n"));
}

TEST(ReportText, points_at_a_figure_that_is_wrong_and_at_no_other) {
  EXPECT_THAT(to_text(report_of(good_evidence())), Not(HasSubstr("wrong")));
  Evidence evidence = good_evidence();
  evidence.applied.push_back({"nobody-committed-this", test::at_ms(5)});
  EXPECT_THAT(to_text(report_of(evidence)), HasSubstr("never committed   <-- wrong"));
}

TEST(Report, fails_when_the_demo_itself_went_wrong) {
  Report report = report_of(good_evidence());
  EXPECT_TRUE(report.complaints().empty());
  report.history.machinery.emplace_back("the consumer does not end");
  EXPECT_EQ(report.complaints().size(), 1U);
  EXPECT_EQ(report.headline(), "The demo failed");
}

}  // namespace
}  // namespace holdfast::demo
