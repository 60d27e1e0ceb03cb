// SPDX-License-Identifier: MIT
#include "program/exit_code.hpp"

#include <gtest/gtest.h>

namespace holdfast::program {
namespace {

TEST(ExitCode, tells_what_to_do_next) {
  const auto code = [](ErrorCode error) { return exit_code(error, Doing::storing); };
  EXPECT_EQ(code(ErrorCode::busy), 75);
  EXPECT_EQ(code(ErrorCode::unavailable), 69);
  EXPECT_EQ(code(ErrorCode::full), 73);
  EXPECT_EQ(code(ErrorCode::too_large), 65);
  EXPECT_EQ(code(ErrorCode::corrupt), 65);
  EXPECT_EQ(code(ErrorCode::schema_newer), 78);
  EXPECT_EQ(code(ErrorCode::disk_full), 73);
  EXPECT_EQ(code(ErrorCode::denied), 77);
  EXPECT_EQ(code(ErrorCode::io_error), 74);
  EXPECT_EQ(code(ErrorCode::outcome_unknown), 75);
}

TEST(ExitCode, invalid_words_are_usage_and_invalid_things_are_data) {
  EXPECT_EQ(exit_code(ErrorCode::invalid, Doing::configuring), 64);
  EXPECT_EQ(exit_code(ErrorCode::invalid, Doing::connecting), 64);
  EXPECT_EQ(exit_code(ErrorCode::invalid, Doing::opening), 65);
  EXPECT_EQ(exit_code(ErrorCode::invalid, Doing::storing), 65);
}

}  // namespace
}  // namespace holdfast::program
