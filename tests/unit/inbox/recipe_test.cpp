// SPDX-License-Identifier: MIT
//
// The SQL recipe of src/inbox/README.md, read from that page and run.
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <sqlite3.h>

#include <set>
#include <string>
#include <vector>

#include "support/temp_dir.hpp"

namespace holdfast::inbox_tests {
namespace {

/// The statements of the page's SQL block: 0 CREATE, 1 UPDATE (in order), 2 SELECT (duplicate?), 3 INSERT,
/// then UPDATE and DELETE (join). Transactions and the lock are left out.
std::vector<std::string> read_recipe() {
  const std::string page = test_support::read_file(HOLDFAST_INBOX_README);
  const std::size_t begin = page.find("```sql\n") + 7;
  std::string block = page.substr(begin, page.find("```", begin) - begin);
  for (std::size_t at = block.find("--"); at != block.npos; at = block.find("--")) {
    block.erase(at, block.find('\n', at) - at);
  }
  std::vector<std::string> statements;
  for (std::size_t end = block.find(';'); end != block.npos; end = block.find(';')) {
    std::string statement = block.substr(0, end);
    block.erase(0, end + 1);
    statement.erase(0, statement.find_first_not_of(" \n"));
    const bool skip =
        statement == "BEGIN" || statement == "COMMIT" || statement.find("pg_") != statement.npos;
    if (!skip) statements.push_back(statement);
  }
  return statements;
}

/// True when it gave a row.
bool run(sqlite3* db, const std::string& text, std::int64_t seq) {
  sqlite3_stmt* statement = nullptr;
  RC_ASSERT(sqlite3_prepare_v2(db, text.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  sqlite3_bind_text(statement, sqlite3_bind_parameter_index(statement, ":source"), "s", -1, SQLITE_STATIC);
  sqlite3_bind_text(statement, sqlite3_bind_parameter_index(statement, ":epoch"), "e", -1, SQLITE_STATIC);
  sqlite3_bind_int64(statement, sqlite3_bind_parameter_index(statement, ":seq"), seq);
  const int rc = sqlite3_step(statement);
  sqlite3_finalize(statement);
  RC_ASSERT(rc == SQLITE_ROW || rc == SQLITE_DONE);
  return rc == SQLITE_ROW;
}

/// As the page says; true when the effect is to be run.
bool apply(sqlite3* db, const std::vector<std::string>& recipe, std::int64_t seq) {
  run(db, recipe[1], seq);
  if (sqlite3_changes(db) == 0) {
    if (run(db, recipe[2], seq)) return false;
    run(db, recipe[3], seq);
  }
  run(db, recipe[4], seq);
  run(db, recipe[5], seq);
  return true;
}

RC_GTEST_PROP(InboxRecipe, applies_each_seq_once_and_keeps_few_rows, ()) {
  const std::vector<std::string> recipe = read_recipe();
  RC_ASSERT(recipe.size() == 6U);
  sqlite3* db = nullptr;
  RC_ASSERT(sqlite3_open(":memory:", &db) == SQLITE_OK);
  run(db, recipe[0], 0);
  std::set<std::int64_t> applied;
  for (const int seq : *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 30))) {
    RC_ASSERT(apply(db, recipe, seq) == applied.insert(seq).second);
  }
  std::int64_t intervals = 0;
  for (const std::int64_t seq : applied) intervals += applied.contains(seq - 1) ? 0 : 1;
  sqlite3_stmt* count = nullptr;
  sqlite3_prepare_v2(db, "SELECT count(*) FROM applied", -1, &count, nullptr);
  sqlite3_step(count);
  const std::int64_t rows = sqlite3_column_int64(count, 0);
  sqlite3_finalize(count);
  sqlite3_close(db);
  RC_ASSERT(rows == intervals);
}

}  // namespace
}  // namespace holdfast::inbox_tests
