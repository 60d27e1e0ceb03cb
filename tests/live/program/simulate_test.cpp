// SPDX-License-Identifier: MIT
// `holdfast simulate` as a user meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "live/program/cli.hpp"
#include "support/temp_dir.hpp"

namespace holdfast::program_test {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Simulate, a_day_passes_and_its_sums_add_up_and_the_page_is_written) {
  const test_support::TempDir dir;
  const std::string page = (dir.path() / "page.html").string();
  const auto run = holdfast({"simulate", "--seed", "4", "--days", "1", "--devices", "1", "--scenario",
                             "swarm", "--json", "--html", page});
  EXPECT_EQ(run->exit_code(), 0) << testing::PrintToString(run->out());
  const Json document = Json::parse(run->last_line(), nullptr, false);
  ASSERT_TRUE(document.is_object()) << run->last_line() << run->err();
  EXPECT_EQ(document.at("format"), "dev.holdfast.simulate.v1");
  EXPECT_EQ(document.at("passed"), true);
  EXPECT_EQ(document.at("lost"), 0);
  const auto number = [&](const char* name) { return document.at(name).get<std::int64_t>(); };
  EXPECT_GT(number("applied"), 1'000);
  EXPECT_EQ(number("committed"),
            number("applied") + number("declared") + number("rolled_back") + number("forgotten_by_broker"));
  EXPECT_THAT(content_of(page), HasSubstr("<svg"));
  EXPECT_THAT(content_of(page), HasSubstr("device-1"));
}

TEST(Simulate, mistakes_of_the_command_line_are_said) {
  EXPECT_EQ(holdfast({"simulate", "--days", "0"})->exit_code(), 64);
  EXPECT_EQ(holdfast({"simulate", "--devices", "65"})->exit_code(), 64);
  const auto run = holdfast({"simulate", "--scenario", "sunshine"});
  EXPECT_EQ(run->exit_code(), 64);
  EXPECT_THAT(run->err(), HasSubstr("--scenario"));
}

}  // namespace
}  // namespace holdfast::program_test
