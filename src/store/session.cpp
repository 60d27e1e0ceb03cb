// SPDX-License-Identifier: MIT
#include "store/session.hpp"

#include <algorithm>
#include <holdfast/check.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/disk.hpp>
#include <holdfast/platform/entropy.hpp>
#include <holdfast/platform/host.hpp>

#include "store/event_rules.hpp"
#include "store/migrations.hpp"

namespace holdfast::store {
namespace {

constexpr std::uint64_t kPageBytes = 4096;
constexpr std::string_view kDevice = "SELECT device FROM hf_store WHERE id = 1";
constexpr std::string_view kSetDevice = "INSERT INTO hf_store (id, device) SELECT 1, ?1";
constexpr std::string_view kPageCounts =
    "SELECT page_count, freelist_count FROM pragma_page_count(), pragma_freelist_count()";

Result<std::string> stored_device(sqlite3* db) {
  auto statement = Statement::prepare(db, kDevice, false);
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto stepped = statement->step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  return *stepped == Step::row ? std::string(statement->text(0)) : std::string();
}

// Says what is wrong with the place before SQLite says "unable to open database file".
Result<void> check_place(const StoreOptions& options, const platform::Disk& disk) {
  const auto info = disk.stat(options.path);
  if (!info) return tl::unexpected<Error>(info.error());
  const bool there = info->has_value() && (*info)->size_bytes > 0;
  if (there && !(*info)->regular) return fail(ErrorCode::invalid, "open " + options.path, "it is not a file");
  if (!there && !options.create) {
    return fail(ErrorCode::invalid, "open " + options.path, "there is no store; check the path");
  }
  if (!there && (options.device.empty() || options.lanes.empty())) {
    return fail(ErrorCode::invalid, "create " + options.path, "a new store needs a device id and a lane");
  }
  return disk.may_create_beside(options.path);
}

}  // namespace

Session::Session(const StoreOptions& options, PlatformView platform, std::string reason)
    : options_(options),
      platform_(platform),
      reason_(std::move(reason)),
      boot_id_(platform.host.boot_id()),
      minted_{platform.entropy.next()} {}

Result<std::unique_ptr<Session>> Session::open(const StoreOptions& options, PlatformView platform,
                                               std::string reason) {
  if (auto done = check_options(options); !done) return tl::unexpected<Error>(done.error());
  if (auto done = check_place(options, platform.disk); !done) return tl::unexpected<Error>(done.error());
  std::unique_ptr<Session> session(new Session(options, platform, std::move(reason)));
  auto done = session->open_file();
  if (done) done = session->open_identity();
  if (done) done = session->open_tables();
  if (done) done = session->open_lanes();
  if (done) done = session->prune_epochs();
  if (!done) return tl::unexpected<Error>(done.error());
  return session;
}

Result<void> Session::open_file() {
  auto connection = Connection::open({.path = options_.path,
                                      .vfs = options_.vfs,
                                      .create = options_.create,
                                      .application_id = kStoreApplicationId,
                                      .pages_max = (options_.budget_bytes == 0 ? 64ULL << 20U : options_.budget_bytes) / kPageBytes});
  if (!connection) {
    Error error = std::move(connection.error());
    if (error.code == ErrorCode::busy) {
      const auto owner = platform_.disk.lock_owner(options_.path);
      error.hint = "the store is in use by " + owner.value_or("another process") + "; stop it first";
    }
    return tl::unexpected<Error>(std::move(error));
  }
  connection_ = std::move(*connection);
  fence_ = std::make_unique<Fence>(connection_.handle());
  sqlite3_wal_hook(connection_.handle(), &Session::on_wal, this);
  if (auto done = migrate(connection_); !done) return done;
  auto restarted = restart_wal();
  // A full disk is no reason not to open: everything can be read, and the checkpoint is tried again.
  if (!restarted && restarted.error().code == ErrorCode::disk_full) return {};
  return restarted;
}

Result<void> Session::open_identity() {
  auto device = stored_device(connection_.handle());
  if (!device) return tl::unexpected<Error>(device.error());
  const bool is_new = device->empty();
  if (!is_new && !options_.device.empty() && options_.device != *device) {
    return fail(ErrorCode::invalid, "open " + options_.path,
                "it belongs to device '" + *device + "', not '" + options_.device +
                    "'; ids must not change owners: use another path");
  }
  device_ = is_new ? options_.device : *device;
  if (device_.empty())
    return fail(ErrorCode::invalid, "open " + options_.path, "a new store needs a device id");
  auto topics = TopicTemplate::parse(options_.topic_template, options_.topic_prefix, device_);
  if (!topics) return tl::unexpected<Error>(topics.error());
  topics_ = std::move(*topics);
  if (!is_new) return {};
  auto insert = Statement::prepare(connection_.handle(), kSetDevice, false);
  if (!insert) return tl::unexpected<Error>(insert.error());
  return insert->bind(1, device_).run();
}

namespace {

// Assigns an opened table to its member.
template <class Table>
Result<void> take(Result<Table> opened, Table& table) {
  if (!opened) return tl::unexpected<Error>(opened.error());
  table = std::move(*opened);
  return {};
}

}  // namespace

Result<void> Session::open_tables() {
  auto done = take(LaneTable::open(connection_), lane_table_);
  if (done) done = connection_.execute("BEGIN IMMEDIATE");
  if (!done) return done;
  done = lane_table_.configure(connection_, options_.lanes);
  if (done) done = connection_.execute("COMMIT");
  if (!done && in_transaction()) (void)connection_.execute("ROLLBACK");
  if (done) done = take(TextTable::open(connection_), texts_);
  if (done) done = take(StateTable::open(connection_), state_);
  if (done) done = take(EpochTable::open(connection_), epochs_);
  if (done) done = take(LossTable::open(connection_), losses_);
  if (done) {
    done = prepare_all(connection_.handle(), {{&begin_, "BEGIN IMMEDIATE"},
                                              {&begin_read_, "BEGIN"},
                                              {&savepoint_, "SAVEPOINT hf_caller"},
                                              {&release_, "RELEASE hf_caller"},
                                              {&commit_, "COMMIT"},
                                              {&page_counts_, kPageCounts}});
  }
  return done;
}

Result<void> Session::open_lanes() {
  auto records = lane_table_.list();
  if (!records) return tl::unexpected<Error>(records.error());
  if (records->empty()) return fail(ErrorCode::invalid, "open " + options_.path, "a new store needs a lane");
  for (LaneRecord& record : *records) {
    auto rows = LaneRows::open(connection_, record.lane);
    if (!rows) return tl::unexpected<Error>(rows.error());
    const auto highest_row = rows->highest();
    if (!highest_row) return tl::unexpected<Error>(highest_row.error());
    const auto lowest_row = rows->lowest();
    if (!lowest_row) return tl::unexpected<Error>(lowest_row.error());
    const auto highest_lost = losses_.highest_seq(record.lane);
    if (!highest_lost) return tl::unexpected<Error>(highest_lost.error());
    const auto quarantined = losses_.quarantined_above(record.lane, record.cursor);
    if (!quarantined) return tl::unexpected<Error>(quarantined.error());
    const std::int64_t last = std::max({highest_row->value_or(0), record.cursor, *highest_lost});
    const auto total = rows->total_bytes_at(last);
    if (!total) return tl::unexpected<Error>(total.error());

    Lane lane{record, std::move(*rows), Settled(record.cursor), {}, {}, 1, 0, std::nullopt, 1};
    for (const std::int64_t seq : *quarantined) lane.settled.settle(seq);
    lane.head = lane.durable = {last, std::max(total->value_or(0), record.cursor_bytes)};
    lane.low_seq = lane.staged_low_seq = lowest_row->value_or(last + 1);
    lanes_.push_back(std::move(lane));
  }
  boot_ = epochs_.boot_number(boot_id_);
  return {};
}

Result<void> Session::prune_epochs() {
  auto lowest = losses_.lowest_epoch_number();
  if (!lowest) return tl::unexpected<Error>(lowest.error());
  std::int64_t in_use = *lowest;
  for (Lane& lane : lanes_) {
    const auto epoch = lane.rows.epoch_of(lane.low_seq);
    if (!epoch) return tl::unexpected<Error>(epoch.error());
    if (!epoch->has_value()) continue;
    if (!epochs_.find(**epoch)) return {};  // a damaged row: forget nothing until it is set aside
    in_use = std::min(in_use, **epoch);
  }
  const auto newest = epochs_.newest();
  if (!newest) return {};
  in_use = std::min(in_use, newest->number);  // the newest is the parent of the next
  const bool any_below = epochs_.find(in_use - 1).has_value();
  if (!any_below) return {};
  auto done = connection_.execute("BEGIN IMMEDIATE");
  if (!done) return done;
  done = epochs_.prune_below(in_use);
  if (done) done = connection_.execute("COMMIT");
  if (!done && in_transaction()) (void)connection_.execute("ROLLBACK");
  return done;
}

int Session::on_wal(void* self, sqlite3* /*db*/, const char* /*schema*/, int pages) noexcept {
  static_cast<Session*>(self)->wal_pages_ = static_cast<std::uint64_t>(pages);
  return SQLITE_OK;
}

Result<void> Session::restart_wal() {
  int log = 0;
  int moved = 0;
  const int rc =
      sqlite3_wal_checkpoint_v2(connection_.handle(), "main", SQLITE_CHECKPOINT_RESTART, &log, &moved);
  if (rc != SQLITE_OK) {
    HOLDFAST_CHECK(rc != SQLITE_LOCKED);  // a statement of ours was left open
    Error error = sqlite_error(connection_.handle(), rc, "move the WAL into the database");
    if (error.code == ErrorCode::full)
      error.code = ErrorCode::disk_full;  // pages come from the file system here
    return tl::unexpected<Error>(std::move(error));
  }
  wal_pages_ = 0;
  return {};
}

// --- transactions ---

Session::Mark Session::mark() const {
  Mark mark;
  mark.heads.reserve(lanes_.size());
  for (const Lane& lane : lanes_) mark.heads.push_back(lane.head);
  mark.epoch_stored = epoch_.has_value();
  return mark;
}

void Session::restore(const Mark& mark) {
  HOLDFAST_CHECK(mark.heads.size() == lanes_.size());
  for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i].head = mark.heads[i];
  if (epoch_.has_value() && !mark.epoch_stored) {
    epoch_.reset();
    // If this fails, the epochs in memory are the ones before: the next ensure_epoch() reports the trouble.
    (void)epochs_.reload();
    boot_ = epochs_.boot_number(boot_id_);
  }
  texts_.rolled_back();
}

Result<void> Session::begin() {
  transaction_mark_ = mark();
  return begin_.run();
}

Result<void> Session::begin_read() { return begin_read_.run(); }

void Session::end_read() {
  if (in_transaction()) (void)connection_.execute("ROLLBACK");
}

Result<void> Session::savepoint() {
  savepoint_mark_ = mark();
  return savepoint_.run();
}

Result<void> Session::release() { return release_.run(); }

void Session::roll_back_to_savepoint() {
  if (in_transaction()) {
    const bool undone = connection_.execute("ROLLBACK TO hf_caller").has_value() && release().has_value();
    if (!undone) roll_back();
  }
  restore(savepoint_mark_);
}

Result<void> Session::commit() {
  if (auto done = commit_.run(); !done) return done;
  for (Lane& lane : lanes_) {
    lane.durable = lane.head;
    if (lane.staged) {
      lane.record = *lane.staged;
      rows_purged_ += static_cast<std::uint64_t>(lane.staged_low_seq - lane.low_seq);
      lane.low_seq = lane.staged_low_seq;
      lane.staged.reset();
    }
  }
  acknowledged_epochs_.erase(acknowledged_epochs_.begin(),
                             acknowledged_epochs_.begin() + static_cast<std::ptrdiff_t>(staged_epochs_));
  acknowledged_gaps_.erase(acknowledged_gaps_.begin(),
                           acknowledged_gaps_.begin() + static_cast<std::ptrdiff_t>(staged_gaps_));
  staged_epochs_ = staged_gaps_ = 0;
  anchor_staged_ = false;
  epoch_durable_ = epoch_.has_value();
  return {};
}

void Session::roll_back() {
  if (in_transaction()) (void)connection_.execute("ROLLBACK");
  restore(transaction_mark_);
  for (Lane& lane : lanes_) {
    lane.staged.reset();
    lane.staged_low_seq = lane.low_seq;
  }
  staged_epochs_ = staged_gaps_ = 0;
  if (std::exchange(anchor_staged_, false)) (void)epochs_.reload();
  (void)losses_.recount();
}

// --- looking ---

Session::Lane* Session::find(LaneNumber number) noexcept {
  const auto found =
      std::find_if(lanes_.begin(), lanes_.end(), [&](const Lane& l) { return l.record.lane == number; });
  return found == lanes_.end() ? nullptr : &*found;
}

Session::Lane* Session::find(std::string_view name) noexcept {
  const auto found =
      std::find_if(lanes_.begin(), lanes_.end(), [&](const Lane& l) { return l.record.name == name; });
  return found == lanes_.end() ? nullptr : &*found;
}

bool Session::has_event(const EventId& id) {
  Lane* lane = find(std::string_view(id.lane));
  if (lane == nullptr) return false;
  const auto number = lane->rows.epoch_of(id.seq);
  return number && number->has_value() && epochs_.find(**number) == id.epoch;
}

std::optional<Epoch> Session::stored_epoch() const {
  if (!epoch_durable_) return std::nullopt;
  return minted_;
}

std::vector<LaneRecord> Session::lanes() const {
  std::vector<LaneRecord> records;
  for (const Lane& lane : lanes_) {
    records.push_back(lane.record);
    records.back().cursor = lane.settled.cursor();
  }
  return records;
}

std::vector<Watermark> Session::watermarks() const {
  std::vector<Watermark> marks;
  for (const Lane& lane : lanes_) {
    const std::int64_t cursor = lane.settled.cursor();
    const auto above = static_cast<std::int64_t>(lane.settled.above());
    marks.push_back(
        {lane.record.lane, lane.durable.last_seq, cursor, lane.durable.last_seq - cursor - above});
  }
  return marks;
}

std::vector<LaneMemory> Session::memory() const {
  std::vector<LaneMemory> memory;
  for (const Lane& lane : lanes_) memory.push_back({lane.record.lane, lane.settled, lane.pinned_to});
  return memory;
}

void Session::adopt(const std::vector<LaneMemory>& memory) {
  for (const LaneMemory& known : memory) {
    Lane* lane = find(known.lane);
    // A store that was exchanged under us may end below what was settled: then its own cursor stands.
    if (lane == nullptr || known.settled.cursor() > lane->durable.last_seq) continue;
    lane->settled = known.settled;
    lane->pinned_to = std::min(known.pinned_to, lane->durable.last_seq);
  }
}

std::vector<LaneStatistics> Session::lane_statistics() {
  std::vector<LaneStatistics> all;
  const Instant now = platform_.clock.now();
  for (Lane& lane : lanes_) {
    const std::int64_t cursor = lane.settled.cursor();
    LaneStatistics s;
    s.name = lane.record.name;
    s.committed_seq = lane.durable.last_seq;
    s.settled_seq = cursor;
    s.backlog_events = lane.durable.last_seq - cursor - static_cast<std::int64_t>(lane.settled.above());
    const auto settled_bytes = lane.rows.total_bytes_below_next(cursor);
    const std::int64_t total = lane.durable.total_bytes;
    if (s.backlog_events > 0 && settled_bytes) s.backlog_bytes = total - settled_bytes->value_or(total);
    const auto quarantined =
        losses_.quarantined() == 0 ? Result<std::int64_t>(0) : losses_.quarantined_of(lane.record.lane);
    s.quarantined_events = quarantined.value_or(0);
    s.lost_events_ever = lane.record.lost_events;
    if (s.backlog_events > 0) {
      const auto oldest = lane.rows.committed_after(cursor);
      if (oldest && oldest->has_value() && (*oldest)->boot == boot_)
        s.oldest_age = now - (*oldest)->since_boot;
    }
    all.push_back(std::move(s));
  }
  return all;
}

void Session::add_page_counts(StoreStatistics& statistics) {
  const ResetGuard guard(page_counts_);
  const auto stepped = page_counts_.step();
  if (!stepped || *stepped != Step::row) return;
  statistics.database_bytes = static_cast<std::uint64_t>(page_counts_.integer(0)) * kPageBytes;
  statistics.free_bytes = static_cast<std::uint64_t>(page_counts_.integer(1)) * kPageBytes;
}

}  // namespace holdfast::store
