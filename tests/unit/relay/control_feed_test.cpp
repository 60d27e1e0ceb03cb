// SPDX-License-Identifier: MIT
#include "relay/control_feed.hpp"

#include <gtest/gtest.h>

namespace holdfast::relay {
namespace {

using std::chrono::seconds;

constexpr Instant kNow{std::chrono::hours(1)};

struct ControlFeedTest : testing::Test {
  ControlFeed feed{{Duration::zero(), seconds(1), seconds(60)}};
  ControlRecord gap{1, GapRecord{}};
};

TEST_F(ControlFeedTest, gates_from_the_start_until_the_last_record_is_handed_out) {
  EXPECT_TRUE(feed.gates());
  EXPECT_TRUE(feed.take_fetch(kNow));
  EXPECT_TRUE(feed.gates());
  feed.accept({gap});
  EXPECT_TRUE(feed.gates());
  feed.taken();
  EXPECT_FALSE(feed.gates());
}

TEST_F(ControlFeedTest, asks_again_only_when_none_is_in_flight) {
  (void)feed.take_fetch(kNow);
  feed.accept({gap});
  feed.taken();
  feed.want();
  EXPECT_FALSE(feed.take_fetch(kNow));
  feed.acknowledged();
  EXPECT_TRUE(feed.take_fetch(kNow));
}

TEST_F(ControlFeedTest, a_refused_record_opens_the_gate_until_its_pause_is_over) {
  (void)feed.take_fetch(kNow);
  feed.accept({gap});
  feed.taken();
  feed.refused(kNow, static_cast<std::uint64_t>(Duration(seconds(1)).count()));
  EXPECT_FALSE(feed.gates());
  EXPECT_EQ(feed.next_call(), kNow + seconds(1));
  EXPECT_FALSE(feed.take_fetch(kNow));
  EXPECT_TRUE(feed.take_fetch(kNow + seconds(1)));
  EXPECT_TRUE(feed.gates());
}

TEST_F(ControlFeedTest, an_epoch_record_waits_for_the_acknowledgement_of_its_parents) {
  (void)feed.take_fetch(kNow);
  feed.accept({{1, EpochRecord{}}, {2, EpochRecord{}}, gap});
  feed.taken();
  EXPECT_EQ(feed.next(), nullptr);
  EXPECT_TRUE(feed.gates());
  feed.acknowledged();
  ASSERT_NE(feed.next(), nullptr);
  EXPECT_EQ(feed.next()->number, 2);
  feed.taken();
  EXPECT_NE(feed.next(), nullptr) << "a gap record waits for nothing";
}

TEST_F(ControlFeedTest, an_answer_from_before_a_disconnect_is_thrown_away) {
  (void)feed.take_fetch(kNow);
  feed.disconnected();
  EXPECT_FALSE(feed.take_fetch(kNow)) << "the old one is still under way";
  feed.accept({gap});
  EXPECT_EQ(feed.next(), nullptr);
  EXPECT_TRUE(feed.take_fetch(kNow));
}

}  // namespace
}  // namespace holdfast::relay
