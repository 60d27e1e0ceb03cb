// SPDX-License-Identifier: MIT
#include "demonstration/tables.hpp"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <holdfast/platform/linux.hpp>

#include "support/temp_dir.hpp"

namespace holdfast::demo {
namespace {

void execute(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
}

TEST(DemoTables, reads_each_row_of_effects_also_the_second_one_of_an_id) {
  const test_support::TempDir dir;
  execute(dir / "inbox.db",
          "CREATE TABLE effects (id TEXT NOT NULL, source TEXT, committed_ns INTEGER, applied_ns INTEGER);"
          "INSERT INTO effects VALUES ('a', '', 1, 2), ('a', '', 1, 3), ('b', '', 4, 5)");
  const auto rows = read_applied(dir / "inbox.db");
  ASSERT_TRUE(rows) << rows.error().text();
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ(rows->at(1).id, "a");
  EXPECT_EQ(rows->at(1).at, Instant(Duration(3)));
}

TEST(DemoTables, fails_without_the_table_and_without_the_file) {
  const test_support::TempDir dir;
  execute(dir / "store.db", "CREATE TABLE other (x)");
  EXPECT_EQ(read_committed(dir / "store.db").error().code, ErrorCode::io_error);
  EXPECT_EQ(read_committed(dir / "nothing.db").error().code, ErrorCode::io_error);
  EXPECT_FALSE(count_gaps(dir / "nothing.db", platform::LinuxPlatform().view()));
}

}  // namespace
}  // namespace holdfast::demo
