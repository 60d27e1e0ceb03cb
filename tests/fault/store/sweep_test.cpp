// SPDX-License-Identifier: MIT
//
// For every n: run a small history with the n-th write (sync, truncation, open, read) failing, open the store again
// without faults, and compare with what the callers were told. The history begins with the opening of a store that is
// there, which is the life of a device; CreationSweep begins with none.
//
//  1. A write that was told "ok" is there, under the id it was told.
//  2. A write that was told an error is not there; "outcome_unknown" may be either.
//  3. A value of the state is that of the last event that is there: both or neither.
//  4. Seqs are dense: what is there, was settled or is in quarantine comes to the highest seq.
//  5. The store goes on.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <map>
#include <set>

#include "support/fault_vfs.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using test_support::Fault;
using Operation = test_support::Fault::Operation;

struct Told {
  std::string key;
  std::string value;  ///< of the state and of the event; different for every write
  WriteResult result;
};

StoreOptions small_budget(StoreOptions options) {
  options.budget_bytes = 1024 * 1024;
  options.checkpoint_pages = 12;
  // An I/O error is an emergency, in which only the highest lane is served: that of this history.
  options.lanes[0].priority = 1;
  options.lanes[1].priority = 0;
  return options;
}

/// A store that was made, and closed, without faults. Made once: that writes its whole budget.
class Made {
 public:
  Made() {
    device_.open(small_budget(device_.options()));
    device_.close();
  }
  void copy_to(const Device& other) const {
    for (const char* end : {"", "-wal"}) std::filesystem::copy_file(device_.path() + end, other.path() + end);
  }

 private:
  Device device_;
};

class History {
 public:
  explicit History(std::string vfs) : vfs_(std::move(vfs)) {
    device.entropy = platform::sim::SeededEntropy(2);
  }

  void run() {
    StoreOptions options = small_budget(device.options());
    options.vfs = vfs_;
    if (!device.try_open(options)) return;
    for (int i = 0; i < 6; ++i) write();
    settle_two_and_quarantine_one();
    for (int i = 0; i < 3; ++i) write();
    write_group();
    write();
    (void)device.store->close();
    device.store.reset();
  }

  void compare() {
    device.store.reset();
    open();
    const std::map<std::int64_t, StoredEvent> there = events();
    std::set<std::string> values = gone_;
    for (const auto& [seq, stored] : there)
      EXPECT_TRUE(values.insert(text(stored.data)).second || gone_.contains(text(stored.data)));
    for (const std::string& value : quarantined()) values.insert(value);
    std::map<std::string, std::string> state;
    for (const Told& told : told_) {
      const bool is_there = values.contains(told.value);
      if (told.result) {
        EXPECT_TRUE(is_there) << told.value;
        expect_id(there, told);
      } else if (told.result.error().code != ErrorCode::outcome_unknown) {
        EXPECT_FALSE(is_there) << told.value << ": " << told.result.error().text();
      }
      if (is_there) state[told.key] = told.value;
    }
    for (const auto& [key, value] : state) EXPECT_EQ(device.state(key), value) << key;
    EXPECT_EQ(device.list("").size(), state.size());
    EXPECT_EQ(device.lane("telemetry").committed_seq, static_cast<std::int64_t>(values.size()));
    EXPECT_EQ(device.add("telemetry", "after").seq, static_cast<std::int64_t>(values.size()) + 1);
    device.drain();
    device.close();
  }

  /// Writes that failed and had no reason of their own to.
  [[nodiscard]] std::size_t failed() const {
    return static_cast<std::size_t>(std::count_if(told_.begin(), told_.end(), [](const Told& told) {
      return !told.result && told.result.error().code != ErrorCode::unavailable;
    }));
  }

  Device device;

 private:
  // On the same VFS, without faults: it does not flush, and the sweep is fast.
  void open() {
    StoreOptions options = small_budget(device.options());
    options.vfs = vfs_;
    device.open(options);
  }

  std::string next_value() { return "value-" + std::to_string(++last_value_); }

  WriteBody put_and_add(const Told& told) {
    return [&told](Transaction& t) -> Result<void> {
      if (auto put = t.put(told.key, bytes_of(told.value)); !put) return tl::unexpected<Error>(put.error());
      if (auto id = t.add(event("telemetry", told.value)); !id) return tl::unexpected<Error>(id.error());
      return {};
    };
  }

  void write() {
    device.clock.advance(std::chrono::minutes(2));  // trouble is not yet a state
    Told told{"key-" + std::to_string(last_value_ % 3), next_value(), {}};
    told.result = device.write(put_and_add(told));
    told_.push_back(std::move(told));
    device.store->checkpoint_if_due();
  }

  void write_group() {
    device.clock.advance(std::chrono::minutes(2));
    std::vector<Told> tolds;
    for (int i = 0; i < 3; ++i) tolds.push_back({"group-" + std::to_string(i), next_value(), {}});
    std::vector<WriteBody> bodies;
    for (const Told& told : tolds) bodies.push_back(put_and_add(told));
    bodies[1] = [&](Transaction& t) -> Result<void> {
      (void)put_and_add(tolds[1])(t);
      return fail(ErrorCode::unavailable, "test");
    };
    std::vector<WriteJob> jobs(3);
    for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].body = &bodies[i];
    for (std::size_t done = 0; done < jobs.size();) {
      done += device.store->commit_group(std::span(jobs).subspan(done));
    }
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      tolds[i].result = std::move(jobs[i].outcome);
      told_.push_back(std::move(tolds[i]));
    }
  }

  void settle_two_and_quarantine_one() {
    const auto fetched = device.store->fetch({kTelemetry, 0, 3, 10'000});
    if (!fetched || fetched->events.size() < 3) return;
    for (std::size_t i = 0; i < 2; ++i) {
      gone_.insert(text(fetched->events[i].data));
      device.store->settle(kTelemetry, fetched->events[i].seq);
    }
    device.store->note_failure({kTelemetry, fetched->events[2].seq, 0x97, "quota", {}});
    (void)device.store->store_settled(true);
    (void)device.store->quarantine({kTelemetry, fetched->events[2].seq, 0x99, "bad", {}});
    (void)device.store->control_records();
  }

  std::map<std::int64_t, StoredEvent> events() {
    std::map<std::int64_t, StoredEvent> all;
    for (StoredEvent& stored : device.fetch(kTelemetry).events) all.emplace(stored.seq, std::move(stored));
    return all;
  }

  std::vector<std::string> quarantined() {
    device.close();
    std::vector<std::string> values;
    {
      RawDatabase raw(device.path());
      int keep_wal = 1;  // else it would be made again each time
      sqlite3_file_control(raw.handle(), "main", SQLITE_FCNTL_PERSIST_WAL, &keep_wal);
      EXPECT_EQ(rows_of(raw.handle(), "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
      values = rows_of(raw.handle(), "SELECT CAST(data AS TEXT) FROM hf_quarantine");
      EXPECT_EQ(raw.integer("SELECT count(*) FROM hf_gap"), static_cast<std::int64_t>(values.size()));
    }
    open();
    return values;
  }

  void expect_id(const std::map<std::int64_t, StoredEvent>& there, const Told& told) {
    ASSERT_EQ(told.result->events.size(), 1U);
    const EventId& id = told.result->events[0];
    EXPECT_TRUE(ids_.insert(id.text()).second) << id.text();
    const auto found = there.find(id.seq);
    if (found == there.end()) return;  // settled or quarantined
    EXPECT_EQ(text(found->second.data), told.value);
    EXPECT_EQ(found->second.epoch, id.epoch);
  }

  std::string vfs_;
  int last_value_ = 0;
  std::vector<Told> told_;
  std::set<std::string> gone_;  ///< values that were settled
  std::set<std::string> ids_;
};

struct Sweep : ::testing::TestWithParam<Fault> {
  /// Returns whether the fault was met.
  bool run(const Fault& fault, const Made* made) {
    SCOPED_TRACE("operation " + std::to_string(fault.nth));
    History history(vfs.name());
    if (made != nullptr) made->copy_to(history.device);
    vfs.arm(fault);
    history.run();
    vfs.disarm();
    const bool fired = vfs.fired();
    history.compare();
    return fired;
  }
  test_support::FaultVfs vfs;
};

TEST_P(Sweep, tells_every_writer_the_truth) {
  static const Made made;
  int runs = 0;
  Fault fault = GetParam();
  const int step = fault.sticky && fault.operation == Operation::write ? 2 : 1;  // neighbours differ little
  for (; run(fault, &made) && !HasFailure(); fault.nth += step) ASSERT_LT(++runs, 2000);
  EXPECT_GT(runs, fault.operation == Operation::write ? 60 : 0) << "the fault was hardly met";
}

struct CreationSweep : Sweep {};

// Most operations are those that fill the budget, all alike: after the first ones only some are tried.
TEST_P(CreationSweep, tells_every_writer_the_truth) {
  constexpr int kAllOf = 40;
  int runs = 0;
  Fault fault = GetParam();
  for (; run(fault, nullptr) && !HasFailure(); fault.nth += fault.nth < kAllOf ? 1 : 13)
    ASSERT_LT(++runs, 500);
  EXPECT_GT(runs, fault.operation == Operation::write ? kAllOf : 1) << "the fault was hardly met";
}

/// The n-th call of one kind that SQLite makes gives, or takes, half of what it was asked to: read(2) and write(2) may.
/// Of the whole process, so one at a time.
class HalfDone {
 public:
  HalfDone(const std::string& call, int nth) : name_(call) {
    left_ = nth;
    int set = SQLITE_NOTFOUND;
    if (name_ == "read") set = replace(reinterpret_cast<sqlite3_syscall_ptr>(half_read));
    if (name_ == "write") set = replace(reinterpret_cast<sqlite3_syscall_ptr>(half_write));
    if (name_ == "pread64") set = replace(reinterpret_cast<sqlite3_syscall_ptr>(half_pread));
    if (name_ == "pwrite64") set = replace(reinterpret_cast<sqlite3_syscall_ptr>(half_pwrite));
    EXPECT_EQ(set, SQLITE_OK) << call;
  }
  ~HalfDone() { replace(nullptr); }
  HalfDone(const HalfDone&) = delete;
  HalfDone& operator=(const HalfDone&) = delete;
  [[nodiscard]] static bool met() { return left_ <= 0; }

 private:
  int replace(sqlite3_syscall_ptr with) const {
    sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
    return vfs->xSetSystemCall(vfs, name_.c_str(), with);
  }
  static std::size_t part(std::size_t bytes) { return --left_ == 0 && bytes > 1 ? bytes / 2 : bytes; }
  static ssize_t half_read(int fd, void* to, std::size_t bytes) { return ::read(fd, to, part(bytes)); }
  static ssize_t half_write(int fd, const void* from, std::size_t bytes) {
    return ::write(fd, from, part(bytes));
  }
  static ssize_t half_pread(int fd, void* to, std::size_t bytes, off_t at) {
    return ::pread(fd, to, part(bytes), at);
  }
  static ssize_t half_pwrite(int fd, const void* from, std::size_t bytes, off_t at) {
    return ::pwrite(fd, from, part(bytes), at);
  }

  static inline int left_ = 0;
  std::string name_;
};

struct HalfDoneSweep : ::testing::Test {
  test_support::FaultVfs vfs;
};

// Nobody needs to be told: SQLite asks for the rest.
TEST_F(HalfDoneSweep, of_a_read_or_a_write_changes_nothing) {
  static const Made made;
  std::map<std::string, int> met;
  for (const std::string call : {"read", "write", "pread64", "pwrite64"}) {
    for (int nth = 1, runs = 0;; ++nth) {
      SCOPED_TRACE(call + ' ' + std::to_string(nth));
      History history(vfs.name());
      made.copy_to(history.device);
      {
        const HalfDone half(call, nth);
        history.run();
        if (!half.met()) break;
      }
      ++met[call];
      EXPECT_EQ(history.failed(), 0U);
      history.compare();
      ASSERT_LT(++runs, 2000);
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(met["read"] + met["pread64"], 20) << "which call does SQLite make?";
  EXPECT_GT(met["write"] + met["pwrite64"], 60);
}

std::string name_of(const ::testing::TestParamInfo<Fault>& sweep) { return to_string(sweep.param); }

INSTANTIATE_TEST_SUITE_P(Store, Sweep,
                         ::testing::Values(Fault{Operation::write, 1, false, SQLITE_IOERR_WRITE},
                                           Fault{Operation::write, 1, true, SQLITE_IOERR_WRITE},
                                           Fault{Operation::write, 1, false, SQLITE_FULL},
                                           Fault{Operation::write, 1, true, SQLITE_FULL},
                                           Fault{Operation::write, 1, true, SQLITE_READONLY},
                                           Fault{Operation::sync, 1, false, SQLITE_IOERR_FSYNC},
                                           Fault{Operation::sync, 1, true, SQLITE_IOERR_FSYNC},
                                           Fault{Operation::truncate, 1, false, SQLITE_IOERR_TRUNCATE},
                                           Fault{Operation::open, 1, false, SQLITE_CANTOPEN},
                                           Fault{Operation::open, 1, true, SQLITE_CANTOPEN},
                                           Fault{Operation::read, 1, false, SQLITE_IOERR_READ},
                                           Fault{Operation::read, 1, true, SQLITE_IOERR_READ}),
                         name_of);

INSTANTIATE_TEST_SUITE_P(Store, CreationSweep,
                         ::testing::Values(Fault{Operation::write, 1, false, SQLITE_IOERR_WRITE},
                                           Fault{Operation::write, 1, true, SQLITE_FULL},
                                           Fault{Operation::sync, 1, false, SQLITE_IOERR_FSYNC},
                                           Fault{Operation::open, 1, false, SQLITE_CANTOPEN},
                                           Fault{Operation::read, 1, false, SQLITE_IOERR_READ}),
                         name_of);

}  // namespace
}  // namespace holdfast::store::test
