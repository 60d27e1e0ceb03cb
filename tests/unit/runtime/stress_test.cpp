// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "unit/runtime/world.hpp"

namespace holdfast::runtime_tests {
namespace {

constexpr int kThreads = 16;
constexpr int kRounds = 60;

void set_delay(StoreOptions& options) { options.lanes.at(1).commit_delay = milliseconds(5); }

/// One thread's writes, of every kind, some of which fail.
struct Writer {
  std::vector<std::int64_t> seqs;
  std::atomic<int> called = 0;
  int expected_calls = 0;
  int failed = 0;

  void take(const WriteResult& result) {
    if (result) {
      seqs.push_back(result->events.at(0).seq);
    } else {
      EXPECT_EQ(outcome(result), "denied");
      ++failed;
    }
  }

  void run(Outbox& outbox, int number) {
    for (int round = 0; round < kRounds; ++round) {
      const bool fails = (round + number) % 7 == 0;
      const auto body = [fails](Transaction& t) -> Result<void> {
        if (auto id = t.add(event("alarm")); !id) return tl::unexpected<Error>(id.error());
        if (fails) return fail(ErrorCode::denied, "test");
        return {};
      };
      const WriteOptions options{.lane = round % 5 == 0 ? "telemetry" : "", .deadline = Instant::max()};
      if ((round + number) % 3 == 0) {
        ++expected_calls;
        const auto ticket = outbox.write_async(
            body, [this](const WriteResult&) { ++called; }, options);
        ASSERT_TRUE(ticket);
        take(ticket->wait());
      } else {
        take(outbox.write(body, options));
      }
      if (round % 10 == 0) {
        EXPECT_EQ(outcome(outbox.get("lamp")), "ok");
      }
    }
  }
};

TEST(OutboxStress, tells_sixteen_threads_each_outcome_once_and_leaves_no_hole) {
  World world(set_delay);
  world.start_relay();
  std::vector<Writer> writers(kThreads);
  std::vector<std::thread> threads;
  std::atomic<int> running = kThreads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      writers[static_cast<std::size_t>(i)].run(*world.outbox, i);
      --running;
    });
  }
  world.run_until([&] { return running == 0; });
  for (std::thread& thread : threads) thread.join();

  std::vector<std::int64_t> seqs;
  std::size_t failed = 0;
  for (const Writer& writer : writers) {
    EXPECT_EQ(writer.called, writer.expected_calls);
    EXPECT_TRUE(std::is_sorted(writer.seqs.begin(), writer.seqs.end()));
    seqs.insert(seqs.end(), writer.seqs.begin(), writer.seqs.end());
    failed += static_cast<std::size_t>(writer.failed);
  }
  std::sort(seqs.begin(), seqs.end());
  for (std::size_t i = 0; i < seqs.size(); ++i) ASSERT_EQ(seqs[i], static_cast<std::int64_t>(i) + 1);
  EXPECT_EQ(seqs.size() + failed, static_cast<std::size_t>(kThreads * kRounds));
  const StoreStatistics store = world.outbox->statistics().store;
  EXPECT_EQ(store.writes_committed, seqs.size());
  EXPECT_EQ(store.writes_failed, failed);
  world.run_until([&] { return world.outbox->statistics().lanes.at(0).backlog_events == 0; });
}

}  // namespace
}  // namespace holdfast::runtime_tests
