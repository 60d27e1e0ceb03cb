// SPDX-License-Identifier: MIT
#include "unit/inbox/world.hpp"

namespace holdfast::inbox_tests {
namespace {

INSTANTIATE_TEST_SUITE_P(InboxApply, InboxTest, ::testing::Values(Home::own_file, Home::attached),
                         name_of_home);

TEST_P(InboxTest, applies_each_event_once) {
  EXPECT_EQ(apply(event_of(kE1, 1)), Applied::applied);
  EXPECT_EQ(apply(event_of(kE1, 1)), Applied::duplicate);
  EXPECT_EQ(world.effects(), 1);
}

TEST_P(InboxTest, remembers_across_a_reopening) {
  apply_all(kE1, 1, 3);
  world.close();
  EXPECT_EQ(apply(event_of(kE1, 2)), Applied::duplicate);
  EXPECT_EQ(apply(event_of(kE1, 4)), Applied::applied);
  EXPECT_EQ(world.effects(), 4);
}

TEST_P(InboxTest, keeps_one_row_for_thousands_of_events_in_order) {
  apply_all(kE1, 1, 4'000);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 1U);
  EXPECT_EQ(world.inbox().statistics().applied, 4'001U);  // and the making of the test's table
  EXPECT_EQ(world.query("SELECT count(*) FROM effect"), 4'000);
  EXPECT_EQ(apply(event_of(kE1, 777)), Applied::duplicate);
}

TEST_P(InboxTest, joins_intervals_when_a_hole_closes) {
  for (const std::int64_t seq : {1, 3, 5, 7}) EXPECT_EQ(apply(event_of(kE1, seq)), Applied::applied);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 4U);
  EXPECT_EQ(world.missing_text(), "1111:2-2 1111:4-4 1111:6-6");
  for (const std::int64_t seq : {4, 2, 6}) EXPECT_EQ(apply(event_of(kE1, seq)), Applied::applied);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 1U);
  EXPECT_EQ(world.missing_text(), "");
}

TEST_P(InboxTest, tells_lanes_epochs_and_devices_apart) {
  EXPECT_EQ(apply(event_of(kE1, 1)), Applied::applied);
  EXPECT_EQ(apply(event_of(kE2, 1)), Applied::applied);
  EXPECT_EQ(apply(event_of(kE1, 1, "alarm")), Applied::applied);
  EXPECT_EQ(apply(event_of(kE1, 1, "telemetry", "dev2")), Applied::applied);
  EXPECT_EQ(world.inbox().statistics().sources, 3U);
  EXPECT_EQ(world.effects(), 4);
}

TEST_P(InboxTest, goes_on_in_order_between_interleaved_sources) {
  for (std::int64_t seq = 1; seq <= 50; ++seq) {
    for (const char* lane : {"alarm", "bulk", "telemetry"}) {
      EXPECT_EQ(apply(event_of(kE1, seq, lane)), Applied::applied);
    }
  }
  EXPECT_EQ(world.inbox().statistics().interval_rows, 3U);
}

TEST_P(InboxTest, makes_one_interval_of_a_hostile_seq) {
  EXPECT_EQ(apply(event_of(kE1, 1LL << 62)), Applied::applied);
  EXPECT_EQ(apply(event_of(kE1, 1)), Applied::applied);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 2U);
  EXPECT_EQ(world.missing().front().count, (1LL << 62) - 2);
  EXPECT_EQ(apply(event_of(kE1, INT64_MAX)), Applied::rejected);
}

TEST_P(InboxTest, refuses_more_intervals_than_its_bound_but_never_the_next_in_order) {
  world.options.intervals_max = 3;
  for (const std::int64_t seq : {1, 10, 20}) EXPECT_EQ(apply(event_of(kE1, seq)), Applied::applied);
  const auto refused = world.apply(event_of(kE1, 30));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->outcome, Applied::rejected);
  EXPECT_THAT(refused->why, ::testing::HasSubstr("intervals_max"));
  EXPECT_EQ(apply(event_of(kE1, 2)), Applied::applied);
  EXPECT_EQ(apply(event_of(kE1, 21)), Applied::applied);
  EXPECT_EQ(apply(event_of(kE2, 5)), Applied::applied);  // another epoch has its own bound
  EXPECT_EQ(world.inbox().statistics().rejected, 1U);
}

TEST_P(InboxTest, refuses_more_sources_than_its_bound) {
  world.options.sources_max = 2;
  EXPECT_EQ(apply(event_of(kE1, 1, "a")), Applied::applied);
  EXPECT_EQ(apply(event_of(kE1, 1, "b")), Applied::applied);
  EXPECT_EQ(apply(event_of(kE1, 1, "c")), Applied::rejected);
  EXPECT_EQ(apply(event_of(kE1, 2, "a")), Applied::applied);
  EXPECT_EQ(world.inbox().statistics().sources, 2U);
}

TEST_P(InboxTest, rejects_what_claims_to_be_ours_and_contradicts_itself) {
  CloudEvent other_id = event_of(kE1, 1);
  other_id.id = EventId{kE1, "telemetry", 2}.text();
  EXPECT_EQ(apply(other_id), Applied::rejected);
  CloudEvent no_sequence = event_of(kE1, 1);
  no_sequence.attributes.pop_back();
  EXPECT_EQ(apply(no_sequence), Applied::rejected);
  CloudEvent no_record = gap_of(kE1, 1, 2);
  no_record.data.clear();
  EXPECT_EQ(apply(no_record), Applied::rejected);
  CloudEvent wrong_epoch = epoch_of(kE1, std::nullopt);
  wrong_epoch.id = "x";
  EXPECT_EQ(apply(wrong_epoch), Applied::rejected);
  EXPECT_EQ(world.effects(), 0);
  EXPECT_EQ(world.inbox().statistics().rejected, 4U);
}

TEST_P(InboxTest, refuses_a_newer_schema) {
  world.inbox();
  world.close();
  sqlite3* db = nullptr;
  const std::string path = world.dir / (GetParam() == Home::own_file ? "inbox.db" : "application.db");
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_TRUE(World::run(db, "UPDATE hf_in_meta SET value = 2 WHERE name = 'schema'"));
  Result<std::unique_ptr<Inbox>> opened = nullptr;
  if (GetParam() == Home::attached) opened = Inbox::attach(db, world.options, world.platform());
  sqlite3_close(db);
  if (GetParam() == Home::own_file) opened = Inbox::open(world.options, world.platform());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::schema_newer);
}

TEST(InboxOpen, names_its_file_as_its_own) {
  World world(Home::own_file);
  world.inbox();
  world.close();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(world.options.path.c_str(), &db), SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(db, "PRAGMA application_id", -1, &statement, nullptr);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_int(statement, 0), 0x48466978);
  sqlite3_finalize(statement);
  sqlite3_close(db);
}

TEST(InboxOpen, refuses_a_second_opener_and_missing_files) {
  World world(Home::own_file);
  world.inbox();
  EXPECT_EQ(Inbox::open(world.options, world.platform()).error().code, ErrorCode::busy);
  InboxOptions none = world.options;
  none.path = world.dir / "none.db";
  none.create = false;
  EXPECT_FALSE(Inbox::open(none, world.platform()));
  none.intervals_max = 0;
  EXPECT_EQ(Inbox::open(none, world.platform()).error().code, ErrorCode::invalid);
}

TEST(InboxAttach, turns_cache_spill_off_and_leaves_other_settings) {
  World world(Home::attached);
  world.inbox();
  const auto setting = [&](const char* pragma) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(world.db, pragma, -1, &statement, nullptr);
    sqlite3_step(statement);
    const std::int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
  };
  EXPECT_EQ(setting("PRAGMA cache_spill"), 0);
  EXPECT_EQ(setting("PRAGMA wal_autocheckpoint"), 1000);
  EXPECT_EQ(setting("PRAGMA user_version"), 0);
  EXPECT_EQ(setting("PRAGMA application_id"), 0);
}

TEST(InboxAttach, refuses_a_connection_in_a_transaction) {
  World world(Home::attached);
  Inbox& inbox = world.inbox();
  ASSERT_TRUE(World::run(world.db, "BEGIN"));
  EXPECT_EQ(world.apply(event_of(kE1, 1)).error().code, ErrorCode::invalid);
  EXPECT_EQ(inbox.missing().error().code, ErrorCode::invalid);
  EXPECT_EQ(Inbox::attach(world.db, world.options, world.platform()).error().code, ErrorCode::invalid);
  ASSERT_TRUE(World::run(world.db, "COMMIT"));
  EXPECT_EQ(world.outcome_of(event_of(kE1, 1)), Applied::applied);
}

TEST(InboxAttach, sees_what_another_process_applied) {
  World world(Home::attached);
  EXPECT_EQ(world.outcome_of(event_of(kE1, 1)), Applied::applied);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((world.dir / "application.db").c_str(), &other), SQLITE_OK);
  {
    auto second = Inbox::attach(other, world.options, world.platform());
    ASSERT_TRUE(second) << second.error().text();
    const auto note = [](const CloudEvent& event, sqlite3* sql) { return World::note(event, sql); };
    EXPECT_EQ((*second)->apply(event_of(kE1, 2), note)->outcome, Applied::applied);
    EXPECT_EQ((*second)->apply(event_of(kE1, 4), note)->outcome, Applied::applied);
  }
  sqlite3_close(other);
  EXPECT_EQ(world.outcome_of(event_of(kE1, 2)), Applied::duplicate);
  EXPECT_EQ(world.outcome_of(event_of(kE1, 3)), Applied::applied);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 1U);
  EXPECT_EQ(world.effects(), 4);
}

TEST(InboxCheckpoint, keeps_the_wal_near_its_mark) {
  World world(Home::own_file);
  for (std::int64_t seq = 1; seq <= 1500; ++seq) world.outcome_of(event_of(kE1, seq));
  EXPECT_LT(std::filesystem::file_size(world.options.path + "-wal"), 1100U * 4120U);
  EXPECT_EQ(world.inbox().statistics().checkpoint_errors, 0U);
}

}  // namespace
}  // namespace holdfast::inbox_tests
