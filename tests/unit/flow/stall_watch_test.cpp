// SPDX-License-Identifier: MIT
#include "flow/stall_watch.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace holdfast::flow {
namespace {

using std::chrono::seconds;
using State = StallWatch::State;

constexpr Instant kStart{std::chrono::hours{1}};

TEST(StallWatch, gives_up_when_nothing_was_acknowledged_for_its_time) {
  StallWatch watch(seconds(120));
  watch.observe(State::waiting, kStart);
  EXPECT_EQ(watch.due_at(), kStart + seconds(120));
  EXPECT_FALSE(watch.gives_up(kStart + seconds(119)));
  EXPECT_TRUE(watch.gives_up(kStart + seconds(120)));
  EXPECT_FALSE(watch.gives_up(kStart + seconds(121))) << "once";
  EXPECT_FALSE(watch.stalled()) << "perhaps it was the connection";
  EXPECT_TRUE(watch.gives_up(kStart + seconds(240)));
  EXPECT_TRUE(watch.stalled());
  watch.acknowledged(kStart + seconds(241));
  EXPECT_FALSE(watch.stalled());
}

TEST(StallWatch, an_acknowledgement_between_two_makes_the_second_the_first) {
  StallWatch watch(seconds(120));
  watch.observe(State::waiting, kStart);
  EXPECT_TRUE(watch.gives_up(kStart + seconds(120)));
  watch.acknowledged(kStart + seconds(130));
  EXPECT_TRUE(watch.gives_up(kStart + seconds(250)));
  EXPECT_FALSE(watch.stalled());
}

TEST(StallWatch, time_without_a_connection_does_not_count_but_is_no_excuse) {
  StallWatch watch(seconds(60));
  Instant now = kStart;
  for (int i = 0; i < 3; ++i) {  // three connections of 20 s each, an hour apart
    watch.observe(State::waiting, now);
    EXPECT_FALSE(watch.gives_up(now + seconds(19)));
    if (i < 2) watch.observe(State::still, now + seconds(20));
    now += std::chrono::hours(1);
  }
  EXPECT_TRUE(watch.gives_up(now - std::chrono::hours(1) + seconds(20)));
}

TEST(StallWatch, a_refusal_begins_the_time_anew_but_does_not_end_the_alarm) {
  StallWatch watch(seconds(60));
  watch.observe(State::waiting, kStart);
  EXPECT_TRUE(watch.gives_up(kStart + seconds(60)));
  EXPECT_TRUE(watch.gives_up(kStart + seconds(120)));
  watch.refused(kStart + seconds(179));
  EXPECT_FALSE(watch.gives_up(kStart + seconds(180)));
  EXPECT_TRUE(watch.stalled());
}

TEST(StallWatch, having_nothing_to_send_ends_it) {
  StallWatch watch(seconds(60));
  watch.observe(State::waiting, kStart);
  watch.observe(State::idle, kStart + seconds(59));
  EXPECT_EQ(watch.due_at(), Instant::max());
  watch.observe(State::waiting, kStart + seconds(100));
  EXPECT_EQ(watch.due_at(), kStart + seconds(160));
}

// Against a model that counts second by second.
RC_GTEST_PROP(StallWatch, counts_like_a_stopwatch, ()) {
  StallWatch watch(seconds(10));
  int waited = 0;
  State state = State::still;
  for (int second = 0; second < 300; ++second) {
    const Instant now = kStart + seconds(second);
    if (state == State::waiting) ++waited;
    RC_ASSERT(watch.gives_up(now) == (state == State::waiting && waited >= 10));
    if (waited >= 10 && state == State::waiting) waited = 0;
    state = *rc::gen::weightedElement<State>(
        {{12, state}, {1, State::idle}, {2, State::still}, {4, State::waiting}});
    watch.observe(state, now);
    if (state == State::idle) waited = 0;
    if (*rc::gen::inRange(0, 30) == 0) {
      watch.acknowledged(now);
      waited = 0;
    }
  }
}

}  // namespace
}  // namespace holdfast::flow
