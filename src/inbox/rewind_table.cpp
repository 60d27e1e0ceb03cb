// SPDX-License-Identifier: MIT
#include "inbox/rewind_table.hpp"

#include <algorithm>

namespace holdfast::inbox {

Result<void> RewindTable::prepare(sqlite3* db) {
  db_ = db;
  return store::prepare_all(db, {{&mark_, sql::kRewindMark},
                                 {&unmark_, sql::kRewindUnmark},
                                 {&insert_, sql::kRewindInsert},
                                 {&trim_, sql::kRewindTrim},
                                 {&withdraw_, sql::kRewindWithdraw},
                                 {&count_, sql::kRewindCount},
                                 {&total_, sql::kRewindTotal},
                                 {&list_, sql::kRewindList}});
}

Result<bool> RewindTable::report(std::int64_t device, std::int64_t epoch, std::optional<std::int64_t> parent,
                                 std::string_view what) {
  if (auto done = mark_.bind(1, device).bind(2, epoch).run(); !done) return failed(done);
  if (sqlite3_changes(db_) == 0) return false;
  insert_.bind(1, device).bind(2, epoch).bind_null(3).bind(4, what);
  if (parent) insert_.bind(3, *parent);
  auto number = first_row(insert_, first_integer);
  if (!number) return failed(number);
  if (auto done = trim_.bind(1, **number - kRewindsMax).run(); !done) return failed(done);
  if (auto done = count(1); !done) return failed(done);
  return true;
}

Result<void> RewindTable::withdraw(std::int64_t device, std::int64_t parent) {
  auto epochs = all_rows(withdraw_.bind(1, device).bind(2, parent), first_integer);
  if (!epochs) return failed(epochs);
  for (const std::int64_t epoch : *epochs) {
    if (auto done = unmark_.bind(1, device).bind(2, epoch).run(); !done) return done;
    if (auto done = count(-1); !done) return done;
  }
  return {};
}

Result<std::vector<Rewind>> RewindTable::list(std::size_t rewinds_max) {
  const auto limit = std::min(rewinds_max, static_cast<std::size_t>(kRewindsMax));
  return all_rows(list_.bind(1, static_cast<std::int64_t>(limit)), [](Statement& row) {
    return Rewind{std::string(row.text(0)), to_epoch(row.integer(1)), std::string(row.text(2))};
  });
}

Result<std::int64_t> RewindTable::total() {
  return first_row(total_, first_integer).map([](std::optional<std::int64_t> value) {
    return value.value_or(0);
  });
}

}  // namespace holdfast::inbox
