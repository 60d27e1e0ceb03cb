// SPDX-License-Identifier: MIT
//
// How a session opens its file. In this order: look at the place, open and migrate, find out the budget, allocate it
// (WAL, then database), and only then read what is needed of the tables. Whatever is interrupted here is done
// by the next opening.
#include <algorithm>
#include <holdfast/check.hpp>
#include <holdfast/platform/disk.hpp>
#include <holdfast/platform/entropy.hpp>
#include <holdfast/platform/host.hpp>

#include "store/event_rules.hpp"
#include "store/migrations.hpp"
#include "store/provision.hpp"
#include "store/salvage.hpp"
#include "store/session.hpp"
#include "store/wal.hpp"

namespace holdfast::store {
namespace {

constexpr std::string_view kReopened = "reopened";

std::string mebibytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 / (1024 * 1024);
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " MiB";
}

// Says what is wrong with the place before SQLite says "unable to open database file".
Result<void> check_place(const StoreOptions& options, const platform::Disk& disk, bool is_reopening) {
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
  // What was open before an I/O error is opened to be read, if need be.
  return is_reopening ? Result<void>() : disk.may_create_beside(options.path);
}

std::uint64_t allocated_bytes(const std::string& path, const platform::Disk& disk) {
  const auto info = disk.stat(path);
  return info && info->has_value() ? (*info)->allocated_bytes : 0;
}

// Fails early and with figures, instead of half-way with ENOSPC.
Result<void> check_space(const std::string& path, std::uint64_t wanted_bytes, const platform::Disk& disk) {
  const std::uint64_t there = allocated_bytes(path, disk) + allocated_bytes(path + "-wal", disk);
  if (there >= wanted_bytes) return {};
  const auto space = disk.space(path);
  if (!space) return tl::unexpected<Error>(space.error());
  if (space->available_bytes >= wanted_bytes - there) return {};
  return fail(ErrorCode::disk_full, "allocate the budget of " + path,
              "it needs " + mebibytes(wanted_bytes - there) + " more, " + mebibytes(space->available_bytes) +
                  " are available; make room, or choose a smaller budget");
}

Result<void> limit_pages(Connection& connection, std::uint64_t pages_max) {
  const std::string pragma = "PRAGMA max_page_count=" + std::to_string(pages_max);
  const auto got = connection.query_integer(pragma);
  if (!got) return tl::unexpected<Error>(got.error());
  if (static_cast<std::uint64_t>(*got) <= pages_max) return {};
  return fail(ErrorCode::invalid, pragma,  // SQLite never goes below what is in use
              "the store already has " + std::to_string(*got) + " pages; raise the budget");
}

// A transaction of the opening's own.
template <class Body>
Result<void> transact(Connection& connection, Body body) {
  auto done = connection.execute("BEGIN IMMEDIATE");
  if (!done) return done;
  done = body();
  if (done) done = connection.execute("COMMIT");
  if (!done && connection.in_transaction()) (void)connection.execute("ROLLBACK");
  return done;
}

// Assigns an opened table to its member.
template <class Table>
Result<void> take(Result<Table> opened, Table& table) {
  if (!opened) return tl::unexpected<Error>(opened.error());
  table = std::move(*opened);
  return {};
}

}  // namespace

Session::Session(const StoreOptions& options, PlatformView platform, std::string reason)
    : options_(options),
      platform_(platform),
      reason_(std::move(reason)),
      boot_id_(platform.host.boot_id()),
      minted_{platform.entropy.next()} {}

Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::open(const StoreOptions& options, PlatformView platform,
                                               std::string reason) {
  if (auto done = check_options(options); !done) return tl::unexpected<Error>(done.error());
  const bool is_reopening = reason == kReopened;
  if (auto done = check_place(options, platform.disk, is_reopening); !done)
    return tl::unexpected<Error>(done.error());
  std::unique_ptr<Session> session(new Session(options, platform, std::move(reason)));
  auto done = session->check_file_system();
  if (done) done = session->open_file();
  if (done) done = session->open_record();
  if (done) done = session->allocate();
  if (done) done = session->open_tables();
  if (done) done = session->open_lanes();
  if (done) done = session->prune_epochs();
  if (!done) return tl::unexpected<Error>(done.error());
  return session;
}

Result<Connection> Session::make_empty(const StoreOptions& options, PlatformView platform) {
  Session session(options, platform, {});
  auto done = session.check_file_system();
  if (done) done = session.open_file();
  if (done) done = session.open_record();
  if (done) done = session.allocate();
  if (!done) return tl::unexpected<Error>(done.error());
  session.store_table_ = StoreTable();
  session.fence_.reset();
  sqlite3_wal_hook(session.connection_.handle(), nullptr, nullptr);
  return std::move(session.connection_);
}

Result<void> Session::check_file_system() {
  const auto found = platform_.disk.file_system(options_.path);
  if (!found) return tl::unexpected<Error>(found.error());
  file_system_ = found->name;
  switch (found->kind) {
    case platform::FileSystemKind::network:
      return fail(ErrorCode::invalid, "open " + options_.path,
                  "it lies on " + found->name +
                      ": a network file system keeps neither locks nor flushes; "
                      "use a local one");
    case platform::FileSystemKind::copy_on_write:
      warning_ = found->name + " writes to new blocks: space that is allocated does not help when it is full";
      break;
    case platform::FileSystemKind::memory:
      warning_ = found->name + " lies in memory: nothing here survives a power cut";
      break;
    case platform::FileSystemKind::local:
    case platform::FileSystemKind::unknown: break;
  }
  return {};
}

Result<void> Session::open_file() {
  const auto there = platform_.disk.stat(options_.path);
  const bool is_new = there && (!there->has_value() || (*there)->size_bytes == 0);
  if (is_new) {
    const std::uint64_t budget = options_.budget_bytes == 0 ? kBudgetBytesDefault : options_.budget_bytes;
    const bool growing = options_.footprint == Footprint::growing;
    auto room = check_space(options_.path, growing ? kBudgetBytesMin : budget, platform_.disk);
    if (!room) return room;
  }
  auto connection = Connection::open({.path = options_.path,
                                      .vfs = options_.vfs,
                                      .create = options_.create,
                                      .application_id = kStoreApplicationId});
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
  auto done = migrate(connection_);
  return done ? store::check_structure(connection_) : done;
}

Result<void> Session::open_record() {
  auto done = take(StoreTable::open(connection_), store_table_);
  if (!done) return done;
  auto record = store_table_.read();
  if (!record) return tl::unexpected<Error>(record.error());
  const bool is_new = record->device.empty();
  if (!is_new && !options_.device.empty() && options_.device != record->device) {
    return fail(ErrorCode::invalid, "open " + options_.path,
                "it belongs to device '" + record->device + "', not '" + options_.device +
                    "'; ids must not change owners: use another path");
  }
  record_ = std::move(*record);
  if (is_new) record_.device = options_.device;
  if (record_.device.empty())
    return fail(ErrorCode::invalid, "open " + options_.path, "a new store needs a device id");
  table_pages_ = record_.table_pages;
  was_unclean_ = !is_new && !record_.clean;
  auto topics = TopicTemplate::parse(options_.topic_template, options_.topic_prefix, record_.device);
  if (!topics) return tl::unexpected<Error>(topics.error());
  topics_ = std::move(*topics);
  const StoreRecord stored = record_;
  if (done = check_budget(); !done) return done;
  const bool changed = stored.budget_bytes != record_.budget_bytes || stored.growing != record_.growing;
  if (!is_new && !changed) return {};
  return transact(connection_, [&] {
    auto stored_now = is_new ? store_table_.create(record_.device) : Result<void>();
    if (stored_now) stored_now = store_table_.set_budget(record_.budget_bytes, record_.growing);
    return stored_now;
  });
}

Result<void> Session::check_budget() {
  if (record_.budget_bytes == 0) {
    record_.budget_bytes = options_.budget_bytes == 0 ? kBudgetBytesDefault : options_.budget_bytes;
  } else if (options_.budget_bytes != 0 && options_.budget_bytes != record_.budget_bytes) {
    return fail(ErrorCode::invalid, "open " + options_.path,
                "its budget is " + std::to_string(record_.budget_bytes) + " bytes, not " +
                    std::to_string(options_.budget_bytes) +
                    "; change it with `holdfast budget` or resize_store(), or ask for none");
  }
  if (options_.footprint) record_.growing = *options_.footprint == Footprint::growing;
  layout_ = layout_of(record_.budget_bytes, options_.checkpoint_pages);
  if (options_.event_data_bytes_max > layout_.group_bytes) {
    options_.event_data_bytes_max = static_cast<std::size_t>(layout_.group_bytes);
  }
  std::uint64_t guaranteed = 0;
  for (const LaneOptions& lane : options_.lanes) guaranteed += lane.guaranteed_bytes;
  if (guaranteed <= layout_.database_bytes() / 2) return {};
  return fail(ErrorCode::invalid, "open " + options_.path,
              "the lanes' guaranteed_bytes come to more than half of the budget");
}

// The WAL first: filling the database goes through it.
Result<void> Session::allocate() {
  const auto pages = connection_.query_integer("PRAGMA page_count");
  if (!pages) return tl::unexpected<Error>(pages.error());
  const auto there = static_cast<std::uint64_t>(*pages);
  // A higher checkpoint mark than the store was made with would want more WAL than the file leaves: it is lowered.
  for (std::uint64_t mark = layout_.checkpoint_pages; layout_.database_pages < there && mark > 1;) {
    mark /= 2;
    layout_ = layout_of(record_.budget_bytes, mark);
  }
  std::uint64_t wanted = layout_.database_pages;
  if (record_.growing) {
    const std::uint64_t step = std::max(options_.growth_bytes / kPageBytes, layout_.reserve_pages * 2);
    wanted = std::max(there, std::min(wanted, step));
  }
  if (there < wanted && there + kProvisionShortMax >= wanted)
    wanted = there;  // that is all there will ever be
  auto done = limit_pages(connection_, std::max(wanted, std::uint64_t{1}));
  if (done) done = check_space(options_.path, wanted * kPageBytes + layout_.wal_bytes(), platform_.disk);
  if (done) done = provision_wal(options_.path, options_.vfs, layout_.wal_bytes());
  // A disk that is full, or has become read-only, is no reason not to open a store that is there: everything can be
  // read, and the checkpoint is tried again.
  const auto may_wait = [this](const Result<void>& step) {
    return step || step.error().code == ErrorCode::disk_full ||
           (step.error().code == ErrorCode::denied && reason_ == kReopened);
  };
  const bool no_room = !done;
  if (no_room && !(may_wait(done) && there >= wanted)) return done;
  auto moved = restart_wal();
  if (!may_wait(moved)) return moved;
  if (moved) done = provision_database(connection_, layout_, wanted, options_.on_provisioning);
  if (moved && done && wal_pages_ > 0) done = restart_wal();
  if (!done && !no_room) return done;
  const auto reached = connection_.query_integer("PRAGMA page_count");
  if (!reached) return tl::unexpected<Error>(reached.error());
  page_limit_ = static_cast<std::uint64_t>(*reached);
  if (done = limit_pages(connection_, page_limit_); !done) return done;
  return connection_.execute("PRAGMA cache_size=" + std::to_string(layout_.cache_pages));
}

Result<void> Session::open_tables() {
  auto done = take(LaneTable::open(connection_), lane_table_);
  if (done) {
    done = transact(connection_, [&] { return lane_table_.configure(connection_, options_.lanes); });
  }
  if (done) done = take(TextTable::open(connection_), texts_);
  if (done) done = take(StateTable::open(connection_, state_quota()), state_);
  if (done) done = take(EpochTable::open(connection_), epochs_);
  if (done) done = take(LossTable::open(connection_, platform_.entropy), losses_);
  if (done) done = take(QuarantineTable::open(connection_), quarantine_);
  if (done) done = take(LeaseTable::open(connection_), leases_);
  if (done) done = take(KeyTable::open(connection_), keys_);
  if (done) {
    done = prepare_all(connection_.handle(), {{&begin_, "BEGIN IMMEDIATE"},
                                              {&begin_read_, "BEGIN"},
                                              {&savepoint_, "SAVEPOINT hf_caller"},
                                              {&release_, "RELEASE hf_caller"},
                                              {&commit_, "COMMIT"},
                                              {&page_count_, "PRAGMA page_count"},
                                              {&freelist_count_, "PRAGMA freelist_count"}});
  }
  return done;
}

std::int64_t Session::state_quota() const noexcept {
  const std::uint64_t bytes =
      options_.state_bytes_max == 0 ? record_.budget_bytes / 4 : options_.state_bytes_max;
  return static_cast<std::int64_t>(bytes);
}

Result<void> Session::open_lanes() {
  auto records = lane_table_.list();
  if (!records) return tl::unexpected<Error>(records.error());
  for (LaneRecord& record : *records) {
    if (record.retired) {
      retired_.push_back(std::move(record));
      continue;
    }
    auto lane = open_lane(std::move(record));
    if (!lane) return tl::unexpected<Error>(lane.error());
    lanes_.push_back(std::move(*lane));
  }
  if (lanes_.empty()) return fail(ErrorCode::invalid, "open " + options_.path, "a new store needs a lane");
  boot_ = epochs_.boot_number(boot_id_);
  return drop_retired(retired_);
}

Result<Session::Lane> Session::open_lane(LaneRecord record) {
  auto rows = LaneRows::open(connection_, record.lane);
  if (!rows) return tl::unexpected<Error>(rows.error());
  const auto highest_row = rows->highest();
  if (!highest_row) return tl::unexpected<Error>(highest_row.error());
  const auto lowest_row = rows->lowest();
  if (!lowest_row) return tl::unexpected<Error>(lowest_row.error());
  const auto highest_lost = losses_.highest_seq(record.lane);
  if (!highest_lost) return tl::unexpected<Error>(highest_lost.error());
  const std::int64_t last = std::max({highest_row->value_or(0), record.cursor, *highest_lost});
  const auto total = rows->total_bytes_at(last);
  if (!total) return tl::unexpected<Error>(total.error());
  const auto below_low = rows->total_bytes_below_next(lowest_row->value_or(last + 1) - 1);
  if (!below_low) return tl::unexpected<Error>(below_low.error());

  Lane lane;
  lane.record = std::move(record);
  lane.rows = std::move(*rows);
  lane.settled = Settled(lane.record.cursor);
  lane.lost_events_below = lane.record.lost_events_below;
  lane.lost_bytes_below = lane.record.lost_bytes_below;
  lane.head = lane.durable = {last, std::max(total->value_or(0), lane.record.cursor_bytes)};
  lane.low_seq = lane.staged_low_seq = lowest_row->value_or(last + 1);
  lane.low_bytes = lane.staged_low_bytes = below_low->value_or(lane.durable.total_bytes);
  if (auto done = settle_declared(lane); !done) return tl::unexpected<Error>(done.error());
  return lane;
}

// What has no row because it was given up is settled: gap records and the quarantine say so.
Result<void> Session::settle_declared(Lane& lane) {
  const std::int64_t cursor = lane.record.cursor;
  const auto quarantined = losses_.quarantined_above(lane.record.lane, cursor);
  if (!quarantined) return tl::unexpected<Error>(quarantined.error());
  const auto gaps = losses_.gaps_above(lane.record.lane, cursor);
  if (!gaps) return tl::unexpected<Error>(gaps.error());
  const auto settle = [&](std::int64_t first, std::int64_t last, std::int64_t bytes) {
    for (const auto& [from, to] : lane.settled.not_in_holes(first, last)) {
      lane.settled.settle_hole({from, to, std::exchange(bytes, 0)});
    }
  };
  for (const GapRow& gap : *gaps) {
    const bool dense = gap.missing == gap.last_seq - gap.first_seq + 1;
    if (dense) settle(gap.first_seq, gap.last_seq, gap.bytes);
    if (!dense) lane.hulls.push_back({gap.first_seq, gap.last_seq});
  }
  for (const std::int64_t seq : *quarantined) settle(seq, seq, 0);
  return {};
}

// A lane was retired and its table is still there: dropping it was interrupted.
Result<void> Session::drop_retired(const std::vector<LaneRecord>& records) {
  for (const LaneRecord& record : records) {
    auto done = LaneRows::drop(connection_, record.lane);
    if (!done) return done;
  }
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
  in_use = std::min(in_use, newest->number - kEpochsKept + 1);
  const bool any_below = epochs_.find(in_use - 1).has_value();
  if (!any_below) return {};
  return transact(connection_, [&] { return epochs_.prune_below(in_use); });
}

}  // namespace holdfast::store
