// SPDX-License-Identifier: MIT
// `holdfast prove crash` in small: what it prints, and that the store passes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "live/program/cli.hpp"

namespace holdfast::program_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::json;

TEST(ProveCrash, every_state_keeps_every_promise_and_the_report_adds_up) {
  const auto run = holdfast({"prove", "crash", "--states", "300", "--seed", "7", "--json"});
  EXPECT_EQ(run->exit_code(), 0) << testing::PrintToString(run->out());
  const Json document = Json::parse(run->last_line(), nullptr, false);
  ASSERT_TRUE(document.is_object()) << run->last_line() << run->err();
  EXPECT_EQ(document.at("format"), "dev.holdfast.prove.crash.v1");
  EXPECT_EQ(document.at("passed"), true);
  EXPECT_EQ(document.at("seed"), 7);
  EXPECT_GE(document.at("states"), 300);
  EXPECT_GE(document.at("images"), document.at("states"));
  EXPECT_THAT(document.at("bad"), IsEmpty());
  std::uint64_t states = 0;
  for (const Json& cut : document.at("by_cut")) states += cut.at("states").get<std::uint64_t>();
  EXPECT_EQ(document.at("states"), states);
}

TEST(ProveCrash, one_state_can_be_looked_at_alone) {
  const auto run = holdfast({"prove", "crash", "--seed", "7", "--only", "1.3.1", "--json"});
  EXPECT_EQ(run->exit_code(), 0) << run->err();
  EXPECT_EQ(Json::parse(run->last_line()).at("states"), 1);
}

TEST(ProveCrash, a_state_that_is_none_is_a_mistake_of_the_command_line) {
  const auto run = holdfast({"prove", "crash", "--only", "nonsense"});
  EXPECT_EQ(run->exit_code(), 64);
  EXPECT_THAT(run->err(), HasSubstr("ROUND.POINT.VARIANT"));
  EXPECT_EQ(holdfast({"prove"})->exit_code(), 64);
  EXPECT_EQ(holdfast({"prove", "crash", "--states", "0"})->exit_code(), 64);
}

}  // namespace
}  // namespace holdfast::program_test
