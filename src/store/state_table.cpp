// SPDX-License-Identifier: MIT
#include "store/state_table.hpp"

#include <algorithm>
#include <holdfast/limits.hpp>
#include <string>

namespace holdfast::store {
namespace {

// The INSERT ... SELECT form: SQLITE_FULL then undoes the statement only, not the whole transaction.
constexpr std::string_view kPut =
    "INSERT INTO hf_state (key, version, content_type, value) SELECT ?1, 1, ?2, ?3 WHERE 1 "
    "ON CONFLICT (key) DO UPDATE SET version = version + 1, content_type = excluded.content_type, "
    "value = excluded.value RETURNING version";
constexpr std::string_view kErase = "DELETE FROM hf_state WHERE key = ?1";
constexpr std::string_view kGet = "SELECT key, content_type, version, value FROM hf_state WHERE key = ?1";
constexpr std::string_view kList =
    "SELECT key, content_type, version, value FROM hf_state WHERE key >= ?1 ORDER BY key LIMIT ?2";

StateEntry entry_of(const Statement& row) {
  const auto value = row.blob(3);
  return {std::string(row.text(0)), std::string(row.text(1)), row.integer(2), {value.begin(), value.end()}};
}

}  // namespace

Result<StateTable> StateTable::open(Connection& connection) {
  StateTable table;
  table.db_ = connection.handle();
  const auto prepared = prepare_all(
      table.db_, {{&table.put_, kPut}, {&table.erase_, kErase}, {&table.get_, kGet}, {&table.list_, kList}});
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  return table;
}

Result<std::int64_t> StateTable::put(std::string_view key, std::span<const std::byte> value,
                                     std::string_view content_type) {
  const ResetGuard guard(put_);
  const auto stepped = put_.bind(1, key).bind(2, content_type).bind(3, value).step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  const std::int64_t version = put_.integer(0);
  const auto finished = put_.step();  // a RETURNING statement has taken effect once it is done
  if (!finished) return tl::unexpected<Error>(finished.error());
  return version;
}

Result<bool> StateTable::erase(std::string_view key) {
  if (auto done = erase_.bind(1, key).run(); !done) return tl::unexpected<Error>(done.error());
  return sqlite3_changes(db_) > 0;
}

Result<std::optional<StateEntry>> StateTable::get(std::string_view key) {
  const ResetGuard guard(get_);
  const auto stepped = get_.bind(1, key).step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  if (*stepped == Step::done) return std::nullopt;
  return entry_of(get_);
}

Result<std::vector<StateEntry>> StateTable::list(std::string_view prefix, std::string_view after,
                                                 std::size_t entries_max) {
  const auto limit = static_cast<std::int64_t>(std::min(entries_max, limits::kListEntriesMax));
  // One bound, so that the search begins at it: with two SQLite takes one and walks to the other. The least
  // text above `after` is itself and a NUL.
  const std::string from = after < prefix ? std::string(prefix) : std::string(after) + '\0';
  const ResetGuard guard(list_);
  list_.bind(1, from).bind(2, limit);
  std::vector<StateEntry> entries;
  for (;;) {
    const auto stepped = list_.step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done || !list_.text(0).starts_with(prefix)) return entries;
    entries.push_back(entry_of(list_));
  }
}

}  // namespace holdfast::store
