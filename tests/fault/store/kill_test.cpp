// SPDX-License-Identifier: MIT
//
// A child commits in a loop and reports each write it was told is durable; the parent kills it at a random moment and
// looks. Each write reads the counter in the state, adds one, and adds an event that holds the sum: so an event's data
// is its seq, and the counter is the highest seq, or something was torn.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <holdfast/check.hpp>
#include <random>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

Result<void> count_up(Transaction& t) {
  const auto before = t.get("counter");
  HOLDFAST_CHECK(before.has_value());
  const std::string next =
      std::to_string(before->has_value() ? std::stoll(text((*before)->value)) + 1 : std::int64_t{1});
  HOLDFAST_CHECK(t.put("counter", bytes_of(next)).has_value());
  HOLDFAST_CHECK(t.add(event("telemetry", next)).has_value());
  return {};
}

StoreOptions small_checkpoints(const Device& device) {
  StoreOptions options = device.options();
  options.checkpoint_pages = 30;
  return options;
}

[[noreturn]] void commit_until_killed(Device& device, int reports) {
  device.open(small_checkpoints(device));
  for (;;) {
    const auto receipt = device.write(count_up);
    HOLDFAST_CHECK(receipt.has_value());
    const std::int64_t seq = receipt->events.at(0).seq;
    HOLDFAST_CHECK(::write(reports, &seq, sizeof seq) == sizeof seq);
    device.store->checkpoint_if_due();
    if (seq % 20 != 0) continue;
    const auto pending = device.seqs(kTelemetry);
    device.settle(kTelemetry, pending.front(), pending.front() + 9);
    device.store_settled();
  }
}

/// The highest seq the child reported before it was killed.
std::int64_t run_and_kill(Device& device, std::mt19937& random) {
  std::array<int, 2> reports{};
  HOLDFAST_CHECK(::pipe(reports.data()) == 0);
  const pid_t child = ::fork();
  HOLDFAST_CHECK(child >= 0);
  if (child == 0) {
    ::close(reports[0]);
    commit_until_killed(device, reports[1]);
  }
  ::close(reports[1]);
  std::int64_t highest = 0;
  const auto next = [&] { return ::read(reports[0], &highest, sizeof highest) == sizeof highest; };
  for (auto left = random() % 60; left > 0 && next(); --left) {
  }
  // Somewhere in the next commits; not a sleep, which would wake on a scheduler's tick.
  volatile std::uint32_t spun = 0;
  for (auto left = random() % 400'000; left > 0; --left) spun = spun + 1;
  ::kill(child, SIGKILL);
  while (next()) {
  }
  ::close(reports[0]);
  HOLDFAST_CHECK(::waitpid(child, nullptr, 0) == child);
  return highest;
}

TEST(Kill, at_any_moment_loses_nothing_that_was_reported) {
  Device device;
  std::mt19937 random(20'240'229);
  std::int64_t committed = 0;
  for (std::uint64_t cycle = 1; cycle <= 30; ++cycle) {
    SCOPED_TRACE("cycle " + std::to_string(cycle));
    device.entropy = platform::sim::SeededEntropy(cycle * 2);  // the child's; it must not be ours
    const std::int64_t reported = run_and_kill(device, random);
    device.entropy = platform::sim::SeededEntropy(cycle * 2 + 1);
    device.open(small_checkpoints(device));
    const LaneStatistics lane = device.lane("telemetry");
    EXPECT_GE(lane.committed_seq, reported);
    EXPECT_GE(lane.committed_seq, committed);
    committed = lane.committed_seq;
    EXPECT_EQ(device.state("counter"), committed == 0 ? "" : std::to_string(committed));
    std::int64_t next = lane.settled_seq;
    for (Fetched f = device.fetch(kTelemetry); !f.events.empty(); f = device.fetch(kTelemetry, f.end_seq)) {
      for (const StoredEvent& stored : f.events) {
        ASSERT_EQ(stored.seq, ++next);
        ASSERT_EQ(text(stored.data), std::to_string(stored.seq));
      }
    }
    EXPECT_EQ(next, committed);
    device.drop();
    RawDatabase raw(device.path());
    ASSERT_EQ(rows_of(raw.handle(), "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
  }
  EXPECT_GT(committed, 100);
}

}  // namespace
}  // namespace holdfast::store::test
