// SPDX-License-Identifier: MIT
// What the inbox must remember, what that costs, and what would go wrong with a window. README.md, "How long an inbox
// must remember".
#include <gtest/gtest.h>

#include "unit/inbox/world.hpp"

namespace holdfast::inbox_tests {
namespace {

using namespace std::chrono_literals;

class InboxRetentionTest : public InboxTest {
 protected:
  void set_wall(std::chrono::seconds since_1970) { world.clock.set_wall({UtcTime(since_1970), true}); }
};
INSTANTIATE_TEST_SUITE_P(InboxRetention, InboxRetentionTest,
                         ::testing::Values(Home::own_file, Home::attached), name_of_home);

constexpr std::uint64_t kEpochs = 12;

/// Spread over all 64 bits, as random ones are.
Epoch nth(std::uint64_t n) { return Epoch{n * 0x9E3779B97F4A7C15U}; }

TEST_P(InboxRetentionTest, a_device_costs_one_row_an_epoch_and_its_first_event_is_known_for_ever) {
  std::int64_t seq = 0;
  for (std::uint64_t n = 1; n <= kEpochs; ++n) {
    const CloudEvent record =
        n == 1 ? epoch_of(nth(1), std::nullopt) : epoch_of(nth(n), nth(n - 1), {{"telemetry", seq}});
    EXPECT_EQ(apply(record), Applied::announced);
    const auto events = static_cast<std::int64_t>(n % 4 + 1);
    apply_all(nth(n), seq + 1, seq + events);
    seq += events;
  }
  EXPECT_EQ(world.inbox().statistics().interval_rows, kEpochs);
  set_wall(std::chrono::hours(24) * 365 * 50);
  (void)world.inbox().sweep();
  EXPECT_EQ(apply(event_of(nth(1), 1)), Applied::duplicate);
  EXPECT_EQ(world.effects_of(event_of(nth(1), 1)), 1);
}

// The control is an event without a dense seq, of which only a window can be kept.
TEST_P(InboxRetentionTest, a_delivery_later_than_a_window_is_applied_again_and_one_of_ours_is_not) {
  world.options.foreign_retention = 7 * 24h;
  const CloudEvent other = foreign_event("urn:other:pump", "pulse-1");
  const CloudEvent ours = event_of(kE1, 1);
  set_wall(1'000'000s);
  EXPECT_EQ(apply(other), Applied::applied);
  EXPECT_EQ(apply(ours), Applied::applied);
  set_wall(1'000'000s + 8 * 24h);
  EXPECT_EQ(world.inbox().sweep(), 2U);  // and the one that made the table of effects
  EXPECT_EQ(apply(other), Applied::applied);
  EXPECT_EQ(apply(ours), Applied::duplicate);
  EXPECT_EQ(world.effects_of(other), 2) << "a pulse counted twice";
  EXPECT_EQ(world.effects_of(ours), 1);
}

// Forgetting a complete epoch is the one thing that looks safe: nothing of it is missing. It is not: its duplicates may
// still come, and an epoch that is not known is a new one.
TEST_P(InboxRetentionTest, a_folded_epoch_still_knows_its_events_and_its_place_in_history) {
  EXPECT_EQ(apply(epoch_of(kE1, std::nullopt)), Applied::announced);
  apply_all(kE1, 1, 3);
  EXPECT_EQ(apply(epoch_of(kE2, kE1, {{"telemetry", 3}})), Applied::announced);
  apply_all(kE2, 4, 5);
  EXPECT_EQ(apply(epoch_of(kE3, kE2, {{"telemetry", 5}})), Applied::announced);
  for (const std::int64_t seq : {1, 2, 3}) EXPECT_EQ(apply(event_of(kE1, seq)), Applied::duplicate);
  EXPECT_TRUE(world.rewind_of(epoch_of(kE4, kE1, {{"telemetry", 3}})))
      << "an old copy of the store is running";
}

}  // namespace
}  // namespace holdfast::inbox_tests
