// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

struct Fenced : ::testing::Test {
  Fenced() { device.open(); }

  /// What SQLite says to the caller's own statement inside a write (or read) closure.
  int in_write(const std::string& sql) {
    int rc = -1;
    EXPECT_TRUE(device.write([&](Transaction& t) -> Result<void> {
      rc = run_sql(t.sql(), sql);
      return {};
    })) << sql;
    return rc;
  }
  int in_read(const std::string& sql) {
    int rc = -1;
    EXPECT_TRUE(device.store->read([&](const Reader& r) -> Result<void> {
      rc = run_sql(r.sql(), sql);
      return {};
    })) << sql;
    return rc;
  }
  std::vector<std::string> mine() {
    std::vector<std::string> rows;
    EXPECT_TRUE(device.store->read([&](const Reader& r) -> Result<void> {
      rows = rows_of(r.sql(), "SELECT a FROM mine ORDER BY a");
      return {};
    }));
    return rows;
  }
  void make_mine() { ASSERT_EQ(in_write("CREATE TABLE mine (a INTEGER PRIMARY KEY)"), SQLITE_OK); }
  void expect_usable() {
    EXPECT_EQ(outcome(device.put_and_add("usable", "yes")), "ok");
    device.reopen();
    EXPECT_EQ(device.state("usable"), "yes");
  }

  Device device;
};

TEST_F(Fenced, denies_transaction_control_attach_and_pragma) {
  for (const char* sql :
       {"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT s", "RELEASE hf_caller", "ROLLBACK TO hf_caller",
        "ATTACH ':memory:' AS x", "DETACH x", "PRAGMA synchronous=OFF", "PRAGMA user_version",
        "SELECT * FROM pragma_page_count", "PRAGMA wal_checkpoint"}) {
    EXPECT_EQ(in_write(sql), SQLITE_AUTH) << sql;
    EXPECT_EQ(in_read(sql), SQLITE_AUTH) << sql;
  }
  expect_usable();
}

TEST_F(Fenced, denies_our_tables_in_every_way) {
  make_mine();
  for (const char* sql : {"SELECT * FROM hf_state",
                          "SELECT count(*) FROM hf_state",
                          "SELECT 1 FROM HF_STATE",
                          "SELECT 1 FROM main.Hf_Lane",
                          "DELETE FROM hf_lane_1",
                          "DELETE FROM \"hf_lane_1\"",
                          "UPDATE hf_lane SET cursor = 5",
                          "INSERT INTO hf_text VALUES (1, 'x')",
                          "INSERT INTO mine SELECT seq FROM hf_lane_1",
                          "CREATE TABLE hf_mine (a)",
                          "CREATE TEMP TABLE hf_state (a)",
                          "CREATE VIEW hf_view AS SELECT 1",
                          "DROP TABLE hf_state",
                          "ALTER TABLE hf_state ADD COLUMN x",
                          "ALTER TABLE HF_STATE RENAME TO mine2",
                          "CREATE INDEX i ON hf_state (value)",
                          "CREATE INDEX hf_i ON mine (a)",
                          "CREATE TRIGGER t AFTER INSERT ON hf_lane_1 BEGIN SELECT 1; END",
                          "CREATE TEMP TRIGGER t AFTER INSERT ON hf_lane_1 BEGIN SELECT 1; END",
                          "CREATE TRIGGER hf_t AFTER INSERT ON mine BEGIN SELECT 1; END",
                          "UPDATE sqlite_sequence SET seq = 0",
                          "DELETE FROM sqlite_sequence"}) {
    EXPECT_EQ(in_write(sql), SQLITE_AUTH) << sql;
  }
  expect_usable();
}

TEST_F(Fenced, denies_our_tables_behind_a_view_or_a_trigger) {
  make_mine();
  EXPECT_EQ(in_write("CREATE VIEW v AS SELECT * FROM hf_state; SELECT * FROM v"), SQLITE_AUTH);
  EXPECT_EQ(in_write("CREATE TRIGGER t AFTER INSERT ON mine BEGIN DELETE FROM hf_lane_1; END"), SQLITE_OK);
  EXPECT_EQ(in_write("INSERT INTO mine VALUES (1)"), SQLITE_AUTH);
  expect_usable();
}

TEST_F(Fenced, does_not_let_a_table_take_one_of_our_names) {
  make_mine();
  EXPECT_NE(in_write("ALTER TABLE mine RENAME TO hf_lane_3"), SQLITE_OK);
  expect_usable();
}

TEST_F(Fenced, denies_writing_in_a_read) {
  make_mine();
  for (const char* sql : {"INSERT INTO mine VALUES (1)", "DELETE FROM mine", "CREATE TABLE x (a)",
                          "CREATE TEMP TABLE x (a)", "DROP TABLE mine", "SELECT * FROM hf_state"}) {
    EXPECT_EQ(in_read(sql), SQLITE_AUTH) << sql;
  }
  EXPECT_EQ(in_read("SELECT upper('a'), count(*) FROM mine"), SQLITE_OK);
  EXPECT_EQ(
      in_read("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3) SELECT * FROM n"),
      SQLITE_OK);
}

TEST_F(Fenced, lets_a_read_see_one_moment_and_reports_its_error) {
  EXPECT_EQ(outcome(device.store->read([](const Reader&) { return fail(ErrorCode::unavailable, "x"); })),
            "unavailable");
  EXPECT_EQ(outcome(device.store->read([](const Reader&) -> Result<void> { throw 1; })), "invalid");
  expect_usable();
}

TEST_F(Fenced, commits_the_callers_own_table_with_the_event) {
  make_mine();
  const auto insert_and_add = [&](int a, bool good) {
    return outcome(device.write([&](Transaction& t) -> Result<void> {
      EXPECT_EQ(run_sql(t.sql(), "INSERT INTO mine VALUES (" + std::to_string(a) + ")"), SQLITE_OK);
      const auto id = t.add(event(good ? "alarm" : "none", "{}"));
      return id ? Result<void>() : tl::unexpected<Error>(id.error());
    }));
  };
  EXPECT_EQ(insert_and_add(1, true), "ok");
  EXPECT_EQ(insert_and_add(2, false), "invalid");
  device.reopen();
  EXPECT_EQ(mine(), (std::vector<std::string>{"1"}));
  EXPECT_EQ(device.seqs(kAlarm), (std::vector<std::int64_t>{1}));
}

TEST_F(Fenced, lets_a_caller_change_its_schema_and_number_its_rows) {
  ASSERT_EQ(
      in_write("CREATE TABLE mine (a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO mine DEFAULT VALUES"),
      SQLITE_OK);
  EXPECT_EQ(in_write("ALTER TABLE mine ADD COLUMN b; CREATE INDEX mine_b ON mine (b)"), SQLITE_OK);
  EXPECT_EQ(in_write("INSERT INTO mine (b) VALUES (5); DROP INDEX mine_b"), SQLITE_OK);
  EXPECT_EQ(mine(), (std::vector<std::string>{"1", "2"}));
  expect_usable();
}

TEST_F(Fenced, rolls_back_a_write_that_leaves_a_statement_behind) {
  make_mine();
  for (const char* sql : {"SELECT 1 UNION SELECT 2", "INSERT INTO mine VALUES (9) RETURNING a"}) {
    sqlite3_stmt* left = nullptr;
    const auto result = device.write([&](Transaction& t) -> Result<void> {
      EXPECT_TRUE(t.add(event("alarm", "{}")));
      EXPECT_EQ(sqlite3_prepare_v2(t.sql(), sql, -1, &left, nullptr), SQLITE_OK);
      EXPECT_EQ(sqlite3_step(left), SQLITE_ROW);
      return {};
    });
    EXPECT_EQ(outcome(result), "invalid") << sql;
    EXPECT_EQ(device.lane("alarm").committed_seq, 0);
    EXPECT_TRUE(mine().empty());
  }
  device.store->checkpoint_if_due();
  expect_usable();  // and it closes, though the statements are still there
}

TEST_F(Fenced, lets_the_owner_finalize_later_what_it_left_behind) {
  sqlite3_stmt* first = nullptr;
  sqlite3_stmt* second = nullptr;
  const auto leave = [&](sqlite3_stmt*& left) {
    return outcome(device.write([&](Transaction& t) -> Result<void> {
      EXPECT_EQ(sqlite3_prepare_v2(t.sql(), "SELECT 1", -1, &left, nullptr), SQLITE_OK);
      return {};
    }));
  };
  const auto finalize = [&](sqlite3_stmt* left) {
    return outcome(device.write([&](Transaction&) -> Result<void> {
      sqlite3_finalize(left);
      return {};
    }));
  };
  EXPECT_EQ(leave(first), "invalid");
  EXPECT_EQ(leave(second), "invalid");
  EXPECT_EQ(finalize(first), "ok");
  EXPECT_EQ(leave(first), "invalid");  // most likely at the same address
  EXPECT_EQ(finalize(first), "ok");
  EXPECT_EQ(finalize(second), "ok");
  EXPECT_EQ(leave(second), "invalid");
  sqlite3_finalize(second);
  expect_usable();
}

TEST_F(Fenced, finds_a_statement_that_was_left_behind_before_and_is_left_open_again) {
  sqlite3_stmt* left = nullptr;
  const auto open_it = [&](Transaction& t) -> Result<void> {
    if (left == nullptr) {
      EXPECT_EQ(sqlite3_prepare_v2(t.sql(), "SELECT 1 UNION SELECT 2", -1, &left, nullptr), SQLITE_OK);
    }
    EXPECT_EQ(sqlite3_step(left), SQLITE_ROW);
    return {};
  };
  EXPECT_EQ(outcome(device.write(open_it)), "invalid");
  EXPECT_EQ(outcome(device.write(open_it)), "invalid");
  EXPECT_EQ(sqlite3_stmt_busy(left), 0);
  expect_usable();
}

TEST_F(Fenced, finds_a_statement_that_a_read_leaves_behind) {
  sqlite3_stmt* left = nullptr;
  EXPECT_EQ(outcome(device.store->read([&](const Reader& r) -> Result<void> {
              EXPECT_EQ(sqlite3_prepare_v2(r.sql(), "SELECT 1", -1, &left, nullptr), SQLITE_OK);
              EXPECT_EQ(sqlite3_step(left), SQLITE_ROW);
              return {};
            })),
            "invalid");
  expect_usable();
}

TEST_F(Fenced, commits_nothing_of_a_closure_that_goes_on_after_its_transaction_ended) {
  make_mine();
  ASSERT_EQ(in_write("INSERT INTO mine VALUES (1)"), SQLITE_OK);
  std::string put;
  std::string added;
  const auto result = device.write([&](Transaction& t) -> Result<void> {
    EXPECT_TRUE(t.put("k", bytes_of("before")));
    EXPECT_EQ(run_sql(t.sql(), "INSERT OR ROLLBACK INTO mine VALUES (1)"), SQLITE_CONSTRAINT);
    EXPECT_NE(run_sql(t.sql(), "INSERT INTO mine VALUES (2)"), SQLITE_OK);
    put = outcome(t.put("k", bytes_of("after")));
    added = outcome(t.add(event("alarm", "{}")));
    return {};
  });
  EXPECT_EQ(outcome(result), "invalid");
  EXPECT_EQ(put, "invalid");
  EXPECT_EQ(added, "invalid");
  EXPECT_EQ(mine(), (std::vector<std::string>{"1"}));
  EXPECT_EQ(device.state("k"), "");
  expect_usable();
}

}  // namespace
}  // namespace holdfast::store::test
