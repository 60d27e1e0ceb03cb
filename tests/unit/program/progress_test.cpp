// SPDX-License-Identifier: MIT
#include "program/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include <holdfast/platform/sim.hpp>

namespace holdfast::program {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kMiB = 1024 * 1024;

class ProgressTest : public testing::Test {
 protected:
  [[nodiscard]] ProgressOutput output(bool rewrites) {
    return {rewrites, [this](std::string_view text) { written_.emplace_back(text); }};
  }
  void tell_after(Progress& progress, Duration wait, std::uint64_t done) {
    clock_.advance(wait);
    progress.tell({done * kMiB, 64 * kMiB});
  }

  platform::sim::VirtualClock clock_;
  std::vector<std::string> written_;
};

TEST_F(ProgressTest, quick_work_is_not_told) {
  Progress progress("allocating s.db", clock_, output(true));
  tell_after(progress, 499ms, 64);
  progress.end();
  EXPECT_THAT(written_, IsEmpty());
}

TEST_F(ProgressTest, a_terminal_has_one_line_that_is_written_anew) {
  Progress progress("allocating s.db", clock_, output(true));
  tell_after(progress, 500ms, 16);
  tell_after(progress, 50ms, 20);
  tell_after(progress, 50ms, 32);
  progress.end();
  progress.end();
  EXPECT_THAT(written_, ElementsAre("\rholdfast: allocating s.db: 25 % of 64 MiB\033[K",
                                    "\rholdfast: allocating s.db: 50 % of 64 MiB\033[K", "\n"));
}

TEST_F(ProgressTest, a_file_gets_a_line_every_few_seconds) {
  Progress progress("allocating s.db", clock_, output(false));
  tell_after(progress, 1s, 16);
  tell_after(progress, 1s, 20);
  tell_after(progress, 4s, 32);
  progress.end();
  EXPECT_THAT(written_, ElementsAre("holdfast: allocating s.db: 25 % of 64 MiB\n",
                                    "holdfast: allocating s.db: 50 % of 64 MiB\n"));
}

TEST_F(ProgressTest, the_last_step_ends_the_line) {
  const auto tell = teller(std::make_shared<Progress>("x", clock_, output(true)));
  clock_.advance(1s);
  tell({64, 64});
  EXPECT_THAT(written_, ElementsAre("\rholdfast: x: 100 % of 64 bytes\033[K", "\n"));
}

}  // namespace
}  // namespace holdfast::program
