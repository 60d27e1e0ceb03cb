// SPDX-License-Identifier: MIT
#include "store/text_table.hpp"

#include <gtest/gtest.h>

#include <holdfast/check.hpp>

#include "store/migrations.hpp"
#include "support/temp_dir.hpp"

namespace holdfast::store::test {
namespace {

struct Texts : ::testing::Test {
  Texts() {
    auto opened =
        Connection::open({.path = dir / "texts.db", .vfs = {}, .application_id = kStoreApplicationId});
    HOLDFAST_CHECK(opened.has_value());
    connection = std::move(*opened);
    HOLDFAST_CHECK(migrate(connection).has_value());
    open();
  }
  void open() {
    texts.reset();
    texts.emplace(std::move(*TextTable::open(connection)));
  }
  void run(const char* sql) { ASSERT_TRUE(connection.execute(sql)); }
  std::int64_t id(std::string_view text) {
    const auto stored = texts->intern(text);
    EXPECT_TRUE(stored);
    return std::get<std::int64_t>(*stored);
  }

  holdfast::test_support::TempDir dir;
  Connection connection;
  std::optional<TextTable> texts;
};

TEST_F(Texts, get_one_id_each_for_ever) {
  EXPECT_EQ(id("a"), 1);
  EXPECT_EQ(id("b"), 2);
  EXPECT_EQ(id("a"), 1);
  open();
  EXPECT_EQ(id("b"), 2);
  EXPECT_EQ(id("c"), 3);
}

TEST_F(Texts, that_were_rolled_back_lose_their_ids) {
  EXPECT_EQ(id("a"), 1);
  run("BEGIN");
  EXPECT_EQ(id("undone"), 2);
  run("ROLLBACK");
  texts->rolled_back();
  EXPECT_EQ(id("b"), 2);
  EXPECT_EQ(id("undone"), 3);
  EXPECT_EQ(id("a"), 1);
  run("BEGIN");
  EXPECT_EQ(id("a"), 1);
  run("ROLLBACK");
  texts->rolled_back();  // nothing new was undone
  EXPECT_EQ(id("undone"), 3);
  open();
  EXPECT_EQ(id("undone"), 3);
  EXPECT_EQ(id("b"), 2);
}

TEST_F(Texts, are_more_than_the_cache_holds) {
  const auto count = static_cast<std::int64_t>(TextTable::kCachedTextsMax) + 10;
  run("BEGIN");
  for (const int round : {1, 2}) {
    for (std::int64_t n = 1; n <= count; ++n) ASSERT_EQ(id(std::to_string(n)), n) << round;
  }
  run("COMMIT");
}

}  // namespace
}  // namespace holdfast::store::test
