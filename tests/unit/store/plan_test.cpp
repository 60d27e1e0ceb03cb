// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

std::string plan_of(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(db, ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &statement, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  std::string plan;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    plan += reinterpret_cast<const char*>(sqlite3_column_text(statement, 3));
    plan += '\n';
  }
  sqlite3_finalize(statement);
  return plan;
}

// Every statement that a session keeps prepared, but for those that read a whole small table at open or for the
// control records. Nobody has to add a new query here: it is found.
TEST(Plans, search_and_never_scan_or_sort_a_table_that_grows) {
  Device device;
  const auto session = Session::open(device.options(), device.platform(), "opened");
  ASSERT_TRUE(session);
  sqlite3* db = (*session)->handle();
  std::vector<std::string> queries;
  for (sqlite3_stmt* s = sqlite3_next_stmt(db, nullptr); s != nullptr; s = sqlite3_next_stmt(db, s)) {
    queries.emplace_back(sqlite3_sql(s));
  }
  int looked_at = 0;
  for (const std::string& sql : queries) {
    const bool grows = sql.find("hf_lane_1") != std::string::npos ||
                       sql.find("hf_state") != std::string::npos ||
                       sql.find("hf_text") != std::string::npos || sql.starts_with("UPDATE ");
    if (!grows) continue;
    ++looked_at;
    const std::string plan = plan_of(db, sql);
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << sql << '\n' << plan;
    if (sql.starts_with("INSERT")) {
      EXPECT_TRUE(plan.empty() || plan == "SCAN CONSTANT ROW\n") << sql << '\n' << plan;
    } else {
      EXPECT_TRUE(plan.starts_with("SEARCH ")) << sql << '\n' << plan;
      EXPECT_TRUE(plan.find("PRIMARY KEY") != std::string::npos ||
                  plan.find("COVERING INDEX") != std::string::npos || plan == "SEARCH hf_lane_1\n" ||
                  plan == "SEARCH hf_text\n" ||  // min() and max() of the key
                  plan == "SEARCH hf_epoch USING INDEX sqlite_autoindex_hf_epoch_1 (epoch=?)\n" ||
                  plan.find("INDEX sqlite_autoindex_hf_quarantine_1 (lane=? AND seq") != std::string::npos)
          << sql << '\n'
          << plan;
    }
  }
  EXPECT_GE(looked_at, 21);
}

// What flash wear comes to: the state's leaf, the lane's leaf, and psow=0's padding of the commit.
TEST(Plans, an_event_with_its_state_dirties_two_pages) {
  Device device;
  device.open();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(device.put_and_add("sensor-" + std::to_string(i), "21.5"));
  std::uint64_t most = 0;
  std::uint64_t all = 0;
  for (int i = 0; i < 200; ++i) {
    device.store->checkpoint_if_due();
    const auto before = device.store->statistics().wal_pages;
    ASSERT_TRUE(device.put_and_add("sensor-" + std::to_string(i % 50), "22.5"));
    const auto frames = device.store->statistics().wal_pages - before;
    most = std::max(most, frames);
    all += frames;
  }
  EXPECT_LE(most, 7U);             // a lane's leaf that is full: a free page, its parent, the free-list
  EXPECT_LE(all, 200U * 32 / 10);  // measured: 3.1
}

TEST(Plans, a_group_shares_its_pages) {
  Device device;
  device.open();
  ASSERT_TRUE(device.put_and_add("k", "21.5"));
  const auto before = device.store->statistics().wal_pages;
  ASSERT_TRUE(device.write([](Transaction& t) -> Result<void> {
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(t.put("k", bytes_of("21.5")));
      EXPECT_TRUE(t.add(event("telemetry", "21.5", "k")));
    }
    return {};
  }));
  EXPECT_LE(device.store->statistics().wal_pages - before, 8U);
}

}  // namespace
}  // namespace holdfast::store::test
