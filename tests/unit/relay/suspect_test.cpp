// SPDX-License-Identifier: MIT
#include "relay/suspect.hpp"

#include <gtest/gtest.h>

#include "relay/answer.hpp"

namespace holdfast::relay {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr EventPlace kBad{0, 5};
constexpr EventPlace kOther{1, 9};
constexpr flow::BackoffRange kPause{kProofTime, seconds(30), minutes(1)};

struct Suspicion : testing::Test {
  Suspects suspects{3, kPause};
  Instant now{std::chrono::hours(1)};

  void die(EventPlace oldest, std::int32_t reason = 0, bool passed = false) {
    suspects.begun(now);
    suspects.died({reason, oldest, passed}, now, 0);
  }
  void suspect() {
    for (int i = 0; i < 3; ++i) die(kBad);
    ASSERT_TRUE(suspects.contain(kBad));
  }
  void die_alone() {
    suspects.begun(now);
    ASSERT_EQ(suspects.alone(now), kBad);
    suspects.sent_alone();
    suspects.died({0, kBad, false}, now, 0);
  }
  [[nodiscard]] bool is_guilty() const { return !suspects.empty() && suspects.all().front().guilty; }
};

TEST_F(Suspicion, three_deaths_in_a_row_with_the_same_event_make_a_suspect) {
  die(kBad);
  die(kBad);
  EXPECT_TRUE(suspects.empty());
  die(kBad);
  suspects.begun(now);
  EXPECT_EQ(suspects.alone(now), kBad);
}

TEST_F(Suspicion, a_death_with_another_event_begins_anew) {
  die(kBad);
  die(kBad);
  die(kOther);
  die(kBad);
  die(kBad);
  EXPECT_TRUE(suspects.empty());
}

TEST_F(Suspicion, what_was_passed_by_an_acknowledgement_did_no_harm) {
  die(kBad);
  die(kBad);
  die(kBad, 0, true);
  die(kBad);
  EXPECT_TRUE(suspects.empty());
}

TEST_F(Suspicion, a_packet_too_large_is_suspected_at_once) {
  die(kBad, kPacketTooLarge);
  EXPECT_TRUE(suspects.contain(kBad));
}

TEST_F(Suspicion, a_takeover_a_shutdown_and_what_we_drop_ourselves_are_no_deaths) {
  for (const std::int32_t reason : {0x8E, 0x8B, 0x89, 0x8D, 0x93, 0x97, 0x98}) {
    for (int i = 0; i < 3; ++i) die(kBad, reason);
  }
  for (int i = 0; i < 5; ++i) {
    suspects.begun(now);
    suspects.dropped(now, 0);
  }
  EXPECT_TRUE(suspects.empty());
}

TEST_F(Suspicion, with_a_suspicion_all_go_one_at_a_time_and_one_death_is_enough_until_a_window_passed) {
  suspect();
  suspects.begun(now);
  suspects.acknowledged(kBad);
  EXPECT_TRUE(suspects.is_careful());
  suspects.died({0, kOther, false}, now, 0);
  EXPECT_TRUE(suspects.contain(kOther));
  suspects.begun(now);
  for (std::int64_t seq = 0; seq < 64; ++seq) suspects.acknowledged({2, seq});
  EXPECT_FALSE(suspects.is_careful());
}

TEST_F(Suspicion, any_answer_to_a_lone_try_clears_it) {
  suspect();
  suspects.begun(now);
  ASSERT_EQ(suspects.alone(now), kBad);
  suspects.sent_alone();
  EXPECT_EQ(suspects.alone(now), kBad) << "until it is answered";
  suspects.acknowledged(kBad);
  EXPECT_EQ(suspects.alone(now), std::nullopt);
  EXPECT_TRUE(suspects.empty());
}

TEST_F(Suspicion, after_a_death_alone_the_others_go_first) {
  suspect();
  die_alone();
  suspects.begun(now);
  EXPECT_EQ(suspects.alone(now + seconds(1)), std::nullopt);
  EXPECT_FALSE(is_guilty());
}

TEST_F(Suspicion, proved_by_another_event_on_a_connection_that_lasts_it_is_tried_again_and_guilty) {
  suspect();
  die_alone();
  suspects.begun(now);
  suspects.acknowledged(kOther);
  EXPECT_EQ(suspects.next_call(), now + kProofTime);
  now += kProofTime;
  ASSERT_EQ(suspects.alone(now), kBad);
  suspects.sent_alone();
  suspects.died({0, kBad, false}, now, 0);
  EXPECT_TRUE(is_guilty());
}

TEST_F(Suspicion, a_connection_that_dies_before_the_second_try_proves_nothing) {
  suspect();
  die_alone();
  suspects.begun(now);
  suspects.acknowledged(kOther);
  now += kProofTime;
  ASSERT_EQ(suspects.alone(now), kBad);  // others are in flight: it is not sent yet
  suspects.died({0, kOther, false}, now, 0);
  EXPECT_FALSE(is_guilty());
  suspects.begun(now);
  EXPECT_EQ(suspects.alone(now), kOther) << "now the other one is suspected, and tried";
}

TEST_F(Suspicion, without_an_acknowledgement_of_another_event_it_stays_pending_however_often_it_dies) {
  suspect();
  for (int i = 0; i < 100; ++i) {
    suspects.begun(now);
    now += minutes(2);
    ASSERT_EQ(suspects.alone(now), kBad);
    suspects.sent_alone();
    suspects.died({0, kBad, false}, now, 0);
    ASSERT_FALSE(is_guilty());
  }
}

TEST_F(Suspicion, a_try_that_we_end_proves_nothing) {
  suspect();
  die_alone();
  suspects.begun(now);
  suspects.acknowledged(kOther);
  now += kProofTime;
  ASSERT_EQ(suspects.alone(now), kBad);
  suspects.sent_alone();
  suspects.dropped(now, 0);
  EXPECT_FALSE(is_guilty());
  suspects.begun(now);
  EXPECT_EQ(suspects.alone(now + seconds(9)), std::nullopt) << "the others go first again";
}

TEST_F(Suspicion, one_that_may_not_be_quarantined_is_tried_with_backoff_and_never_again_guilty) {
  suspect();
  die_alone();
  suspects.begun(now);
  suspects.acknowledged(kOther);
  now += kProofTime;
  ASSERT_EQ(suspects.alone(now), kBad);
  suspects.sent_alone();
  suspects.died({0, kBad, false}, now, 0);
  ASSERT_TRUE(is_guilty());
  suspects.spare(kBad, {Duration::zero(), minutes(1), minutes(15)}, now, 59'000'000'000);
  EXPECT_FALSE(is_guilty());
  suspects.begun(now);
  suspects.acknowledged(kOther);
  EXPECT_EQ(suspects.alone(now + kProofTime), std::nullopt);
  EXPECT_EQ(suspects.alone(now + minutes(1)), kBad);
}

TEST_F(Suspicion, several_are_tried_one_after_the_other_and_there_is_a_bound_of_them) {
  for (std::int64_t seq = 1; seq <= 20; ++seq) die({0, seq}, kPacketTooLarge);
  EXPECT_EQ(suspects.all().size(), kSuspectsMax);
  suspects.begun(now);
  EXPECT_EQ(suspects.alone(now), (EventPlace{0, 1}));
  suspects.sent_alone();
  suspects.acknowledged({0, 1});
  EXPECT_EQ(suspects.alone(now), (EventPlace{0, 2}));
}

}  // namespace
}  // namespace holdfast::relay
