// SPDX-License-Identifier: MIT
#include "store/state_table.hpp"

#include <gtest/gtest.h>

#include <holdfast/check.hpp>

#include "store/migrations.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

struct State : ::testing::Test {
  State() {
    auto opened =
        Connection::open({.path = dir / "state.db", .vfs = {}, .application_id = kStoreApplicationId});
    HOLDFAST_CHECK(opened.has_value());
    connection = std::move(*opened);
    HOLDFAST_CHECK(connection.query_integer("PRAGMA max_page_count=256").has_value());
    HOLDFAST_CHECK(migrate(connection).has_value());
    open(StateTable::kNoQuota);
  }

  void open(std::int64_t bytes_max) {
    state.reset();
    state.emplace(std::move(*StateTable::open(connection, bytes_max)));
  }
  Result<std::int64_t> put(std::string_view key, std::string_view value, std::string_view type = "a/b") {
    return state->put(key, bytes_of(value), type);
  }
  std::string value(std::string_view key) {
    const auto entry = state->get(key);
    EXPECT_TRUE(entry);
    return *entry ? text((*entry)->value) : "nothing";
  }

  holdfast::test_support::TempDir dir;
  Connection connection;
  std::optional<StateTable> state;
};

TEST_F(State, counts_versions_from_one_and_anew_after_an_erase) {
  EXPECT_EQ(*put("k", "a"), 1);
  EXPECT_EQ(*put("k", "b"), 2);
  EXPECT_EQ(*put("other", "a"), 1);
  EXPECT_EQ(*put("k", "c"), 3);
  EXPECT_TRUE(*state->erase("k"));
  EXPECT_FALSE(*state->erase("k"));
  EXPECT_EQ(*put("k", "d"), 1);
  EXPECT_EQ(value("k"), "d");
}

TEST_F(State, knows_the_bytes_it_holds) {
  EXPECT_EQ(state->bytes(), 0);
  ASSERT_TRUE(put("key", "12345", "a/bc"));
  EXPECT_EQ(state->bytes(), 3 + 5 + 4);
  ASSERT_TRUE(put("key", "1", "a/b"));
  EXPECT_EQ(state->bytes(), 3 + 1 + 3);
  ASSERT_TRUE(put("k\u00fc", "", "a/b"));  // in bytes, not in characters
  EXPECT_EQ(state->bytes(), 7 + 3 + 0 + 3);
  ASSERT_TRUE(put("large", std::string(20'000, '\0')));
  open(StateTable::kNoQuota);  // counted anew, the same comes out
  EXPECT_EQ(state->bytes(), 7 + 6 + 20'008);
  ASSERT_TRUE(state->erase("large"));
  ASSERT_TRUE(state->erase("never there"));
  EXPECT_EQ(state->bytes(), 13);
  state->restore_bytes(5);
  EXPECT_EQ(state->bytes(), 5);
}

TEST_F(State, counts_on_from_what_a_rollback_left) {
  EXPECT_EQ(*put("k", "a"), 1);
  const std::int64_t bytes = state->bytes();
  ASSERT_TRUE(connection.execute("BEGIN"));
  EXPECT_EQ(*put("k", "longer"), 2);
  EXPECT_EQ(*put("new", "b"), 1);
  EXPECT_EQ(*put("new", "b"), 2);
  ASSERT_TRUE(connection.execute("ROLLBACK"));
  state->restore_bytes(bytes);
  EXPECT_EQ(*put("k", "a"), 2);
  EXPECT_EQ(state->bytes(), bytes);
  EXPECT_EQ(*put("new", "b"), 1);
}

TEST_F(State, counts_versions_of_more_keys_than_the_cache_holds) {
  const int count = static_cast<int>(StateTable::kCachedKeysMax) + 10;
  ASSERT_TRUE(connection.execute("BEGIN"));
  for (const int round : {1, 2, 3}) {
    for (int n = 0; n < count; ++n) ASSERT_EQ(*put(std::to_string(n), "x"), round) << n;
  }
  ASSERT_TRUE(connection.execute("COMMIT"));
}

TEST_F(State, keeps_its_quota_and_never_refuses_to_shrink) {
  open(20);
  ASSERT_TRUE(put("a", "123456"));  // 10 bytes
  ASSERT_TRUE(put("b", "123456"));
  EXPECT_EQ(outcome(put("c", "")), "full");
  EXPECT_EQ(outcome(put("b", "1234567")), "full");
  EXPECT_EQ(value("b"), "123456");
  EXPECT_EQ(state->bytes(), 20);
  EXPECT_EQ(*put("b", "654321"), 2);
  open(5);  // a quota that was lowered
  EXPECT_EQ(outcome(put("a", "1234567")), "full");
  EXPECT_EQ(*put("a", "12345"), 2);
  EXPECT_TRUE(*state->erase("b"));
  EXPECT_EQ(state->bytes(), 9);
}

// A plain INSERT ... VALUES would end the transaction here, and with it what other callers wrote in it.
TEST_F(State, undoes_only_the_put_that_finds_no_page) {
  ASSERT_TRUE(put("old", "before"));
  ASSERT_TRUE(connection.execute("BEGIN"));
  ASSERT_TRUE(put("mine", "kept"));
  const std::int64_t bytes = state->bytes();
  const std::string too_much(2'000'000, 'x');
  EXPECT_EQ(outcome(put("old", too_much)), "full");
  EXPECT_EQ(outcome(put("new", too_much)), "full");
  EXPECT_TRUE(connection.in_transaction());
  EXPECT_EQ(state->bytes(), bytes);
  EXPECT_EQ(*put("old", "after"), 2);
  ASSERT_TRUE(connection.execute("COMMIT"));
  EXPECT_EQ(value("mine"), "kept");
  EXPECT_EQ(value("old"), "after");
  EXPECT_EQ(value("new"), "nothing");
  EXPECT_EQ(rows_of(connection.handle(), "PRAGMA integrity_check"), (std::vector<std::string>{"ok"}));
}

}  // namespace
}  // namespace holdfast::store::test
