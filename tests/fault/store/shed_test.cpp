// SPDX-License-Identifier: MIT
//
// G3, as the consumer sees it: what a lane gave up under pressure is declared to it exactly, and a loss that was not
// declared is found even inside the hull of a gap record that does not name its seqs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fault/store/consumer.hpp"

namespace holdfast::store::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

struct Shedding : Identity {
  void flood(WhenFull policy) {
    StoreOptions options = device.options();
    options.path = device.dir / "small.db";
    options.budget_bytes = 1024 * 1024;
    options.lanes = {{.name = "alarm", .priority = 0},
                     {.name = "telemetry", .priority = 1, .when_full = policy}};
    device.open(options);
    const std::string padding(400, '.');
    for (int i = 0; i < 2500; ++i) {
      const std::string data = std::to_string(++written) + padding;
      const std::string key = "key-" + std::to_string(i % 9);
      ASSERT_TRUE(device.write([&](Transaction& t) -> Result<void> {
        const auto id = t.add(event("telemetry", data, key));
        return id ? Result<void>() : tl::unexpected<Error>(id.error());
      }));
      device.store->checkpoint_if_due();
    }
    lost = device.lane("telemetry").lost_events_ever;
    ASSERT_GT(lost, 1000);
  }
  std::int64_t lost = 0;
};

struct ShedAt : Shedding, ::testing::WithParamInterface<WhenFull> {};

TEST_P(ShedAt, the_consumer_everything_is_applied_or_declared) {
  flood(GetParam());
  publish(device, consumer);
  EXPECT_THAT(consumer.faults, IsEmpty());
  EXPECT_THAT(consumer.missing(), IsEmpty());
  EXPECT_THAT(consumer.rewinds(), IsEmpty());
  EXPECT_EQ(consumer.applied(), static_cast<std::uint64_t>(2500 - lost));
}

INSTANTIATE_TEST_SUITE_P(Lanes, ShedAt,
                         ::testing::Values(WhenFull::drop_oldest, WhenFull::keep_latest, WhenFull::thin));

TEST_F(Shedding, a_real_loss_inside_a_sparse_hull_is_found) {
  flood(WhenFull::thin);
  publish(device, consumer);
  const auto is_event = [](const CloudEvent& event) { return event.attribute("sequence") != nullptr; };
  const auto oldest = std::find_if(consumer.deliveries.begin(), consumer.deliveries.end(), is_event);
  ASSERT_NE(oldest, consumer.deliveries.end());
  holdfast::test_support::TempDir other_dir;
  Consumer other(other_dir / "consumer.db", device.platform());
  // The second event that arrived is one that survived in the thinned part: somebody on the way loses it.
  const CloudEvent& stolen = *(oldest + 1);
  for (const CloudEvent& event : consumer.deliveries) {
    if (event.id != stolen.id) other.receive(event);
  }
  const auto missing = other.missing();
  ASSERT_THAT(missing, SizeIs(1));
  EXPECT_EQ(missing[0].count, 1);
  EXPECT_TRUE(missing[0].unknown_seqs);
  other.receive(stolen);
  EXPECT_THAT(other.missing(), IsEmpty());
}

}  // namespace
}  // namespace holdfast::store::test
