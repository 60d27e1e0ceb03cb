// SPDX-License-Identifier: MIT
#include "unit/inbox/world.hpp"

namespace holdfast::inbox_tests {
namespace {

using InboxGapTest = InboxTest;
INSTANTIATE_TEST_SUITE_P(InboxGap, InboxGapTest, ::testing::Values(Home::own_file, Home::attached),
                         name_of_home);

TEST_P(InboxGapTest, a_gap_record_explains_its_seqs) {
  apply_all(kE1, 1, 3);
  apply_all(kE1, 8, 9);
  EXPECT_EQ(world.missing_text(), "1111:4-7");
  EXPECT_EQ(apply(gap_of(kE1, 4, 6)), Applied::declared);
  EXPECT_EQ(world.missing_text(), "1111:7-7");
  EXPECT_EQ(apply(gap_of(kE1, 4, 6)), Applied::declared);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 3U);
}

TEST_P(InboxGapTest, a_declared_seq_that_arrives_is_applied_and_leaves_the_declared_set) {
  apply_all(kE1, 1, 1);
  EXPECT_EQ(apply(gap_of(kE1, 2, 6, 0, "quarantined")), Applied::declared);
  EXPECT_EQ(apply(event_of(kE1, 4)), Applied::applied);
  EXPECT_EQ(apply(event_of(kE1, 4)), Applied::duplicate);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 4U);  // 1, 4; 2-3, 5-6
  for (const std::int64_t seq : {2, 3, 5, 6}) EXPECT_EQ(apply(event_of(kE1, seq)), Applied::applied);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 1U);
  EXPECT_EQ(apply(gap_of(kE1, 2, 6, 0, "quarantined")),
            Applied::declared);  // redelivered: nothing to explain
  EXPECT_EQ(world.inbox().statistics().interval_rows, 1U);
  EXPECT_EQ(world.effects(), 6);
}

TEST_P(InboxGapTest, an_event_in_order_is_applied_also_when_it_was_declared) {
  apply_all(kE1, 1, 2);
  EXPECT_EQ(apply(gap_of(kE1, 3, 3, 0, "quarantined")), Applied::declared);
  apply_all(kE1, 3, 5);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 1U);
}

TEST_P(InboxGapTest, neighbouring_gap_records_of_one_reason_are_one_row) {
  EXPECT_EQ(apply(gap_of(kE1, 1, 2)), Applied::declared);
  EXPECT_EQ(apply(gap_of(kE1, 5, 6)), Applied::declared);
  EXPECT_EQ(apply(gap_of(kE1, 3, 4)), Applied::declared);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 1U);
  EXPECT_EQ(apply(gap_of(kE1, 7, 7, 0, "quarantined")), Applied::declared);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 2U);
}

TEST_P(InboxGapTest, a_sparse_gap_record_leaves_its_shortfall_missing) {
  EXPECT_EQ(apply(gap_of(kE1, 2, 7, 4)), Applied::declared);
  apply_all(kE1, 1, 1);
  apply_all(kE1, 8, 8);
  EXPECT_EQ(world.missing_text(), "1111:2-7(2)");
  EXPECT_EQ(apply(gap_of(kE1, 2, 7, 4)), Applied::declared);
  EXPECT_EQ(apply(event_of(kE1, 4)), Applied::applied);
  EXPECT_EQ(world.missing_text(), "1111:2-7(1)");
  EXPECT_EQ(apply(event_of(kE1, 5)), Applied::applied);
  EXPECT_EQ(world.missing_text(), "");
}

TEST_P(InboxGapTest, a_requeued_seq_of_a_sparse_gap_record_lowers_its_count) {
  apply_all(kE1, 1, 1);
  apply_all(kE1, 4, 4);
  EXPECT_EQ(apply(gap_of(kE1, 2, 5, 3, "quarantined")), Applied::declared);
  const char* count = "SELECT missing FROM hf_in_sparse";
  apply_all(kE1, 2, 3);
  world.close();
  sqlite3* db = nullptr;
  const std::string path = world.dir / (GetParam() == Home::own_file ? "inbox.db" : "application.db");
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(db, count, -1, &statement, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_int(statement, 0), 1);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  apply_all(kE1, 5, 5);
  EXPECT_EQ(apply(gap_of(kE1, 2, 5, 3, "quarantined")), Applied::declared);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 1U);
  EXPECT_EQ(world.missing_text(), "");
}

TEST_P(InboxGapTest, a_gap_record_beyond_the_bound_is_refused_and_its_seqs_stay_missing) {
  world.options.intervals_max = 3;
  for (const std::int64_t seq : {1, 10, 20}) EXPECT_EQ(apply(event_of(kE1, seq)), Applied::applied);
  EXPECT_EQ(apply(gap_of(kE1, 2, 19)), Applied::rejected);
  EXPECT_EQ(world.missing_text(), "1111:2-9 1111:11-19");
}

}  // namespace
}  // namespace holdfast::inbox_tests
