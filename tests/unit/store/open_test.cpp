// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "store/migrations.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

TEST(Open, puts_every_setting_in_force) {
  Device device;
  const auto session = Session::open(device.options(), device.platform(), "opened");
  ASSERT_TRUE(session);
  const auto pragma = [&](const std::string& name) {
    return rows_of((*session)->handle(), "PRAGMA " + name).at(0);
  };
  EXPECT_EQ(pragma("locking_mode"), "exclusive");
  EXPECT_EQ(pragma("journal_mode"), "wal");
  EXPECT_EQ(pragma("synchronous"), "2");
  EXPECT_EQ(pragma("page_size"), "4096");
  EXPECT_EQ(pragma("cache_spill"), "0");
  EXPECT_EQ(pragma("mmap_size"), "0");
  EXPECT_EQ(pragma("temp_store"), "2");
  EXPECT_EQ(pragma("trusted_schema"), "0");
  EXPECT_EQ(pragma("wal_autocheckpoint"), "0");
  EXPECT_EQ(pragma("journal_size_limit"), "-1");
  EXPECT_EQ(pragma("secure_delete"), "0");
  EXPECT_EQ(pragma("cell_size_check"), "1");
  const Layout layout = layout_of(device.options().budget_bytes, device.options().checkpoint_pages);
  EXPECT_LE(std::stoull(pragma("max_page_count")), layout.database_pages);
  EXPECT_GE(std::stoull(pragma("max_page_count")) + 4,
            layout.database_pages);  // provision.hpp: up to 4 short
  EXPECT_EQ(pragma("page_count"), pragma("max_page_count"));
  EXPECT_EQ(pragma("cache_size"), std::to_string(layout.cache_pages));
  EXPECT_EQ(pragma("application_id"), std::to_string(kStoreApplicationId));
  EXPECT_EQ(pragma("user_version"), std::to_string(kSchemaVersion));
  for (const int flag : {SQLITE_DBCONFIG_DEFENSIVE}) {
    int on = -1;
    sqlite3_db_config((*session)->handle(), flag, -1, &on);
    EXPECT_EQ(on, 1) << flag;
  }
  for (const int flag : {SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
                         SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION}) {
    int on = -1;
    sqlite3_db_config((*session)->handle(), flag, -1, &on);
    EXPECT_EQ(on, 0) << flag;
  }
  int psow = -1;
  sqlite3_file_control((*session)->handle(), "main", SQLITE_FCNTL_POWERSAFE_OVERWRITE, &psow);
  EXPECT_EQ(psow, 0);
  EXPECT_EQ(sqlite3_limit((*session)->handle(), SQLITE_LIMIT_ATTACHED, -1), 0);
}

TEST(Open, never_makes_a_shared_memory_file_and_keeps_the_wal) {
  Device device;
  const auto shm = [&] { return std::filesystem::exists(device.path() + "-shm"); };
  device.open();
  EXPECT_FALSE(shm());
  ASSERT_EQ(outcome(device.put_and_add("k", "v")), "ok");
  EXPECT_FALSE(shm());
  const auto size = std::filesystem::file_size(device.path() + "-wal");
  EXPECT_GT(size, 0U);
  device.reopen();
  EXPECT_FALSE(shm());
  device.close();
  EXPECT_FALSE(shm());
  EXPECT_GE(std::filesystem::file_size(device.path() + "-wal"), size);
}

TEST(Open, tells_a_second_opener_who_holds_the_store) {
  Device device;
  ForkedFirst second([&] {
    const auto opened = Store::open(device.options(), device.platform());
    return opened ? "opened" : opened.error().text();
  });
  device.open();
  const std::string said = second.run();
  EXPECT_NE(said.find(": busy ("), std::string::npos) << said;
  EXPECT_NE(said.find("in use by pid " + std::to_string(::getpid())), std::string::npos) << said;
}

TEST(Open, refuses_a_second_store_on_the_file_in_the_same_process) {
  Device device;
  device.open();
  EXPECT_EQ(outcome(Store::open(device.options(), device.platform())), "busy");
  device.add("alarm");
}

TEST(Open, leaves_a_file_that_is_no_database_as_it_was) {
  Device device;
  const std::string content(5000, 'x');
  device.dir.write("store.db", content);
  EXPECT_EQ(outcome(device.try_open(device.options())), "invalid");
  EXPECT_EQ(holdfast::test_support::read_file(device.path()), content);
  EXPECT_FALSE(std::filesystem::exists(device.path() + "-wal"));
}

TEST(Open, leaves_the_database_of_another_program_as_it_was) {
  Device device;
  RawDatabase(device.path()).run("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
  const std::string before = holdfast::test_support::read_file(device.path());
  EXPECT_EQ(outcome(device.try_open(device.options())), "invalid");
  EXPECT_EQ(holdfast::test_support::read_file(device.path()), before);
}

TEST(Open, leaves_the_wal_of_another_program_as_it_was) {
  Device device;
  {
    // As a crash leaves it: commits in the WAL, not in the database.
    RawDatabase theirs(device.dir / "theirs.db");
    theirs.run("PRAGMA journal_mode=WAL; CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
    for (const char* end : {"", "-wal"}) {
      std::filesystem::copy_file(device.dir / ("theirs.db" + std::string(end)), device.path() + end);
    }
  }
  const std::string database = holdfast::test_support::read_file(device.path());
  const std::string wal = holdfast::test_support::read_file(device.path() + "-wal");
  ASSERT_FALSE(wal.empty());
  EXPECT_EQ(outcome(device.try_open(device.options())), "invalid");
  EXPECT_EQ(holdfast::test_support::read_file(device.path()), database);
  EXPECT_EQ(holdfast::test_support::read_file(device.path() + "-wal"), wal);
}

TEST(Open, takes_an_empty_file_for_a_new_store) {
  Device device;
  device.dir.write("store.db", "");
  device.open();
  EXPECT_EQ(device.add("alarm").seq, 1);
}

TEST(Open, refuses_the_store_of_another_device) {
  Device device;
  device.open();
  device.close();
  StoreOptions options = device.options();
  options.device = "device-2";
  const auto refused = device.try_open(options);
  ASSERT_EQ(outcome(refused), "invalid");
  EXPECT_NE(refused.error().hint.find("'device-1'"), std::string::npos) << refused.error().hint;
  options.device.clear();
  device.open(options);
  EXPECT_EQ(device.store->device(), "device-1");
}

TEST(Open, makes_a_store_only_when_asked_and_told_enough) {
  Device device;
  StoreOptions options = device.options();
  options.create = false;
  EXPECT_EQ(outcome(device.try_open(options)), "invalid");
  options = device.options();
  options.device.clear();
  EXPECT_EQ(outcome(device.try_open(options)), "invalid");
  options = device.options();
  options.lanes.clear();
  EXPECT_EQ(outcome(device.try_open(options)), "invalid");
  EXPECT_FALSE(std::filesystem::exists(device.path()));
  device.open();
  device.close();
  options.create = false;
  device.open(options);
  EXPECT_EQ(device.store->lanes().size(), 2U);
}

TEST(Open, refuses_a_place_that_cannot_hold_a_store) {
  Device device;
  StoreOptions options = device.options();
  options.path = device.dir / "missing/store.db";
  EXPECT_EQ(outcome(device.try_open(options)), "invalid");
  options.path = device.dir.path().string();
  EXPECT_EQ(outcome(device.try_open(options)), "invalid");
  options.path.clear();
  EXPECT_EQ(outcome(device.try_open(options)), "invalid");
}

TEST(Open, accepts_any_path_that_the_system_accepts) {
  Device device;
  for (const char* name : {"a b", "100%", "what?psow=1", "#1", "\xC3\xA9t\xC3\xA9"}) {
    StoreOptions options = device.options();
    options.path = '/' + (device.dir / name);  // and a doubled slash is no host name
    device.open(options);
    device.close();
    EXPECT_TRUE(std::filesystem::exists(device.dir / name)) << name;
  }
}

TEST(Open, refuses_options_out_of_bounds) {
  Device device;
  const auto with = [&](const std::function<void(StoreOptions&)>& change) {
    StoreOptions options = device.options();
    change(options);
    return outcome(device.try_open(options));
  };
  EXPECT_EQ(with([](StoreOptions& o) { o.budget_bytes = 1024 * 1024 - 1; }), "invalid");
  EXPECT_EQ(with([](StoreOptions& o) { o.checkpoint_pages = 0; }), "invalid");
  EXPECT_EQ(with([](StoreOptions& o) { o.event_data_bytes_max = 0; }), "invalid");
  EXPECT_EQ(with([](StoreOptions& o) { o.event_data_bytes_max = 1024 * 1024 + 1; }), "invalid");
  EXPECT_EQ(with([](StoreOptions& o) { o.settle_events_max = 0; }), "invalid");
  EXPECT_EQ(with([](StoreOptions& o) { o.device = "no spaces"; }), "invalid");
  EXPECT_EQ(with([](StoreOptions& o) { o.lanes[0].name = "Alarm"; }), "invalid");
  EXPECT_EQ(with([](StoreOptions& o) { o.lanes[0].name = o.lanes[1].name; }), "invalid");
  EXPECT_EQ(with([](StoreOptions& o) { o.topic_prefix = "/slash"; }), "invalid");
  EXPECT_EQ(with([](StoreOptions& o) { o.topic_template = "{prefix}/{room}"; }), "invalid");
  EXPECT_EQ(with([](StoreOptions& o) { o.topic_template = "{prefix}/#"; }), "invalid");
  EXPECT_EQ(with([](StoreOptions& o) { o.topic_template = "{prefix"; }), "invalid");
  EXPECT_EQ(with([](StoreOptions& o) {
              o.lanes.clear();
              for (int i = 0; i < 17; ++i) o.lanes.push_back({"lane" + std::to_string(i), 1});
            }),
            "too_large");
}

TEST(Open, refuses_a_budget_below_what_the_store_already_has) {
  Device device;
  device.open();
  const std::string data(60'000, 'x');
  for (int i = 0; i < 30; ++i) device.add("telemetry", data);
  device.close();
  StoreOptions options = device.options();
  options.budget_bytes = 1024 * 1024;
  EXPECT_EQ(outcome(device.try_open(options)), "invalid");
  device.open();
  EXPECT_EQ(device.seqs(kTelemetry).size(), 17U);  // 1 MiB of them
}

TEST(Open, adds_lanes_and_changes_priorities_later) {
  Device device;
  device.open();
  EXPECT_EQ(device.add("telemetry").seq, 1);
  device.close();
  StoreOptions options = device.options();
  options.lanes = {{"bulk", 9}, {"telemetry", 0}, {"alarm", 5}};
  device.open(options);
  std::vector<std::string> names;
  for (const LaneRecord& lane : device.store->lanes()) names.push_back(lane.options.name);
  EXPECT_EQ(names, (std::vector<std::string>{"telemetry", "alarm", "bulk"}));
  EXPECT_EQ(device.add("telemetry").seq, 2);
  EXPECT_EQ(device.add("bulk").seq, 1);
}

TEST(Open, is_of_no_use_after_close) {
  Device device;
  device.open();
  ASSERT_TRUE(device.store->close());
  EXPECT_EQ(outcome(device.put_and_add("k", "v")), "io_error");
  device.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(outcome(device.put_and_add("k", "v")), "io_error");
  EXPECT_EQ(outcome(device.store->fetch({kAlarm, 0, 1, 1})), "io_error");
}

}  // namespace
}  // namespace holdfast::store::test
