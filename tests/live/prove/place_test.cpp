// SPDX-License-Identifier: MIT
#include "prove/place.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_dir.hpp"

namespace holdfast::prove {
namespace {

using test_support::TempDir;
namespace fs = std::filesystem;

/// Works there and goes; tells where it was.
std::string work_in(const std::string& wanted, bool keep = false) {
  auto place = Place::make(wanted);
  EXPECT_TRUE(place);
  if (!place) return {};
  std::ofstream(place->path() + "/file") << "x";
  if (keep) place->keep();
  return place->path();
}

TEST(Place, what_it_made_goes_with_it) {
  const TempDir dir;
  EXPECT_FALSE(fs::exists(work_in({})));
  EXPECT_FALSE(fs::exists(work_in(dir / "new")));
}

TEST(Place, a_directory_that_was_there_before_stays_and_is_empty_again) {
  const TempDir dir;
  const std::string there = dir / "there";
  fs::create_directory(there);
  (void)work_in(there);
  ASSERT_TRUE(fs::exists(there));
  EXPECT_TRUE(fs::is_empty(there));
}

TEST(Place, what_is_worth_a_look_stays) {
  const TempDir dir;
  EXPECT_TRUE(fs::exists(work_in(dir / "new", true) + "/file"));
}

TEST(Place, a_directory_with_something_in_it_is_left_alone) {
  const TempDir dir;
  (void)dir.write("file", "precious");
  EXPECT_FALSE(Place::make(dir / ""));
  EXPECT_TRUE(fs::exists(dir / "file"));
}

}  // namespace
}  // namespace holdfast::prove
