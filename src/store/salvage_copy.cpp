// SPDX-License-Identifier: MIT
//
// Making a new store of what a Salvager reads.
//
// The running totals of the rows are made anew, since no checksum covers the old ones: a saved row adds its
// bytes, a gap record above the cursor those it declares. So backlog bytes are again differences of totals,
// less what is declared.
#include <algorithm>
#include <holdfast/limits.hpp>
#include <set>

#include "store/epoch_table.hpp"
#include "store/lane_rows.hpp"
#include "store/salvage.hpp"
#include "store/text_table.hpp"

namespace holdfast::store {
namespace {

constexpr std::size_t kBatchRowsMax = limits::kPurgeRowsMax;
constexpr std::size_t kBatchBytesMax = 1024 * 1024;

constexpr std::string_view kSetDevice =
    "INSERT INTO hf_store (id, device) SELECT 1, ?1 WHERE 1 ON CONFLICT (id) DO UPDATE SET device = "
    "excluded.device";
constexpr std::string_view kAddBoot =
    "INSERT INTO hf_boot (boot, boot_id, anchor_since_boot_ns, anchor_utc_ns) SELECT ?1, ?2, ?3, ?4";
constexpr std::string_view kAddEpoch =
    "INSERT INTO hf_epoch (n, epoch, parent, boot, reason, fingerprint, acknowledged) "
    "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7";
constexpr std::string_view kAddEnd = "INSERT INTO hf_epoch_end (n, lane_name, last_seq) SELECT ?1, ?2, ?3";
constexpr std::string_view kAddLane =
    "INSERT INTO hf_lane (lane, name, priority, cursor, cursor_bytes, lost_events, lost_bytes, "
    "lost_events_below, lost_bytes_below, when_full, guaranteed_bytes, max_bytes, ttl_s, commit_delay_ms, "
    "paused, retired) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16";
constexpr std::string_view kAddGap =
    "INSERT INTO hf_gap (n, epoch, lane, first_seq, last_seq, missing, bytes, reason, acknowledged) "
    "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9";
constexpr std::string_view kAddLost =
    "UPDATE hf_lane SET lost_events = lost_events + ?2, lost_bytes = lost_bytes + ?3 WHERE lane = ?1";
constexpr std::string_view kPages =
    "SELECT max_page_count, page_count, freelist_count FROM pragma_max_page_count, pragma_page_count, "
    "pragma_freelist_count";
// {lane} is the number of the lane's table. The row goes through it, which gives its texts their new numbers.
constexpr std::string_view kQuarantine =
    "INSERT INTO hf_quarantine SELECT ?1, seq, epoch, boot, since_boot_ns, key, type, topic, content_type, "
    "attributes, ttl_s, total_bytes, crc, data, ?3, ?4, ?5, ?6, ?7, ?8 FROM hf_lane_{lane} WHERE seq = ?2";
constexpr std::string_view kPutState =
    "INSERT INTO hf_state (key, version, content_type, value) SELECT ?1, ?2, ?3, ?4 WHERE 1 "
    "ON CONFLICT (key) DO NOTHING";
constexpr std::string_view kAddKey =
    "INSERT INTO hf_key (n, key, receipt) SELECT ?1, ?2, ?3 WHERE 1 ON CONFLICT DO NOTHING";

Statement& bind_optional(Statement& statement, int parameter, const std::optional<std::int64_t>& value) {
  return value ? statement.bind(parameter, *value) : statement.bind_null(parameter);
}

// As LossTable numbers them: at random, from SQLite's own source, which the operating system seeds.
std::int64_t new_gap_number() noexcept {
  std::uint64_t bits = 0;
  sqlite3_randomness(sizeof bits, &bits);
  return static_cast<std::int64_t>(bits >> 2U) + 1;
}

std::string for_lane(std::string_view sql, LaneNumber lane) {
  constexpr std::string_view kPlace = "{lane}";
  std::string text(sql);
  text.replace(text.find(kPlace), kPlace.size(), std::to_string(lane));
  return text;
}

/// One copy. Commits are bounded in rows and bytes, and end() is called after the last one.
class Copy {
 public:
  Copy(Connection& fresh, Salvager& from, const std::function<Result<void>()>& between)
      : fresh_(fresh), from_(from), salvage_(from.summary()), between_(between) {}

  Result<SalvageReport> run() {
    report_.findings = salvage_.findings;
    auto done = prepare();
    if (done) done = copy_identity();
    for (const SalvagedLane& lane : salvage_.lanes) {
      if (done) done = copy_lane(lane);
    }
    if (done) done = copy_state();
    if (done) done = copy_keys();
    if (done) done = copy_rows();
    if (done) done = copy_quarantine();
    if (done) done = commit();
    if (!done && fresh_.in_transaction()) (void)fresh_.execute("ROLLBACK");
    if (!done) return tl::unexpected<Error>(done.error());
    return std::move(report_);
  }

 private:
  Result<void> prepare();
  Result<void> clear_lanes();
  Result<void> copy_identity();
  Result<void> copy_epoch(std::int64_t number, const SalvagedEpoch& epoch);
  Result<void> copy_lane(const SalvagedLane& lane);
  Result<void> copy_gaps(const SalvagedLane& lane);
  Result<void> copy_rows();
  Result<void> copy_rows_of(const SalvagedLane& lane);
  Result<bool> has_room(std::size_t bytes);
  Result<void> declare_left(const SalvagedLane& lane, const SalvagedGap& left);
  Result<void> copy_quarantine();
  Result<void> quarantine(const SalvagedQuarantine& quarantined, LaneRows& rows);
  Result<void> append(LaneRows& rows, const SalvagedRow& row, std::int64_t total_bytes);
  Result<void> copy_state();
  Result<void> copy_keys();
  Result<void> room_for(std::size_t bytes);
  Result<void> commit();

  Connection& fresh_;
  Salvager& from_;
  const Salvage& salvage_;
  const std::function<Result<void>()>& between_;
  SalvageReport report_;
  TextTable texts_;
  Statement pages_;
  std::size_t batch_rows_ = 0;
  std::size_t batch_bytes_ = 0;
};

Result<void> Copy::prepare() {
  auto texts = TextTable::open(fresh_);
  if (!texts) return tl::unexpected<Error>(texts.error());
  texts_ = std::move(*texts);
  auto pages = Statement::prepare(fresh_.handle(), kPages);
  if (!pages) return tl::unexpected<Error>(pages.error());
  pages_ = std::move(*pages);
  return clear_lanes();
}

// Whoever made the store may have given it lanes, under numbers that are not those of the damaged one.
Result<void> Copy::clear_lanes() {
  std::vector<LaneNumber> numbers;
  {
    auto list = Statement::prepare(fresh_.handle(), "SELECT lane FROM hf_lane", false);
    if (!list) return tl::unexpected<Error>(list.error());
    auto stepped = list->step();
    for (; stepped && *stepped == Step::row; stepped = list->step()) numbers.push_back(list->integer(0));
    if (!stepped) return tl::unexpected<Error>(stepped.error());
  }
  auto done = room_for(0);
  for (const LaneNumber number : numbers) {
    if (done) done = fresh_.execute("DROP TABLE IF EXISTS hf_lane_" + std::to_string(number));
  }
  if (done) done = fresh_.execute("DELETE FROM hf_lane");
  return done;
}

Result<void> Copy::room_for(std::size_t bytes) {
  const bool full =
      batch_rows_ >= kBatchRowsMax || (batch_rows_ > 0 && batch_bytes_ + bytes > kBatchBytesMax);
  if (full) {
    if (auto done = commit(); !done) return done;
  }
  ++batch_rows_;
  batch_bytes_ += bytes;
  return fresh_.in_transaction() ? Result<void>() : fresh_.execute("BEGIN IMMEDIATE");
}

Result<void> Copy::commit() {
  batch_rows_ = batch_bytes_ = 0;
  if (!fresh_.in_transaction()) return {};
  auto done = fresh_.execute("COMMIT");
  return done ? between_() : done;
}

Result<void> Copy::copy_identity() {
  auto done = room_for(0);
  if (done && !salvage_.device.empty()) {
    auto set = Statement::prepare(fresh_.handle(), kSetDevice, false);
    if (!set) return tl::unexpected<Error>(set.error());
    done = set->bind(1, salvage_.device).run();
  }
  if (done) done = fresh_.execute("UPDATE hf_lease SET token = " + std::to_string(salvage_.lease_token));
  auto add = Statement::prepare(fresh_.handle(), kAddBoot, false);
  if (!add) return tl::unexpected<Error>(add.error());
  for (const auto& [number, boot] : salvage_.boots) {
    if (done) done = room_for(boot.id.size());
    add->bind(1, number).bind(2, boot.id);
    bind_optional(*add, 3, boot.anchor_since_boot_ns);
    bind_optional(*add, 4, boot.anchor_utc_ns);
    if (done) done = add->run();
  }
  std::set<Epoch> known;
  for (const auto& [number, epoch] : salvage_.epochs) {
    if (done && known.insert(epoch.epoch).second) done = copy_epoch(number, epoch);
  }
  return done;
}

Result<void> Copy::copy_epoch(std::int64_t number, const SalvagedEpoch& epoch) {
  if (auto done = room_for(epoch.fingerprint.size()); !done) return done;
  auto add = Statement::prepare(fresh_.handle(), kAddEpoch, false);
  if (!add) return tl::unexpected<Error>(add.error());
  add->bind(1, number).bind(2, as_integer(epoch.epoch)).bind(4, epoch.boot);
  bind_optional(*add, 3, epoch.parent ? std::optional(as_integer(*epoch.parent)) : std::nullopt);
  add->bind(5, epoch.reason).bind(6, epoch.fingerprint).bind(7, std::int64_t{epoch.acknowledged ? 1 : 0});
  if (auto done = add->run(); !done) return done;
  auto end = Statement::prepare(fresh_.handle(), kAddEnd, false);
  if (!end) return tl::unexpected<Error>(end.error());
  for (const LaneEnd& lane : epoch.parent_ends) {
    auto done = end->bind(1, number).bind(2, lane.lane).bind(3, lane.last).run();
    if (!done) return done;
  }
  return {};
}

// Seqs of a record that are above the cursor. A sparse one that the cursor is inside of counts as passed.
std::int64_t above(const SalvagedGap& gap, std::int64_t cursor) {
  const std::int64_t all = gap.last_seq - gap.first_seq + 1;
  if (gap.last_seq <= cursor) return 0;
  if (gap.first_seq > cursor) return gap.missing;
  return gap.missing == all ? gap.last_seq - cursor : 0;
}

Result<void> Copy::copy_lane(const SalvagedLane& lane) {
  if (auto done = room_for(0); !done) return done;
  const auto setting = [&](const char* name, std::int64_t otherwise = 0) {
    const auto found = lane.settings.find(name);
    return found == lane.settings.end() ? otherwise : std::max<std::int64_t>(0, found->second);
  };
  std::int64_t old_above = 0;
  std::int64_t events = 0;
  std::int64_t bytes = 0;
  for (const SalvagedGap& gap : lane.gaps) {
    const std::int64_t seqs = above(gap, lane.cursor);
    events += seqs;
    if (seqs > 0 && gap.first_seq > lane.cursor) bytes += gap.bytes;
    if (gap.n != 0) old_above += seqs;
  }
  // A store of version 1 did not count what is below the cursor apart.
  const std::int64_t events_below =
      setting("lost_events_below", std::max<std::int64_t>(0, setting("lost_events") - old_above));
  const std::int64_t bytes_below = setting("lost_bytes_below");
  auto add = Statement::prepare(fresh_.handle(), kAddLane, false);
  if (!add) return tl::unexpected<Error>(add.error());
  add->bind(1, lane.lane).bind(2, lane.name).bind(3, setting("priority", 1)).bind(4, lane.cursor);
  add->bind(5, lane.cursor_bytes).bind(6, events_below + events).bind(7, bytes_below + bytes);
  add->bind(8, events_below).bind(9, bytes_below).bind(10, setting("when_full"));
  add->bind(11, setting("guaranteed_bytes")).bind(12, setting("max_bytes")).bind(13, setting("ttl_s"));
  add->bind(14, setting("commit_delay_ms")).bind(15, setting("paused"));
  auto done = add->bind(16, std::int64_t{lane.retired ? 1 : 0}).run();
  if (done && !lane.retired) done = LaneRows::create(fresh_, lane.lane);
  return done ? copy_gaps(lane) : done;
}

Result<void> Copy::copy_gaps(const SalvagedLane& lane) {
  auto add = Statement::prepare(fresh_.handle(), kAddGap, false);
  if (!add) return tl::unexpected<Error>(add.error());
  for (const SalvagedGap& gap : lane.gaps) {
    if (auto done = room_for(0); !done) return done;
    const std::int64_t n = gap.n != 0 ? gap.n : new_gap_number();
    add->bind(1, n).bind(2, gap.epoch_number).bind(3, lane.lane).bind(4, gap.first_seq).bind(5, gap.last_seq);
    add->bind(6, gap.missing).bind(7, gap.bytes).bind(8, gap.reason);
    if (auto done = add->bind(9, std::int64_t{gap.acknowledged ? 1 : 0}).run(); !done) return done;
    report_.gaps_declared += gap.n == 0 ? 1 : 0;
  }
  report_.rows_lost += lane.rows_lost;
  return {};
}

Result<void> Copy::copy_rows() {
  for (const SalvagedLane& lane : salvage_.lanes) {
    if (auto done = copy_rows_of(lane); !done) return done;
  }
  return {};
}

// A store that was nearly full may give more rows than the new one has room for: what an older page still has, and rows
// that lay closer together. Its reserve is not lent for them.
Result<bool> Copy::has_room(std::size_t bytes) {
  constexpr std::int64_t kReservePagesMin = 32;
  constexpr std::size_t kPage = 4096;
  const ResetGuard guard(pages_);
  const auto stepped = pages_.step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  const std::int64_t free = pages_.integer(0) - pages_.integer(1) + pages_.integer(2);
  const std::int64_t reserve = std::max(kReservePagesMin, pages_.integer(0) / 20);
  return free > reserve + static_cast<std::int64_t>(bytes / kPage) + 2;
}

Result<void> Copy::copy_rows_of(const SalvagedLane& lane) {
  if (lane.spans.empty()) return {};
  auto rows = LaneRows::open(fresh_, lane.lane);
  if (!rows) return tl::unexpected<Error>(rows.error());
  std::int64_t total = lane.cursor_bytes;
  auto gap = lane.gaps.begin();
  std::optional<SalvagedGap>
      left;  // without room, and what follows it, so that a lane keeps its oldest events
  auto done = from_.for_each_row(lane, [&](const SalvagedRow& row) -> Result<void> {
    for (; gap != lane.gaps.end() && gap->last_seq < row.event.seq; ++gap) {
      if (gap->first_seq > lane.cursor) total += gap->bytes;
    }
    const std::int64_t seq = row.event.seq;
    const auto size = static_cast<std::int64_t>(row.event.data.size());
    total += size;
    const auto room = left ? Result<bool>(false) : has_room(row.event.data.size());
    if (!room) return tl::unexpected<Error>(room.error());
    if (!*room) {
      const bool goes_on = left && left->last_seq + 1 == seq && left->epoch_number == row.epoch_number;
      Result<void> told;
      if (left && !goes_on) told = declare_left(lane, *left);
      if (!goes_on) left = SalvagedGap{0, row.epoch_number, seq, seq, 0, 0, "shed", false};
      left->last_seq = seq;
      ++left->missing;
      left->bytes += size;
      return told;
    }
    if (auto enough = room_for(row.event.data.size()); !enough) return enough;
    ++report_.rows_saved;
    return append(*rows, row, total);
  });
  return done && left ? declare_left(lane, *left) : done;
}

Result<void> Copy::declare_left(const SalvagedLane& lane, const SalvagedGap& left) {
  if (auto done = room_for(0); !done) return done;
  auto add = Statement::prepare(fresh_.handle(), kAddGap, false);
  if (!add) return tl::unexpected<Error>(add.error());
  add->bind(1, new_gap_number()).bind(2, left.epoch_number).bind(3, lane.lane).bind(4, left.first_seq);
  add->bind(5, left.last_seq).bind(6, left.missing).bind(7, left.bytes).bind(8, left.reason);
  if (auto done = add->bind(9, std::int64_t{0}).run(); !done) return done;
  auto count = Statement::prepare(fresh_.handle(), kAddLost, false);
  if (!count) return tl::unexpected<Error>(count.error());
  ++report_.gaps_declared;
  report_.rows_lost += left.missing;
  return count->bind(1, lane.lane).bind(2, left.missing).bind(3, left.bytes).run();
}

Result<void> Copy::append(LaneRows& rows, const SalvagedRow& row, std::int64_t total_bytes) {
  const StoredEvent& stored = row.event;
  Event event;
  event.key = stored.key;
  event.type = stored.type;
  event.content_type = stored.content_type;
  event.data = stored.data;
  event.attributes = stored.attributes;
  if (stored.ttl_s) event.ttl = std::chrono::seconds(*stored.ttl_s);
  return rows.append({.seq = stored.seq,
                      .epoch_number = row.epoch_number,
                      .epoch = stored.epoch,
                      .committed = {row.boot, stored.committed_at},
                      .topic = stored.topic,
                      .total_bytes = total_bytes,
                      .event = &event},
                     texts_);
}

Result<void> Copy::copy_quarantine() {
  std::map<LaneNumber, LaneRows> rows;
  std::set<std::pair<LaneNumber, std::int64_t>> known;
  for (const SalvagedLane& lane : salvage_.lanes) {
    if (lane.retired) continue;
    auto opened = LaneRows::open(fresh_, lane.lane);
    if (!opened) return tl::unexpected<Error>(opened.error());
    rows.emplace(lane.lane, std::move(*opened));
  }
  return from_.for_each_quarantined([&](const SalvagedQuarantine& quarantined) -> Result<void> {
    const StoredEvent& event = quarantined.row.event;
    const auto lane = rows.find(event.lane);
    if (lane == rows.end() || !known.emplace(event.lane, event.seq).second) return {};
    // A row that is both pending and in quarantine was moved by a transaction of which a part is lost.
    const auto pending = lane->second.epoch_of(event.seq);
    if (!pending) return tl::unexpected<Error>(pending.error());
    if (pending->has_value()) return {};
    const auto room = has_room(2 * event.data.size());
    if (!room) return tl::unexpected<Error>(room.error());
    if (!*room) return {};  // it was declared when it was refused
    return quarantine(quarantined, lane->second);
  });
}

Result<void> Copy::quarantine(const SalvagedQuarantine& quarantined, LaneRows& rows) {
  const StoredEvent& event = quarantined.row.event;
  if (auto done = room_for(2 * event.data.size()); !done) return done;
  if (auto done = append(rows, quarantined.row, quarantined.row.total_bytes); !done) return done;
  auto move = Statement::prepare(fresh_.handle(), for_lane(kQuarantine, event.lane), false);
  if (!move) return tl::unexpected<Error>(move.error());
  move->bind(1, event.lane).bind(2, event.seq).bind(3, quarantined.reason).bind(4, quarantined.detail);
  auto done = move->bind(5, quarantined.attempts)
                  .bind(6, quarantined.first_utc_ns)
                  .bind(7, quarantined.last_utc_ns)
                  .bind(8, std::int64_t{quarantined.requeued ? 1 : 0})
                  .run();
  if (done) ++report_.quarantined_saved;
  return done ? rows.erase(event.seq, event.seq) : done;
}

Result<void> Copy::copy_state() {
  auto put = Statement::prepare(fresh_.handle(), kPutState, false);
  if (!put) return tl::unexpected<Error>(put.error());
  return from_.for_each_state([&](const Statement& row) -> Result<void> {
    if (row.text(0).empty() || row.integer(1) < 1) return {};
    if (auto done = room_for(row.blob(3).size()); !done) return done;
    ++report_.state_entries_saved;
    return put->bind(1, row.text(0)).bind(2, row.integer(1)).bind(3, row.text(2)).bind(4, row.blob(3)).run();
  });
}

Result<void> Copy::copy_keys() {
  auto add = Statement::prepare(fresh_.handle(), kAddKey, false);
  if (!add) return tl::unexpected<Error>(add.error());
  return from_.for_each_idempotency_key([&](const Statement& row) -> Result<void> {
    if (auto done = room_for(row.text(2).size()); !done) return done;
    return add->bind(1, row.integer(0)).bind(2, row.text(1)).bind(3, row.text(2)).run();
  });
}

}  // namespace

Result<SalvageReport> salvage_into(Connection& fresh, Salvager& from,
                                   const std::function<Result<void>()>& between) {
  return Copy(fresh, from, between).run();
}

}  // namespace holdfast::store
