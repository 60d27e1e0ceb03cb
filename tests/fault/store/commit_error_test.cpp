// SPDX-License-Identifier: MIT
//
// What becomes of a write whose commit fails (DESIGN.md 4, "Errors at COMMIT"). Cached pages are never spilled, so
// every write to the WAL is made by COMMIT: a fault that is armed as the last act of a closure hits it.
//
//  at COMMIT             once                               for good
//  SQLITE_FULL           run again: ok                      disk_full, nothing stored
//  I/O error (write)     reopened and looked: the truth     the truth, or outcome_unknown when it cannot look
//  I/O error (flush)     the same; as a rule it is there    outcome_unknown
//  ... without an event  outcome_unknown: nothing to look for
//  SQLITE_READONLY       denied, nothing stored             denied
//
//  at a checkpoint       the commit is fine; counted, tried again, and the WAL keeps to its provision
//  in a read             the write fails, nothing is stored
//  twice in a minute     degraded: reads only
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "support/fault_vfs.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using test_support::Fault;
using test_support::FaultVfs;
using Operation = Fault::Operation;
using Where = Fault::Where;

constexpr int kStored = 5;  // events and states before the trouble

struct CommitError : ::testing::Test {
  CommitError() { make(); }
  ~CommitError() override {
    vfs.disarm();
    device.drop();
  }

  void make() {
    device.open(options());
    for (int i = 1; i <= kStored; ++i)
      EXPECT_EQ(outcome(device.put_and_add("old", "old " + std::to_string(i))), "ok");
    device.close();
    open();
    epoch_before = device.add("telemetry", "old 6").epoch;
  }
  /// Another store, for another fault.
  void make_another() {
    vfs.disarm();
    device.drop();
    for (const char* end : {"", "-wal"}) std::filesystem::remove(device.path() + end);
    make();
  }
  [[nodiscard]] StoreOptions options() const {
    StoreOptions options = device.options();
    options.budget_bytes = 1024 * 1024;
    options.vfs = vfs.name();
    options.checkpoint_pages = 20;
    // An I/O error is an emergency, in which only the highest lane is served: that of these tests.
    options.lanes[0].priority = 1;
    options.lanes[1].priority = 0;
    return options;
  }
  void open() {
    device.entropy = platform::sim::SeededEntropy(++seed);
    ASSERT_EQ(outcome(device.try_open(options())), "ok");
  }

  /// A write of a state and an event, whose COMMIT meets the fault.
  WriteResult write_with(const Fault& fault, const std::string& value = "new") {
    int runs = 0;
    return device.write([&](Transaction& t) -> Result<void> {
      if (auto put = t.put("key", bytes_of(value)); !put) return tl::unexpected<Error>(put.error());
      if (auto id = t.add(event("telemetry", value)); !id) return tl::unexpected<Error>(id.error());
      if (++runs == 1 || fault.sticky) vfs.arm(fault);
      return {};
    });
  }
  WriteResult write(const std::string& value) { return device.put_and_add("key", value); }

  /// Opens it without faults. What was told is so; returns whether the value is there.
  bool expect_truth(const WriteResult& told, const std::string& value = "new") {
    vfs.disarm();
    device.drop();
    open();
    const auto count = static_cast<std::size_t>(std::ranges::count(datas(), value));
    EXPECT_LE(count, 1U) << "stored twice";
    EXPECT_EQ(device.state("key") == value, count == 1) << "one without the other";
    if (told) {
      EXPECT_EQ(count, 1U) << "told ok, and not there";
    } else if (told.error().code != ErrorCode::outcome_unknown) {
      EXPECT_EQ(count, 0U) << "there, and told " << told.error().text();
    }
    expect_old();
    return count == 1;
  }
  void expect_old() {
    const auto all = datas();
    for (int i = 1; i <= kStored + 1; ++i)
      EXPECT_EQ(std::ranges::count(all, "old " + std::to_string(i)), 1) << i;
  }
  std::vector<std::string> datas() {
    std::vector<std::string> datas;
    const auto fetched = device.store->fetch({kTelemetry, 0, 1000, 1024 * 1024});
    EXPECT_EQ(outcome(fetched), "ok") << "cannot be read";
    if (!fetched) return datas;
    for (const StoredEvent& e : fetched->events) datas.push_back(text(e.data));
    device.store->release_pins();
    return datas;
  }
  void expect_goes_on() {
    const std::int64_t before = device.lane("telemetry").committed_seq;
    const auto result = device.put_and_add("other key", "after");
    ASSERT_EQ(outcome(result), "ok");
    EXPECT_EQ(result->events.at(0).seq, before + 1);
    EXPECT_FALSE(device.store->statistics().degraded);
  }

  Device device;
  FaultVfs vfs;
  Epoch epoch_before;
  std::uint64_t seed = 100;
};

// --- SQLITE_FULL ---

TEST_F(CommitError, full_once_is_run_again) {
  const auto told = write_with({.code = SQLITE_FULL, .where = Where::wal});
  EXPECT_TRUE(vfs.fired());
  EXPECT_EQ(outcome(told), "ok");
  EXPECT_TRUE(expect_truth(told));
  expect_goes_on();
}

TEST_F(CommitError, full_for_good_is_disk_full_and_stores_nothing) {
  for (int i = 0; i < 3; ++i) {
    const auto told = write_with({.sticky = true, .code = SQLITE_FULL, .where = Where::wal});
    EXPECT_EQ(outcome(told), "disk_full");
  }
  EXPECT_EQ(device.store->statistics().commits_unknown, 0U);
  EXPECT_FALSE(device.store->statistics().degraded) << "it passes when somebody makes room";
  vfs.disarm();
  expect_goes_on();
  EXPECT_FALSE(expect_truth(fail(ErrorCode::disk_full, "test")));
}

TEST_F(CommitError, full_at_any_write_of_a_commit_is_told_as_it_is) {
  for (int nth = 1;; ++nth) {
    SCOPED_TRACE("write " + std::to_string(nth));
    const auto told = write_with({.nth = nth, .sticky = true, .code = SQLITE_FULL, .where = Where::wal});
    const bool fired = vfs.fired();
    EXPECT_NE(outcome(told), "outcome_unknown");
    expect_truth(told);
    if (!fired || HasFailure()) break;
    make_another();
  }
}

// --- I/O errors ---

TEST_F(CommitError, a_failed_write_is_resolved_by_looking) {
  std::set<std::string> outcomes;
  int writes = 0;
  for (int nth = 1;; ++nth) {
    SCOPED_TRACE("write " + std::to_string(nth));
    const auto told = write_with({.nth = nth, .code = SQLITE_IOERR_WRITE, .where = Where::wal});
    const bool fired = vfs.fired();
    outcomes.insert(outcome(told));
    EXPECT_EQ(device.store->statistics().commits_unknown, 0U);
    EXPECT_FALSE(device.store->statistics().degraded);
    vfs.disarm();
    expect_goes_on();
    expect_truth(told);
    if (!fired || HasFailure()) break;
    ++writes;
    make_another();
  }
  EXPECT_GT(writes, 2);
  EXPECT_EQ(outcomes, (std::set<std::string>{"io_error", "ok"}));
}

TEST_F(CommitError, a_failed_flush_is_resolved_by_looking) {
  const auto told =
      write_with({.operation = Operation::sync, .code = SQLITE_IOERR_FSYNC, .where = Where::wal});
  EXPECT_TRUE(vfs.fired());
  // All frames were written before: it is there, and will be after a restart of the process.
  EXPECT_EQ(outcome(told), "ok");
  EXPECT_EQ(told->events.at(0).seq, kStored + 2);
  EXPECT_EQ(device.store->statistics().commits_unknown, 0U);
  EXPECT_TRUE(expect_truth(told));
  expect_goes_on();
}

TEST_F(CommitError, begins_a_new_epoch_after_it_looked) {
  ASSERT_FALSE(write_with({.code = SQLITE_IOERR_WRITE, .where = Where::wal}));
  const auto next = write("next");
  ASSERT_EQ(outcome(next), "ok");
  EXPECT_NE(next->events.at(0).epoch, epoch_before);
  EXPECT_EQ(next->events.at(0).seq, kStored + 2) << "the seq was not consumed";
}

TEST_F(CommitError, each_caller_of_the_group_is_told_the_truth) {
  const auto adding = [&](const std::string& value, const std::function<void()>& then) -> WriteBody {
    return [value, then](Transaction& t) -> Result<void> {
      if (auto id = t.add(event("telemetry", value)); !id) return tl::unexpected<Error>(id.error());
      then();
      return {};
    };
  };
  const auto nothing = [] {};
  const auto arm = [&] {
    vfs.arm({.operation = Operation::sync, .code = SQLITE_IOERR_FSYNC, .where = Where::wal});
  };
  const WriteBody own_error = [](Transaction&) -> Result<void> {
    return fail(ErrorCode::unavailable, "test");
  };
  const std::array<WriteBody, 3> bodies = {adding("one", nothing), own_error, adding("three", arm)};
  std::array<WriteJob, 3> jobs;
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].body = &bodies[i];
  ASSERT_EQ(device.store->commit_group(jobs), 3U);
  EXPECT_EQ(outcome(jobs[0].outcome), "ok");
  EXPECT_EQ(outcome(jobs[1].outcome), "unavailable");
  EXPECT_EQ(outcome(jobs[2].outcome), "ok");
  EXPECT_EQ(std::ranges::count(datas(), "one"), 1);
  EXPECT_EQ(std::ranges::count(datas(), "three"), 1);
}

TEST_F(CommitError, is_unknown_when_the_group_held_no_event) {
  const auto told = device.write([&](Transaction& t) -> Result<void> {
    if (auto put = t.put("key", bytes_of("new")); !put) return tl::unexpected<Error>(put.error());
    vfs.arm({.operation = Operation::sync, .code = SQLITE_IOERR_FSYNC, .where = Where::wal});
    return {};
  });
  EXPECT_EQ(outcome(told), "outcome_unknown");
  EXPECT_EQ(device.store->statistics().commits_unknown, 1U);
  const std::string state = device.state("key");
  EXPECT_TRUE(state.empty() || state == "new") << state;
  expect_goes_on();
}

TEST_F(CommitError, is_unknown_or_true_when_it_cannot_look) {
  for (const Fault& fault : {Fault{Operation::write, 1, true, SQLITE_IOERR_WRITE, Where::wal},
                             Fault{Operation::sync, 1, true, SQLITE_IOERR_FSYNC},
                             Fault{Operation::write, 1, true, SQLITE_IOERR_WRITE}}) {
    SCOPED_TRACE(to_string(fault));
    const auto told = write_with(fault);
    EXPECT_TRUE(outcome(told) == "outcome_unknown" || outcome(told) == "io_error") << outcome(told);
    const auto refused = write("refused");
    EXPECT_EQ(outcome(refused), "io_error") << "the second one";
    expect_truth(told);
    EXPECT_EQ(std::ranges::count(datas(), "refused"), 0);
    make_another();
  }
}

TEST_F(CommitError, that_hides_the_file_is_over_when_the_file_is_back) {
  const Fault gone{Operation::open, 1, true, SQLITE_CANTOPEN};
  const auto told = device.write([&](Transaction& t) -> Result<void> {
    if (auto id = t.add(event("telemetry", "new")); !id) return tl::unexpected<Error>(id.error());
    vfs.arm({.operation = Operation::sync, .code = SQLITE_IOERR_FSYNC, .where = Where::wal});
    vfs.also(gone);
    return {};
  });
  EXPECT_EQ(outcome(told), "outcome_unknown");
  EXPECT_EQ(device.store->statistics().commits_unknown, 1U);
  EXPECT_TRUE(device.store->statistics().degraded);
  EXPECT_EQ(outcome(write("refused")), "io_error");
  vfs.disarm();
  device.clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(std::ranges::count(datas(), "new"), 1) << "its frames were whole";
  expect_goes_on();
}

// --- twice ---

TEST_F(CommitError, twice_within_a_minute_degrades_to_reading) {
  EXPECT_EQ(outcome(write_with({.code = SQLITE_IOERR_WRITE, .where = Where::wal})), "io_error");
  EXPECT_FALSE(device.store->statistics().degraded);
  device.clock.advance(std::chrono::seconds(59));
  const auto second = write_with({.code = SQLITE_IOERR_WRITE, .where = Where::wal});
  EXPECT_EQ(outcome(second), "io_error");
  EXPECT_TRUE(device.store->statistics().degraded);
  EXPECT_EQ(outcome(write("refused")), "io_error");
  expect_old();
  EXPECT_EQ(device.state("old"), "old 5");
  expect_truth(second);
  expect_goes_on();  // another opening may be luckier
}

TEST_F(CommitError, twice_in_two_minutes_does_not_degrade) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(outcome(write_with({.code = SQLITE_IOERR_WRITE, .where = Where::wal})), "io_error");
    device.clock.advance(std::chrono::seconds(61));
  }
  expect_goes_on();
}

TEST_F(CommitError, is_an_emergency_until_a_commit_succeeds) {
  ASSERT_FALSE(write_with({.code = SQLITE_IOERR_WRITE, .where = Where::wal}));
  EXPECT_EQ(device.store->statistics().pressure, Pressure::emergency);
  EXPECT_NE(device.store->statistics().pressure_reason, "");
  device.clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(outcome(write("works")), "ok");
  EXPECT_EQ(outcome(write("works")), "ok");
  EXPECT_EQ(device.store->statistics().pressure, Pressure::normal);
}

// Nobody but the lower lane writes, and nothing is acknowledged: no commit would ever prove that it is over.
TEST_F(CommitError, ends_an_emergency_by_itself_when_only_lower_lanes_write) {
  ASSERT_FALSE(write_with({.code = SQLITE_IOERR_WRITE, .where = Where::wal}));
  WriteResult result;
  for (int minute = 0; minute < 10; ++minute) {
    device.clock.advance(std::chrono::minutes(1));
    (void)device.store->store_settled(true);
    device.store->checkpoint_if_due();
    (void)device.store->keep_house();  // as the store's thread does once a second
    result = device.write([](Transaction& t) -> Result<void> {
      const auto id = t.add(event("alarm", "lower"));
      return id ? Result<void>() : tl::unexpected<Error>(id.error());
    });
    if (result) break;
  }
  EXPECT_EQ(outcome(result), "ok");
}

// --- checkpoints ---

struct CheckpointError : CommitError, ::testing::WithParamInterface<Fault> {};

TEST_P(CheckpointError, once_leaves_the_commit_and_is_tried_again) {
  Fault fault = GetParam();
  vfs.arm(fault);
  for (int i = 0; i < 40; ++i) {
    device.clock.advance(std::chrono::minutes(2));
    ASSERT_EQ(outcome(write("value " + std::to_string(i))), "ok") << i;
    device.store->checkpoint_if_due();
  }
  EXPECT_TRUE(vfs.fired());
  const StoreStatistics statistics = device.store->statistics();
  EXPECT_EQ(statistics.checkpoint_failures, 1U);
  EXPECT_GE(statistics.checkpoints, 1U);
  EXPECT_FALSE(statistics.degraded);
  device.drop();
  open();
  EXPECT_EQ(datas().size(), kStored + 41U);
}

TEST_P(CheckpointError, for_good_never_lets_the_wal_grow_past_its_provision) {
  const auto wal_bytes = std::filesystem::file_size(device.path() + "-wal");
  Fault fault = GetParam();
  fault.sticky = true;
  vfs.arm(fault);
  std::size_t stored = kStored + 1;
  bool refused = false;
  for (int i = 0; i < 300; ++i) {
    device.clock.advance(std::chrono::minutes(2));
    const auto told = write("value " + std::to_string(i));
    if (told) {
      ++stored;
    } else {
      refused = true;
      EXPECT_NE(outcome(told), "outcome_unknown");
      EXPECT_NE(outcome(told), "invalid") << told.error().text();
    }
    device.store->checkpoint_if_due();
    ASSERT_EQ(std::filesystem::file_size(device.path() + "-wal"), wal_bytes) << "after " << i;
  }
  EXPECT_TRUE(refused) << "there is no room for 300 commits";
  EXPECT_GT(device.store->statistics().checkpoint_failures, 1U);
  vfs.disarm();
  device.clock.advance(std::chrono::minutes(2));
  device.store->checkpoint_if_due();
  expect_goes_on();
  EXPECT_EQ(datas().size(), stored + 1);
  device.drop();
  open();
  EXPECT_EQ(datas().size(), stored + 1);
}

INSTANTIATE_TEST_SUITE_P(
    Store, CheckpointError,
    ::testing::Values(Fault{Operation::write, 1, false, SQLITE_IOERR_WRITE, Where::database},
                      Fault{Operation::write, 1, false, SQLITE_FULL, Where::database},
                      Fault{Operation::sync, 1, false, SQLITE_IOERR_FSYNC, Where::database}),
    [](const auto& fault) { return to_string(fault.param); });

// --- read-only ---

TEST_F(CommitError, read_only_once_is_denied_and_stores_nothing) {
  const auto told = write_with({.code = SQLITE_READONLY, .where = Where::wal});
  EXPECT_TRUE(vfs.fired());
  EXPECT_EQ(outcome(told), "denied");
  EXPECT_FALSE(expect_truth(told));
  expect_goes_on();
}

TEST_F(CommitError, read_only_for_good_is_denied_and_can_still_be_read) {
  const auto told = write_with({.sticky = true, .code = SQLITE_READONLY});
  EXPECT_EQ(outcome(told), "denied");
  const auto again = write("again");
  EXPECT_TRUE(outcome(again) == "denied" || outcome(again) == "io_error") << outcome(again);
  expect_old();
  EXPECT_FALSE(expect_truth(told));
  expect_goes_on();
}

TEST_F(CommitError, read_only_at_open_is_denied_and_loses_nothing) {
  ASSERT_EQ(outcome(write("new")), "ok");
  device.drop();  // its commits are in the WAL
  vfs.arm({.sticky = true, .code = SQLITE_READONLY});
  EXPECT_EQ(outcome(device.try_open(options())), "denied");
  EXPECT_TRUE(expect_truth(Receipt{}));
  expect_goes_on();
}

// --- reading ---

struct ReadError : CommitError {
  static constexpr int kPages = 90;
  /// State of many pages, of which an opening reads none.
  ReadError() {
    for (int i = 0; i < kPages; ++i) {
      const std::string page = "page-" + std::to_string(i);
      const auto result = device.write([&](Transaction& t) -> Result<void> {
        const auto put = t.put(page, bytes_of(std::string(2000, 'p')));
        return put ? Result<void>() : tl::unexpected<Error>(put.error());
      });
      EXPECT_EQ(outcome(result), "ok");
      device.store->checkpoint_if_due();
    }
    device.close();
    open();
  }
  WriteResult write_over_a_page(const std::string& value) {
    return device.write([&](Transaction& t) -> Result<void> {
      if (auto put = t.put("key", bytes_of(value)); !put) return tl::unexpected<Error>(put.error());
      if (auto put = t.put("page-45", bytes_of(value)); !put) return tl::unexpected<Error>(put.error());
      if (auto id = t.add(event("telemetry", value)); !id) return tl::unexpected<Error>(id.error());
      return {};
    });
  }
};

TEST_F(ReadError, of_the_disk_fails_the_write_and_stores_nothing) {
  vfs.arm({.operation = Operation::read, .sticky = true, .code = SQLITE_IOERR_READ});
  const auto told = write_over_a_page("new");
  EXPECT_TRUE(vfs.fired());
  EXPECT_EQ(outcome(told), "io_error");
  vfs.disarm();
  EXPECT_EQ(outcome(write_over_a_page("newer")), "ok");
  EXPECT_FALSE(expect_truth(told));
  EXPECT_EQ(device.state("page-45"), "newer");
}

TEST_F(ReadError, that_says_corrupt_fails_the_write_and_loses_nothing) {
  vfs.arm({.operation = Operation::read, .code = SQLITE_CORRUPT});
  const auto told = write_over_a_page("new");
  EXPECT_TRUE(vfs.fired());
  EXPECT_TRUE(outcome(told) == "corrupt" || outcome(told) == "ok") << outcome(told);
  expect_truth(told);
  EXPECT_EQ(device.list("page-").size(), std::size_t{kPages});
}

TEST_F(ReadError, at_open_is_reported_and_loses_nothing) {
  for (const auto& [code, said] : {std::pair{SQLITE_IOERR_READ, "io_error"}, {SQLITE_NOTADB, "invalid"}}) {
    device.close();
    vfs.arm({.operation = Operation::read, .sticky = true, .code = code});
    EXPECT_EQ(outcome(device.try_open(options())), said) << code;
    vfs.disarm();
    open();
    expect_old();
    EXPECT_EQ(device.list("page-").size(), std::size_t{kPages});
  }
}

}  // namespace
}  // namespace holdfast::store::test
