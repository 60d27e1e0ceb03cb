// SPDX-License-Identifier: MIT
#include "prove/stage_kit.hpp"

#include <gmock/gmock.h>

#include "support/temp_dir.hpp"

namespace holdfast::prove {
namespace {

using demo::ChildProcess;
using test_support::TempDir;
using testing::HasSubstr;

constexpr std::chrono::seconds kPatience{20};

std::unique_ptr<ChildProcess> shell(const TempDir& dir, const std::string& script) {
  auto process = ChildProcess::start({"/bin/sh", "-c", script}, dir / "log");
  EXPECT_TRUE(process);
  return process ? std::move(*process) : nullptr;
}

TEST(StageKit, kills_a_device_that_is_at_work) {
  const TempDir dir;
  const auto device = shell(dir, "sleep 60");
  EXPECT_TRUE(kill_at_work(*device, "log"));
  EXPECT_TRUE(ended_by_sigkill(*device));
}

TEST(StageKit, a_device_that_crashed_or_ended_does_not_count_as_killed) {
  const TempDir dir;
  for (const char* script : {"kill -SEGV $$", "exit 0", "exit 1"}) {
    const auto device = shell(dir, script);
    ASSERT_TRUE(device->wait(kPatience)) << script;
    const auto killed = kill_at_work(*device, "the-log");
    ASSERT_FALSE(killed) << script;
    EXPECT_THAT(killed.error().text(), HasSubstr("the-log"));
    EXPECT_FALSE(ended_by_sigkill(*device));
  }
}

TEST(StageKit, a_crash_that_nobody_has_noticed_yet_does_not_count_either) {
  const TempDir dir;
  for (int i = 0; i < 20; ++i) {  // some of these meet the process alive, some dead
    const auto device = shell(dir, "kill -SEGV $$");
    const bool killed = kill_at_work(*device, "log").has_value();
    EXPECT_EQ(killed, ended_by_sigkill(*device));
  }
}

}  // namespace
}  // namespace holdfast::prove
