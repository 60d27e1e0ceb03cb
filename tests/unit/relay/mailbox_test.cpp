// SPDX-License-Identifier: MIT
#include "relay/mailbox.hpp"

#include <gtest/gtest.h>

#include <holdfast/platform/sim.hpp>

namespace holdfast::relay {
namespace {

struct Fixture : testing::Test {
  bool rung() { return clock.wait_until(clock.now(), waker); }
  platform::sim::VirtualClock clock;
  platform::Waker waker;
  RelayMailbox mailbox{waker};
};
using RelayMailboxTest = Fixture;

TEST_F(RelayMailboxTest, every_put_rings) {
  EXPECT_FALSE(rung());
  mailbox.put(FetchReply{});
  EXPECT_TRUE(rung());
  mailbox.put(RefusalReply{});
  EXPECT_TRUE(rung());
  mailbox.put(std::vector<ControlRecord>{});
  EXPECT_TRUE(rung());
  mailbox.committed(1, 1);
  EXPECT_TRUE(rung());
  mailbox.control_committed();
  EXPECT_TRUE(rung());
}

TEST_F(RelayMailboxTest, take_empties_it) {
  mailbox.put(FetchReply{3, 0, {}, 0, false});
  mailbox.put(RefusalReply{3, 7, true});
  mailbox.put(std::vector<ControlRecord>{});
  mailbox.control_committed();
  const auto contents = mailbox.take();
  EXPECT_EQ(contents.fetched.size(), 1U);
  EXPECT_EQ(contents.refusals.size(), 1U);
  EXPECT_EQ(contents.control.size(), 1U);
  EXPECT_TRUE(contents.control_pending);
  const auto again = mailbox.take();
  EXPECT_TRUE(again.fetched.empty() && again.refusals.empty() && again.control.empty());
  EXPECT_FALSE(again.control_pending);
}

TEST_F(RelayMailboxTest, notes_only_the_highest_commit_of_a_lane) {
  for (std::int64_t seq = 1; seq <= 1000; ++seq) mailbox.committed(1, seq);
  mailbox.committed(2, 5);
  mailbox.committed(2, 4);
  const auto contents = mailbox.take();
  ASSERT_EQ(contents.committed.size(), 2U);
  EXPECT_EQ(contents.committed[0].seq, 1000);
  EXPECT_EQ(contents.committed[1].seq, 5);
}

}  // namespace
}  // namespace holdfast::relay
