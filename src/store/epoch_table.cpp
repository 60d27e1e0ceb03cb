// SPDX-License-Identifier: MIT
#include "store/epoch_table.hpp"

#include <algorithm>

namespace holdfast::store {
namespace {

constexpr std::string_view kListEpochs = "SELECT n, epoch, fingerprint FROM hf_epoch ORDER BY n";
constexpr std::string_view kListBoots =
    "SELECT boot, boot_id, anchor_since_boot_ns, anchor_utc_ns FROM hf_boot";
constexpr std::string_view kAddBoot =
    "INSERT INTO hf_boot (boot, boot_id, anchor_since_boot_ns, anchor_utc_ns) SELECT ?1, ?2, ?3, ?4";
constexpr std::string_view kSetAnchor =
    "UPDATE hf_boot SET anchor_since_boot_ns = ?2, anchor_utc_ns = ?3 WHERE boot = ?1";
constexpr std::string_view kAddEpoch =
    "INSERT INTO hf_epoch (n, epoch, parent, boot, reason, fingerprint) SELECT ?1, ?2, ?3, ?4, ?5, ?6";
// OR REPLACE: a closure may go on after an attempt that failed half-way.
constexpr std::string_view kAddEnd =
    "INSERT OR REPLACE INTO hf_epoch_end (n, lane_name, last_seq) SELECT ?1, ?2, ?3";
constexpr std::string_view kUnacknowledged =
    "SELECT n, epoch, parent, reason FROM hf_epoch WHERE acknowledged = 0 ORDER BY n LIMIT ?1";
constexpr std::string_view kRecord = "SELECT n, epoch, parent, reason FROM hf_epoch WHERE n = ?1";
constexpr std::string_view kEnds = "SELECT lane_name, last_seq FROM hf_epoch_end WHERE n = ?1";
constexpr std::string_view kEndOf = "SELECT last_seq FROM hf_epoch_end WHERE n = ?1 AND lane_name = ?2";
constexpr std::string_view kAcknowledge = "UPDATE hf_epoch SET acknowledged = 1 WHERE epoch = ?1";
constexpr std::string_view kPrune = "DELETE FROM hf_epoch WHERE n < ?1 AND acknowledged = 1";
constexpr std::string_view kPruneEnds = "DELETE FROM hf_epoch_end WHERE n NOT IN (SELECT n FROM hf_epoch)";
constexpr std::string_view kPruneBoots = "DELETE FROM hf_boot WHERE boot NOT IN (SELECT boot FROM hf_epoch)";

std::int64_t count_of(Instant instant) noexcept { return instant.time_since_epoch().count(); }
std::int64_t count_of(UtcTime utc) noexcept { return utc.time_since_epoch().count(); }

template <class Take>
Result<void> for_each(Statement& statement, Take take) {
  const ResetGuard guard(statement);
  for (;;) {
    const auto stepped = statement.step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done) return {};
    take();
  }
}

}  // namespace

Result<EpochTable> EpochTable::open(Connection& connection) {
  EpochTable table;
  auto done = prepare_all(connection.handle(), {{&table.list_epochs_, kListEpochs},
                                                {&table.list_boots_, kListBoots},
                                                {&table.add_boot_, kAddBoot},
                                                {&table.set_anchor_, kSetAnchor},
                                                {&table.add_epoch_, kAddEpoch},
                                                {&table.add_end_, kAddEnd},
                                                {&table.unacknowledged_, kUnacknowledged},
                                                {&table.record_, kRecord},
                                                {&table.ends_, kEnds},
                                                {&table.end_of_, kEndOf},
                                                {&table.acknowledge_, kAcknowledge},
                                                {&table.prune_, kPrune},
                                                {&table.prune_ends_, kPruneEnds},
                                                {&table.prune_boots_, kPruneBoots}});
  if (done) done = table.reload();
  if (!done) return tl::unexpected<Error>(done.error());
  return table;
}

Result<void> EpochTable::reload() {
  epochs_.clear();
  boots_.clear();
  newest_fingerprint_.clear();
  auto done = for_each(list_epochs_, [&] {
    epochs_.emplace(list_epochs_.integer(0), as_epoch(list_epochs_.integer(1)));
    newest_fingerprint_ = list_epochs_.text(2);
  });
  if (!done) return done;
  return for_each(list_boots_, [&] {
    Boot boot{std::string(list_boots_.text(1)), std::nullopt};
    if (!list_boots_.is_null(2) && !list_boots_.is_null(3)) {
      boot.anchor = base::TimeAnchor{Instant(Duration(list_boots_.integer(2))),
                                     UtcTime(Duration(list_boots_.integer(3)))};
    }
    boots_.emplace(list_boots_.integer(0), std::move(boot));
  });
}

std::optional<NumberedEpoch> EpochTable::newest() const {
  if (epochs_.empty()) return std::nullopt;
  return NumberedEpoch{epochs_.rbegin()->first, epochs_.rbegin()->second};
}

std::optional<Epoch> EpochTable::find(std::int64_t number) const {
  const auto found = epochs_.find(number);
  if (found == epochs_.end()) return std::nullopt;
  return found->second;
}

std::optional<base::TimeAnchor> EpochTable::anchor_of(std::int64_t boot) const {
  const auto found = boots_.find(boot);
  return found == boots_.end() ? std::nullopt : found->second.anchor;
}

std::optional<std::int64_t> EpochTable::boot_number(const std::string& boot_id) const {
  const auto found =
      std::find_if(boots_.begin(), boots_.end(), [&](const auto& boot) { return boot.second.id == boot_id; });
  if (found == boots_.end()) return std::nullopt;
  return found->first;
}

Result<std::int64_t> EpochTable::store_boot(const NewEpoch& epoch) {
  if (const auto known = boot_number(epoch.boot_id)) return *known;
  const std::int64_t number = boots_.empty() ? 1 : boots_.rbegin()->first + 1;
  add_boot_.bind(1, number).bind(2, epoch.boot_id).bind_null(3).bind_null(4);
  if (epoch.anchor)
    add_boot_.bind(3, count_of(epoch.anchor->since_boot)).bind(4, count_of(epoch.anchor->utc));
  if (auto done = add_boot_.run(); !done) return tl::unexpected<Error>(done.error());
  boots_.emplace(number, Boot{epoch.boot_id, epoch.anchor});
  return number;
}

Result<NumberedEpoch> EpochTable::store(const NewEpoch& epoch) {
  const auto boot = store_boot(epoch);
  if (!boot) return tl::unexpected<Error>(boot.error());
  const auto parent = newest();
  const std::int64_t number = parent ? parent->number + 1 : 1;
  for (const LaneEnd& end : epoch.parent_ends) {
    auto done = add_end_.bind(1, number).bind(2, end.lane).bind(3, end.last).run();
    if (!done) return tl::unexpected<Error>(done.error());
  }
  add_epoch_.bind(1, number).bind(2, as_integer(epoch.epoch)).bind_null(3).bind(4, *boot);
  if (parent) add_epoch_.bind(3, as_integer(parent->epoch));
  add_epoch_.bind(5, epoch.reason).bind(6, epoch.fingerprint);
  if (auto done = add_epoch_.run(); !done) return tl::unexpected<Error>(done.error());
  epochs_.emplace(number, epoch.epoch);
  newest_fingerprint_ = epoch.fingerprint;
  return NumberedEpoch{number, epoch.epoch};
}

Result<void> EpochTable::set_anchor(std::int64_t boot, const base::TimeAnchor& anchor) {
  auto done =
      set_anchor_.bind(1, boot).bind(2, count_of(anchor.since_boot)).bind(3, count_of(anchor.utc)).run();
  if (done) boots_[boot].anchor = anchor;
  return done;
}

// A lane that a record does not list was made in that epoch, and begins there.
Result<std::vector<EpochTable::Run>> EpochTable::runs(std::string_view lane, std::int64_t first_seq,
                                                      std::int64_t last_seq) {
  std::vector<Run> runs;
  for (auto it = epochs_.rbegin(); it != epochs_.rend() && first_seq <= last_seq; ++it) {
    const auto parent_end = parent_end_of(it->first, lane);
    if (!parent_end) return tl::unexpected<Error>(parent_end.error());
    if (*parent_end >= last_seq) continue;
    runs.push_back({it->second, std::max(first_seq, *parent_end + 1), last_seq});
    last_seq = *parent_end;
  }
  return runs;
}

Result<std::optional<EpochTable::Begin>> EpochTable::begin_of(Epoch epoch, std::string_view lane) {
  const auto found = std::find_if(epochs_.begin(), epochs_.end(),
                                  [&](const auto& numbered) { return numbered.second == epoch; });
  if (found == epochs_.end()) return std::nullopt;
  return parent_end_of(found->first, lane).map([&](std::int64_t parent_end) {
    return std::optional(Begin{found->first, parent_end + 1});
  });
}

// 0: the lane is younger than the parent, or nothing was ever in it.
Result<std::int64_t> EpochTable::parent_end_of(std::int64_t number, std::string_view lane) {
  std::int64_t end = 0;
  end_of_.bind(1, number).bind(2, lane);
  const auto done = for_each(end_of_, [&] { end = end_of_.integer(0); });
  if (!done) return tl::unexpected<Error>(done.error());
  return end;
}

Result<std::vector<LaneEnd>> EpochTable::ends_of(std::int64_t number) {
  ends_.bind(1, number);
  std::vector<LaneEnd> ends;
  const auto done = for_each(ends_, [&] { ends.push_back({std::string(ends_.text(0)), ends_.integer(1)}); });
  if (!done) return tl::unexpected<Error>(done.error());
  return ends;
}

Result<std::vector<EpochRecord>> EpochTable::unacknowledged(std::size_t records_max) {
  return records_of(unacknowledged_.bind(1, static_cast<std::int64_t>(records_max)));
}

Result<std::optional<EpochRecord>> EpochTable::record_of(std::int64_t number) {
  auto records = records_of(record_.bind(1, number));
  if (!records) return tl::unexpected<Error>(records.error());
  if (records->empty()) return std::nullopt;
  return std::move(records->front());
}

Result<std::vector<EpochRecord>> EpochTable::records_of(Statement& rows) {
  std::vector<EpochRecord> records;
  std::vector<std::int64_t> numbers;
  const auto done = for_each(rows, [&] {
    EpochRecord record;
    record.epoch = as_epoch(rows.integer(1));
    if (!rows.is_null(2)) record.parent = as_epoch(rows.integer(2));
    record.reason = rows.text(3);
    records.push_back(std::move(record));
    numbers.push_back(rows.integer(0));
  });
  if (!done) return tl::unexpected<Error>(done.error());
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto ends = ends_of(numbers[i]);
    if (!ends) return tl::unexpected<Error>(ends.error());
    records[i].parent_ends = std::move(*ends);
  }
  return records;
}

Result<void> EpochTable::acknowledge(Epoch epoch) { return acknowledge_.bind(1, as_integer(epoch)).run(); }

Result<void> EpochTable::prune_below(std::int64_t number) {
  auto done = prune_.bind(1, number).run();
  if (done) done = prune_ends_.run();
  if (done) done = prune_boots_.run();
  if (done) done = reload();
  return done;
}

}  // namespace holdfast::store
