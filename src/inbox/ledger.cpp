// SPDX-License-Identifier: MIT
//
// An event goes one of two ways. In order, it moves the end of the interval that the ledger remembers: one
// UPDATE, which names the old end. Otherwise its neighbours are looked up, and it makes, grows or joins
// intervals, leaves a declared range, and may show a rewind. Whenever a transaction is rolled back, or
// another connection wrote, what the ledger remembers is dropped: the tables alone are the truth.
#include "inbox/ledger.hpp"

#include <algorithm>
#include <holdfast/check.hpp>

#include "inbox/audit.hpp"
#include "inbox/history.hpp"
#include "wire/records.hpp"

namespace holdfast::inbox {
namespace {

constexpr std::string_view kDataVersion = "PRAGMA data_version";
constexpr std::string_view kTooManySources = "more sources than sources_max";
constexpr std::string_view kTooManyIntervals = "more intervals in this epoch than intervals_max";

ApplyOutcome outcome(Applied applied) { return {applied, {}, std::nullopt}; }
ApplyOutcome reject(std::string_view why) { return {Applied::rejected, std::string(why), std::nullopt}; }

bool claims_to_be_ours(const CloudEvent& event) { return event.source.starts_with("urn:holdfast:"); }

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(sqlite3* db, const InboxOptions& options) {
  std::unique_ptr<Ledger> ledger(new Ledger(options.intervals_max));
  if (auto done = ledger->tables_.prepare(db, options.sources_max); !done) return failed(done);
  if (auto done = store::prepare_all(db, {{&ledger->data_version_, kDataVersion}}); !done)
    return failed(done);
  if (auto done = ledger->refresh(); !done) return failed(done);
  return ledger;
}

Result<void> Ledger::refresh() {
  auto version = first_row(data_version_, first_integer);
  if (!version) return failed(version);
  if (*version == version_seen_) return {};
  auto rows = tables_.streams.rows();
  if (!rows) return failed(rows);
  version_seen_ = **version;
  rows_ = rows_kept_ = *rows;
  tails_.clear();
  return {};
}

void Ledger::forget() noexcept {
  rows_ = rows_kept_;
  tails_.clear();
}

Result<ApplyOutcome> Ledger::record(const CloudEvent& event, std::int64_t now_s) {
  if (event.type == kEpochType) return record_epoch(event);
  if (event.type == kGapType) return record_gap(event);
  const auto position = wire::stream_position(event);
  if (!position) return reject(position.error().hint);
  if (*position) return record_event(event.source, **position);
  if (claims_to_be_ours(event)) return reject("a Holdfast source without epoch or sequence");
  return record_foreign(event, now_s);
}

Result<ApplyOutcome> Ledger::record_foreign(const CloudEvent& event, std::int64_t now_s) {
  if (event.source.empty() || event.id.empty()) return reject("source or id is missing");
  if (std::max(event.source.size(), event.id.size()) > ForeignTable::kTextBytesMax) {
    return reject("source or id is too long");
  }
  return tables_.foreign.add(event.source, event.id, now_s).map([](bool added) {
    return outcome(added ? Applied::applied : Applied::duplicate);
  });
}

Result<ApplyOutcome> Ledger::record_event(const std::string& source, const wire::StreamPosition& at) {
  if (at.seq < 1 || at.seq > kSeqMax) return reject("an impossible sequence number");
  auto quick = record_quickly(source, at);
  if (!quick) return failed(quick);
  if (*quick) return outcome(**quick);

  auto entrance = let_in(source, at.device_source, at.lane, at.epoch);
  if (!entrance) return failed(entrance);
  if (!entrance->why.empty()) return reject(entrance->why);
  const Stream stream{entrance->row.source, to_row(at.epoch)};
  auto entry = find_entry(stream, at.seq);
  if (!entry) return failed(entry);
  if (entry->place.placement == Placement::known) return outcome(Applied::duplicate);
  auto room = has_room(stream, *entry);
  if (!room) return failed(room);
  if (!*room) return reject(kTooManyIntervals);

  if (auto done = enter(stream, at.seq, *entry); !done) return failed(done);
  auto rewind = check_end(tables_, entrance->row.device, stream.epoch, at.lane, at.seq);
  if (!rewind) return failed(rewind);
  if (auto done = remember_tail(source, at, entrance->row); !done) return failed(done);
  return ApplyOutcome{Applied::applied, {}, std::move(*rewind)};
}

Result<std::optional<Applied>> Ledger::record_quickly(const std::string& source,
                                                      const wire::StreamPosition& at) {
  const auto found = tails_.find(source);
  if (found == tails_.end() || found->second.stream.epoch != to_row(at.epoch)) return std::nullopt;
  Tail& tail = found->second;
  if (tail.interval.holds(at.seq)) return Applied::duplicate;
  if (at.seq != tail.interval.last + 1 || at.seq >= tail.quick_until) return std::nullopt;
  auto extended = tables_.applied.extend(tail.stream, tail.interval, at.seq);
  if (!extended) return failed(extended);
  if (!*extended) {  // somebody wrote the table behind our back, on this very connection
    tails_.clear();
    return std::nullopt;
  }
  tail.interval.last = at.seq;
  return Applied::applied;
}

Result<Ledger::Entry> Ledger::find_entry(Stream stream, std::int64_t seq) {
  auto place = tables_.applied.find(stream, seq);
  if (!place) return failed(place);
  auto declared = tables_.declared.holding(stream, seq);
  if (!declared) return failed(declared);
  return Entry{*place, std::move(*declared)};
}

Result<bool> Ledger::has_room(Stream stream, const Entry& entry) {
  const bool new_interval = entry.place.placement == Placement::alone;
  const bool splits = entry.declared && entry.declared->range.count() > 2;
  if (!new_interval && !splits) return true;
  return fits(stream, (new_interval ? 1U : 0U) + (splits ? 1U : 0U));
}

Result<void> Ledger::enter(Stream stream, std::int64_t seq, const Entry& entry) {
  auto grown = tables_.applied.add(stream, seq, entry.place);
  if (!grown) return failed(grown);
  rows_ += *grown;
  if (entry.declared) {
    auto split = tables_.declared.split(stream, *entry.declared, seq);
    if (!split) return failed(split);
    rows_ += *split;
  }
  return lower_hulls(stream, {seq, seq});
}

Result<void> Ledger::remember_tail(const std::string& source, const wire::StreamPosition& at, SourceRow row) {
  const Stream stream{row.source, to_row(at.epoch)};
  auto highest = tables_.applied.highest(stream);
  if (!highest) return failed(highest);
  HOLDFAST_CHECK(highest->has_value());
  const Interval interval = **highest;
  std::int64_t until = kSeqMax;
  auto declared = tables_.declared.above(stream, interval.last);
  if (!declared) return failed(declared);
  if (*declared) until = (*declared)->range.first;
  auto hulls = tables_.sparse.within(stream, {interval.last + 1, kSeqMax});
  if (!hulls) return failed(hulls);
  if (!hulls->empty()) until = std::min(until, hulls->front().hull.hull.first);
  auto stated = tables_.epochs.stated_ends(row.device, stream.epoch, at.lane);
  if (!stated) return failed(stated);
  if (const auto end = stated->lowest()) until = std::min(until, *end + 1);  // beyond it: a rewind

  if (tails_.size() >= kTailsMax) tails_.clear();
  tails_[source] = Tail{stream, interval, until};
  return {};
}

Result<ApplyOutcome> Ledger::record_epoch(const CloudEvent& event) {
  const auto record = wire::read_epoch(event);
  if (!record) return reject(record.error().hint);
  tails_.clear();  // their ends may be stated now
  auto announced = announce(tables_, event.source, *record);
  if (!announced) return failed(announced);
  if (!announced->refused.empty()) return reject(announced->refused);
  rows_ += announced->rows_grown;
  return ApplyOutcome{Applied::announced, {}, std::move(announced->rewind)};
}

Result<ApplyOutcome> Ledger::record_gap(const CloudEvent& event) {
  const auto gap = wire::read_gap(event);
  if (!gap) return reject(gap.error().hint);
  if (gap->last > kSeqMax) return reject("an impossible sequence number");
  tails_.erase(event.source);
  const auto source = wire::parse_source(event.source);
  HOLDFAST_CHECK(source.has_value());  // read_gap() checked it
  auto entrance = let_in(event.source, source->device_source, source->lane, gap->epoch);
  if (!entrance) return failed(entrance);
  if (!entrance->why.empty()) return reject(entrance->why);

  const Stream stream{entrance->row.source, to_row(gap->epoch)};
  const bool dense = gap->missing == gap->last - gap->first + 1;
  auto refused = dense ? declare_range(stream, *gap) : declare_hull(stream, *gap);
  if (!refused) return failed(refused);
  if (!refused->empty()) return reject(*refused);
  auto rewind = check_end(tables_, entrance->row.device, stream.epoch, source->lane, gap->last);
  if (!rewind) return failed(rewind);
  return ApplyOutcome{Applied::declared, {}, std::move(*rewind)};
}

Result<std::string> Ledger::declare_range(Stream stream, const GapRecord& gap) {
  const Interval range{gap.first, gap.last};
  auto pieces = unknown_in(stream, range);
  if (!pieces) return failed(pieces);
  if (pieces->empty()) return std::string();
  auto room = fits(stream, pieces->size());
  if (!room) return failed(room);
  if (!*room) return std::string(kTooManyIntervals);
  for (const Interval& piece : *pieces) {
    auto grown = tables_.declared.add(stream, {piece, gap.reason});
    if (!grown) return failed(grown);
    rows_ += *grown;
  }
  if (auto done = lower_hulls(stream, range); !done) return failed(done);
  return std::string();
}

Result<std::string> Ledger::declare_hull(Stream stream, const GapRecord& gap) {
  const Interval hull{gap.first, gap.last};
  auto hulls = tables_.sparse.within(stream, hull);
  if (!hulls) return failed(hulls);
  const bool again =
      std::any_of(hulls->begin(), hulls->end(), [&](const Sparse& known) { return known.hull.hull == hull; });
  if (again) return std::string();
  auto unknown = unknown_in(stream, hull);
  if (!unknown) return failed(unknown);
  std::int64_t unknown_count = 0;
  for (const Interval& hole : *unknown) unknown_count += hole.count();
  if (unknown_count == 0) return std::string();
  auto room = fits(stream, 1);
  if (!room) return failed(room);
  if (!*room) return std::string(kTooManyIntervals);
  const Sparse sparse{{hull, std::min(gap.missing, unknown_count)}, gap.reason};
  if (auto done = tables_.sparse.put(stream, sparse); !done) return failed(done);
  ++rows_;
  return std::string();
}

Result<void> Ledger::lower_hulls(Stream stream, const Interval& range) {
  auto hulls = tables_.sparse.within(stream, range);
  if (!hulls) return failed(hulls);
  for (Sparse& sparse : *hulls) {
    auto unknown = unknown_in(stream, sparse.hull.hull);
    if (!unknown) return failed(unknown);
    std::int64_t count = 0;
    for (const Interval& hole : *unknown) count += hole.count();
    if (count >= sparse.hull.missing) continue;
    if (count == 0) {
      if (auto done = tables_.sparse.erase(stream, sparse.hull.hull); !done) return done;
      --rows_;
      continue;
    }
    sparse.hull.missing = count;
    if (auto done = tables_.sparse.put(stream, sparse); !done) return done;
  }
  return {};
}

Result<std::vector<Interval>> Ledger::unknown_in(Stream stream, const Interval& range) {
  auto applied = tables_.applied.within(stream, range);
  if (!applied) return failed(applied);
  auto declared = tables_.declared.within(stream, range);
  if (!declared) return failed(declared);
  std::vector<Interval> explained;
  for (const Declared& row : *declared) explained.push_back(row.range);
  return without(range, merged(*applied, explained));
}

Result<bool> Ledger::fits(Stream stream, std::size_t further_rows) {
  auto rows = tables_.streams.rows(stream);
  if (!rows) return failed(rows);
  return static_cast<std::size_t>(*rows) + further_rows <= intervals_max_;
}

Result<Ledger::Entrance> Ledger::let_in(std::string_view source, std::string_view device_source,
                                        std::string_view lane, Epoch epoch) {
  auto device = tables_.sources.device(device_source);
  if (!device) return failed(device);
  if (!*device) return Entrance{{}, std::string(kTooManySources)};
  auto row = tables_.sources.source(source, **device, lane);
  if (!row) return failed(row);
  if (!*row) return Entrance{{}, std::string(kTooManySources)};
  auto learnt = learn_seen(tables_, **device, to_row(epoch));
  if (!learnt) return failed(learnt);
  if (!*learnt) return Entrance{{}, "the device has too many epochs"};
  return Entrance{**row, {}};
}

Result<std::vector<MissingRange>> Ledger::missing(std::size_t ranges_max) {
  return list_missing(tables_, ranges_max);
}

Result<std::vector<Rewind>> Ledger::rewinds(std::size_t rewinds_max) {
  return tables_.rewinds.list(rewinds_max);
}

Result<std::size_t> Ledger::sweep(std::int64_t older_than_s, std::size_t rows_max) {
  constexpr std::size_t kMost = 10'000;  // a transaction's dirty pages stay in memory
  return tables_.foreign.sweep(older_than_s, static_cast<std::int64_t>(std::min(rows_max, kMost)));
}

Result<void> Ledger::count(InboxStatistics& statistics) {
  auto sources = tables_.sources.count();
  if (!sources) return failed(sources);
  auto rewinds = tables_.rewinds.total();
  if (!rewinds) return failed(rewinds);
  statistics.sources = static_cast<std::uint64_t>(*sources);
  statistics.rewinds = static_cast<std::uint64_t>(*rewinds);
  statistics.interval_rows = static_cast<std::uint64_t>(rows_kept_);
  return {};
}

}  // namespace holdfast::inbox
