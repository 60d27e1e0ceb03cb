// SPDX-License-Identifier: MIT
#include "inbox/declared_tables.hpp"

namespace holdfast::inbox {
namespace {

Declared read_declared(Statement& row) {
  return {{row.integer(0), row.integer(1)}, std::string(row.text(2))};
}

Sparse read_sparse(Statement& row) {
  return {{{row.integer(0), row.integer(1)}, row.integer(2)}, std::string(row.text(3))};
}

Statement& bind_stream(Statement& statement, Stream stream) {
  return statement.bind(1, stream.source).bind(2, stream.epoch);
}

}  // namespace

Result<void> DeclaredTable::prepare(sqlite3* db) {
  return store::prepare_all(db, {{&below_, sql::kDeclaredBelow},
                                 {&above_, sql::kDeclaredAbove},
                                 {&within_, sql::kDeclaredWithin},
                                 {&insert_, sql::kDeclaredInsert},
                                 {&delete_, sql::kDeclaredDelete}});
}

Result<std::optional<Declared>> DeclaredTable::below(Stream stream, std::int64_t seq) {
  return first_row(bind_stream(below_, stream).bind(3, seq), read_declared);
}

Result<std::optional<Declared>> DeclaredTable::above(Stream stream, std::int64_t seq) {
  return first_row(bind_stream(above_, stream).bind(3, seq), read_declared);
}

Result<std::optional<Declared>> DeclaredTable::holding(Stream stream, std::int64_t seq) {
  auto candidate = below(stream, seq);
  if (candidate && *candidate && !(*candidate)->range.holds(seq)) return std::nullopt;
  return candidate;
}

Result<std::vector<Declared>> DeclaredTable::within(Stream stream, const Interval& range) {
  return all_rows(bind_stream(within_, stream).bind(3, range.first).bind(4, range.last), read_declared);
}

Result<int> DeclaredTable::add(Stream stream, Declared piece) {
  int rows = 1;
  auto lower = below(stream, piece.range.first);
  if (!lower) return failed(lower);
  if (*lower && (*lower)->range.last + 1 == piece.range.first && (*lower)->reason == piece.reason) {
    piece.range.first = (*lower)->range.first;
    if (auto done = erase(stream, piece.range.first); !done) return failed(done);
    --rows;
  }
  auto upper = above(stream, piece.range.last);
  if (!upper) return failed(upper);
  if (*upper && (*upper)->range.first == piece.range.last + 1 && (*upper)->reason == piece.reason) {
    if (auto done = erase(stream, (*upper)->range.first); !done) return failed(done);
    piece.range.last = (*upper)->range.last;
    --rows;
  }
  if (auto done = insert(stream, piece); !done) return failed(done);
  return rows;
}

Result<int> DeclaredTable::split(Stream stream, const Declared& whole, std::int64_t seq) {
  int rows = -1;
  if (auto done = erase(stream, whole.range.first); !done) return failed(done);
  for (const Interval& rest : {Interval{whole.range.first, seq - 1}, Interval{seq + 1, whole.range.last}}) {
    if (rest.first > rest.last) continue;
    if (auto done = insert(stream, {rest, whole.reason}); !done) return failed(done);
    ++rows;
  }
  return rows;
}

Result<void> DeclaredTable::erase(Stream stream, std::int64_t first) {
  return bind_stream(delete_, stream).bind(3, first).run();
}

Result<void> DeclaredTable::insert(Stream stream, const Declared& piece) {
  bind_stream(insert_, stream).bind(3, piece.range.first).bind(4, piece.range.last);
  return insert_.bind(5, std::string_view(piece.reason)).run();
}

Result<void> SparseTable::prepare(sqlite3* db) {
  return store::prepare_all(
      db, {{&within_, sql::kSparseWithin}, {&put_, sql::kSparseInsert}, {&delete_, sql::kSparseDelete}});
}

Result<std::vector<Sparse>> SparseTable::within(Stream stream, const Interval& range) {
  return all_rows(bind_stream(within_, stream).bind(3, range.first).bind(4, range.last), read_sparse);
}

Result<void> SparseTable::put(Stream stream, const Sparse& sparse) {
  bind_stream(put_, stream).bind(3, sparse.hull.hull.first).bind(4, sparse.hull.hull.last);
  return put_.bind(5, sparse.hull.missing).bind(6, std::string_view(sparse.reason)).run();
}

Result<void> SparseTable::erase(Stream stream, const Interval& hull) {
  return bind_stream(delete_, stream).bind(3, hull.first).bind(4, hull.last).run();
}

}  // namespace holdfast::inbox
