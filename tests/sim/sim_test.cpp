// SPDX-License-Identifier: MIT
//
// Random lives. Another seed, or many: HOLDFAST_SIM_SEEDS=7 or HOLDFAST_SIM_SEEDS=1000-1999 before the program's name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "sim/life.hpp"

namespace holdfast::sim_tests {
namespace {

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t last = 12;
};

Seeds seeds() {
  const char* asked = std::getenv("HOLDFAST_SIM_SEEDS");
  if (asked == nullptr) return {};
  const std::string text = asked;
  const std::size_t dash = text.find('-');
  const std::uint64_t first = std::stoull(text.substr(0, dash));
  return {first, dash == std::string::npos ? first : std::stoull(text.substr(dash + 1))};
}

class LifeTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(LifeTest, ends_with_every_event_applied_once_or_declared) {
  Life life(GetParam());
  const auto complaints = life.live();
  RecordProperty("life", life.summary());
  EXPECT_THAT(complaints, ::testing::IsEmpty())
      << "seed " << GetParam() << ": " << life.summary() << "; again: HOLDFAST_SIM_SEEDS=" << GetParam()
      << " tests/sim/sim_test";
}

INSTANTIATE_TEST_SUITE_P(Seed, LifeTest, ::testing::Range(seeds().first, seeds().last + 1),
                         [](const auto& seed) { return std::to_string(seed.param); });

}  // namespace
}  // namespace holdfast::sim_tests
