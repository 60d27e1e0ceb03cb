// SPDX-License-Identifier: MIT
#include "inbox/applied_table.hpp"

#include <holdfast/check.hpp>

namespace holdfast::inbox {
namespace {

Interval read_interval(Statement& row) { return {row.integer(0), row.integer(1)}; }

Statement& bind_stream(Statement& statement, Stream stream) {
  return statement.bind(1, stream.source).bind(2, stream.epoch);
}

}  // namespace

Result<void> AppliedTable::prepare(sqlite3* db) {
  db_ = db;
  return store::prepare_all(db, {{&below_, sql::kAppliedBelow},
                                 {&at_, sql::kAppliedAt},
                                 {&within_, sql::kAppliedWithin},
                                 {&extend_, sql::kAppliedExtend},
                                 {&insert_, sql::kAppliedInsert},
                                 {&delete_, sql::kAppliedDelete},
                                 {&delete_all_, sql::kAppliedDeleteAll}});
}

Result<std::optional<Interval>> AppliedTable::below(Stream stream, std::int64_t seq) {
  return first_row(bind_stream(below_, stream).bind(3, seq), read_interval);
}

Result<std::vector<Interval>> AppliedTable::within(Stream stream, const Interval& range) {
  return all_rows(bind_stream(within_, stream).bind(3, range.first).bind(4, range.last), read_interval);
}

Result<bool> AppliedTable::extend(Stream stream, const Interval& interval, std::int64_t last) {
  bind_stream(extend_, stream).bind(3, interval.first).bind(4, interval.last).bind(5, last);
  if (auto done = extend_.run(); !done) return failed(done);
  return sqlite3_changes(db_) == 1;
}

Result<AppliedTable::Place> AppliedTable::find(Stream stream, std::int64_t seq) {
  Place place;
  auto lower = below(stream, seq);
  if (!lower) return failed(lower);
  place.below = *lower;
  auto upper = first_row(bind_stream(at_, stream).bind(3, seq + 1), read_interval);
  if (!upper) return failed(upper);
  place.above = *upper;
  place.placement = inbox::place(seq, place.below, place.above);
  return place;
}

Result<int> AppliedTable::add(Stream stream, std::int64_t seq, const Place& place) {
  Interval grown{seq, seq};
  int rows = 1;
  if (place.placement == Placement::prepend || place.placement == Placement::join) {
    if (auto done = erase(stream, place.above->first); !done) return failed(done);
    grown.last = place.above->last;
    --rows;
  }
  if (place.placement == Placement::append || place.placement == Placement::join) {
    auto extended = extend(stream, *place.below, grown.last);
    if (!extended) return failed(extended);
    HOLDFAST_CHECK(*extended);  // it was read in this transaction
    return rows - 1;
  }
  if (auto done = insert(stream, grown); !done) return failed(done);
  return rows;
}

Result<std::int64_t> AppliedTable::replace(Stream stream, std::span<const Interval> intervals) {
  if (auto done = bind_stream(delete_all_, stream).run(); !done) return failed(done);
  const std::int64_t deleted = sqlite3_changes(db_);
  for (const Interval& interval : intervals) {
    if (auto done = insert(stream, interval); !done) return failed(done);
  }
  return static_cast<std::int64_t>(intervals.size()) - deleted;
}

Result<void> AppliedTable::insert(Stream stream, const Interval& interval) {
  return bind_stream(insert_, stream).bind(3, interval.first).bind(4, interval.last).run();
}

Result<void> AppliedTable::erase(Stream stream, std::int64_t first) {
  return bind_stream(delete_, stream).bind(3, first).run();
}

}  // namespace holdfast::inbox
