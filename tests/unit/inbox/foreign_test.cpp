// SPDX-License-Identifier: MIT
#include "unit/inbox/world.hpp"

namespace holdfast::inbox_tests {
namespace {

using namespace std::chrono_literals;

class InboxForeignTest : public InboxTest {
 protected:
  void set_wall(std::chrono::seconds since_1970) { world.clock.set_wall({UtcTime(since_1970), true}); }
};
INSTANTIATE_TEST_SUITE_P(InboxForeign, InboxForeignTest, ::testing::Values(Home::own_file, Home::attached),
                         name_of_home);

TEST_P(InboxForeignTest, knows_an_event_by_source_and_id) {
  EXPECT_EQ(apply(foreign_event("urn:a", "1")), Applied::applied);
  EXPECT_EQ(apply(foreign_event("urn:a", "1")), Applied::duplicate);
  EXPECT_EQ(apply(foreign_event("urn:b", "1")), Applied::applied);
  EXPECT_EQ(apply(foreign_event("urn:a", "2")), Applied::applied);
  EXPECT_EQ(world.effects(), 3);
}

TEST_P(InboxForeignTest, refuses_texts_that_are_missing_or_too_long) {
  EXPECT_EQ(apply(foreign_event("", "1")), Applied::rejected);
  EXPECT_EQ(apply(foreign_event("urn:a", "")), Applied::rejected);
  EXPECT_EQ(apply(foreign_event("urn:a", std::string(1025, 'x'))), Applied::rejected);
  EXPECT_EQ(apply(foreign_event("urn:a", std::string(1024, 'x'))), Applied::applied);
}

TEST_P(InboxForeignTest, sweeps_what_is_older_than_the_retention_in_bounded_steps) {
  world.options.foreign_retention = 100s;
  set_wall(1'000s);
  world.inbox();  // its first event makes the test's table
  for (int i = 0; i < 9; ++i) EXPECT_EQ(apply(foreign_event("urn:a", std::to_string(i))), Applied::applied);
  set_wall(1'050s);
  EXPECT_EQ(apply(foreign_event("urn:a", "late")), Applied::applied);
  set_wall(1'100s);
  EXPECT_EQ(world.inbox().sweep(), 0U);
  set_wall(1'101s);
  EXPECT_EQ(world.inbox().sweep(4), 4U);
  EXPECT_EQ(world.inbox().sweep(100), 6U);
  EXPECT_EQ(world.inbox().sweep(100), 0U);
  EXPECT_EQ(apply(foreign_event("urn:a", "late")), Applied::duplicate);
  EXPECT_EQ(apply(foreign_event("urn:a", "3")), Applied::applied);  // too late to be known
}

TEST_P(InboxForeignTest, never_forgets_events_of_holdfast) {
  world.options.foreign_retention = 0s;
  set_wall(1'000s);
  apply_all(kE1, 1, 3);
  set_wall(1'000'000'000s);
  EXPECT_EQ(world.inbox().sweep(), 1U);
  EXPECT_EQ(apply(event_of(kE1, 2)), Applied::duplicate);
}

}  // namespace
}  // namespace holdfast::inbox_tests
