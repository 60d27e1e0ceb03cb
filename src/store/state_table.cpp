// SPDX-License-Identifier: MIT
#include "store/state_table.hpp"

#include <algorithm>
#include <holdfast/limits.hpp>
#include <string>

namespace holdfast::store {
namespace {

// For what the cache does not know. RETURNING, which would tell the version, costs three times as much as a
// look and a write.
constexpr std::string_view kOld = "SELECT version, content_type, length(value) FROM hf_state WHERE key = ?1";
// The INSERT ... SELECT form: SQLITE_FULL then undoes the statement only, not the whole transaction. OR
// REPLACE would delete the row and insert it anew; the upsert overwrites it where it is.
constexpr std::string_view kPut =
    "INSERT INTO hf_state (key, version, content_type, value) SELECT ?1, ?2, ?3, ?4 WHERE 1 "
    "ON CONFLICT (key) DO UPDATE SET version = ?2, content_type = ?3, value = ?4";
constexpr std::string_view kErase = "DELETE FROM hf_state WHERE key = ?1";
constexpr std::string_view kGet = "SELECT key, content_type, version, value FROM hf_state WHERE key = ?1";
constexpr std::string_view kBytes =
    "SELECT coalesce(sum(length(CAST(key AS BLOB)) + length(content_type) + length(value)), 0) FROM hf_state";
constexpr std::string_view kList =
    "SELECT key, content_type, version, value FROM hf_state WHERE key >= ?1 ORDER BY key LIMIT ?2";

std::int64_t bytes_of_row(std::string_view key, std::string_view content_type, std::int64_t value_bytes) {
  return static_cast<std::int64_t>(key.size() + content_type.size()) + value_bytes;
}

StateEntry entry_of(const Statement& row) {
  const auto value = row.blob(3);
  return {std::string(row.text(0)), std::string(row.text(1)), row.integer(2), {value.begin(), value.end()}};
}

}  // namespace

Result<StateTable> StateTable::open(Connection& connection, std::int64_t bytes_max) {
  StateTable table;
  const auto bytes = connection.query_integer(kBytes);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  table.bytes_ = *bytes;
  table.bytes_max_ = bytes_max;
  const auto prepared = prepare_all(connection.handle(), {{&table.old_, kOld},
                                                          {&table.put_, kPut},
                                                          {&table.erase_, kErase},
                                                          {&table.get_, kGet},
                                                          {&table.list_, kList}});
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  return table;
}

Result<StateTable::Old*> StateTable::old_of(std::string_view key) {
  const auto known = known_.find(key);
  if (known != known_.end()) return &known->second;
  const ResetGuard guard(old_);
  const auto stepped = old_.bind(1, key).step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  if (*stepped == Step::done) return nullptr;
  return remember(key, {old_.integer(0), bytes_of_row(key, old_.text(1), old_.integer(2))});
}

StateTable::Old* StateTable::remember(std::string_view key, const Old& old) {
  if (known_.size() >= kCachedKeysMax) known_.clear();  // a full cache starts anew: simple, and rare
  return &known_.emplace(key, old).first->second;
}

Result<std::int64_t> StateTable::put(std::string_view key, std::span<const std::byte> value,
                                     std::string_view content_type) {
  const auto found = old_of(key);
  if (!found) return tl::unexpected<Error>(found.error());
  const Old old = *found != nullptr ? **found : Old();
  const Old next{old.version + 1, bytes_of_row(key, content_type, static_cast<std::int64_t>(value.size()))};
  const std::int64_t growth = next.bytes - old.bytes;
  if (growth > 0 && growth > bytes_max_ - bytes_) {
    return fail(ErrorCode::full, "put state",
                "the state's quota is " + std::to_string(bytes_max_) + " bytes and " +
                    std::to_string(bytes_) + " are used; erase keys, or raise the quota");
  }
  auto done = put_.bind(1, key).bind(2, next.version).bind(3, content_type).bind(4, value).run();
  if (!done) return tl::unexpected<Error>(std::move(done.error()));
  if (*found != nullptr) {
    **found = next;
  } else {
    remember(key, next);
  }
  bytes_ += growth;
  return next.version;
}

Result<bool> StateTable::erase(std::string_view key) {
  const auto found = old_of(key);
  if (!found) return tl::unexpected<Error>(found.error());
  if (*found == nullptr) return false;
  if (auto done = erase_.bind(1, key).run(); !done) return tl::unexpected<Error>(std::move(done.error()));
  bytes_ -= (*found)->bytes;
  known_.erase(known_.find(key));
  return true;
}

void StateTable::restore_bytes(std::int64_t bytes) {
  bytes_ = bytes;
  known_.clear();
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
