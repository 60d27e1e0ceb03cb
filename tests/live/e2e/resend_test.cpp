// SPDX-License-Identifier: MIT
//
// A broker without persistence acknowledges events and is killed before the consumer, which was away, has them. No PUBACK
// can help against that. The consumer sees the hole when the next event comes, and asks the device.
#include <gtest/gtest.h>

#include "live/e2e/world.hpp"

namespace holdfast::e2e {
namespace {

constexpr int kBefore = 10;
constexpr int kLost = 40;  // of both lanes together

struct Resend : ::testing::Test {
  Mosquitto broker;
  Backend backend{broker.url()};
  Device device{broker.url()};

  Resend() {
    backend.options.resend_after = 300ms;
    backend.options.resend_interval = 300ms;
  }

  /// Everything is acknowledged, and kLost events were only in the broker's memory.
  void lose_events_in_the_broker() {
    backend.start(broker);
    device.boot();
    device.write(kBefore);
    ASSERT_TRUE(device.flush());
    ASSERT_TRUE(backend.applied_all(device));
    backend.stop();
    device.write(kLost);
    ASSERT_TRUE(device.flush());
    ASSERT_EQ(device.backlog(), 0);
    ASSERT_TRUE(eventually([&] { return device.retention_bytes != 0 || purged() == kBefore + kLost; }));
    const std::uint64_t connects = device.relay().connects;
    broker.kill();
    broker.start();
    backend.start(broker);
    ASSERT_TRUE(eventually([&] { return device.relay().connects > connects; }));
  }
  /// Rows that are gone; what is merely not to be retained is still sent again.
  [[nodiscard]] std::uint64_t purged() const { return device.outbox->statistics().store.rows_purged; }
};

TEST_F(Resend, a_consumer_ends_complete_although_the_broker_lost_what_it_had_acknowledged) {
  lose_events_in_the_broker();
  EXPECT_EQ(backend.applied().size(), std::size_t{kBefore});
  device.write(2);  // one in each lane: only now can the hole be seen
  EXPECT_TRUE(backend.applied_all(device));
  EXPECT_GE(device.relay().resend_requests, 1U);
  EXPECT_GE(device.relay().resent, std::uint64_t{kLost});
  EXPECT_EQ(device.relay().resend_refused, 0U);
  EXPECT_GE(backend.consumer->statistics().resend_requests, 1U);
  backend.stop();
  backend.expect_completeness();
}

TEST_F(Resend, what_the_device_has_no_more_is_explained) {
  device.retention_bytes = 0;
  lose_events_in_the_broker();
  device.write(2);
  ASSERT_TRUE(eventually([&] { return backend.consumer->statistics().inbox.declared >= 2; }))
      << "one for each lane; asked " << backend.consumer->statistics().resend_requests << ", taken "
      << device.relay().resend_requests << ", refused " << device.relay().resend_refused;
  ASSERT_TRUE(eventually([&] { return backend.applied().size() == std::size_t{kBefore + 2}; }));
  EXPECT_EQ(device.relay().resent, 0U);
  for (const LaneStatistics& lane : device.outbox->statistics().lanes) EXPECT_EQ(lane.lost_events_ever, 0);
  backend.stop();
  backend.expect_completeness();
}

TEST_F(Resend, a_device_with_a_secret_answers_only_who_knows_it) {
  device.options.command_secret = "open sesame";
  backend.options.resend_secret = "open barley";
  lose_events_in_the_broker();
  device.write(2);
  ASSERT_TRUE(eventually([&] { return device.relay().resend_refused > 0; }));
  EXPECT_EQ(device.relay().resend_requests, 0U);
  EXPECT_EQ(device.relay().resent, 0U);
  backend.stop();
  backend.options.resend_secret = "open sesame";
  backend.start(broker);
  EXPECT_TRUE(backend.applied_all(device));
  EXPECT_GE(device.relay().resend_requests, 1U);
  backend.stop();
  backend.expect_completeness();
}

}  // namespace
}  // namespace holdfast::e2e
