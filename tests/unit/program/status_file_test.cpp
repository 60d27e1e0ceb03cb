// SPDX-License-Identifier: MIT
#include "program/status_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/temp_dir.hpp"

namespace holdfast::program {
namespace {

using test_support::TempDir;

TEST(StatusFile, is_read_as_it_was_written_and_nothing_is_left_beside_it) {
  const TempDir dir;
  const std::string path = dir / "status.json";
  ASSERT_TRUE(write_status_file(path, "{\"long\":\"first\"}"));
  ASSERT_TRUE(write_status_file(path, "{}"));
  EXPECT_EQ(read_status_file(path).value(), "{}");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

TEST(StatusFile, a_failed_write_says_where_and_leaves_nothing) {
  const TempDir dir;
  std::filesystem::create_directory(dir.path() / "taken");
  const auto onto_a_directory = write_status_file(dir / "taken", "{}");
  ASSERT_FALSE(onto_a_directory);
  EXPECT_EQ(onto_a_directory.error().exit_code, kExitCannotCreate);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
  const auto nowhere = write_status_file(dir / "no/status.json", "{}");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().exit_code, kExitCannotCreate);
}

TEST(StatusFile, one_that_is_not_there_is_no_input) {
  const TempDir dir;
  const auto read = read_status_file(dir / "none");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().exit_code, kExitNoInput);
}

}  // namespace
}  // namespace holdfast::program
