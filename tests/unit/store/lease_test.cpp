// SPDX-License-Identifier: MIT
//
// Several relays at one store: who is given which events, and what a relay that has lost its lease may still do.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "support/fault_vfs.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using Seqs = std::vector<std::int64_t>;
using std::chrono::seconds;

constexpr Duration kTerm = seconds(30);

ShareSet set(std::initializer_list<std::size_t> shares) {
  ShareSet all;
  for (const std::size_t share : shares) all.set(share);
  return all;
}

struct Leasing : ::testing::Test {
  Leasing() {
    device.open();
    device.store->expect_relays(3, kTerm);
  }

  ShareGrant claim(std::size_t relay, ShareSet keeps = {}) {
    auto grant = device.store->claim_shares({relay, keeps});
    EXPECT_TRUE(grant);
    return *grant;
  }
  void add_keys(int count) {
    for (int i = 0; i < count; ++i) device.add("telemetry", "{}", "key" + std::to_string(i % 20));
  }
  Fetched fetch(const ShareLease& lease, bool spread = true, LaneNumber lane = kTelemetry) {
    auto fetched = device.store->fetch(
        {.lane = lane, .events_max = 256, .bytes_max = 1'000'000, .lease = lease, .spread = spread});
    EXPECT_TRUE(fetched);
    return std::move(*fetched);
  }

  Device device;
};

TEST_F(Leasing, the_keys_of_a_spread_lane_are_divided_and_none_is_left_out) {
  add_keys(200);
  Seqs all;
  std::map<std::string, std::size_t> relay_of;
  for (std::size_t relay = 0; relay < 3; ++relay) {
    const Fetched part = fetch(claim(relay).lease);
    EXPECT_FALSE(part.events.empty());
    EXPECT_EQ(part.end_seq, 200);
    for (const StoredEvent& event : part.events) {
      all.push_back(event.seq);
      EXPECT_EQ(relay_of.emplace(event.key, relay).first->second, relay) << "a key is with one relay";
    }
  }
  std::sort(all.begin(), all.end());
  Seqs expected(200);
  std::generate(expected.begin(), expected.end(), [n = std::int64_t{0}]() mutable { return ++n; });
  EXPECT_EQ(all, expected);
}

TEST_F(Leasing, a_lane_that_is_not_spread_goes_to_one_relay_whole) {
  add_keys(20);
  std::size_t with_events = 0;
  for (std::size_t relay = 0; relay < 3; ++relay) {
    const Fetched part = fetch(claim(relay).lease, false);
    EXPECT_TRUE(part.events.empty() || part.events.size() == 20);
    if (!part.events.empty()) with_events += 1;
  }
  EXPECT_EQ(with_events, 1U);
}

TEST_F(Leasing, whoever_has_lost_a_share_is_given_nothing_more) {
  add_keys(100);
  const ShareLease stuck = claim(1).lease;
  EXPECT_FALSE(fetch(stuck).events.empty());
  device.clock.advance(kTerm);
  const ShareGrant heir = claim(0, set({0}));
  ASSERT_EQ(heir.lease.held, set({0, 1}));
  EXPECT_GT(heir.lease.token, stuck.token);
  EXPECT_FALSE(device.store->is_current(stuck));
  EXPECT_TRUE(fetch(stuck).events.empty());
  EXPECT_FALSE(fetch(heir.lease).events.empty());

  // It comes back, and is given its share again: the lease of before stays void.
  (void)claim(1);
  (void)claim(0, set({0}));
  EXPECT_EQ(claim(1).lease.held, set({1}));
  EXPECT_FALSE(device.store->is_current(stuck));
}

TEST_F(Leasing, what_the_broker_has_acknowledged_counts_whoever_says_it) {
  add_keys(100);
  const ShareLease stuck = claim(1).lease;
  const Fetched sent = fetch(stuck);
  device.clock.advance(kTerm);
  const ShareLease heir = claim(0, set({0})).lease;
  const std::int64_t seq = sent.events.front().seq;
  device.store->settle(kTelemetry, seq);
  const Seqs left = seqs_of(fetch(heir));
  EXPECT_FALSE(std::binary_search(left.begin(), left.end(), seq));
  device.store->settle(kTelemetry, seq);  // and once more, by the other
}

TEST_F(Leasing, one_relay_that_lets_go_of_its_rows_leaves_the_others_pinned) {
  StoreOptions options = device.options();
  options.lanes = {{.name = "alarm", .priority = 0},
                   {.name = "telemetry", .priority = 1, .when_full = WhenFull::drop_oldest}};
  device.close();
  device.open(options);
  device.store->expect_relays(2, kTerm);
  add_keys(10);
  const Seqs first = seqs_of(fetch(claim(0).lease));
  const Seqs second = seqs_of(fetch(claim(1).lease));
  device.store->release_pins(0);
  for (int i = 0; i < 3000 && device.lane("telemetry").shed_events == 0; ++i)
    ASSERT_TRUE(device.write([](Transaction& t) -> Result<void> {
      for (int n = 0; n < 10; ++n) EXPECT_TRUE(t.add(event("telemetry", std::string(500, 'x'))));
      return {};
    }));
  ASSERT_GT(device.lane("telemetry").shed_events, 0U);
  for (const std::int64_t seq : second)
    EXPECT_EQ(device.seqs(kTelemetry, seq - 1).front(), seq) << "on the wire";
}

TEST_F(Leasing, renewing_writes_nothing) {
  const auto written = [&] { return device.store->statistics().bytes_written; };
  const auto before = written();
  for (std::size_t relay = 0; relay < 3; ++relay) (void)claim(relay);
  const auto taken = written();
  EXPECT_GT(taken, before);
  for (int i = 0; i < 100; ++i) {
    device.clock.advance(seconds(10));
    for (std::size_t relay = 0; relay < 3; ++relay) (void)claim(relay, set({relay}));
  }
  EXPECT_EQ(written(), taken);
}

TEST_F(Leasing, leases_are_void_at_the_next_opening_and_tokens_go_on) {
  const ShareLease before = claim(0).lease;
  EXPECT_GT(before.token, 0);
  device.reopen();
  device.store->expect_relays(3, kTerm);
  EXPECT_FALSE(device.store->is_current(before));
  EXPECT_GT(claim(0).lease.token, before.token);
  device.close();
  EXPECT_EQ(RawDatabase(device.path()).integer("SELECT relay FROM hf_lease WHERE share = 0"), 0);
}

TEST_F(Leasing, a_claim_that_cannot_be_stored_changes_nothing) {
  test_support::FaultVfs vfs;
  device.close();
  StoreOptions options = device.options();
  options.vfs = vfs.name();
  device.open(options);
  device.store->expect_relays(2, kTerm);
  const ShareGrant held = claim(0);
  device.clock.advance(kTerm);
  vfs.arm({.operation = test_support::Fault::Operation::write, .sticky = true});
  EXPECT_EQ(outcome(device.store->claim_shares({0, set({0})})), "outcome_unknown");
  EXPECT_TRUE(device.store->is_current(held.lease));
  vfs.disarm();
  device.clock.advance(Store::kReopenPause);
  EXPECT_EQ(claim(0, set({0})).lease.held, set({0, 1}));
  device.close();  // before the file system under it goes
}

}  // namespace
}  // namespace holdfast::store::test
