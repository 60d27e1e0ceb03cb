// SPDX-License-Identifier: MIT
// `holdfast prove kill` in small: a few schedules with real processes and a real Mosquitto.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "live/program/cli.hpp"

namespace holdfast::program_test {
namespace {

using test_support::TempDir;
using testing::HasSubstr;
using Json = nlohmann::json;

constexpr int kDeaths = 6;  // of one run and one contender: five points and one in trouble

// Seed 5 has half a PUBACK, a slow network and a broker that is killed.
TEST(ProveKill, the_same_kills_make_both_dual_writes_lose_or_invent_events_and_holdfast_none) {
  const auto run = holdfast({"prove", "kill", "--runs", "3", "--seed", "5", "--json"});
  const Json document = Json::parse(run->last_line(), nullptr, false);
  ASSERT_TRUE(document.is_object()) << run->last_line() << run->err();
  EXPECT_EQ(run->exit_code(), 0) << document.dump(1) << run->err();
  EXPECT_EQ(document.at("format"), "dev.holdfast.prove.kill.v1");
  EXPECT_EQ(document.at("passed"), true);
  EXPECT_EQ(document.at("device_kills"), 3 * 3 * kDeaths);
  EXPECT_EQ(document.at("broker_kills"), 3);
  EXPECT_EQ(document.at("network_troubles"), 6);
  EXPECT_GE(document.at("commits_first").at("lost"),
            3);  // one death of each run comes between commit and publish
  EXPECT_EQ(document.at("commits_first").at("phantom"), 0);
  // Two deaths of each run come between its PUBACK and its commit, and one before the PUBACK is read.
  EXPECT_GE(document.at("publishes_first").at("phantom"), 6);
  EXPECT_EQ(document.at("publishes_first").at("lost"), 0);
  EXPECT_EQ(document.at("holdfast").at("lost"), 0);
  EXPECT_EQ(document.at("holdfast").at("phantom"), 0);
  EXPECT_EQ(document.at("holdfast").at("applied_twice"), 0);
  EXPECT_GE(document.at("holdfast").at("received_more_than_once"), 1);
  EXPECT_THAT(run->err(), HasSubstr("3 of 3 runs"));
}

TEST(ProveKill, does_not_work_in_a_directory_with_something_in_it) {
  const TempDir dir;
  (void)dir.write("file", "");
  const auto run = holdfast({"prove", "kill", "--runs", "1", "--dir", dir.path().string()});
  EXPECT_EQ(run->exit_code(), 73);
  EXPECT_THAT(run->err(), HasSubstr("not empty"));
  EXPECT_TRUE(std::filesystem::exists(dir / "file"));
}

TEST(ProveKill, no_run_at_all_is_a_mistake_of_the_command_line) {
  EXPECT_EQ(holdfast({"prove", "kill", "--runs", "0"})->exit_code(), 64);
  EXPECT_EQ(holdfast({"prove"})->exit_code(), 64);
}

}  // namespace
}  // namespace holdfast::program_test
