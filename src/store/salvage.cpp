// SPDX-License-Identifier: MIT
//
// Reading a damaged store. What the connection promises:
//
//  1. Neither file changes: the VFS refuses to write (damaged_vfs.hpp), closing neither checkpoints nor deletes
//     the WAL. EXCLUSIVE keeps the WAL's index in memory, so no -shm file appears, and keeps others out.
//  2. A file that is shorter than its header says, or a schema of which a part does not parse, is read all
//     the same: writable_schema makes SQLite go on where it would refuse. Nothing is written with it.
//  3. A value that claims to be longer than any of ours is refused before memory is taken for it.
#include "store/salvage_impl.hpp"

namespace holdfast::store {
namespace {

constexpr int kValueBytesMax = 8 * 1024 * 1024;

std::string uri_of(const std::string& path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = path.starts_with('/') ? "file://" : "file:";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%' || c == '?' || c == '#' || byte < 0x21) {
      uri += {'%', kHex[byte >> 4U], kHex[byte & 0xFU]};
    } else {
      uri += c;
    }
  }
  return uri;
}

Result<SqliteHandle> open_damaged(const SalvageSource& source, const DamagedVfs& vfs) {
  sqlite3* db = nullptr;
  constexpr int kFlags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int rc = sqlite3_open_v2(uri_of(source.path).c_str(), &db, kFlags, vfs.name());
  SqliteHandle handle(db);
  if (rc != SQLITE_OK) return sqlite_fail(db, rc, "open the damaged " + source.path);
  int keep_wal = 1;
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep_wal);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, kValueBytesMax);
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  for (const char* pragma :
       {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA mmap_size=0", "PRAGMA temp_store=MEMORY",
        "PRAGMA cache_spill=OFF", "PRAGMA cell_size_check=ON", "PRAGMA query_only=ON",
        "PRAGMA writable_schema=ON"}) {
    const int set = sqlite3_exec(db, pragma, nullptr, nullptr, nullptr);
    const Error error = sqlite_error(db, set, pragma);
    if (set != SQLITE_OK && !is_damage(error)) return tl::unexpected<Error>(error);
  }
  return handle;
}

}  // namespace

Salvager::Salvager(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Salvager::~Salvager() = default;
const Salvage& Salvager::summary() const noexcept { return impl_->salvage; }

Result<std::unique_ptr<Salvager>> Salvager::open(const SalvageSource& source) {
  auto impl = std::make_unique<Impl>();
  auto vfs = DamagedVfs::open(source.path, source.vfs);
  if (!vfs) return tl::unexpected<Error>(vfs.error());
  impl->vfs = std::move(*vfs);
  if (!impl->vfs->finding().empty()) impl->find(impl->vfs->finding());
  auto handle = open_damaged(source, *impl->vfs);
  if (!handle) return tl::unexpected<Error>(handle.error());
  impl->db = std::move(*handle);
  if (auto done = impl->survey(source); !done) return tl::unexpected<Error>(done.error());
  return std::unique_ptr<Salvager>(new Salvager(std::move(impl)));
}

Result<void> Salvager::Impl::survey(const SalvageSource& source) {
  auto done = read_schema();
  if (done) done = read_store();
  if (done) done = read_leases();
  if (done) done = read_boots();
  if (done) done = read_epochs();
  if (done) done = names.open(db.get(), salvage.epochs);
  if (done) done = read_epoch_ends();
  if (done) done = read_gaps();
  if (done) done = read_quarantine();
  if (done) done = read_lanes(source);
  for (SalvagedLane& lane : salvage.lanes) {
    if (done) done = survey_lane(lane);
  }
  return done;
}

Result<bool> Salvager::Impl::both_ways(const std::string& select, const std::string& order,
                                       const std::function<Result<bool>(const Statement&)>& take) {
  const std::string up = select + " ORDER BY " + order;
  return read_both_ways(db.get(), up, up + " DESC", take);
}

// The first read takes the lock and recovers the WAL: what goes wrong here and is no damage is an error.
Result<void> Salvager::Impl::read_schema() {
  std::size_t tables = 0;
  const auto whole =
      read_both_ways(db.get(), "SELECT name FROM sqlite_schema", "SELECT name FROM sqlite_schema",
                     [&](const Statement&) -> Result<bool> { return ++tables < 10'000; });
  if (!whole) return tl::unexpected<Error>(whole.error());
  if (!*whole) find("the list of tables does not read to its end: tables may be missing");
  return {};
}

// --- rows ---

Result<void> Salvager::for_each_row(const SalvagedLane& lane,
                                    const std::function<Result<void>(const SalvagedRow&)>& take) {
  if (lane.spans.empty()) return {};
  auto table = impl_->lane_table(lane.lane);
  if (!table) return tl::unexpected<Error>(table.error());
  if (!table->has_value()) return {};
  return (*table)->for_each(
      lane.spans,
      [&](const Statement& row) -> Result<void> {
        const auto read = impl_->names.read(row, 0, lane.lane);
        if (!read) return tl::unexpected<Error>(read.error());
        if (!*read) return {};
        return take(**read);
      },
      [](std::int64_t) {});
}

Result<void> Salvager::for_each_quarantined(
    const std::function<Result<void>(const SalvagedQuarantine&)>& take) {
  if (impl_->quarantine_spans.empty()) return {};
  const std::string columns = std::string("rowid, lane, ") + kSalvagedColumns +
                              ", reason, detail, attempts, first_utc_ns, last_utc_ns";
  auto table = DamagedTable::open(impl_->db.get(), "hf_quarantine", "rowid", columns + ", requeued");
  if (table && !table->has_value())  // a store of before schema version 3
    table = DamagedTable::open(impl_->db.get(), "hf_quarantine", "rowid", columns + ", 0");
  if (!table) return tl::unexpected<Error>(table.error());
  if (!table->has_value()) return {};
  return (*table)->for_each(
      impl_->quarantine_spans,
      [&](const Statement& row) -> Result<void> {
        const auto read = impl_->names.read(row, 2, row.integer(1));
        if (!read) return tl::unexpected<Error>(read.error());
        if (!*read) return {};
        return take({**read, row.integer(15), std::string(row.text(16)), row.integer(17), row.integer(18),
                     row.integer(19), row.integer(20) != 0});
      },
      [](std::int64_t) {});
}

Result<void> Salvager::for_each_state(const std::function<Result<void>(const Statement&)>& take) {
  // Upwards and then downwards: a key that was seen on the way up ends the way down.
  std::string last;
  std::string lowest;
  bool any = false;
  for (const bool up : {true, false}) {
    auto statement = prepare_damaged(impl_->db.get(), std::string("SELECT key, version, content_type, value "
                                                                  "FROM hf_state ORDER BY key") +
                                                          (up ? "" : " DESC"));
    if (!statement) return tl::unexpected<Error>(statement.error());
    if (!statement->has_value()) return {};
    for (;;) {
      const auto stepped = (*statement)->step();
      if (!stepped && !is_damage(stepped.error())) return tl::unexpected<Error>(stepped.error());
      if (!stepped) break;
      if (*stepped == Step::done) return {};
      const std::string key((*statement)->text(0));
      if (any && key <= last) {
        if (!up) return {};
        break;  // out of order: damaged
      }
      if (!up && !lowest.empty() && key >= lowest) return {};
      if (!up) lowest = key;
      if (auto done = take(**statement); !done) return done;
      if (up) {
        last = key;
        any = true;
      }
    }
  }
  return {};
}

Result<void> Salvager::for_each_idempotency_key(const std::function<Result<void>(const Statement&)>& take) {
  auto table = DamagedTable::open(impl_->db.get(), "hf_key", "n", "n, key, receipt");
  if (!table) return tl::unexpected<Error>(table.error());
  if (!table->has_value()) return {};
  auto spans = (*table)->find_spans(0);
  if (!spans) return tl::unexpected<Error>(spans.error());
  return (*table)->for_each(*spans, take, [](std::int64_t) {});
}

}  // namespace holdfast::store
