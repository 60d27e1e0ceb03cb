// SPDX-License-Identifier: MIT
#include "store/migrations.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <holdfast/check.hpp>

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

}  // namespace
}  // namespace holdfast::store::test
