// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <stdexcept>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

struct Write : ::testing::Test {
  Write() { device.open(); }

  /// Puts state and an event, then ends as `end` says.
  WriteResult put_add_and(const std::function<Result<void>(Transaction&)>& end) {
    return device.write([&](Transaction& t) -> Result<void> {
      EXPECT_TRUE(t.put("k", bytes_of("v")));
      EXPECT_TRUE(t.add(event("telemetry", "v")));
      return end(t);
    });
  }
  void expect_nothing_stored() {
    EXPECT_EQ(device.state("k"), "");
    EXPECT_TRUE(device.seqs(kTelemetry).empty());
    device.reopen();
    EXPECT_EQ(device.state("k"), "");
    EXPECT_TRUE(device.seqs(kTelemetry).empty());
    EXPECT_EQ(device.add("telemetry").seq, 1);  // the seq was not consumed
  }

  Device device;
};

TEST_F(Write, stores_state_and_event_together) {
  const auto receipt = device.put_and_add("k", "v");
  ASSERT_TRUE(receipt);
  device.reopen();
  EXPECT_EQ(device.state("k"), "v");
  const Fetched fetched = device.fetch(kTelemetry);
  ASSERT_EQ(fetched.events.size(), 1U);
  const StoredEvent& stored = fetched.events[0];
  EXPECT_EQ(stored.epoch, receipt->events[0].epoch);
  EXPECT_EQ(stored.seq, 1);
  EXPECT_EQ(stored.key, "k");
  EXPECT_EQ(stored.type, "com.example.reading.v1");
  EXPECT_EQ(stored.content_type, "application/json");
  EXPECT_EQ(stored.topic, "holdfast/device-1/telemetry/k");
  EXPECT_EQ(text(stored.data), "v");
}

TEST_F(Write, stores_neither_when_the_closure_returns_an_error) {
  const auto result =
      put_add_and([](Transaction&) { return fail(ErrorCode::unavailable, "sensor", "gone"); });
  EXPECT_EQ(outcome(result), "unavailable");
  EXPECT_EQ(result.error().hint, "gone");
  expect_nothing_stored();
}

TEST_F(Write, stores_neither_when_the_closure_throws) {
  EXPECT_EQ(outcome(put_add_and([](Transaction&) -> Result<void> { throw std::runtime_error("oops"); })),
            "invalid");
  EXPECT_EQ(outcome(put_add_and([](Transaction&) -> Result<void> { throw 1; })), "invalid");
  expect_nothing_stored();
}

TEST_F(Write, stores_neither_when_a_later_event_is_too_large) {
  const std::string data(64 * 1024 + 1, 'x');
  EXPECT_EQ(outcome(put_add_and([&](Transaction& t) -> Result<void> {
              const auto id = t.add(event("telemetry", data));
              return id ? Result<void>() : tl::unexpected<Error>(id.error());
            })),
            "too_large");
  expect_nothing_stored();
}

TEST_F(Write, stores_neither_when_a_later_event_is_invalid) {
  EXPECT_EQ(outcome(put_add_and([&](Transaction& t) -> Result<void> {
              const auto id = t.add(event("nowhere", "x"));
              return id ? Result<void>() : tl::unexpected<Error>(id.error());
            })),
            "invalid");
  expect_nothing_stored();
}

TEST_F(Write, bounds_the_events_and_bytes_of_one_write) {
  device.close();
  StoreOptions options = device.options();
  options.path = device.dir / "large.db";
  options.budget_bytes = 16 * 1024 * 1024;
  device.open(options);
  const auto events = [&](int count, std::size_t bytes) {
    const std::string data(bytes, 'x');
    return outcome(device.write([&](Transaction& t) -> Result<void> {
      for (int i = 0; i < count; ++i) {
        if (const auto id = t.add(event("telemetry", data)); !id) return tl::unexpected<Error>(id.error());
      }
      return {};
    }));
  };
  EXPECT_EQ(events(1024, 1), "ok");
  EXPECT_EQ(events(1025, 1), "too_large");
  EXPECT_EQ(events(65, 64 * 1024), "too_large");
  EXPECT_EQ(device.lane("telemetry").committed_seq, 1024);
}

TEST_F(Write, numbers_the_events_of_a_lane_densely_in_commit_order) {
  EXPECT_EQ(device.add("telemetry").seq, 1);
  EXPECT_EQ(device.add("alarm").seq, 1);
  EXPECT_EQ(device.add("telemetry").seq, 2);
  EXPECT_EQ(outcome(put_add_and([](Transaction&) { return fail(ErrorCode::invalid, "", ""); })), "invalid");
  EXPECT_EQ(device.add("telemetry").seq, 3);
  device.reopen();
  EXPECT_EQ(device.add("telemetry").seq, 4);
  EXPECT_EQ(device.add("alarm").seq, 2);
  EXPECT_EQ(device.seqs(kTelemetry), (std::vector<std::int64_t>{1, 2, 3, 4}));
}

TEST_F(Write, continues_the_sequence_after_everything_was_settled_and_purged) {
  device.add("telemetry");
  device.add("telemetry");
  device.drain();
  device.reopen();
  EXPECT_EQ(device.add("telemetry").seq, 3);
}

TEST_F(Write, counts_the_versions_of_a_state_value) {
  const auto put = [&] {
    std::int64_t version = 0;
    EXPECT_TRUE(device.write([&](Transaction& t) -> Result<void> {
      version = t.put("k", bytes_of("v"), "text/plain").value_or(-1);
      return {};
    }));
    return version;
  };
  EXPECT_EQ(put(), 1);
  EXPECT_EQ(put(), 2);
  device.reopen();
  EXPECT_EQ(put(), 3);
  EXPECT_EQ(device.list("k").at(0).version, 3);
  EXPECT_EQ(device.list("k").at(0).content_type, "text/plain");
  bool erased = false;
  const auto erase = [&](Transaction& t) -> Result<void> {
    erased = t.erase("k").value_or(false);
    return {};
  };
  EXPECT_TRUE(device.write(erase));
  EXPECT_TRUE(erased);
  EXPECT_TRUE(device.write(erase));
  EXPECT_FALSE(erased);
  EXPECT_EQ(put(), 1);
}

TEST_F(Write, reads_its_own_changes) {
  EXPECT_TRUE(device.write([&](Transaction& t) -> Result<void> {
    EXPECT_TRUE(t.put("k", bytes_of("1")));
    EXPECT_EQ(text(t.get("k").value()->value), "1");
    EXPECT_EQ(t.list("", "", 10).value().size(), 1U);
    return {};
  }));
}

TEST_F(Write, refuses_state_out_of_bounds) {
  device.close();
  StoreOptions options = device.options();
  options.path = device.dir / "large.db";
  options.budget_bytes = 16 * 1024 * 1024;
  device.open(options);
  const auto put = [&](std::string_view key, std::size_t bytes, std::string_view content_type = "a/b") {
    const std::vector<std::byte> value(bytes);
    return outcome(device.write([&](Transaction& t) -> Result<void> {
      const auto done = t.put(key, value, content_type);
      return done ? Result<void>() : tl::unexpected<Error>(done.error());
    }));
  };
  EXPECT_EQ(put("k", 1024 * 1024), "ok");
  EXPECT_EQ(put("k", 1024 * 1024 + 1), "too_large");
  EXPECT_EQ(put("", 1), "invalid");
  EXPECT_EQ(put(std::string(257, 'k'), 1), "invalid");
  EXPECT_EQ(put("a\nb", 1), "invalid");
  EXPECT_EQ(put("k", 1, "no type"), "invalid");
  EXPECT_EQ(put("k", 0), "ok");
  EXPECT_EQ(device.list("k").at(0).value.size(), 0U);
}

TEST_F(Write, lists_state_by_prefix_in_bytewise_order) {
  for (const char* key : {"b/2", "a", "b/10", "b", "c", "b/1", "B"}) {
    ASSERT_TRUE(device.put_and_add(key, key));
  }
  const auto keys = [&](std::string_view prefix, std::string_view after = {}, std::size_t most = 100) {
    std::string joined;
    for (const StateEntry& entry : device.list(prefix, after, most)) joined += entry.key + ' ';
    return joined;
  };
  EXPECT_EQ(keys(""), "B a b b/1 b/10 b/2 c ");
  EXPECT_EQ(keys("b"), "b b/1 b/10 b/2 ");
  EXPECT_EQ(keys("b/"), "b/1 b/10 b/2 ");
  EXPECT_EQ(keys("b/", "b/1"), "b/10 b/2 ");
  EXPECT_EQ(keys("b/", "a"), "b/1 b/10 b/2 ");
  EXPECT_EQ(keys("b/", "b/2"), "");
  EXPECT_EQ(keys("b/", "z"), "");
  EXPECT_EQ(keys("", "b/1", 2), "b/10 b/2 ");
  EXPECT_EQ(keys("", "", 0), "");
}

}  // namespace
}  // namespace holdfast::store::test
