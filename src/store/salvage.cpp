// SPDX-License-Identifier: MIT
//
// Reading a damaged store. What the connection promises:
//
//  1. Neither file changes: the VFS refuses to write (damaged_vfs.hpp), closing neither checkpoints nor deletes
//     the WAL. EXCLUSIVE keeps the WAL's index in memory, so no -shm file appears, and keeps others out.
//  2. A file that is shorter than its header says, or a schema of which a part does not parse, is read all
//     the same: writable_schema makes SQLite go on where it would refuse. Nothing is written with it.
//  3. A value that claims to be longer than any of ours is refused before memory is taken for it.
#include "store/salvage.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <holdfast/limits.hpp>

#include "base/text.hpp"
#include "store/damaged_table.hpp"
#include "store/damaged_vfs.hpp"
#include "store/salvage_losses.hpp"
#include "store/salvage_names.hpp"

namespace holdfast::store {
namespace {

constexpr int kValueBytesMax = 8 * 1024 * 1024;
// Beyond it a number is taken for damage: no store gives so many seqs.
constexpr std::int64_t kSeqMax = std::int64_t{1} << 53;
// A row that does not read proves its seq when it is no farther than this above one that does.
constexpr std::int64_t kUnprovedStepMax = static_cast<std::int64_t>(limits::kGroupEventsMax);

constexpr const char* kRowColumns =
    "seq, epoch, boot, since_boot_ns, key, type, topic, content_type, attributes, ttl_s, total_bytes, crc, "
    "data";

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

// By name, since older stores have fewer columns.
std::optional<int> column_of(const Statement& row, std::string_view name) {
  for (int i = 0; i < sqlite3_column_count(row.handle()); ++i) {
    if (name == sqlite3_column_name(row.handle(), i)) return i;
  }
  return std::nullopt;
}

std::int64_t integer_of(const Statement& row, std::string_view name, std::int64_t otherwise = 0) {
  const auto column = column_of(row, name);
  return column && row.is_integer(*column) ? row.integer(*column) : otherwise;
}

std::string text_of(const Statement& row, std::string_view name) {
  const auto column = column_of(row, name);
  return column ? std::string(row.text(*column)) : std::string();
}

std::optional<std::int64_t> optional_of(const Statement& row, std::string_view name) {
  const auto column = column_of(row, name);
  if (!column || !row.is_integer(*column)) return std::nullopt;
  return row.integer(*column);
}

bool is_seq(std::int64_t seq) noexcept { return seq >= 0 && seq <= kSeqMax; }

struct Closer {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
using Handle = std::unique_ptr<sqlite3, Closer>;

Result<Handle> open_damaged(const SalvageSource& source, const DamagedVfs& vfs) {
  sqlite3* db = nullptr;
  constexpr int kFlags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int rc = sqlite3_open_v2(uri_of(source.path).c_str(), &db, kFlags, vfs.name());
  Handle handle(db);
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

struct Salvager::Impl {
  std::unique_ptr<DamagedVfs> vfs;
  Handle db;
  Salvage salvage;
  SalvageNames names;
  std::vector<KeySpan> quarantine_spans;
  std::map<LaneNumber, std::vector<std::int64_t>> quarantined;
  std::map<LaneNumber, std::vector<SalvagedGap>> gaps;
  bool gaps_whole = true;

  Result<void> survey(const std::vector<LaneOptions>& lanes);
  Result<void> read_schema();
  Result<void> read_store();
  Result<void> read_boots();
  Result<void> read_epochs();
  Result<void> read_epoch_ends();
  Result<void> read_lanes(const std::vector<LaneOptions>& lanes);
  Result<void> name_lanes(const std::vector<LaneOptions>& lanes);
  Result<void> read_gaps();
  Result<void> read_quarantine();
  Result<void> survey_lane(SalvagedLane& lane);
  Result<void> fit_cursor(SalvagedLane& lane, DamagedTable& rows);
  Result<void> walk_lane(SalvagedLane& lane, DamagedTable& rows, LaneLosses& losses);
  void conclude(SalvagedLane& lane, LaneLosses losses);

  void find(std::string finding) { salvage.findings.push_back(std::move(finding)); }
  Result<bool> both_ways(const std::string& select, const std::string& order,
                         const std::function<Result<bool>(const Statement&)>& take);
  Result<std::optional<DamagedTable>> lane_table(LaneNumber lane) {
    return DamagedTable::open(db.get(), "hf_lane_" + std::to_string(lane), "seq", kRowColumns);
  }
};

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
  if (auto done = impl->survey(source.lanes); !done) return tl::unexpected<Error>(done.error());
  return std::unique_ptr<Salvager>(new Salvager(std::move(impl)));
}

Result<void> Salvager::Impl::survey(const std::vector<LaneOptions>& lanes) {
  auto done = read_schema();
  if (done) done = read_store();
  if (done) done = read_boots();
  if (done) done = read_epochs();
  if (done) done = names.open(db.get(), salvage.epochs);
  if (done) done = read_epoch_ends();
  if (done) done = read_gaps();
  if (done) done = read_quarantine();
  if (done) done = read_lanes(lanes);
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

// --- the small tables ---

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

Result<void> Salvager::Impl::read_store() {
  const auto whole = both_ways("SELECT * FROM hf_store", "id", [&](const Statement& row) -> Result<bool> {
    const std::string device = text_of(row, "device");
    if (base::is_device_id(device)) salvage.device = device;
    salvage.budget_bytes =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_of(row, "budget_bytes")));
    salvage.growing = integer_of(row, "growing") != 0;
    return false;
  });
  if (!whole) return tl::unexpected<Error>(whole.error());
  if (salvage.device.empty()) find("the device id does not read");
  return {};
}

Result<void> Salvager::Impl::read_boots() {
  const auto whole = both_ways("SELECT * FROM hf_boot", "boot", [&](const Statement& row) -> Result<bool> {
    SalvagedBoot boot{text_of(row, "boot_id"), optional_of(row, "anchor_since_boot_ns"),
                      optional_of(row, "anchor_utc_ns")};
    const bool known = std::any_of(salvage.boots.begin(), salvage.boots.end(),
                                   [&](const auto& other) { return other.second.id == boot.id; });
    if (!known && !boot.id.empty()) salvage.boots.emplace(integer_of(row, "boot"), std::move(boot));
    return true;
  });
  if (!whole) return tl::unexpected<Error>(whole.error());
  if (!*whole) find("the table of boots does not read to its end: some events have lost their time");
  return {};
}

Result<void> Salvager::Impl::read_epochs() {
  bool sound = true;
  const auto whole = both_ways("SELECT * FROM hf_epoch", "n", [&](const Statement& row) -> Result<bool> {
    SalvagedEpoch epoch;
    epoch.epoch = {std::bit_cast<std::uint64_t>(integer_of(row, "epoch"))};
    const auto parent = optional_of(row, "parent");
    if (parent) epoch.parent = Epoch{std::bit_cast<std::uint64_t>(*parent)};
    epoch.boot = integer_of(row, "boot");
    epoch.reason = text_of(row, "reason");
    epoch.fingerprint = text_of(row, "fingerprint");
    epoch.acknowledged = integer_of(row, "acknowledged") != 0;
    // A row that is not as it was written must not announce an epoch that never was.
    const bool is_one =
        optional_of(row, "epoch") && !epoch.reason.empty() && is_seq(integer_of(row, "n", -1));
    sound = sound && is_one;
    if (is_one) salvage.epochs.emplace(integer_of(row, "n"), std::move(epoch));
    return true;
  });
  if (!whole) return tl::unexpected<Error>(whole.error());
  if (!*whole || !sound) find("the table of epochs does not read to its end; its index stands in");
  return {};
}

Result<void> Salvager::Impl::read_epoch_ends() {
  const auto whole = both_ways(
      "SELECT n, lane_name, last_seq FROM hf_epoch_end", "n", [&](const Statement& row) -> Result<bool> {
        const auto epoch = salvage.epochs.find(row.integer(0));
        const std::string lane(row.text(1));
        if (epoch == salvage.epochs.end() || !base::is_lane_name(lane) || !is_seq(row.integer(2)))
          return true;
        auto& ends = epoch->second.parent_ends;
        const bool known =
            std::any_of(ends.begin(), ends.end(), [&](const LaneEnd& e) { return e.lane == lane; });
        if (!known) ends.push_back({lane, row.integer(2)});
        return true;
      });
  if (!whole) return tl::unexpected<Error>(whole.error());
  if (!*whole) find("where epochs ended does not read for all: neighbours tell which epoch a lost event had");
  return {};
}

Result<void> Salvager::Impl::read_gaps() {
  std::map<std::int64_t, std::pair<LaneNumber, SalvagedGap>> all;
  const auto whole = both_ways("SELECT * FROM hf_gap", "n", [&](const Statement& row) -> Result<bool> {
    SalvagedGap gap;
    gap.n = integer_of(row, "n");
    gap.epoch_number = integer_of(row, "epoch");
    gap.first_seq = integer_of(row, "first_seq");
    gap.last_seq = integer_of(row, "last_seq");
    gap.missing = integer_of(row, "missing");
    gap.bytes = std::max<std::int64_t>(0, integer_of(row, "bytes"));
    gap.reason = text_of(row, "reason");
    gap.acknowledged = integer_of(row, "acknowledged") != 0;
    const bool sound = gap.n > 0 && gap.first_seq > 0 && gap.last_seq >= gap.first_seq &&
                       is_seq(gap.last_seq) && gap.missing > 0 &&
                       gap.missing <= gap.last_seq - gap.first_seq + 1 &&
                       salvage.epochs.contains(gap.epoch_number);
    gaps_whole = gaps_whole && sound;
    if (sound) all.emplace(gap.n, std::pair(integer_of(row, "lane"), gap));
    return true;
  });
  if (!whole) return tl::unexpected<Error>(whole.error());
  gaps_whole = gaps_whole && *whole;
  for (auto& [n, lane_and_gap] : all) gaps[lane_and_gap.first].push_back(lane_and_gap.second);
  if (!gaps_whole)
    find(
        "the table of gap records does not read to its end: losses declared there and not yet acknowledged "
        "may be unknown");
  return {};
}

Result<void> Salvager::Impl::read_quarantine() {
  auto table =
      DamagedTable::open(db.get(), "hf_quarantine", "rowid", std::string("rowid, lane, ") + kRowColumns);
  if (!table) return tl::unexpected<Error>(table.error());
  if (!table->has_value()) {
    find("the quarantine does not read");
    return {};
  }
  auto spans = (*table)->find_spans(0);
  if (!spans) return tl::unexpected<Error>(spans.error());
  quarantine_spans = std::move(*spans);
  std::size_t lost = 0;
  const auto take = [&](const Statement& row) -> Result<void> {
    const auto saved = names.read(row, 2, row.integer(1));
    if (!saved) return tl::unexpected<Error>(saved.error());
    if (*saved) quarantined[row.integer(1)].push_back((*saved)->event.seq);
    if (!*saved) ++lost;
    return {};
  };
  auto done = (*table)->for_each(quarantine_spans, take, [&](std::int64_t) { ++lost; });
  for (auto& [lane, seqs] : quarantined) {
    std::sort(seqs.begin(), seqs.end());
    seqs.erase(std::unique(seqs.begin(), seqs.end()), seqs.end());
  }
  if (lost > 0) find(std::to_string(lost) + " quarantined events do not read");
  return done;
}

// --- lanes ---

Result<void> Salvager::Impl::read_lanes(const std::vector<LaneOptions>& lanes) {
  std::map<LaneNumber, SalvagedLane> all;
  const auto whole = both_ways("SELECT * FROM hf_lane", "lane", [&](const Statement& row) -> Result<bool> {
    SalvagedLane lane;
    lane.lane = integer_of(row, "lane");
    lane.name = text_of(row, "name");
    if (lane.lane < 1 || lane.lane > static_cast<LaneNumber>(limits::kLanesEverMax)) return true;
    for (int i = 0; i < sqlite3_column_count(row.handle()); ++i) {
      if (row.is_integer(i)) lane.settings[sqlite3_column_name(row.handle(), i)] = row.integer(i);
    }
    lane.cursor = integer_of(row, "cursor", -1);
    lane.cursor_bytes = integer_of(row, "cursor_bytes", -1);
    lane.cursor_known = is_seq(lane.cursor) && is_seq(lane.cursor_bytes);
    lane.retired = integer_of(row, "retired") != 0;
    all.emplace(lane.lane, std::move(lane));
    return true;
  });
  if (!whole) return tl::unexpected<Error>(whole.error());
  if (!*whole) find("the table of lanes does not read to its end");
  for (LaneNumber number = 1; number <= static_cast<LaneNumber>(limits::kLanesEverMax); ++number) {
    if (all.contains(number)) continue;
    const auto table = lane_table(number);
    if (!table) return tl::unexpected<Error>(table.error());
    if (!table->has_value()) continue;
    all[number].lane = number;
  }
  for (auto& [number, lane] : all) salvage.lanes.push_back(std::move(lane));
  return name_lanes(lanes);
}

// A name comes from the table, or its index, or the configuration.
Result<void> Salvager::Impl::name_lanes(const std::vector<LaneOptions>& lanes) {
  std::map<LaneNumber, std::string> second;
  const auto take = [&](const Statement& row) -> Result<bool> {
    second.emplace(row.integer(0), row.text(1));
    return second.size() < limits::kLanesEverMax;
  };
  const auto whole =
      both_ways("SELECT lane, name FROM hf_lane INDEXED BY sqlite_autoindex_hf_lane_1", "name", take);
  if (!whole) return tl::unexpected<Error>(whole.error());
  const auto configured = [&](const std::string& name) {
    return std::any_of(lanes.begin(), lanes.end(), [&](const LaneOptions& o) { return o.name == name; });
  };
  std::vector<std::string> given;
  for (SalvagedLane& lane : salvage.lanes) {
    std::vector<std::string> candidates = {lane.name, second[lane.lane]};
    if (!configured(candidates[0]) && configured(candidates[1])) std::swap(candidates[0], candidates[1]);
    const auto place = static_cast<std::size_t>(lane.lane - 1);
    if (place < lanes.size()) candidates.push_back(lanes[place].name);
    lane.name.clear();
    for (const std::string& name : candidates) {
      if (!lane.name.empty() || !base::is_lane_name(name)) continue;
      if (std::find(given.begin(), given.end(), name) == given.end()) lane.name = name;
    }
    given.push_back(lane.name);
    if (lane.name.empty())
      find("lane " + std::to_string(lane.lane) + " cannot be named: its events stay behind");
  }
  std::erase_if(salvage.lanes, [](const SalvagedLane& lane) { return lane.name.empty(); });
  return {};
}

Result<void> Salvager::Impl::survey_lane(SalvagedLane& lane) {
  if (!lane.cursor_known) {
    lane.cursor = lane.cursor_bytes = 0;
    find("lane " + lane.name + ": how far it was settled does not read; what is there is sent again");
  }
  LaneLosses losses;
  losses.quarantined = quarantined[lane.lane];
  losses.gaps = gaps[lane.lane];
  losses.gaps_whole = gaps_whole;
  for (const auto& [number, epoch] : salvage.epochs) {
    if (!epoch.parent) losses.epochs.begins_after(number, 0);
    for (const LaneEnd& end : epoch.parent_ends) {
      if (end.lane == lane.name) losses.epochs.begins_after(number, end.last);
    }
  }
  auto table = lane.retired ? Result<std::optional<DamagedTable>>(std::nullopt) : lane_table(lane.lane);
  if (!table) return tl::unexpected<Error>(table.error());
  if (!table->has_value() && !lane.retired) find("lane " + lane.name + ": its events do not read");
  if (table->has_value()) {
    auto done = fit_cursor(lane, **table);
    if (done) done = walk_lane(lane, **table, losses);
    if (!done) return done;
  }
  conclude(lane, std::move(losses));
  return {};
}

// cursor and cursor_bytes are no part of any checksum. They fit when the totals of the rows around say the
// same.
Result<void> Salvager::Impl::fit_cursor(SalvagedLane& lane, DamagedTable& rows) {
  if (!lane.cursor_known) return {};
  std::optional<std::int64_t> at_cursor_bytes;
  bool fits = true;
  auto spans = rows.find_spans(0);
  if (!spans) return tl::unexpected<Error>(spans.error());
  // Only the rows next to the cursor speak about it; a search for the place that cursor_bytes means comes on
  // top when they object.
  const auto look = [&](bool search) {
    std::int64_t below = 0;
    bool any_above = false;
    return rows.for_each(
        *spans,
        [&](const Statement& row) -> Result<void> {
          const std::int64_t seq = row.integer(0);
          if (!search && any_above) return {};
          const auto read = names.read(row, 0, lane.lane);
          if (!read) return tl::unexpected<Error>(read.error());
          if (!*read) return {};
          const std::int64_t before = row.integer(10) - static_cast<std::int64_t>(row.blob(12).size());
          if (before == lane.cursor_bytes && !at_cursor_bytes) at_cursor_bytes = seq - 1;
          if (seq <= lane.cursor) {
            below = row.integer(10);
          } else if (!any_above) {
            any_above = true;
            fits = fits && before >= lane.cursor_bytes &&
                   (seq != lane.cursor + 1 || before == lane.cursor_bytes);
          }
          if (below > lane.cursor_bytes) fits = false;
          return {};
        },
        [](std::int64_t) {});
  };
  auto done = look(false);
  if (done && !fits) done = look(true);
  if (!done || fits) return done;
  lane.cursor = at_cursor_bytes.value_or(0);
  if (!at_cursor_bytes) lane.cursor_bytes = 0;
  lane.cursor_known = false;
  find("lane " + lane.name + ": how far it was settled does not fit its events; taken to be " +
       std::to_string(lane.cursor));
  return {};
}

Result<void> Salvager::Impl::walk_lane(SalvagedLane& lane, DamagedTable& rows, LaneLosses& losses) {
  auto spans = rows.find_spans(lane.cursor);
  if (!spans) return tl::unexpected<Error>(spans.error());
  lane.spans = std::move(*spans);
  std::int64_t before = lane.cursor;
  std::int64_t total_before = lane.cursor_bytes;
  std::int64_t epoch_before = -1;
  SeqHoles holes;
  lane.highest_seq = lane.cursor;
  const auto seen = [&](std::int64_t seq) {
    if (seq <= lane.highest_seq + kUnprovedStepMax) lane.highest_seq = std::max(lane.highest_seq, seq);
  };
  const auto take = [&](const Statement& row) -> Result<void> {
    const auto read = names.read(row, 0, lane.lane);
    if (!read) return tl::unexpected<Error>(read.error());
    const std::int64_t seq = row.integer(0);
    if (!*read || !is_seq(seq)) {
      seen(seq);
      return {};
    }
    const auto size = static_cast<std::int64_t>((*read)->event.data.size());
    const std::int64_t total = (*read)->total_bytes;
    if (seq > before + 1) {
      const std::int64_t bytes = total - size - total_before;
      const auto most = (seq - before - 1) * static_cast<std::int64_t>(limits::kEventDataBytesCeiling);
      holes.add(before + 1, seq - 1, bytes >= 0 && bytes <= most ? bytes : 0);
    }
    if ((*read)->epoch_number != epoch_before) losses.epochs.begins_after((*read)->epoch_number, seq - 1);
    epoch_before = (*read)->epoch_number;
    before = lane.highest_seq = seq;
    total_before = total;
    ++lane.rows_saved;
    return {};
  };
  auto done = rows.for_each(lane.spans, take, seen);
  losses.holes = holes.all();
  losses.last_row = before;
  return done;
}

void Salvager::Impl::conclude(SalvagedLane& lane, LaneLosses losses) {
  losses.cursor = lane.cursor;
  std::int64_t highest = std::max(lane.highest_seq, lane.cursor);
  for (const SalvagedGap& gap : losses.gaps) highest = std::max(highest, gap.last_seq);
  if (!losses.quarantined.empty()) highest = std::max(highest, losses.quarantined.back());
  for (const auto& [number, epoch] : salvage.epochs) {
    for (const LaneEnd& end : epoch.parent_ends) {
      if (end.lane == lane.name) highest = std::max(highest, end.last);
    }
  }
  lane.highest_seq = highest;
  const std::int64_t last = std::max(losses.last_row, lane.cursor);
  if (highest > last) losses.holes.push_back({last + 1, highest, highest - last, 0});
  if (salvage.epochs.empty()) {
    if (!losses.holes.empty())
      find("lane " + lane.name + ": no epoch reads, so its losses cannot be declared; it goes on after " +
           std::to_string(highest));
    lane.cursor = highest;
    return;
  }
  lane.gaps = declare_losses(losses);
  for (const SalvagedGap& gap : lane.gaps)
    lane.rows_lost += gap.n == 0 && gap.reason == "damaged" ? gap.missing : 0;
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
  const std::string columns =
      std::string("rowid, lane, ") + kRowColumns + ", reason, detail, attempts, first_utc_ns, last_utc_ns";
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
