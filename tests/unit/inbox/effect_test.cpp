// SPDX-License-Identifier: MIT
#include <stdexcept>

#include "unit/inbox/world.hpp"

namespace holdfast::inbox_tests {
namespace {

class InboxEffectTest : public InboxTest {
 protected:
  ErrorCode error_of(const Effect& effect) {
    const auto outcome = world.inbox().apply(event_of(kE1, 1), effect);
    return outcome ? ErrorCode::outcome_unknown : outcome.error().code;
  }
  /// Whatever went wrong: nothing of it is there, and the event can be applied.
  void expect_nothing_stored() {
    EXPECT_EQ(world.effects(), 0);
    EXPECT_EQ(world.inbox().statistics().interval_rows, 0U);
    EXPECT_EQ(apply(event_of(kE1, 1)), Applied::applied);
    EXPECT_EQ(world.effects(), 1);
  }
};
INSTANTIATE_TEST_SUITE_P(InboxEffect, InboxEffectTest, ::testing::Values(Home::own_file, Home::attached),
                         name_of_home);

TEST_P(InboxEffectTest, an_error_rolls_back_effect_and_record) {
  EXPECT_EQ(error_of([](const CloudEvent& event, sqlite3* sql) {
              EXPECT_TRUE(World::note(event, sql));
              return Result<void>(fail(ErrorCode::unavailable, "effect"));
            }),
            ErrorCode::unavailable);
  expect_nothing_stored();
}

TEST_P(InboxEffectTest, an_error_in_the_middle_of_a_stream_does_not_skip_the_event) {
  apply_all(kE1, 1, 3);
  const auto failing = [](const CloudEvent&, sqlite3*) {
    return Result<void>(fail(ErrorCode::busy, "effect"));
  };
  EXPECT_FALSE(world.inbox().apply(event_of(kE1, 4), failing));
  EXPECT_EQ(apply(event_of(kE1, 5)), Applied::applied);
  EXPECT_EQ(world.missing_text(), "1111:4-4");
  EXPECT_EQ(apply(event_of(kE1, 4)), Applied::applied);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 1U);
}

TEST_P(InboxEffectTest, an_exception_is_an_error) {
  EXPECT_EQ(error_of([](const CloudEvent& event, sqlite3* sql) -> Result<void> {
              EXPECT_TRUE(World::note(event, sql));
              throw std::runtime_error("oops");
            }),
            ErrorCode::invalid);
  EXPECT_EQ(error_of([](const CloudEvent&, sqlite3*) -> Result<void> { throw 7; }), ErrorCode::invalid);
  EXPECT_EQ(error_of(Effect()), ErrorCode::invalid);
  expect_nothing_stored();
}

TEST_P(InboxEffectTest, a_statement_left_behind_is_an_error) {
  sqlite3_stmt* left = nullptr;
  EXPECT_EQ(error_of([&](const CloudEvent& event, sqlite3* sql) {
              EXPECT_TRUE(World::note(event, sql));
              sqlite3_prepare_v2(sql, "SELECT id FROM effect", -1, &left, nullptr);
              EXPECT_EQ(sqlite3_step(left), SQLITE_ROW);
              return Result<void>();
            }),
            ErrorCode::invalid);
  sqlite3_finalize(left);
  expect_nothing_stored();
}

TEST_P(InboxEffectTest, transaction_control_pragmas_and_our_tables_are_denied) {
  for (const char* text :
       {"COMMIT", "ROLLBACK", "BEGIN", "SAVEPOINT a", "PRAGMA synchronous=OFF", "ATTACH ':memory:' AS other",
        "DELETE FROM hf_in_applied", "SELECT * FROM HF_IN_applied", "DROP TABLE hf_in_meta",
        "CREATE TRIGGER t AFTER INSERT ON hf_in_applied BEGIN SELECT 1; END"}) {
    EXPECT_EQ(error_of([&](const CloudEvent&, sqlite3* sql) { return World::run(sql, text); }),
              ErrorCode::denied)
        << text;
  }
  expect_nothing_stored();
}

TEST_P(InboxEffectTest, an_effect_that_lost_the_transaction_and_goes_on_stores_nothing) {
  const auto ending = [](const CloudEvent& event, sqlite3* sql) {
    EXPECT_TRUE(World::run(sql, "CREATE TABLE once (a INTEGER PRIMARY KEY)"));
    EXPECT_TRUE(World::run(sql, "INSERT INTO once VALUES (1)"));
    EXPECT_FALSE(World::run(sql, "INSERT OR ROLLBACK INTO once VALUES (1)"));
    EXPECT_NE(sqlite3_get_autocommit(sql), 0);
    EXPECT_FALSE(World::note(event, sql));  // would be committed on its own
    return Result<void>();
  };
  EXPECT_EQ(error_of(ending), ErrorCode::invalid);
  expect_nothing_stored();
}

TEST_P(InboxEffectTest, the_inbox_cannot_be_used_from_inside_an_effect) {
  EXPECT_EQ(error_of([&](const CloudEvent&, sqlite3*) {
              EXPECT_EQ(world.inbox().missing().error().code, ErrorCode::invalid);
              const auto nested = world.apply(event_of(kE1, 2));
              return Result<void>(tl::unexpected<Error>(nested.error()));
            }),
            ErrorCode::invalid);
  expect_nothing_stored();
}

// Foreign keys are a setting of the connection, so only an attached one can have them.
TEST(InboxAttachEffect, a_failing_constraint_at_commit_rolls_back_both) {
  World world(Home::attached);
  world.inbox();
  ASSERT_TRUE(World::run(world.db,
                         "PRAGMA foreign_keys=ON; CREATE TABLE p (a INTEGER PRIMARY KEY);"
                         "CREATE TABLE c (a REFERENCES p DEFERRABLE INITIALLY DEFERRED)"));
  const auto dangling = [](const CloudEvent& event, sqlite3* sql) {
    EXPECT_TRUE(World::note(event, sql));
    return World::run(sql, "INSERT INTO c VALUES (7)");
  };
  EXPECT_EQ(world.inbox().apply(event_of(kE1, 1), dangling).error().code, ErrorCode::invalid);
  EXPECT_EQ(world.effects(), 0);
  EXPECT_EQ(world.outcome_of(event_of(kE1, 1)), Applied::applied);
}

TEST(InboxAttachEffect, a_full_budget_is_full_and_stores_nothing) {
  World world(Home::attached);
  world.inbox();
  ASSERT_TRUE(World::run(world.db, "PRAGMA max_page_count=40"));
  const auto filling = [](const CloudEvent& event, sqlite3* sql) {
    EXPECT_TRUE(World::note(event, sql));
    return World::run(sql, "INSERT INTO effect VALUES (zeroblob(1000000))");
  };
  EXPECT_EQ(world.inbox().apply(event_of(kE1, 1), filling).error().code, ErrorCode::full);
  EXPECT_EQ(world.effects(), 0);
  EXPECT_EQ(world.outcome_of(event_of(kE1, 1)), Applied::applied);
}

}  // namespace
}  // namespace holdfast::inbox_tests
