// SPDX-License-Identifier: MIT
#include "prove/crash/worn_oracle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::prove {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t kTelemetry = 1;
const Epoch kOld{7};
const Epoch kNew{8};

/// Three events of telemetry were told durable, at operations 10, 20 and 30; the store has all of them, and goes on.
struct WornOracle : testing::Test {
  WornOracle() {
    for (std::int64_t seq = 1; seq <= 3; ++seq) {
      const auto end = static_cast<std::size_t>(seq) * 10;
      const ToldWrite write{{{kTelemetry, seq, kOld, static_cast<std::uint64_t>(seq)}}, {}};
      told.steps.push_back({Phase::writing, end - 10, end, told.ends, told.state, {write}, true});
      told.committed(write);
    }
    seen.openings = 1;
    seen.last.lanes[kTelemetry].pending = told.events[kTelemetry];
    seen.written = {{{{0, 1, kNew, 1}}, {}}};
    seen.epochs = {{kNew, kOld, {{"telemetry", 3}}, "opened"}};
  }
  void lose(std::int64_t seq) {
    std::erase_if(seen.last.lanes[kTelemetry].pending, [&](const auto& event) { return event.seq == seq; });
  }
  void drain() {
    seen.drain.emplace();
    seen.drain->drained = true;
  }
  WornVerdict verdict() {
    seen.shown = seen.last.lanes[kTelemetry].pending;
    return judge_worn(seen, told, arrivals, 30);
  }
  Ledger told;
  WornObservation seen;
  std::vector<Arrival> arrivals;
};

TEST_F(WornOracle, is_content_with_a_store_that_is_whole) {
  EXPECT_THAT(verdict().complaints, IsEmpty());
  EXPECT_EQ(verdict().outcome, Outcome::whole);
}

TEST_F(WornOracle, calls_a_loss_silent_that_no_gap_record_tells_of) {
  lose(2);
  EXPECT_TRUE(verdict().needs_consumer);
  drain();
  EXPECT_THAT(verdict().complaints, ElementsAre(HasSubstr("telemetry 2 was lost silently")));
}

TEST_F(WornOracle, takes_a_gap_record_for_an_explanation) {
  lose(2);
  drain();
  seen.last.gaps = {{"id", kOld, "telemetry", 2, 2, 1, 0, "damaged"}};
  EXPECT_THAT(verdict().complaints, IsEmpty());
  EXPECT_EQ(verdict().outcome, Outcome::declared);
}

TEST_F(WornOracle, takes_an_honest_end_for_an_explanation_and_no_end_that_claims_more) {
  lose(3);
  drain();
  EXPECT_THAT(verdict().complaints, ElementsAre(HasSubstr("telemetry 3 was lost silently")));
  seen.epochs[0].parent_ends[0].last = 2;
  EXPECT_THAT(verdict().complaints, IsEmpty());
  EXPECT_EQ(verdict().outcome, Outcome::went_back);
}

TEST_F(WornOracle, takes_what_the_consumer_misses_for_noticed) {
  lose(1);
  drain();
  seen.drain->missing = {{"urn:holdfast:device-1/telemetry", kOld, 1, 1, 1, false}};
  EXPECT_THAT(verdict().complaints, IsEmpty());
}

TEST_F(WornOracle, sees_a_consumer_that_does_not_notice_that_the_store_went_back) {
  CloudEvent third;
  third.source = "urn:holdfast:device-1/telemetry";
  third.attributes = {{"epoch", kOld.text()}, {"sequence", "00000000000000000003"}};
  arrivals = {{30, third}};
  lose(3);
  seen.epochs[0].parent_ends[0].last = 2;
  drain();
  EXPECT_THAT(verdict().complaints, ElementsAre(HasSubstr("does not notice")));
  seen.drain->rewinds = {{"urn:holdfast:device-1", kNew, "ended below what was seen"}};
  EXPECT_THAT(verdict().complaints, IsEmpty());
}

TEST_F(WornOracle, sees_an_epoch_that_comes_again_an_invented_event_and_other_bytes_under_an_id) {
  seen.written[0].events[0].epoch = kOld;
  seen.last.lanes[kTelemetry].pending[1].data = 99;
  seen.last.lanes[kTelemetry].pending.push_back({kTelemetry, 4, kOld, 4});
  const auto complaints = verdict().complaints;
  EXPECT_THAT(complaints, Contains(HasSubstr("an epoch came again")));
  EXPECT_THAT(complaints,
              Contains(HasSubstr("telemetry 2 is handed out and is not the event that got this id")));
  EXPECT_THAT(complaints, Contains(HasSubstr("telemetry 4 is handed out and was never committed")));
}

TEST_F(WornOracle, accepts_a_refusal_that_takes_nothing_away) {
  seen.last.refused = "corrupt";
  EXPECT_THAT(verdict().complaints, IsEmpty());
  EXPECT_EQ(verdict().outcome, Outcome::refused);
  seen.refused_and_changed = true;
  EXPECT_THAT(verdict().complaints, ElementsAre(HasSubstr("files of it went")));
}

TEST_F(WornOracle, does_not_accept_an_error_that_stays) {
  seen.last.findings = {"fetch: corrupt"};
  EXPECT_THAT(verdict().complaints, ElementsAre(HasSubstr("fetch: corrupt")));
  seen.last.findings = {"check: a page is never used"};
  EXPECT_THAT(verdict().complaints, IsEmpty());
  EXPECT_EQ(verdict().outcome, Outcome::noticed);
}

}  // namespace
}  // namespace holdfast::prove
