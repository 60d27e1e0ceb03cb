// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "inbox/ledger.hpp"
#include "unit/inbox/world.hpp"

namespace holdfast::inbox_tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string plan_of(sqlite3* db, std::string_view sql) {
  const std::string text = "EXPLAIN QUERY PLAN " + std::string(sql);
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(db, text.c_str(), -1, &statement, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  std::string plan;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    plan += reinterpret_cast<const char*>(sqlite3_column_text(statement, 3));
    plan += '\n';
  }
  sqlite3_finalize(statement);
  return plan;
}

TEST(InboxPlans, nothing_on_the_way_of_a_message_scans_or_sorts) {
  namespace sql = inbox::sql;
  World world(Home::attached);
  world.inbox();
  for (const std::string_view text :
       {sql::kAppliedBelow,   sql::kAppliedAt,        sql::kAppliedWithin,  sql::kAppliedExtend,
        sql::kAppliedDelete,  sql::kAppliedDeleteAll, sql::kDeclaredBelow,  sql::kDeclaredAbove,
        sql::kDeclaredWithin, sql::kDeclaredDelete,   sql::kSparseWithin,   sql::kSparseDelete,
        sql::kDeviceFind,     sql::kSourceFind,       sql::kSourceOfDevice, sql::kEpochFind,
        sql::kEpochCount,     sql::kEpochUpdate,      sql::kParentEnd,      sql::kEpochOthers,
        sql::kRewindMark,     sql::kRewindUnmark,     sql::kRewindTrim,     sql::kRewindWithdraw,
        sql::kRewindCount,    sql::kForeignSweep}) {
    const std::string plan = plan_of(world.db, text);
    EXPECT_THAT(plan, HasSubstr("SEARCH")) << text;
    EXPECT_THAT(plan, Not(HasSubstr("SCAN"))) << text;
    EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE"))) << text;
  }
}

TEST(InboxPlans, counting_a_stream_and_finding_kin_search_an_index) {
  namespace sql = inbox::sql;
  World world(Home::attached);
  world.inbox();
  for (const std::string_view text : {sql::kEpochChildren, sql::kEpochRoots}) {
    EXPECT_THAT(plan_of(world.db, text), HasSubstr("hf_in_epoch_kin (device=? AND parent=?)")) << text;
    EXPECT_THAT(plan_of(world.db, text), Not(HasSubstr("TEMP B-TREE"))) << text;
  }
  EXPECT_THAT(plan_of(world.db, sql::kStreamRows), Not(HasSubstr("SCAN hf_in")));
  EXPECT_THAT(plan_of(world.db, sql::kStreamSpan), Not(HasSubstr("SCAN hf_in")));
  EXPECT_THAT(plan_of(world.db, sql::kHighestUpTo), Not(HasSubstr("SCAN hf_in")));
}

TEST(InboxPlans, the_sweep_finds_old_rows_by_age_and_deletes_them_by_key) {
  World world(Home::attached);
  world.inbox();
  const std::string plan = plan_of(world.db, inbox::sql::kForeignSweep);
  EXPECT_THAT(plan, HasSubstr("hf_in_foreign_age (applied_at<?)"));
  EXPECT_THAT(plan, HasSubstr("PRIMARY KEY (source=? AND id=?)"));
}

TEST(InboxTables, a_million_events_in_order_are_one_row) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
  ASSERT_TRUE(inbox::make_schema(db));
  {
    auto ledger = inbox::Ledger::open(db, InboxOptions{});
    ASSERT_TRUE(ledger) << ledger.error().text();
    inbox::AppliedTable applied;
    ASSERT_TRUE(applied.prepare(db));
    ASSERT_EQ(sqlite3_exec(db, "BEGIN", nullptr, nullptr, nullptr), SQLITE_OK);
    ASSERT_EQ((*ledger)->record(event_of(kE1, 1), 0)->outcome, Applied::applied);
    // What record() does for each further event in order, without the making of a million messages.
    const inbox::Stream stream{1, inbox::to_row(kE1)};
    for (std::int64_t seq = 2; seq <= 1'000'000; ++seq) {
      ASSERT_TRUE(*applied.extend(stream, {1, seq - 1}, seq)) << seq;
    }
    ASSERT_EQ(sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
    (*ledger)->forget();
    EXPECT_EQ((*ledger)->record(event_of(kE1, 500'000), 0)->outcome, Applied::duplicate);
    EXPECT_EQ((*ledger)->record(event_of(kE1, 1'000'001), 0)->outcome, Applied::applied);
    inbox::StreamQueries streams;
    ASSERT_TRUE(streams.prepare(db));
    EXPECT_EQ(*streams.rows(), 1);
  }
  sqlite3_close(db);
}

}  // namespace
}  // namespace holdfast::inbox_tests
