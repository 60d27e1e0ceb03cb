// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

struct OutboxWrite : ::testing::Test {
  World world;
  Outbox& outbox = *world.outbox;
};

TEST_F(OutboxWrite, gives_a_receipt_with_the_ids_in_the_order_of_adding) {
  const auto receipt = outbox.write([](Transaction& t) -> Result<void> {
    for (const char* lane : {"telemetry", "alarm", "telemetry"})
      if (auto id = t.add(event(lane)); !id) return tl::unexpected<Error>(id.error());
    return {};
  });
  ASSERT_TRUE(receipt) << receipt.error().text();
  ASSERT_EQ(receipt->events.size(), 3U);
  const std::string epoch = outbox.statistics().store.epoch.value().text();
  EXPECT_EQ(receipt->events[0].text(), epoch + "-telemetry-1");
  EXPECT_EQ(receipt->events[1].text(), epoch + "-alarm-1");
  EXPECT_EQ(receipt->events[2].text(), epoch + "-telemetry-2");
}

TEST_F(OutboxWrite, stores_state_that_can_be_read_got_and_listed) {
  const auto done = outbox.write([](Transaction& t) -> Result<void> {
    for (const char* key : {"fan/1", "fan/2", "lamp"})
      if (auto put = t.put(key, bytes_of(key), "text/plain"); !put) return tl::unexpected<Error>(put.error());
    return {};
  });
  ASSERT_TRUE(done) << done.error().text();
  const auto lamp = outbox.get("lamp");
  ASSERT_TRUE(lamp && *lamp);
  EXPECT_EQ(text(**lamp), "lamp");
  EXPECT_EQ((*lamp)->version, 1);
  EXPECT_EQ(outbox.get("door").value(), std::nullopt);
  const auto fans = outbox.list("fan/");
  ASSERT_TRUE(fans);
  ASSERT_EQ(fans->size(), 2U);
  EXPECT_EQ((*fans)[1].key, "fan/2");
  EXPECT_EQ(outbox.list("fan/", "fan/1", 1)->size(), 1U);
}

TEST_F(OutboxWrite, reads_in_one_consistent_view_and_passes_on_what_the_closure_returns) {
  const auto done = outbox.read([](const Reader& reader) -> Result<void> {
    if (auto none = reader.get("nothing"); !none || *none) return fail(ErrorCode::corrupt, "test");
    return fail(ErrorCode::unavailable, "test", "mine");
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().hint, "mine");
}

TEST_F(OutboxWrite, leaves_nothing_of_a_closure_that_fails) {
  const auto failed = outbox.write([](Transaction& t) -> Result<void> {
    (void)t.put("lamp", bytes_of("on"));
    (void)t.add(event("telemetry"));
    return fail(ErrorCode::denied, "test", "changed my mind");
  });
  EXPECT_EQ(outcome(failed), "denied");
  EXPECT_EQ(outbox.get("lamp").value(), std::nullopt);
  EXPECT_EQ(outbox.write(adding())->events[0].seq, 1);
}

TEST_F(OutboxWrite, takes_an_exception_of_a_closure_for_a_failed_call) {
  const auto threw = outbox.write([](Transaction& t) -> Result<void> {
    (void)t.add(event("telemetry"));
    throw std::runtime_error("out of coffee");
  });
  EXPECT_EQ(outcome(threw), "invalid");
  EXPECT_NE(threw.error().hint.find("out of coffee"), std::string::npos);
  EXPECT_EQ(outcome(outbox.read([](const Reader&) -> Result<void> { throw 1; })), "invalid");
  EXPECT_EQ(outbox.write(adding())->events[0].seq, 1);
}

TEST_F(OutboxWrite, refuses_a_call_without_a_closure) {
  EXPECT_EQ(outcome(outbox.write({})), "invalid");
  EXPECT_EQ(outcome(outbox.write_async({})), "invalid");
  EXPECT_EQ(outcome(outbox.read({})), "invalid");
}

TEST_F(OutboxWrite, refuses_every_call_from_inside_a_closure) {
  std::vector<std::string> answers;
  const auto call_everything = [&] {
    answers = {outcome(outbox.write(adding())),
               outcome(outbox.write_async(adding())),
               outcome(outbox.read([](const Reader&) -> Result<void> { return {}; })),
               outcome(outbox.get("lamp")),
               outcome(outbox.list("")),
               outcome(outbox.flush(Instant::max())),
               outcome(outbox.start_relay({}, world.broker.make_link())),
               outcome(outbox.close())};
  };
  const std::vector<std::string> all_invalid(8, "invalid");
  ASSERT_TRUE(outbox.write([&](Transaction&) -> Result<void> {
    call_everything();
    return {};
  }));
  EXPECT_EQ(answers, all_invalid);
  answers.clear();
  ASSERT_TRUE(outbox.read([&](const Reader&) -> Result<void> {
    call_everything();
    return {};
  }));
  EXPECT_EQ(answers, all_invalid);
  answers.clear();
  const auto ticket = outbox.write_async(adding(), [&](const WriteResult&) { call_everything(); });
  ASSERT_TRUE(ticket && ticket->wait());
  EXPECT_EQ(answers, all_invalid);
}

TEST_F(OutboxWrite, lets_writers_that_wait_share_a_commit_and_gives_each_its_own_outcome) {
  constexpr std::size_t kWriters = 16;
  Door door;
  const Ticket blocker = world.block(door);
  std::vector<std::string> outcomes(kWriters);
  std::vector<std::int64_t> seqs(kWriters, 0);
  std::vector<std::thread> writers;
  std::atomic<std::size_t> begun = 0;
  for (std::size_t i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      ++begun;
      const auto receipt = outbox.write([i](Transaction& t) -> Result<void> {
        if (auto id = t.add(event("telemetry")); !id) return tl::unexpected<Error>(id.error());
        if (i % 4 == 3) return fail(ErrorCode::denied, "test");
        return {};
      });
      outcomes[i] = outcome(receipt);
      if (receipt) seqs[i] = receipt->events.at(0).seq;
    });
  }
  while (begun < kWriters) std::this_thread::yield();
  door.open();
  for (std::thread& writer : writers) writer.join();

  std::set<std::int64_t> distinct;
  for (std::size_t i = 0; i < kWriters; ++i) {
    EXPECT_EQ(outcomes[i], i % 4 == 3 ? "denied" : "ok");
    if (seqs[i] != 0) distinct.insert(seqs[i]);
  }
  EXPECT_EQ(distinct.size(), 12U);
  EXPECT_EQ(*distinct.rbegin(), 12);  // dense: the failed ones left no hole
  const StoreStatistics statistics = outbox.statistics().store;
  EXPECT_EQ(statistics.writes_committed, 13U);
  EXPECT_EQ(statistics.writes_failed, 4U);
  EXPECT_LT(statistics.groups_committed, 13U);
  EXPECT_TRUE(blocker.wait());
}

TEST_F(OutboxWrite, keeps_what_was_written_for_the_next_opening) {
  ASSERT_TRUE(outbox.write(
      [](Transaction& t) -> Result<void> { return t.put("lamp", bytes_of("on")).map([](std::int64_t) {}); }));
  ASSERT_TRUE(outbox.write(adding()));
  world.close();
  world.open();
  EXPECT_EQ(text(**world.outbox->get("lamp")), "on");
  EXPECT_EQ(world.outbox->write(adding())->events[0].seq, 2);
}

}  // namespace
}  // namespace holdfast::runtime_tests
