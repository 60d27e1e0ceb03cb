// SPDX-License-Identifier: MIT
//
// Where a stream begins. A lane's seq continues across the epochs of a store, so its first seq in an epoch is
// one more than where the epoch's record says that the parent ended; 1 when there is no parent. While the
// record has not arrived, what lies between the last seq of the lane known below and the lowest one seen (or, of an
// epoch that is known only because another one names it as its parent, the stated end) is missing, provisionally in
// this epoch: a broker that lost its data may have had the record, too, and a device that is asked sends it again.
//
// Where it ends: at the larger of the highest seq seen and what the records of its children state.
#include "inbox/audit.hpp"

#include <algorithm>
#include <string>

namespace holdfast::inbox {
namespace {

Result<std::int64_t> beginning_of(Tables& tables, const LaneEpoch& at, const EpochRow& epoch,
                                  const std::optional<Interval>& seen, std::int64_t end) {
  if (epoch.known == Known::announced) {
    if (!epoch.parent) return 1;
    return tables.epochs.parent_end(at.device, at.stream.epoch, at.lane).map([](std::int64_t last) {
      return last + 1;
    });
  }
  // Where nothing is known below, nobody can say what came before: then nothing is claimed.
  const std::int64_t unknown = seen ? seen->first : kSeqMax;
  return tables.streams.highest_up_to(at.stream.source, seen ? seen->first - 1 : end)
      .map([&](std::int64_t last) { return last == 0 ? unknown : last + 1; });
}

}  // namespace

Result<std::optional<Interval>> extent_of(Tables& tables, const LaneEpoch& at) {
  auto epoch = tables.epochs.find(at.device, at.stream.epoch);
  if (!epoch) return failed(epoch);
  if (!*epoch) return std::nullopt;
  auto seen = tables.streams.span(at.stream);
  if (!seen) return failed(seen);
  auto stated = tables.epochs.stated_ends(at.device, at.stream.epoch, at.lane);
  if (!stated) return failed(stated);

  const std::int64_t end = std::max(*seen ? (*seen)->last : 0, stated->highest().value_or(0));
  auto first = beginning_of(tables, at, **epoch, *seen, end);
  if (!first) return failed(first);
  if (*first > end) return std::nullopt;
  return Interval{*first, end};
}

Result<std::vector<Missing>> missing_in(Tables& tables, Stream stream, const Interval& whole) {
  auto applied = tables.applied.within(stream, whole);
  if (!applied) return failed(applied);
  auto declared = tables.declared.within(stream, whole);
  if (!declared) return failed(declared);
  auto sparse = tables.sparse.within(stream, whole);
  if (!sparse) return failed(sparse);

  std::vector<Interval> explained;
  for (const Declared& row : *declared) explained.push_back(row.range);
  std::vector<SparseHull> hulls;
  for (const Sparse& row : *sparse) hulls.push_back(row.hull);
  return missing_of(whole, merged(*applied, explained), hulls);
}

Result<std::vector<MissingRange>> list_missing(Tables& tables, std::size_t ranges_max) {
  std::vector<MissingRange> result;
  Statement& row = tables.streams.all_streams();
  const store::ResetGuard guard(row);
  while (result.size() < ranges_max) {
    auto stepped = row.step();
    if (!stepped) return failed(stepped);
    if (*stepped == Step::done) break;
    const std::string source(row.text(0));
    const std::string lane(row.text(1));
    const LaneEpoch at{row.integer(2), lane, {row.integer(3), row.integer(4)}};

    auto whole = extent_of(tables, at);
    if (!whole) return failed(whole);
    if (!*whole) continue;
    auto ranges = missing_in(tables, at.stream, **whole);
    if (!ranges) return failed(ranges);
    for (const Missing& range : *ranges) {
      if (result.size() == ranges_max) break;
      result.push_back({source, to_epoch(at.stream.epoch), range.range.first, range.range.last, range.count,
                        range.unknown_seqs});
    }
  }
  return result;
}

}  // namespace holdfast::inbox
