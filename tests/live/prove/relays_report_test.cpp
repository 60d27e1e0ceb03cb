// SPDX-License-Identifier: MIT
#include "prove/relays/report.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "relays_evidence.hpp"

namespace holdfast::prove {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using Json = nlohmann::json;

RelaysReport report_of(const RelaysEvidence& evidence) {
  RelaysReport report;
  report.seed = 7;
  report.lives = 2;
  report.seconds = 1.23;
  report.counts = {.process_kills = 1, .link_faults = 8};
  report.verdict = judge_relays(evidence);
  return report;
}

TEST(RelaysReport, gives_each_connections_figures_as_json) {
  const Json json = Json::parse(to_json(report_of(test::good_relays_evidence())));
  EXPECT_EQ(json.at("format"), "dev.holdfast.prove.relays.v1");
  EXPECT_EQ(json.at("passed"), true);
  EXPECT_EQ(json.at("link_faults"), 8);
  EXPECT_EQ(json.at("connections").at(0).at("published"), 3);
  EXPECT_EQ(json.at("connections").at(1).at("acknowledged"), 1);
  EXPECT_EQ(json.at("handovers"), 1);
  EXPECT_EQ(json.at("twice_in_a_pass"), 0);
  EXPECT_EQ(json.at("claimed_twice"), 0);
  EXPECT_EQ(json.at("taken_from_stuck"), 0);
  EXPECT_EQ(json.at("out_of_order"), 0);
}

TEST(RelaysReport, says_in_words_that_it_passed) {
  const std::string text = to_text(report_of(test::good_relays_evidence()));
  EXPECT_THAT(text, HasSubstr("2 lives of a device with 2 connections, seed 7"));
  EXPECT_THAT(text, ContainsRegex("\n  1 +3 +3 +1\n"));
  EXPECT_THAT(text, HasSubstr("Passed"));
}

TEST(RelaysReport, names_a_broken_promise_and_the_command_that_repeats_it) {
  RelaysEvidence evidence = test::good_relays_evidence();
  evidence.journal.push_back(test::publishes(1, test::event_id(3), test::kKeyOfShare1));
  const RelaysReport report = report_of(evidence);
  EXPECT_THAT(to_text(report), HasSubstr("Not passed"));
  EXPECT_THAT(to_text(report), HasSubstr("published twice in one pass: 1"));
  EXPECT_THAT(to_text(report), HasSubstr("holdfast prove relays --connections 2 --lives 2 --seed 7"));
  EXPECT_EQ(Json::parse(to_json(report)).at("passed"), false);
}

TEST(RelaysReport, does_not_pass_when_the_consumer_saw_something_wrong) {
  RelaysReport report = report_of(test::good_relays_evidence());
  report.machinery = {"The consumer received something wrong: rewind."};
  EXPECT_EQ(Json::parse(to_json(report)).at("passed"), false);
}

}  // namespace
}  // namespace holdfast::prove
