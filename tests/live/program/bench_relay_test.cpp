// SPDX-License-Identifier: MIT
// `holdfast bench relay` in small: what it prints, not how fast this machine is today.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "live/program/cli.hpp"

namespace holdfast::program_test {
namespace {

using test_support::TempDir;
using testing::Contains;
using testing::HasSubstr;
using Json = nlohmann::json;

/// What the seconds of a quick run cannot hold in a debug build: none of them may be fast enough.
bool may_be_empty(const std::string& id) { return id == "write_p99_during_drain"; }

void expect_figures(const Json& document) {
  std::vector<std::string> ids;
  for (const Json& one : document.at("figures")) {
    ids.push_back(one.at("id"));
    EXPECT_GT(one.at("bar"), 0) << one;
    EXPECT_TRUE(one.at("passed").is_boolean()) << one;
    EXPECT_FALSE(one.at("ceiling_is").get<std::string>().empty()) << one;
    if (may_be_empty(ids.back())) continue;
    EXPECT_GT(one.at("measured"), 0) << one;
    EXPECT_GT(one.at("ceiling"), 0) << one;
  }
  for (const char* link : {"paho_c", "paho_cpp"}) {
    for (const char* setting : {"drain_v5_", "drain_v5_receive_maximum_20_", "drain_v3_1_1_"})
      EXPECT_THAT(ids, Contains(std::string(setting) + link));
  }
  for (const char* id : {"drain_large_backlog", "resident_memory", "commit_to_puback_p50",
                         "commit_to_puback_p99", "write_p99_during_drain"})
    EXPECT_THAT(ids, Contains(id));
}

TEST(BenchRelay, a_quick_run_gives_every_figure_for_both_links_and_is_no_verdict) {
  const TempDir dir;
  const auto run = holdfast({"bench", "relay", "--quick", "--json", "--dir", dir / "place"});
  const Json document = Json::parse(run->last_line(), nullptr, false);
  ASSERT_TRUE(document.is_object()) << run->last_line() << run->err();
  EXPECT_EQ(document.at("format"), "dev.holdfast.bench.relay.v1");
  EXPECT_EQ(document.at("quick"), true);
  EXPECT_EQ(document.at("passed"), false);
  EXPECT_EQ(document.at("window"), 64);
  expect_figures(document);
  EXPECT_TRUE(std::filesystem::is_empty(dir / "place"));
  EXPECT_THAT(run->err(), HasSubstr("a backlog of 4000"));  // progress, and not among the data
}

TEST(BenchRelay, too_few_rounds_are_a_mistake_of_the_command_line) {
  EXPECT_EQ(holdfast({"bench", "relay", "--rounds", "2"})->exit_code(), 64);
}

}  // namespace
}  // namespace holdfast::program_test
