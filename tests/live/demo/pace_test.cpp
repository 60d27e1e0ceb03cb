// SPDX-License-Identifier: MIT
#include "demonstration/pace.hpp"

#include <gmock/gmock.h>

#include <chrono>

namespace holdfast::demo {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(Pace, leaves_most_of_the_flushes_free) { EXPECT_EQ(events_per_s_for(milliseconds(5)), 40U); }

TEST(Pace, is_bounded_for_the_fastest_and_the_slowest_disk) {
  EXPECT_EQ(events_per_s_for(Duration(0)), 100U);
  EXPECT_EQ(events_per_s_for(microseconds(50)), 100U);
  EXPECT_EQ(events_per_s_for(milliseconds(400)), 5U);
}

}  // namespace
}  // namespace holdfast::demo
