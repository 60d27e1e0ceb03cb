// SPDX-License-Identifier: MIT
#include "store/damaged_table.hpp"

#include <algorithm>
#include <limits>

namespace holdfast::store {
namespace {

constexpr std::int64_t kNoBound = std::numeric_limits<std::int64_t>::max();
// With nothing readable at the top, steps double from the last key that was read: 2^40 keys are more than a
// store ever gives.
constexpr int kDoublings = 40;
// Pages that are linked in a circle give rows for ever. The largest of these tables has limits::kInternedTextsMax.
constexpr int kSmallTableRowsMax = 100'000;

}  // namespace

bool is_damage(const Error& error) noexcept {
  switch (error.native & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT: return false;
    default: return error.native != SQLITE_IOERR_NOMEM;
  }
}

Result<std::optional<Statement>> prepare_damaged(sqlite3* db, const std::string& sql) {
  auto prepared = Statement::prepare(db, sql, false);
  if (prepared) return std::optional<Statement>(std::move(*prepared));
  if (!is_damage(prepared.error())) return tl::unexpected<Error>(prepared.error());
  return std::optional<Statement>();
}

Result<bool> read_both_ways(sqlite3* db, const std::string& up, const std::string& down,
                            const std::function<Result<bool>(const Statement&)>& take) {
  for (const std::string* sql : {&up, &down}) {
    auto statement = prepare_damaged(db, *sql);
    if (!statement) return tl::unexpected<Error>(statement.error());
    if (!statement->has_value()) return false;
    for (int rows = 0; rows < kSmallTableRowsMax; ++rows) {
      const auto stepped = (*statement)->step();
      if (!stepped) {
        if (!is_damage(stepped.error())) return tl::unexpected<Error>(stepped.error());
        break;
      }
      if (*stepped == Step::done) return sql == &up;  // downwards it can only have met what was met before
      auto goes_on = take(**statement);
      if (!goes_on) return goes_on;
      if (!*goes_on) break;
    }
  }
  return false;
}

Result<std::optional<DamagedTable>> DamagedTable::open(sqlite3* db, const std::string& table,
                                                       const std::string& key, const std::string& columns) {
  DamagedTable damaged;
  const std::string keys = "SELECT " + key + " FROM " + table + " WHERE " + key;
  for (auto& [statement, sql] :
       {std::pair{&damaged.up_, keys + " >= ?1 ORDER BY " + key},
        std::pair{&damaged.down_, keys + " <= ?1 ORDER BY " + key + " DESC"},
        std::pair{&damaged.rows_, "SELECT " + columns + " FROM " + table + " WHERE " + key +
                                      " BETWEEN ?1 AND ?2 ORDER BY " + key}}) {
    auto prepared = prepare_damaged(db, sql);
    if (!prepared) return tl::unexpected<Error>(prepared.error());
    if (!prepared->has_value()) return std::optional<DamagedTable>();
    *statement = std::move(**prepared);
  }
  return std::optional<DamagedTable>(std::move(damaged));
}

// A key out of order means a page out of its place: either the one that the key is on, or what was read
// before it. In the second case the walk goes on from the key: a new search finds it without the wrong page.
void DamagedTable::out_of_order(Walk& walk, std::int64_t key, std::int64_t low) {
  if (!walk.span || key <= low || key == walk.span->first) return;
  if (walk.span->first < key) {
    walk.span->last = key - 1;
  } else {
    walk.span.reset();
  }
  walk.resume = key - 1;
}

Result<DamagedTable::Walk> DamagedTable::walk_up(const Hole& within) {
  const ResetGuard guard(up_);
  up_.bind(1, within.low + 1);
  Walk walk;
  for (std::int64_t before = within.low;;) {
    const auto stepped = up_.step();
    if (!stepped && !is_damage(stepped.error())) return tl::unexpected<Error>(stepped.error());
    if (!stepped) return walk;
    walk.whole = *stepped == Step::done || up_.integer(0) >= within.high;
    if (walk.whole) return walk;
    if (up_.integer(0) <= before) {
      out_of_order(walk, up_.integer(0), within.low);
      return walk;
    }
    before = up_.integer(0);
    if (!walk.span) walk.span = KeySpan{before, before};
    walk.span->last = before;
  }
}

Result<DamagedTable::Walk> DamagedTable::walk_down(const Hole& within) {
  const ResetGuard guard(down_);
  down_.bind(1, within.high - 1);
  Walk walk;
  for (std::int64_t before = within.high;;) {
    const auto stepped = down_.step();
    if (!stepped && !is_damage(stepped.error())) return tl::unexpected<Error>(stepped.error());
    if (!stepped) return walk;
    walk.whole = *stepped == Step::done || down_.integer(0) <= within.low;
    if (walk.whole) return walk;
    if (down_.integer(0) >= before) {
      if (walk.span && walk.span->last > down_.integer(0)) walk.span->first = down_.integer(0) + 1;
      return walk;
    }
    before = down_.integer(0);
    if (!walk.span) walk.span = KeySpan{before, before};
    walk.span->first = before;
  }
}

Result<std::vector<KeySpan>> DamagedTable::find_spans(std::int64_t after) {
  probes_left_ = Salvager::kProbesMax;
  std::vector<KeySpan> found;
  std::vector<Hole> holes;
  for (std::int64_t from = after;;) {
    const auto up = walk_up({from, kNoBound});
    if (!up) return tl::unexpected<Error>(up.error());
    if (up->span) found.push_back(*up->span);
    if (up->whole) break;
    const std::int64_t reached = up->resume.value_or(up->span ? up->span->last : from);
    if (reached > from && probes_left_-- > 0) {
      from = reached;
      continue;
    }
    const auto down = walk_down({from, kNoBound});
    if (!down) return tl::unexpected<Error>(down.error());
    if (down->span) {
      found.push_back(*down->span);
      if (!down->whole) holes.push_back({from, down->span->first});
      break;
    }
    if (down->whole) break;
    const auto hole = climb(from, found);  // the top does not read either
    if (!hole) return tl::unexpected<Error>(hole.error());
    if (!hole->has_value()) break;
    holes.push_back(**hole);
    from = found.back().last;
  }
  if (auto done = probe(std::move(holes), found); !done) return tl::unexpected<Error>(done.error());
  std::sort(found.begin(), found.end(), [](const KeySpan& a, const KeySpan& b) { return a.first < b.first; });
  return found;
}

// Looks above `after` in doubling steps for something that reads; gives the hole that is left below it.
Result<std::optional<DamagedTable::Hole>> DamagedTable::climb(std::int64_t after,
                                                              std::vector<KeySpan>& found) {
  for (int i = 0; i < kDoublings && probes_left_ > 0; ++i, --probes_left_) {
    const std::int64_t step = std::int64_t{1} << i;
    if (after > kNoBound - step - 1) break;
    const auto up = walk_up({after + step, kNoBound});
    if (!up) return tl::unexpected<Error>(up.error());
    if (!up->span) continue;
    const auto down = walk_down({after, up->span->first});
    if (!down) return tl::unexpected<Error>(down.error());
    if (down->span) found.push_back(*down->span);
    found.push_back(*up->span);
    return std::optional(Hole{after, down->span ? down->span->first : up->span->first});
  }
  return std::optional<Hole>();
}

// Halves each hole, the oldest first, so that the probes are spread over all of them.
Result<void> DamagedTable::probe(std::vector<Hole> holes, std::vector<KeySpan>& found) {
  for (std::size_t i = 0; i < holes.size() && probes_left_ > 0; ++i, --probes_left_) {
    const Hole hole = holes[i];
    if (hole.high - hole.low <= 1) continue;
    const std::int64_t middle = hole.low + (hole.high - hole.low) / 2;
    const auto up = walk_up({middle, hole.high});
    if (!up) return tl::unexpected<Error>(up.error());
    if (up->span) found.push_back(*up->span);
    if (!up->whole) holes.push_back({up->span ? up->span->last : middle, hole.high});
    const auto down = walk_down({hole.low, middle + 1});
    if (!down) return tl::unexpected<Error>(down.error());
    if (down->span) found.push_back(*down->span);
    if (!down->whole) holes.push_back({hole.low, down->span ? down->span->first : middle + 1});
  }
  return {};
}

Result<std::optional<std::int64_t>> DamagedTable::next_key(std::int64_t after) {
  const ResetGuard guard(up_);
  const auto stepped = up_.bind(1, after + 1).step();
  if (!stepped && !is_damage(stepped.error())) return tl::unexpected<Error>(stepped.error());
  if (!stepped || *stepped == Step::done || up_.integer(0) <= after) return std::optional<std::int64_t>();
  return std::optional(up_.integer(0));
}

// The key of a row may read where the row does not (its overflow pages are elsewhere): such a row is passed
// over.
Result<void> DamagedTable::for_each(const std::vector<KeySpan>& spans,
                                    const std::function<Result<void>(const Statement&)>& take,
                                    const std::function<void(std::int64_t)>& unreadable) {
  std::int64_t before = std::numeric_limits<std::int64_t>::min();
  for (const KeySpan& span : spans) {
    before =
        std::max(before, span.first - 1);  // spans that overlap, which only damage makes, give each key once
    while (before < span.last) {
      const ResetGuard guard(rows_);
      rows_.bind(1, before + 1).bind(2, span.last);
      auto stepped = rows_.step();
      while (stepped && *stepped == Step::row && rows_.integer(0) > before) {
        before = rows_.integer(0);
        if (auto done = take(rows_); !done) return done;
        stepped = rows_.step();
      }
      if (stepped) break;
      if (!is_damage(stepped.error())) return tl::unexpected<Error>(stepped.error());
      const auto key = next_key(before);
      if (!key) return tl::unexpected<Error>(key.error());
      if (!key->has_value() || **key > span.last) break;
      unreadable(**key);
      before = **key;
    }
  }
  return {};
}

}  // namespace holdfast::store
