// SPDX-License-Identifier: MIT
#include "common/topic_aliases.hpp"

#include <gtest/gtest.h>

namespace holdfast::platform {
namespace {

TEST(TopicAliases, a_topic_gets_its_number_with_the_first_publish_and_goes_without_text_after_it) {
  TopicAliases aliases(2);
  EXPECT_EQ(aliases.look_up("a").alias, 1);
  EXPECT_FALSE(aliases.look_up("a").known) << "looking up is not sending";
  aliases.sent("a");
  EXPECT_EQ(aliases.look_up("a").alias, 1);
  EXPECT_TRUE(aliases.look_up("a").known);
  aliases.sent("a");
  EXPECT_EQ(aliases.look_up("b").alias, 2);
}

TEST(TopicAliases, when_all_numbers_are_taken_others_go_in_full) {
  TopicAliases aliases(2);
  aliases.sent("a");
  aliases.sent("b");
  EXPECT_EQ(aliases.look_up("c").alias, 0);
  aliases.sent("c");
  EXPECT_EQ(aliases.look_up("c").alias, 0);
  EXPECT_TRUE(aliases.look_up("b").known);
}

TEST(TopicAliases, a_publish_that_was_not_sent_leaves_its_number_to_the_next_topic) {
  TopicAliases aliases(8);
  EXPECT_EQ(aliases.look_up("refused").alias, 1);
  EXPECT_EQ(aliases.look_up("next").alias, 1);
}

TEST(TopicAliases, none_without_numbers) { EXPECT_EQ(TopicAliases().look_up("a").alias, 0); }

}  // namespace
}  // namespace holdfast::platform
