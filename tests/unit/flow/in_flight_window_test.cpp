// SPDX-License-Identifier: MIT
#include "flow/in_flight_window.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>

namespace holdfast::flow {
namespace {

TEST(InFlightWindow, one_message_is_admitted_however_large) {
  InFlightWindow window(4, 100);
  EXPECT_TRUE(window.admits(1'000'000));
  window.add(1'000'000);
  EXPECT_FALSE(window.admits(0));
  window.remove(1'000'000);
  EXPECT_TRUE(window.admits(100));
}

TEST(InFlightWindow, each_answer_makes_room_at_once) {
  InFlightWindow window(2, 100);
  window.add(10);
  window.add(10);
  EXPECT_FALSE(window.admits(10));
  window.remove(10);
  EXPECT_TRUE(window.admits(90));
  EXPECT_FALSE(window.admits(91));
}

TEST(InFlightWindow, quota_refusals_halve_it_and_acknowledgements_give_it_back) {
  InFlightWindow window(8, 100);
  for (const std::size_t expected : {4U, 2U, 1U, 1U}) {
    window.halve();
    EXPECT_EQ(window.events_allowed(), expected);
  }
  for (int i = 0; i < 20; ++i) window.recover();
  EXPECT_EQ(window.events_allowed(), 8U);
}

RC_GTEST_PROP(InFlightWindow, is_never_exceeded_and_never_stuck, ()) {
  const auto events_max = *rc::gen::inRange<std::size_t>(1, 65);
  const auto bytes_max = *rc::gen::inRange<std::size_t>(1, 5000);
  InFlightWindow window(events_max, bytes_max);
  std::deque<std::size_t> in_flight;
  std::size_t bytes = 0;
  for (const auto size :
       *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 2000))) {
    while (!window.admits(size)) {
      RC_ASSERT(!in_flight.empty());  // whoever waits, waits for an answer
      window.remove(in_flight.front());
      bytes -= in_flight.front();
      in_flight.pop_front();
    }
    window.add(size);
    in_flight.push_back(size);
    bytes += size;
    RC_ASSERT(in_flight.size() <= events_max);
    RC_ASSERT(bytes <= bytes_max || in_flight.size() == 1);
    RC_ASSERT(window.events() == in_flight.size());
    RC_ASSERT(window.bytes() == bytes);
  }
}

}  // namespace
}  // namespace holdfast::flow
