// SPDX-License-Identifier: MIT
#include "inbox/rewind_table.hpp"
#include "unit/inbox/world.hpp"

namespace holdfast::inbox_tests {
namespace {

using ::testing::HasSubstr;

class InboxHistoryTest : public InboxTest {
 protected:
  std::optional<std::string> rewind_of(const CloudEvent& event) { return world.rewind_of(event); }
  std::vector<Rewind> rewinds() { return *world.inbox().rewinds(); }
};
INSTANTIATE_TEST_SUITE_P(InboxHistory, InboxHistoryTest, ::testing::Values(Home::own_file, Home::attached),
                         name_of_home);

TEST_P(InboxHistoryTest, an_ordinary_life_shows_no_rewind) {
  const CloudEvent first = epoch_of(kE1, std::nullopt);
  const CloudEvent second = epoch_of(kE2, kE1, {{"telemetry", 10}});
  const CloudEvent third = epoch_of(kE3, kE2, {{"telemetry", 12}});
  EXPECT_EQ(apply(first), Applied::announced);
  apply_all(kE1, 1, 10);
  EXPECT_EQ(rewind_of(second), std::nullopt);
  EXPECT_EQ(rewind_of(first), std::nullopt);
  apply_all(kE2, 11, 12);
  EXPECT_EQ(rewind_of(third), std::nullopt);
  EXPECT_EQ(rewind_of(second), std::nullopt);
  apply_all(kE3, 13, 14);
  EXPECT_TRUE(rewinds().empty());
  EXPECT_EQ(world.missing_text(), "");
  EXPECT_EQ(world.inbox().statistics().rewinds, 0U);
}

TEST_P(InboxHistoryTest, records_that_come_after_the_events_show_no_rewind) {
  apply_all(kE1, 1, 3);
  apply_all(kE2, 4, 5);
  apply_all(kE3, 6, 6);
  EXPECT_EQ(rewind_of(epoch_of(kE1, std::nullopt)), std::nullopt);
  EXPECT_EQ(rewind_of(epoch_of(kE3, kE2, {{"telemetry", 5}})), std::nullopt);
  EXPECT_EQ(rewind_of(epoch_of(kE2, kE1, {{"telemetry", 3}})), std::nullopt);
  EXPECT_TRUE(rewinds().empty());
}

TEST_P(InboxHistoryTest, the_end_that_a_child_states_makes_the_tail_missing) {
  EXPECT_EQ(apply(epoch_of(kE1, std::nullopt)), Applied::announced);
  apply_all(kE1, 3, 7);
  EXPECT_EQ(world.missing_text(), "1111:1-2");
  EXPECT_EQ(apply(epoch_of(kE2, kE1, {{"telemetry", 10}})), Applied::announced);
  apply_all(kE2, 13, 13);
  EXPECT_EQ(world.missing_text(), "1111:1-2 1111:8-10 2222:11-12");
  apply_all(kE1, 8, 10);
  EXPECT_EQ(world.missing_text(), "1111:1-2 2222:11-12");
}

TEST_P(InboxHistoryTest, a_lane_of_which_nothing_arrived_is_missing_as_a_whole) {
  EXPECT_EQ(apply(epoch_of(kE1, std::nullopt)), Applied::announced);
  EXPECT_EQ(apply(epoch_of(kE2, kE1, {{"alarm", 4}, {"bulk", 0}})), Applied::announced);
  const auto missing = world.missing();
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing.front().source, "urn:holdfast:dev1/alarm");
  EXPECT_EQ(missing.front().last, 4);
}

TEST_P(InboxHistoryTest,
       where_nothing_is_known_below_the_lowest_seq_seen_is_the_beginning_until_the_record_arrives) {
  apply_all(kE2, 20, 21);
  EXPECT_EQ(world.missing_text(), "");
  EXPECT_EQ(apply(epoch_of(kE2, kE1, {{"telemetry", 17}})), Applied::announced);
  EXPECT_EQ(world.missing_text(), "2222:18-19");
}

// The broker lost its data, with it the end of one epoch, the beginning of the next, and the record between them.
TEST_P(InboxHistoryTest, until_the_record_arrives_everything_above_the_last_known_seq_is_missing) {
  EXPECT_EQ(apply(epoch_of(kE1, std::nullopt)), Applied::announced);
  apply_all(kE1, 1, 4);
  apply_all(kE2, 9, 10);
  EXPECT_EQ(world.missing_text(), "2222:5-8");
  EXPECT_EQ(apply(epoch_of(kE2, kE1, {{"telemetry", 6}})), Applied::announced);
  EXPECT_EQ(world.missing_text(), "1111:5-6 2222:7-8");
}

TEST_P(InboxHistoryTest, an_epoch_of_which_nothing_arrived_is_missing_from_the_last_known_seq) {
  EXPECT_EQ(apply(epoch_of(kE1, std::nullopt)), Applied::announced);
  apply_all(kE1, 1, 4);
  EXPECT_THAT(rewind_of(epoch_of(kE3, kE2, {{"telemetry", 9}})).value_or(""), HasSubstr("never seen"));
  EXPECT_EQ(world.missing_text(), "2222:5-9");
  EXPECT_EQ(rewinds().size(), 1U);
  EXPECT_EQ(rewind_of(epoch_of(kE2, kE1, {{"telemetry", 4}})), std::nullopt);
  EXPECT_TRUE(rewinds().empty());  // the record was only late
  EXPECT_EQ(world.inbox().statistics().rewinds, 0U);
}

TEST_P(InboxHistoryTest, a_restored_backup_is_a_second_child) {
  EXPECT_EQ(apply(epoch_of(kE1, std::nullopt)), Applied::announced);
  apply_all(kE1, 1, 5);
  EXPECT_EQ(apply(epoch_of(kE2, kE1, {{"telemetry", 5}})), Applied::announced);
  apply_all(kE2, 6, 9);
  const CloudEvent restored = epoch_of(kE3, kE1, {{"telemetry", 5}});
  EXPECT_THAT(rewind_of(restored).value_or(""), HasSubstr("as 0000000000002222 does already"));
  EXPECT_EQ(rewind_of(restored), std::nullopt);          // said once
  EXPECT_EQ(apply(event_of(kE3, 6)), Applied::applied);  // another event than 6 of the other epoch
  ASSERT_EQ(rewinds().size(), 1U);
  EXPECT_EQ(rewinds().front().epoch, kE3);
  EXPECT_EQ(rewinds().front().device_source, kDevice);
}

TEST_P(InboxHistoryTest, a_fork_is_seen_in_either_order_of_events_and_records) {
  apply_all(kE1, 1, 5);
  apply_all(kE2, 6, 7);
  apply_all(kE3, 6, 8);
  EXPECT_EQ(rewind_of(epoch_of(kE3, kE1, {{"telemetry", 5}})), std::nullopt);
  EXPECT_TRUE(rewind_of(epoch_of(kE2, kE1, {{"telemetry", 5}})));
  EXPECT_EQ(world.inbox().statistics().rewinds, 1U);
}

TEST_P(InboxHistoryTest, a_card_that_lost_writes_ends_below_what_was_seen) {
  EXPECT_EQ(apply(epoch_of(kE1, std::nullopt)), Applied::announced);
  apply_all(kE1, 1, 9);
  EXPECT_THAT(rewind_of(epoch_of(kE2, kE1, {{"telemetry", 6}})).value_or(""),
              HasSubstr("ended at telemetry 6, but 9 was seen"));
  apply_all(kE2, 7, 8);
  EXPECT_EQ(world.missing_text(), "");
}

TEST_P(InboxHistoryTest, an_event_beyond_the_stated_end_shows_the_rewind_late) {
  EXPECT_EQ(apply(epoch_of(kE1, std::nullopt)), Applied::announced);
  apply_all(kE1, 1, 6);
  EXPECT_EQ(rewind_of(epoch_of(kE2, kE1, {{"telemetry", 6}})), std::nullopt);
  EXPECT_TRUE(rewind_of(event_of(kE1, 7)));
  EXPECT_EQ(rewind_of(event_of(kE1, 8)), std::nullopt);
  EXPECT_EQ(rewinds().size(), 1U);
}

TEST_P(InboxHistoryTest, an_epoch_that_ends_below_where_it_began_shows_a_rewind) {
  EXPECT_EQ(apply(epoch_of(kE1, std::nullopt)), Applied::announced);
  apply_all(kE1, 1, 4);
  EXPECT_EQ(rewind_of(epoch_of(kE2, kE1, {{"telemetry", 4}})), std::nullopt);
  EXPECT_THAT(rewind_of(epoch_of(kE3, kE2, {{"telemetry", 1}})).value_or(""),
              HasSubstr("ended at telemetry 1, but it began after 4"));
}

TEST_P(InboxHistoryTest, an_epoch_that_ends_below_where_it_began_is_seen_in_either_order) {
  apply_all(kE1, 1, 4);
  EXPECT_EQ(rewind_of(epoch_of(kE3, kE2, {{"telemetry", 1}})).value_or("").find("began after"),
            std::string::npos);
  EXPECT_THAT(rewind_of(epoch_of(kE2, kE1, {{"telemetry", 4}})).value_or(""), HasSubstr("it began after 4"));
  EXPECT_EQ(rewinds().front().epoch, kE3);
}

TEST_P(InboxHistoryTest, a_wiped_store_begins_a_second_history) {
  EXPECT_EQ(apply(epoch_of(kE1, std::nullopt)), Applied::announced);
  EXPECT_THAT(rewind_of(epoch_of(kE2, std::nullopt)).value_or(""), HasSubstr("begins a new store"));
}

TEST_P(InboxHistoryTest, an_epoch_cannot_be_announced_with_two_parents) {
  EXPECT_EQ(apply(epoch_of(kE2, kE1)), Applied::announced);
  EXPECT_EQ(apply(epoch_of(kE2, kE3)), Applied::rejected);
  EXPECT_EQ(apply(epoch_of(kE2, std::nullopt)), Applied::rejected);
}

TEST_P(InboxHistoryTest, keeps_the_newest_rewinds_and_counts_all) {
  const std::int64_t kept = inbox::RewindTable::kRewindsMax;
  EXPECT_EQ(apply(epoch_of(Epoch{1}, std::nullopt)), Applied::announced);
  const auto forks = static_cast<std::uint64_t>(kept) + 5;
  for (std::uint64_t bits = 2; bits < 2 + forks; ++bits) {
    EXPECT_TRUE(rewind_of(epoch_of(Epoch{bits}, std::nullopt)));
  }
  EXPECT_EQ(world.inbox().statistics().rewinds, forks);
  EXPECT_EQ(rewinds().size(), static_cast<std::size_t>(kept));
  EXPECT_EQ(rewinds().back().epoch, Epoch{1 + forks});
}

TEST_P(InboxHistoryTest, a_complete_epoch_with_a_complete_successor_becomes_one_row) {
  EXPECT_EQ(apply(epoch_of(kE1, std::nullopt)), Applied::announced);
  for (const std::int64_t seq : {1, 2, 6, 9}) EXPECT_EQ(apply(event_of(kE1, seq)), Applied::applied);
  EXPECT_EQ(apply(gap_of(kE1, 3, 5)), Applied::declared);
  EXPECT_EQ(apply(gap_of(kE1, 7, 8, 2, "damaged")), Applied::declared);
  EXPECT_EQ(apply(epoch_of(kE2, kE1, {{"telemetry", 9}})), Applied::announced);
  apply_all(kE2, 10, 12);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 6U);
  EXPECT_EQ(apply(epoch_of(kE3, kE2, {{"telemetry", 12}})), Applied::announced);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 2U);
  EXPECT_EQ(world.missing_text(), "");
  for (const std::int64_t seq : {1, 6, 9}) EXPECT_EQ(apply(event_of(kE1, seq)), Applied::duplicate);
}

TEST_P(InboxHistoryTest, folding_keeps_what_may_be_requeued) {
  EXPECT_EQ(apply(epoch_of(kE1, std::nullopt)), Applied::announced);
  apply_all(kE1, 1, 2);
  EXPECT_EQ(apply(gap_of(kE1, 3, 3, 1, "quarantined")), Applied::declared);
  EXPECT_EQ(apply(gap_of(kE1, 4, 5)), Applied::declared);
  EXPECT_EQ(apply(epoch_of(kE2, kE1, {{"telemetry", 5}})), Applied::announced);
  EXPECT_EQ(apply(epoch_of(kE3, kE2, {{"telemetry", 5}})), Applied::announced);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 3U);  // 1-2, 4-5; quarantined 3
  EXPECT_EQ(apply(event_of(kE1, 3)), Applied::applied);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 1U);
}

TEST_P(InboxHistoryTest, an_epoch_with_a_hole_is_not_folded_until_it_is_filled) {
  EXPECT_EQ(apply(epoch_of(kE1, std::nullopt)), Applied::announced);
  EXPECT_EQ(apply(event_of(kE1, 1)), Applied::applied);
  EXPECT_EQ(apply(gap_of(kE1, 2, 3)), Applied::declared);
  EXPECT_EQ(apply(epoch_of(kE2, kE1, {{"telemetry", 4}})), Applied::announced);
  EXPECT_EQ(apply(epoch_of(kE3, kE2, {{"telemetry", 4}})), Applied::announced);
  EXPECT_EQ(world.missing_text(), "1111:4-4");
  EXPECT_EQ(apply(event_of(kE1, 4)), Applied::applied);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 3U);
  EXPECT_EQ(apply(epoch_of(kE4, kE3, {{"telemetry", 4}})), Applied::announced);
  EXPECT_EQ(world.inbox().statistics().interval_rows, 1U);
}

}  // namespace
}  // namespace holdfast::inbox_tests
