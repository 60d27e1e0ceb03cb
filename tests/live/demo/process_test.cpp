// SPDX-License-Identifier: MIT
#include "demonstration/process.hpp"

#include <gmock/gmock.h>

#include "support/temp_dir.hpp"

namespace holdfast::demo {
namespace {

using namespace std::chrono_literals;

class DemoProcess : public testing::Test {
 protected:
  std::unique_ptr<ChildProcess> start(const std::string& command) const {
    auto process = ChildProcess::start({"/bin/sh", "-c", command}, dir_ / "log");
    EXPECT_TRUE(process) << process.error().text();
    return std::move(*process);
  }
  test_support::TempDir dir_;
};

TEST_F(DemoProcess, keeps_what_is_printed_and_the_exit_code) {
  const auto process = start("echo out; echo err >&2; exit 7");
  EXPECT_EQ(process->wait(10s), 7);
  EXPECT_EQ(test_support::read_file(dir_ / "log"), "out\nerr\n");
  EXPECT_FALSE(process->was_killed());
}

TEST_F(DemoProcess, can_be_killed_while_it_is_frozen) {
  const auto process = start("sleep 60");
  process->freeze();
  EXPECT_TRUE(process->running());
  process->kill();
  EXPECT_EQ(process->wait(0ms), 128 + 9);
  EXPECT_TRUE(process->was_killed());
}

TEST_F(DemoProcess, goes_on_after_a_thaw) {
  const auto process = start("sleep 0.1; exit 3");
  process->freeze();
  EXPECT_EQ(process->wait(300ms), std::nullopt);
  process->thaw();
  EXPECT_EQ(process->wait(10s), 3);
}

TEST_F(DemoProcess, ends_with_127_when_there_is_no_such_program) {
  auto process = ChildProcess::start({dir_ / "nothing"}, dir_ / "log");
  ASSERT_TRUE(process);
  EXPECT_EQ((*process)->wait(10s), 127);
}

TEST(FindProgram, knows_where_daemons_are_and_says_when_there_is_none) {
  EXPECT_THAT(find_program("mosquitto"), testing::EndsWith("/mosquitto"));
  EXPECT_EQ(find_program("no-such-program-anywhere"), "");
}

}  // namespace
}  // namespace holdfast::demo
