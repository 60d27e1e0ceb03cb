// SPDX-License-Identifier: MIT
#include "prove/crash/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::prove {
namespace {

using testing::HasSubstr;

CrashReport report() {
  CrashReport report;
  report.seed = 5;
  report.states = 12;
  report.by_cut[{Phase::writing, "write wal"}] = {12, 3, 8};
  return report;
}

TEST(StateName, is_read_as_it_is_written) {
  for (const char* text : {"0.0.0", "3.1250.17", "3.1250.17+40.2"}) {
    const auto name = StateName::parse(text);
    ASSERT_TRUE(name) << text;
    EXPECT_EQ(name->text(), text);
  }
  for (const char* text : {"", "1", "1.2", "1.2.3.4", "1.2.3+", "1.2.3+4", "1.2.3+4.5x", "a.b.c", "-1.2.3"})
    EXPECT_FALSE(StateName::parse(text)) << text;
}

TEST(CrashReport, says_how_many_states_there_were_and_that_they_passed) {
  const std::string text = to_text(report(), {2, 1, "3.40.1"});
  EXPECT_THAT(text, HasSubstr("12 distinct crash states"));
  EXPECT_THAT(text, HasSubstr("6 states/s"));
  EXPECT_THAT(text, HasSubstr("Every state kept every promise of its medium."));
  EXPECT_THAT(to_json(report(), {2, 1, "3.40.1"}), HasSubstr(R"("passed":true)"));
}

TEST(CrashReport, gives_the_command_that_repeats_a_bad_state) {
  CrashReport bad = report();
  bad.bad_states = 1;
  bad.bad = {{StateName::parse("3.1250.17").value(), "everything", {"G2: lost"}}};
  const std::string text = to_text(bad, {});
  EXPECT_THAT(text, HasSubstr("G2: lost"));
  EXPECT_THAT(text, HasSubstr("holdfast prove crash --seed 5 --only 3.1250.17\n"));
  EXPECT_THAT(text, HasSubstr("1 states broke a promise."));
  EXPECT_THAT(to_json(bad, {}), HasSubstr(R"("passed":false)"));
}

TEST(CrashReport, names_the_medium_and_what_the_store_made_of_it) {
  CrashReport worn = report();
  worn.media = Media::bitrot;
  worn.bad_states = 1;
  worn.bad = {{StateName::parse("3.1250.17").value(), "everything, with bits turned", {"G3: lost silently"}}};
  worn.by_cut.begin()->second.outcomes.at(static_cast<std::size_t>(Outcome::set_aside)) = 12;
  const std::string text = to_text(worn, {});
  EXPECT_THAT(text, HasSubstr("12 distinct crash states on bitrot media"));
  EXPECT_THAT(text, HasSubstr("set aside"));
  EXPECT_THAT(text, HasSubstr("holdfast prove crash --media bitrot --seed 5 --only 3.1250.17\n"));
  const std::string json = to_json(worn, {});
  EXPECT_THAT(json, HasSubstr(R"("media":"bitrot")"));
  EXPECT_THAT(json, HasSubstr(R"("set_aside":12)"));
}

}  // namespace
}  // namespace holdfast::prove
