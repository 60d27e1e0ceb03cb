// SPDX-License-Identifier: MIT
#include "runtime/handover.hpp"

#include <gtest/gtest.h>

#include <future>

#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

using platform::Delivery;
using runtime::Handover;

struct HandoverTest : ::testing::Test {
  platform::sim::VirtualClock clock;
  platform::Waker consumer;
  Handover handover{clock, consumer};

  /// The link's thread offers; returns when the consumer was rung.
  std::future<Delivery> offer(const std::string& topic, Duration wait_max = minutes(1)) {
    auto verdict = std::async(std::launch::async, [this, topic, wait_max] {
      MqttMessage message;
      message.topic = topic;
      return handover.offer(message, wait_max);
    });
    clock.wait_until(Instant::max(), consumer);
    return verdict;
  }
  Delivery after_its_time(std::future<Delivery>& verdict) {
    while (verdict.wait_for(milliseconds(0)) != std::future_status::ready) clock.advance(seconds(1));
    return verdict.get();
  }
};

TEST_F(HandoverTest, has_nothing_before_something_is_offered) { EXPECT_EQ(handover.take(), std::nullopt); }

TEST_F(HandoverTest, brings_the_message_there_and_the_verdict_back) {
  for (const Delivery said : {Delivery::acknowledge, Delivery::withhold, Delivery::acknowledge}) {
    auto verdict = offer("a");
    const auto message = handover.take();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->topic, "a");
    EXPECT_EQ(handover.take(), std::nullopt);  // once
    handover.answer(said);
    EXPECT_EQ(verdict.get(), said);
  }
}

TEST_F(HandoverTest, withholds_a_message_that_nobody_takes_in_time) {
  auto verdict = offer("a");
  EXPECT_EQ(after_its_time(verdict), Delivery::withhold);
  EXPECT_EQ(handover.take(), std::nullopt);
}

TEST_F(HandoverTest, withholds_a_message_whose_verdict_is_late) {
  auto verdict = offer("a");
  ASSERT_TRUE(handover.take());
  EXPECT_EQ(after_its_time(verdict), Delivery::withhold);
  handover.answer(Delivery::acknowledge);
  EXPECT_EQ(handover.take(), std::nullopt);
}

TEST_F(HandoverTest, does_not_take_a_late_verdict_for_that_of_the_next_message) {
  auto first = offer("a");
  ASSERT_TRUE(handover.take());
  EXPECT_EQ(after_its_time(first), Delivery::withhold);
  auto second = offer("b");
  handover.answer(Delivery::acknowledge);  // of "a"
  const auto message = handover.take();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->topic, "b");
  handover.answer(Delivery::withhold);
  EXPECT_EQ(second.get(), Delivery::withhold);
}

}  // namespace
}  // namespace holdfast::runtime_tests
