// SPDX-License-Identifier: MIT
//
// In an ordinary life each opening of a store continues the one before: the epochs form a chain. A store that
// went back in time (restored backup, rollback, clone, a card that lied) breaks it in one of these ways:
//
//   fork    two announced epochs have the same parent
//   anew    two announced epochs have none: the store was wiped, or the device replaced
//   short   an epoch says that its parent ended below a seq that was seen of it, or below where it began
//   lost    the parent was never heard of, while the device was
//
// The first three do not depend on the order in which records and events arrive, and are final. The fourth
// may be an earlier record that is late: the report is withdrawn when the parent turns up. Nothing is
// concluded from an event alone, because its epoch's record may be on its way. An epoch is reported once.
//
// Folding: when an epoch and its only child are complete, what was shed, damaged or not retained in it is
// merged into the applied seqs, which leaves one row. What was quarantined may be requeued, and stays.
#include "inbox/history.hpp"

#include <algorithm>
#include <holdfast/check.hpp>

#include "inbox/audit.hpp"

namespace holdfast::inbox {
namespace {

/// Lanes that one record may list, and ancestors that are looked at for folding.
constexpr std::size_t kLanesMax = 256;
constexpr int kFoldDepth = 8;

std::string name_of(std::int64_t epoch) { return to_epoch(epoch).text(); }

Announcement refuse(std::string why) { return {std::move(why), std::nullopt, 0}; }

std::string check_record(const EpochRecord& record) {
  if (record.parent_ends.size() > kLanesMax) return "the epoch record lists too many lanes";
  for (const LaneEnd& end : record.parent_ends) {
    if (end.last < 0 || end.last > kSeqMax) return "the epoch record states an impossible end";
  }
  return {};
}

Result<std::string> find_fork(Tables& tables, std::int64_t device, const EpochRecord& record) {
  std::optional<std::int64_t> parent;
  if (record.parent) parent = to_row(*record.parent);
  auto siblings = tables.epochs.children(device, parent);
  if (!siblings) return failed(siblings);
  for (const std::int64_t sibling : *siblings) {
    if (sibling == to_row(record.epoch)) continue;
    if (!parent) return "begins a new store, but the device had epoch " + name_of(sibling) + " already";
    return "continues " + name_of(*parent) + ", as " + name_of(sibling) + " does already";
  }
  return std::string();
}

/// What contradicts a stated end.
std::string seen(std::int64_t seq) { return std::to_string(seq) + " was seen"; }
std::string began_after(std::int64_t seq) { return "it began after " + std::to_string(seq); }

std::string short_end(std::int64_t parent, std::string_view lane, std::int64_t end, const std::string& but) {
  return "says that " + name_of(parent) + " ended at " + std::string(lane) + ' ' + std::to_string(end) +
         ", but " + but;
}

Result<std::string> find_short_end(Tables& tables, std::int64_t device, const EpochRecord& record) {
  const std::int64_t parent = to_row(*record.parent);
  auto lanes = tables.sources.lanes_of(device);
  if (!lanes) return failed(lanes);
  for (const LaneRow& lane : *lanes) {
    auto span = tables.streams.span({lane.source, parent});
    if (!span) return failed(span);
    auto begin = tables.epochs.parent_end(device, parent, lane.lane);
    if (!begin) return failed(begin);
    auto end = tables.epochs.parent_end(device, to_row(record.epoch), lane.lane);
    if (!end) return failed(end);
    if (*span && (*span)->last > *end) return short_end(parent, lane.lane, *end, seen((*span)->last));
    if (*begin > *end) return short_end(parent, lane.lane, *end, began_after(*begin));
  }
  return std::string();
}

Result<bool> is_lost(Tables& tables, std::int64_t device, const EpochRecord& record) {
  auto parent = tables.epochs.find(device, to_row(*record.parent));
  if (!parent) return failed(parent);
  HOLDFAST_CHECK(parent->has_value());
  if ((*parent)->known != Known::named) return false;
  return tables.epochs.knows_others(device, to_row(record.epoch));
}

Result<std::optional<std::string>> report(Tables& tables, std::int64_t device, std::int64_t epoch,
                                          std::optional<std::int64_t> unknown_parent, std::string what) {
  what = "epoch " + name_of(epoch) + ' ' + what +
         "; a restored backup, a clone, or a card that lost writes: the tail of the other is unknown";
  auto news = tables.rewinds.report(device, epoch, unknown_parent, what);
  if (!news) return failed(news);
  if (!*news) return std::nullopt;
  return what;
}

Result<std::optional<std::string>> find_rewind(Tables& tables, std::int64_t device,
                                               const EpochRecord& record) {
  const std::int64_t epoch = to_row(record.epoch);
  auto fork = find_fork(tables, device, record);
  if (!fork) return failed(fork);
  if (!fork->empty()) return report(tables, device, epoch, std::nullopt, std::move(*fork));
  if (!record.parent) return std::nullopt;

  auto short_end = find_short_end(tables, device, record);
  if (!short_end) return failed(short_end);
  if (!short_end->empty()) return report(tables, device, epoch, std::nullopt, std::move(*short_end));

  auto lost = is_lost(tables, device, record);
  if (!lost) return failed(lost);
  if (!*lost) return std::nullopt;
  const std::int64_t parent = to_row(*record.parent);
  return report(tables, device, epoch, parent, "continues " + name_of(parent) + ", which was never seen");
}

/// Children of an epoch that say it ended below `highest`. Returns the first report.
Result<std::optional<std::string>> find_short_children(Tables& tables, std::int64_t device,
                                                       std::int64_t epoch, std::string_view lane,
                                                       std::int64_t highest, const std::string& but) {
  std::optional<std::string> first;
  auto stated = tables.epochs.stated_ends(device, epoch, lane);
  if (!stated) return failed(stated);
  for (std::size_t i = 0; i < stated->children.size(); ++i) {
    if (stated->ends[i] >= highest) continue;
    auto what = report(tables, device, stated->children[i], std::nullopt,
                       short_end(epoch, lane, stated->ends[i], but));
    if (!what) return failed(what);
    if (!first) first = std::move(*what);
  }
  return first;
}

/// Its record may come after those of its children.
Result<std::optional<std::string>> find_short_children(Tables& tables, std::int64_t device,
                                                       const EpochRecord& record) {
  std::optional<std::string> first;
  for (const LaneEnd& begin : record.parent_ends) {
    auto what = find_short_children(tables, device, to_row(record.epoch), begin.lane, begin.last,
                                    began_after(begin.last));
    if (!what) return failed(what);
    if (!first) first = std::move(*what);
  }
  return first;
}

/// The one child of an epoch that is complete in the lane together with its end; nothing otherwise.
Result<std::optional<std::int64_t>> child_if_complete(Tables& tables, const LaneEpoch& at, Interval& whole) {
  auto children = tables.epochs.children(at.device, at.stream.epoch);
  if (!children) return failed(children);
  if (children->size() != 1) return std::nullopt;
  auto extent = extent_of(tables, at);
  if (!extent) return failed(extent);
  if (*extent) {
    whole = **extent;
    auto missing = missing_in(tables, at.stream, whole);
    if (!missing) return failed(missing);
    if (!missing->empty()) return std::nullopt;
  }
  return children->front();
}

/// Deletes what folding makes needless. Returns what may still return, or nothing: then it must not be
/// folded.
Result<std::optional<std::vector<Interval>>> drop_explained(Tables& tables, Stream stream,
                                                            const Interval& whole, std::int64_t& rows) {
  auto sparse = tables.sparse.within(stream, whole);
  if (!sparse) return failed(sparse);
  for (const Sparse& hull : *sparse) {
    if (hull.reason == kMayReturn) return std::nullopt;
  }
  auto declared = tables.declared.within(stream, whole);
  if (!declared) return failed(declared);
  std::vector<Interval> may_return;
  for (const Declared& row : *declared) {
    if (row.reason == kMayReturn) {
      may_return.push_back(row.range);
      continue;
    }
    if (auto done = tables.declared.erase(stream, row.range.first); !done) return failed(done);
    --rows;
  }
  for (const Sparse& hull : *sparse) {
    if (auto done = tables.sparse.erase(stream, hull.hull.hull); !done) return failed(done);
    --rows;
  }
  return may_return;
}

/// Folds one lane of an epoch when it and its child are complete. Returns by how many rows the tables grew.
Result<std::int64_t> fold(Tables& tables, const LaneEpoch& at) {
  auto rows_before = tables.streams.rows(at.stream);
  if (!rows_before) return failed(rows_before);
  if (*rows_before <= 1) return 0;
  Interval whole;
  auto child = child_if_complete(tables, at, whole);
  if (!child) return failed(child);
  if (!*child) return 0;
  Interval child_whole;
  auto grandchild = child_if_complete(tables, {at.device, at.lane, {at.stream.source, **child}}, child_whole);
  if (!grandchild) return failed(grandchild);
  if (!*grandchild) return 0;

  // A seq below the stated beginning contradicts the record, but it was applied: it stays known.
  auto seen = tables.streams.span(at.stream);
  if (!seen) return failed(seen);
  if (!*seen || (*seen)->first < whole.first) return 0;
  std::int64_t rows = 0;
  auto may_return = drop_explained(tables, at.stream, whole, rows);
  if (!may_return) return failed(may_return);
  if (!*may_return) return 0;
  auto grown = tables.applied.replace(at.stream, without(whole, **may_return));
  if (!grown) return failed(grown);
  return rows + *grown;
}

/// The grandparent and its ancestors may have become complete with this announcement.
Result<std::int64_t> fold_ancestors(Tables& tables, std::int64_t device, std::int64_t epoch) {
  auto lanes = tables.sources.lanes_of(device);
  if (!lanes) return failed(lanes);
  std::int64_t rows = 0;
  for (int depth = 0; depth < kFoldDepth; ++depth) {
    auto row = tables.epochs.find(device, epoch);
    if (!row) return failed(row);
    if (!*row || !(*row)->parent) break;
    epoch = *(*row)->parent;
    for (const LaneRow& lane : *lanes) {
      auto grown = fold(tables, {device, lane.lane, {lane.source, epoch}});
      if (!grown) return failed(grown);
      rows += *grown;
    }
  }
  return rows;
}

/// Lanes that ended above 0 are sources, also when nothing of them ever arrived: then all of it is missing.
Result<bool> learn_lanes(Tables& tables, std::string_view device_source, std::int64_t device,
                         const EpochRecord& record) {
  for (const LaneEnd& end : record.parent_ends) {
    if (end.last == 0) continue;
    const std::string name = std::string(device_source) + '/' + end.lane;
    auto source = tables.sources.source(name, device, end.lane);
    if (!source) return failed(source);
    if (!*source) return false;
  }
  return true;
}

}  // namespace

Result<bool> learn_seen(Tables& tables, std::int64_t device, std::int64_t epoch) {
  auto learnt = tables.epochs.learn(device, epoch, Known::seen);
  if (!learnt || !*learnt) return learnt;
  if (auto done = tables.rewinds.withdraw(device, epoch); !done) return failed(done);
  return true;
}

Result<std::optional<std::string>> check_end(Tables& tables, std::int64_t device, std::int64_t epoch,
                                             std::string_view lane, std::int64_t highest) {
  return find_short_children(tables, device, epoch, lane, highest, seen(highest));
}

Result<Announcement> announce(Tables& tables, std::string_view device_source, const EpochRecord& record) {
  if (std::string why = check_record(record); !why.empty()) return refuse(std::move(why));
  auto device = tables.sources.device(device_source);
  if (!device) return failed(device);
  if (!*device) return refuse("more sources than sources_max");
  const std::int64_t epoch = to_row(record.epoch);

  auto known = tables.epochs.find(**device, epoch);
  if (!known) return failed(known);
  if (*known && (*known)->known == Known::announced) {
    std::optional<std::int64_t> parent;
    if (record.parent) parent = to_row(*record.parent);
    if ((*known)->parent != parent) return refuse("the epoch was announced with another parent");
    return Announcement{};
  }
  for (const auto& [id, how] : {std::pair(record.parent, Known::named), {record.epoch, Known::announced}}) {
    if (!id) continue;
    auto learnt = tables.epochs.learn(**device, to_row(*id), how);
    if (!learnt) return failed(learnt);
    if (!*learnt) return refuse("the device has too many epochs");
  }
  auto lanes = learn_lanes(tables, device_source, **device, record);
  if (!lanes) return failed(lanes);
  if (!*lanes) return refuse("more sources than sources_max");
  if (auto done = tables.epochs.announce(**device, record); !done) return failed(done);
  if (auto done = tables.rewinds.withdraw(**device, epoch); !done) return failed(done);

  Announcement result;
  auto rewind = find_rewind(tables, **device, record);
  if (!rewind) return failed(rewind);
  auto of_children = find_short_children(tables, **device, record);
  if (!of_children) return failed(of_children);
  result.rewind = *rewind ? std::move(*rewind) : std::move(*of_children);
  auto grown = fold_ancestors(tables, **device, epoch);
  if (!grown) return failed(grown);
  result.rows_grown = *grown;
  return result;
}

}  // namespace holdfast::inbox
