// SPDX-License-Identifier: MIT
#include "prove/kill/report.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "kill_evidence.hpp"

namespace holdfast::prove {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using Json = nlohmann::json;

KillReport good_report() {
  KillReport report;
  report.seed = 40;
  report.runs = 3;
  report.seconds = 4.56;
  report.counts = {.device_kills = 36, .broker_kills = 2, .network_troubles = 4};
  report.verdict = test::good_verdict();
  return report;
}

TEST(KillReport, gives_the_figures_of_all_contenders_as_json) {
  const Json json = Json::parse(to_json(good_report()));
  EXPECT_EQ(json.at("format"), "dev.holdfast.prove.kill.v1");
  EXPECT_EQ(json.at("passed"), true);
  EXPECT_EQ(json.at("device_kills"), 36);
  EXPECT_EQ(json.at("commits_first").at("lost"), 1);
  EXPECT_EQ(json.at("commits_first").at("applied_twice"), 1);
  EXPECT_EQ(json.at("commits_first").at("phantom"), 0);
  EXPECT_EQ(json.at("publishes_first").at("lost"), 0);
  EXPECT_EQ(json.at("publishes_first").at("phantom"), 1);
  EXPECT_EQ(json.at("publishes_first").at("ids").at("phantom").at(0), "event-that-was-never-committed");
  EXPECT_EQ(json.at("holdfast").at("committed"), 10);
  EXPECT_EQ(json.at("holdfast").at("lost"), 0);
  EXPECT_EQ(json.at("holdfast").at("received_more_than_once"), 1);
  EXPECT_EQ(json.at("holdfast").at("gaps"), 0);
}

TEST(KillReport, says_in_words_that_it_passed) {
  const std::string text = to_text(good_report());
  EXPECT_THAT(text, HasSubstr("3 runs, seeds 40 to 42"));
  EXPECT_THAT(text, HasSubstr("Passed"));
}

TEST(KillReport, gives_each_contender_a_column) {
  const std::string text = to_text(good_report());
  EXPECT_THAT(text, ContainsRegex("events +commit first +publish first +Holdfast"));
  EXPECT_THAT(text, ContainsRegex("lost +1 +0 +0 "));
  EXPECT_THAT(text, ContainsRegex("phantom +0 +1 +0 "));
}

TEST(KillReport, gives_the_command_that_repeats_the_run_of_a_lost_event) {
  KillEvidence evidence = test::good_evidence();
  evidence.applied->pop_back();
  KillReport report = good_report();
  report.verdict.holdfast = tally(evidence);
  report.seed_of = {{"event-9", 40}, {"event-10", 42}};
  EXPECT_THAT(report.commands(), ElementsAre("holdfast prove kill --runs 1 --seed 42"));
  EXPECT_THAT(to_text(report), HasSubstr("Not passed"));
  EXPECT_THAT(to_text(report), HasSubstr("--seed 42"));
  EXPECT_EQ(Json::parse(to_json(report)).at("passed"), false);
}

TEST(KillReport, does_not_pass_when_the_consumer_saw_something_wrong) {
  KillReport report = good_report();
  report.machinery = {"The consumer received something wrong: rewind."};
  EXPECT_THAT(report.complaints(), ElementsAre(HasSubstr("something wrong")));
  EXPECT_EQ(Json::parse(to_json(report)).at("passed"), false);
}

}  // namespace
}  // namespace holdfast::prove
