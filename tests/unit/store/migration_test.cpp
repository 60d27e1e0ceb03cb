// SPDX-License-Identifier: MIT
#include "store/migrations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include <holdfast/check.hpp>

#include "support/fault_vfs.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

const std::string kOurs = "PRAGMA application_id=" + std::to_string(kStoreApplicationId) + ';';

TEST(Migration, takes_an_empty_store_forward) {
  Device device;
  RawDatabase(device.path()).run(kOurs + "PRAGMA user_version=0");
  device.open();
  EXPECT_EQ(device.add("alarm").seq, 1);
  device.close();
  EXPECT_EQ(RawDatabase(device.path()).integer("PRAGMA user_version"), kSchemaVersion);
}

TEST(Migration, refuses_a_newer_schema_and_leaves_it_alone) {
  Device device;
  RawDatabase(device.path()).run(kOurs + "PRAGMA user_version=" + std::to_string(kSchemaVersion + 1));
  const auto refused = device.try_open(device.options());
  ASSERT_EQ(outcome(refused), "schema_newer");
  EXPECT_NE(refused.error().hint.find("newer Holdfast"), std::string::npos);
  RawDatabase raw(device.path());
  EXPECT_EQ(raw.integer("PRAGMA user_version"), kSchemaVersion + 1);
  EXPECT_EQ(raw.integer("SELECT count(*) FROM sqlite_schema"), 0);
}

TEST(Migration, that_is_killed_leaves_the_version_before_it) {
  Device device;
  ForkedFirst killed([&] {
    const auto connection =
        Connection::open({.path = device.path(), .vfs = {}, .application_id = kStoreApplicationId});
    HOLDFAST_CHECK(connection.has_value());
    // The first half of a migration, then the process is gone.
    EXPECT_EQ(
        run_sql(connection->handle(), "BEGIN IMMEDIATE; CREATE TABLE hf_store (id); PRAGMA user_version=1"),
        SQLITE_OK);
    ::_exit(0);
    return std::string();
  });
  EXPECT_EQ(killed.run(), "");
  device.open();
  EXPECT_EQ(device.add("alarm").seq, 1);
}

TEST(Migration, is_not_run_again) {
  Device device;
  device.open();
  device.close();
  RawDatabase(device.path()).run("UPDATE hf_lane SET lost_events = 7 WHERE lane = 1");
  device.open();
  EXPECT_EQ(device.lane("alarm").lost_events_ever, 7);
}

// A store of version 2 is one of today's without what later versions have added.
TEST(Migration, takes_a_quarantine_of_version_2_along) {
  Device device;
  device.open();
  for (int i = 1; i <= 2; ++i) (void)device.add("telemetry", "event " + std::to_string(i));
  ASSERT_EQ(device.seqs(kTelemetry).size(), 2U);
  ASSERT_TRUE(device.store->quarantine({kTelemetry, 1, 0x99, "payload format invalid", {}}));
  device.close();
  RawDatabase(device.path())
      .run("DROP TABLE hf_lease; ALTER TABLE hf_quarantine DROP COLUMN requeued; PRAGMA user_version=2");
  device.open();
  const auto page = device.store->quarantined("telemetry", 0, 100);
  ASSERT_EQ(page->events.size(), 1U);
  EXPECT_FALSE(page->events[0].requeued);
  EXPECT_EQ(device.store->requeue("telemetry", 1, 1).value(), 1U);
  ASSERT_EQ(device.store->requeued({})->events.size(), 1U);
  EXPECT_EQ(text(device.store->requeued({})->events[0].data), "event 1");
  device.close();
  EXPECT_EQ(RawDatabase(device.path()).integer("PRAGMA user_version"), kSchemaVersion);
}

// --- a store of version 1 (stores/README.md says what is in it) ---

struct VersionOne : ::testing::Test {
  VersionOne() {
    device.entropy = platform::sim::SeededEntropy(3);
    device.host.boot = "boot-3";
    lay_down();
  }

  /// The store as the device has it before it gets new software.
  void lay_down() const {
    for (const char* end : {"", "-wal"}) std::filesystem::remove(device.path() + end);
    std::filesystem::copy_file(HOLDFAST_TEST_STORES "/v1.db", device.path());
  }
  [[nodiscard]] StoreOptions options() const {
    StoreOptions options = device.options();
    options.budget_bytes = 1024 * 1024;
    return options;
  }
  [[nodiscard]] std::vector<std::string> ids(LaneNumber lane) {
    std::vector<std::string> ids;
    for (const StoredEvent& e : device.fetch(lane).events) {
      const char* name = lane == kAlarm ? "alarm" : "telemetry";
      ids.push_back(EventId{e.epoch, name, e.seq}.text() + ' ' + text(e.data));
    }
    return ids;
  }
  void expect_nothing_lost() {
    EXPECT_EQ(ids(kAlarm),
              (std::vector<std::string>{kFirst + "-alarm-2 alarm 2", kFirst + "-alarm-3 alarm 3"}));
    EXPECT_EQ(ids(kTelemetry),
              (std::vector<std::string>{
                  kFirst + "-telemetry-4 telemetry 4", kFirst + "-telemetry-6 telemetry 6",
                  kFirst + "-telemetry-7 telemetry 7", kFirst + "-telemetry-8 telemetry 8",
                  kSecond + "-telemetry-9 telemetry 9", kSecond + "-telemetry-10 telemetry 10"}));
    EXPECT_EQ(device.state("room-0"), "telemetry 6");
    EXPECT_EQ(device.state("room-1"), "telemetry 7");
    EXPECT_EQ(device.state("room-2"), "telemetry 8");
    EXPECT_EQ(device.state("plain"), "old value");
  }
  void open() { device.open(options()); }
  [[nodiscard]] std::int64_t version() const {
    return RawDatabase(device.path()).integer("PRAGMA user_version");
  }

  const std::string kFirst = Epoch{static_cast<std::uint64_t>(-7995527694508729151LL)}.text();
  const std::string kSecond = Epoch{static_cast<std::uint64_t>(-7541218347953203506LL)}.text();
  Device device;
};

TEST_F(VersionOne, is_brought_forward_and_loses_nothing) {
  ASSERT_EQ(version(), 1);
  open();
  expect_nothing_lost();
  device.close();
  EXPECT_EQ(version(), kSchemaVersion);
  EXPECT_GE(kSchemaVersion, 2);
  open();
  expect_nothing_lost();
}

TEST_F(VersionOne, keeps_every_part_of_an_event) {
  open();
  const auto events = device.fetch(kTelemetry).events;
  const StoredEvent& old = events.front();
  EXPECT_FALSE(old.anchor.has_value()) << "its clock was never trusted";
  EXPECT_EQ(old.topic, "holdfast/device-1/telemetry/room-1");
  EXPECT_EQ(old.type, "com.example.reading.v1");
  const StoredEvent& ninth = events.at(4);
  ASSERT_EQ(ninth.seq, 9);
  EXPECT_TRUE(ninth.anchor.has_value());
  EXPECT_FALSE(ninth.of_this_boot);
  EXPECT_EQ(ninth.attributes, (std::vector<Attribute>{{"plant", "north"}}));
  EXPECT_EQ(ninth.ttl_s, 3600U);
  EXPECT_EQ(ninth.key, "room-0");
  EXPECT_EQ(device.list("").size(), 4U);
  EXPECT_EQ(device.list("plain").at(0).content_type, "text/plain");
  EXPECT_EQ(device.list("room-2").at(0).version, 3);
}

TEST_F(VersionOne, counts_what_waits_and_what_was_lost) {
  open();
  const LaneStatistics telemetry = device.lane("telemetry");
  EXPECT_EQ(telemetry.committed_seq, 10);
  EXPECT_EQ(telemetry.settled_seq, 3);
  EXPECT_EQ(telemetry.backlog_events, 6);
  EXPECT_EQ(telemetry.backlog_bytes, 5 * 11 + 12);
  EXPECT_EQ(telemetry.quarantined_events, 2);
  EXPECT_EQ(telemetry.lost_events_ever, 2);
  EXPECT_EQ(telemetry.lost_bytes_ever, 22);
  const LaneStatistics alarm = device.lane("alarm");
  EXPECT_EQ(alarm.committed_seq, 3);
  EXPECT_EQ(alarm.settled_seq, 1);
  EXPECT_EQ(alarm.backlog_events, 2);
  EXPECT_EQ(alarm.backlog_bytes, 14);
  EXPECT_EQ(alarm.lost_events_ever, 0);
}

TEST_F(VersionOne, goes_on_with_its_sequences_in_a_child_of_its_last_epoch) {
  open();
  EXPECT_EQ(device.add("telemetry", "telemetry 11").seq, 11);
  EXPECT_EQ(device.add("alarm", "alarm 4").seq, 4);
  const auto records = device.store->control_records();
  EpochRecord newest;
  for (const ControlRecord& record : *records) {
    const auto* epoch = std::get_if<EpochRecord>(&record.record);
    if (epoch != nullptr && epoch->epoch == device.store->statistics().epoch) newest = *epoch;
  }
  ASSERT_TRUE(newest.parent.has_value());
  EXPECT_EQ(newest.parent->text(), kSecond);
  EXPECT_EQ(newest.parent_ends, (std::vector<LaneEnd>{{"alarm", 3}, {"telemetry", 10}}));
}

TEST_F(VersionOne, still_declares_what_was_not_acknowledged_and_nothing_else) {
  open();
  const auto records = device.store->control_records();
  ASSERT_EQ(records->size(), 2U);
  std::vector<std::string> said;
  for (const ControlRecord& record : *records) {
    const auto* gap = std::get_if<GapRecord>(&record.record);
    said.push_back(gap != nullptr ? gap->id + " of " + std::to_string(gap->first) + ", " +
                                        std::to_string(gap->bytes) + " bytes " + gap->reason
                                  : std::get<EpochRecord>(record.record).epoch.text());
  }
  EXPECT_THAT(
      said, ::testing::UnorderedElementsAre(kSecond, kFirst + "-telemetry-gap-2 of 5, 11 bytes quarantined"));
}

TEST_F(VersionOne, settles_over_what_was_quarantined_before) {
  open();
  ASSERT_EQ(device.seqs(kTelemetry), (std::vector<std::int64_t>{4, 6, 7, 8, 9, 10}));
  for (const std::int64_t seq : {4, 6, 7, 8, 9, 10}) device.store->settle(kTelemetry, seq);
  EXPECT_EQ(device.lane("telemetry").settled_seq, 10);
  device.close();
  open();
  EXPECT_EQ(device.lane("telemetry").settled_seq, 10);
  EXPECT_EQ(device.lane("telemetry").backlog_events, 0);
  EXPECT_EQ(device.lane("telemetry").backlog_bytes, 0);
  EXPECT_EQ(device.lane("telemetry").lost_events_ever, 2);
}

TEST_F(VersionOne, keeps_failures_quarantine_and_the_callers_own_table) {
  open();
  device.close();
  RawDatabase raw(device.path());
  EXPECT_EQ(
      rows_of(raw.handle(), "SELECT lane || ' ' || seq || ' ' || attempts || ' ' || detail FROM hf_failed"),
      std::vector<std::string>{"2 6 1 quota exceeded"});
  EXPECT_EQ(rows_of(raw.handle(), "SELECT CAST(data AS TEXT) FROM hf_quarantine ORDER BY seq"),
            (std::vector<std::string>{"telemetry 2", "telemetry 5"}));
  EXPECT_EQ(rows_of(raw.handle(), "SELECT note FROM mine"), std::vector<std::string>{"a caller's own row"});
  EXPECT_EQ(rows_of(raw.handle(), "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
}

/// Opening is stopped at a write, by death or by an error.
struct Interrupted : VersionOne {
  void open_with(const test_support::Fault& fault) {
    StoreOptions with_faults = options();
    with_faults.vfs = vfs.name();
    vfs.arm(fault);
    (void)device.try_open(with_faults);
    device.drop();
    vfs.disarm();
  }
  void open_and_die_at(int nth) {
    const pid_t child = ::fork();
    HOLDFAST_CHECK(child >= 0);
    if (child == 0) {
      open_with({.nth = nth, .kill = true});
      ::_exit(0);
    }
    HOLDFAST_CHECK(::waitpid(child, nullptr, 0) == child);
  }
  /// Old or new, all of it: returns the version.
  std::int64_t expect_whole_version() {
    const std::int64_t found = version();
    EXPECT_TRUE(found >= 1 && found <= kSchemaVersion) << found;
    RawDatabase raw(device.path());
    EXPECT_EQ(raw.integer("SELECT count(*) FROM pragma_table_info('hf_store') WHERE name = 'budget_bytes'"),
              found == 1 ? 0 : 1);
    EXPECT_EQ(raw.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'hf_key'"), found == 1 ? 0 : 1);
    EXPECT_EQ(raw.integer("SELECT count(*) FROM pragma_table_info('hf_quarantine') WHERE name = 'requeued'"),
              found < 3 ? 0 : 1);
    EXPECT_EQ(raw.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'hf_lease'"), found < 4 ? 0 : 1);
    return found;
  }
  /// The first write after which the new version is there.
  int find_step() {
    const auto is_new_after = [&](int nth) {
      lay_down();
      open_and_die_at(nth);
      return version() != 1;
    };
    int high = 1;
    for (; !is_new_after(high); high *= 2) HOLDFAST_CHECK(high < 100'000);
    int low = high / 2;
    while (high - low > 1) (is_new_after((low + high) / 2) ? high : low) = (low + high) / 2;
    return high;
  }
  template <class Interrupt>
  void try_around_the_step(Interrupt interrupt) {
    const int step = find_step();
    std::set<std::int64_t> versions;
    for (int nth = std::max(1, step - 40); nth < step + 10 && !HasFailure(); ++nth) {
      SCOPED_TRACE("write " + std::to_string(nth));
      lay_down();
      interrupt(nth);
      versions.insert(expect_whole_version());
      StoreOptions without_faults = options();
      without_faults.vfs = vfs.name();  // it does not flush: faster
      ASSERT_EQ(outcome(device.try_open(without_faults)), "ok");
      expect_nothing_lost();
      device.close();
    }
    EXPECT_GE(versions.size(), 2U) << "both sides of the step were seen";
  }
  test_support::FaultVfs vfs;
};

TEST_F(Interrupted, by_death_it_is_the_old_version_or_the_new_one) {
  try_around_the_step([&](int nth) { open_and_die_at(nth); });
}

TEST_F(Interrupted, by_an_error_it_is_the_old_version_or_the_new_one) {
  try_around_the_step([&](int nth) { open_with({.nth = nth, .code = SQLITE_IOERR_WRITE}); });
}

TEST_F(Interrupted, by_a_full_disk_it_is_the_old_version_or_the_new_one) {
  try_around_the_step([&](int nth) { open_with({.nth = nth, .sticky = true, .code = SQLITE_FULL}); });
}

}  // namespace
}  // namespace holdfast::store::test
