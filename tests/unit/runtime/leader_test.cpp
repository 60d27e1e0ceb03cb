// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

/// A thread that commits its own write, and stands in the closure until it may go on.
class Leader {
 public:
  explicit Leader(Outbox& outbox, bool succeeds = true)
      : outbox_(outbox), succeeds_(succeeds), thread_([this] { lead(); }) {
    entered_.pass();
  }
  ~Leader() {
    if (thread_.joinable()) (void)finish();
  }

  WriteResult finish() {
    door_.open();
    thread_.join();
    return result_;
  }
  /// To be called in the closure, when it goes on.
  std::function<void()> then;

 private:
  // The store's thread may be at work for a moment; then the closure runs there, and the write is tried again.
  void lead() {
    const std::thread::id self = std::this_thread::get_id();
    bool led = false;
    while (!led) {
      result_ = outbox_.write([&](Transaction& t) -> Result<void> {
        led = std::this_thread::get_id() == self;
        if (!led) return {};
        entered_.open();
        door_.pass();
        if (then) then();
        if (!succeeds_) return fail(ErrorCode::denied, "test");
        return t.add(event("telemetry")).map([](const EventId&) {});
      });
    }
  }

  Outbox& outbox_;
  const bool succeeds_;
  Door entered_;
  Door door_;
  WriteResult result_;
  std::thread thread_;
};

struct OutboxLeader : ::testing::Test {
  World world;
  Outbox& outbox = *world.outbox;
};

TEST_F(OutboxLeader, commits_on_the_callers_thread_when_the_store_is_idle) {
  std::thread::id where;
  int tries = 0;
  do {
    ASSERT_TRUE(outbox.write(adding_on(where)));
  } while (where != std::this_thread::get_id() && ++tries < 1'000);
  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST_F(OutboxLeader, reads_on_the_callers_thread_when_the_store_is_idle) {
  std::thread::id where;
  for (int tries = 0; where != std::this_thread::get_id() && tries < 1'000; ++tries) {
    ASSERT_TRUE(outbox.read([&](const Reader&) -> Result<void> {
      where = std::this_thread::get_id();
      return {};
    }));
  }
  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST_F(OutboxLeader, has_a_durable_write_and_right_figures_when_it_returns) {
  for (std::int64_t seq = 1; seq <= 100; ++seq) {
    const auto receipt = outbox.write(adding());
    ASSERT_TRUE(receipt);
    ASSERT_EQ(receipt->events.at(0).seq, seq);
    ASSERT_EQ(outbox.statistics().lanes.at(1).committed_seq, seq);
    ASSERT_EQ(outbox.statistics().store.groups_committed, static_cast<std::uint64_t>(seq));
  }
}

TEST_F(OutboxLeader, lets_everything_wait_that_comes_meanwhile_and_hands_over_to_the_stores_thread) {
  Leader leader(outbox);
  std::vector<Ticket> tickets;
  for (int i = 0; i < 20; ++i) tickets.push_back(outbox.write_async(adding()).value());
  std::atomic<bool> read = false;
  std::thread reader([&] {
    EXPECT_EQ(outcome(outbox.get("lamp")), "ok");
    read = true;
  });
  EXPECT_FALSE(tickets.front().done());
  EXPECT_EQ(leader.finish()->events.at(0).seq, 1);
  for (std::size_t i = 0; i < tickets.size(); ++i) {
    EXPECT_EQ(tickets[i].wait()->events.at(0).seq, static_cast<std::int64_t>(i) + 2);
  }
  reader.join();
  EXPECT_TRUE(read);
}

TEST_F(OutboxLeader, that_fails_hands_over_as_well) {
  Leader leader(outbox, false);
  const auto ticket = outbox.write_async(adding());
  ASSERT_TRUE(ticket);
  EXPECT_EQ(outcome(leader.finish()), "denied");
  EXPECT_EQ(ticket->wait()->events.at(0).seq, 1);
}

TEST_F(OutboxLeader, may_not_call_the_outbox_from_its_closure_and_others_may_call_it_meanwhile) {
  Leader leader(outbox);
  std::vector<std::string> answers;
  leader.then = [&] {
    answers = {outcome(outbox.write(adding())),
               outcome(outbox.write_async(adding())),
               outcome(outbox.get("lamp")),
               outcome(outbox.flush(Instant::max())),
               outcome(outbox.pause("alarm")),
               outcome(outbox.resume("alarm")),
               outcome(outbox.remove_lane("alarm", LaneRemoval::when_settled)),
               outcome(outbox.events("alarm", 0)),
               outcome(outbox.backup("copy.db")),
               outcome(outbox.check()),
               outcome(outbox.close())};
  };
  const auto ticket = outbox.write_async(adding());
  EXPECT_EQ(outcome(ticket), "ok");
  EXPECT_EQ(outcome(leader.finish()), "ok");
  EXPECT_EQ(answers, std::vector<std::string>(11, "invalid"));
  EXPECT_TRUE(ticket->wait());
  EXPECT_TRUE(outbox.write(adding()));  // no longer inside
}

TEST_F(OutboxLeader, finishes_before_the_store_is_closed) {
  Leader leader(outbox);
  std::string closed;
  std::thread closer([&] { closed = outcome(outbox.close()); });
  while (outcome(outbox.write_async(adding())) != "unavailable") std::this_thread::yield();
  EXPECT_EQ(outcome(leader.finish()), "ok");
  closer.join();
  EXPECT_EQ(closed, "ok");
}

TEST_F(OutboxLeader, wakes_the_relay) {
  world.start_relay();
  world.run_until([&] { return outbox.statistics().relay.state == RelayState::connected; });
  Leader leader(outbox);
  ASSERT_TRUE(leader.finish());
  // Not the acknowledgements: the first may be the epoch record's, and nobody moves the clock for the event after it.
  world.run_until([&] { return outbox.statistics().lanes.at(1).backlog_events == 0; });
  EXPECT_EQ(outcome(outbox.flush(Instant::max())), "ok");
}

TEST_F(OutboxLeader, has_its_acknowledgements_stored_and_its_figures_refreshed_by_the_stores_thread) {
  ASSERT_TRUE(outbox.write(adding()));
  world.run_until([&] { return outbox.statistics().lanes.at(1).backlog_bytes == 2; });
  world.start_relay();
  world.run_until([&] { return outbox.statistics().store.settle_commits > 0; });
}

}  // namespace
}  // namespace holdfast::runtime_tests
