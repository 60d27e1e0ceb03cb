// SPDX-License-Identifier: MIT
// `holdfast prove growth` in small, and in memory: a disk that others write to would only make it slow. Times are not
// judged here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include <nlohmann/json.hpp>

#include "live/program/cli.hpp"

namespace holdfast::program_test {
namespace {

using test_support::read_file;
using test_support::TempDir;
using testing::HasSubstr;
using Json = nlohmann::json;

/// A name for a directory, in memory where there is such a place.
std::string in_memory(const TempDir& dir) {
  const std::filesystem::path memory = "/dev/shm";
  const bool is_there = ::access(memory.c_str(), W_OK) == 0;
  return ((is_there ? memory : dir.path()) / (dir.path().filename().string() + "-growth")).string();
}

TEST(ProveGrowth, measures_each_size_and_purges_in_bounded_steps) {
  const TempDir dir;
  const std::string page = dir / "growth.html";
  const std::string place = in_memory(dir);
  const auto run = holdfast({"prove", "growth", "--rows", "50000", "--fewest-rows", "5000", "--dir", place,
                             "--html", page, "--json"});
  std::filesystem::remove(place);
  const Json document = Json::parse(run->last_line(), nullptr, false);
  ASSERT_TRUE(document.is_object()) << run->last_line() << run->err();
  EXPECT_EQ(run->exit_code(), document.at("passed") == true ? 0 : 1);
  EXPECT_EQ(document.at("format"), "dev.holdfast.prove.growth.v1");
  ASSERT_EQ(document.at("points").size(), 2U);
  EXPECT_EQ(document.at("points").at(1).at("rows"), 50'000);
  for (const Json& point : document.at("points")) {
    EXPECT_GE(point.at("purged"), 2'500);
    EXPECT_GE(point.at("purge_steps"), 3);
    EXPECT_LE(point.at("purge_step_rows_max"), 1'000);
    for (const char* time : {"fetch_100_ms", "commit_ms", "raw_commit_ms", "purge_1000_ms",
                             "commit_while_purging_ms", "raw_commit_while_purging_ms"})
      EXPECT_GT(point.at(time), 0) << time;
  }
  EXPECT_THAT(read_file(page), HasSubstr("50000 rows</text>"));
}

TEST(ProveGrowth, a_directory_with_a_database_of_a_name_that_it_uses_is_left_alone) {
  for (const char* name : {"growth.db", "control.db", "raw.db"}) {
    const TempDir dir;
    (void)dir.write(name, "precious");
    const auto run = holdfast({"prove", "growth", "--dir", dir / ""});
    EXPECT_NE(run->exit_code(), 0);
    EXPECT_THAT(run->err(), HasSubstr("take another directory"));
    EXPECT_EQ(read_file(dir / name), "precious");
  }
}

TEST(ProveGrowth, a_table_that_does_not_grow_is_a_mistake_of_the_command_line) {
  for (const char* rows : {"1000", "99999"})
    EXPECT_EQ(holdfast({"prove", "growth", "--rows", rows})->exit_code(), 64) << rows;
}

}  // namespace
}  // namespace holdfast::program_test
