// SPDX-License-Identifier: MIT
//
// How a damaged store and a new one change places.
//
//   <path>, <path>-wal                     the store
//   <path>.salvage, .salvage-wal           a new store that is being made: worthless until it is complete
//   <path>.salvaged, .salvaged-wal         a new store that is complete
//   <path>.damaged-<n>, .damaged-<n>-wal   what was set aside; n = 1, 2, 3 ..., never used twice
//
//  1. The new store is made under `.salvage`, with all the room it will need. The damaged one stays where it
//     is. A crash, or an error such as a full disk: `.salvage` is deleted and it is as if nothing had happened.
//  2. Complete, and all of it in its database file: `.salvage` is renamed to `.salvaged`, the WAL first. From
//     here on there is no way back, and every later opening goes on from where a crash has left it:
//  3. `-wal` to `.damaged-<n>-wal`, then `<path>` to `.damaged-<n>`.
//  4. `.salvaged-wal` to `-wal`, then `.salvaged` to `<path>`.
//
// Each rename is durable before the next. While `.salvaged` is there, a file at <path> is the damaged one,
// because the last rename is that of `.salvaged`; and a WAL there belongs to the damaged one as long as <path>
// does.
#include "store/set_aside.hpp"

#include <array>

#include "store/migrations.hpp"
#include "store/raw_file.hpp"

namespace holdfast::store {
namespace {

constexpr int kSetAsideMax = 10'000;

std::string scratch_of(const std::string& path) { return path + ".salvage"; }
std::string complete_of(const std::string& path) { return path + ".salvaged"; }
std::string wal_of(const std::string& path) { return path + "-wal"; }
std::string journal_of(const std::string& path) { return path + "-journal"; }

// nullopt: the head says nothing.
Result<std::optional<Evidence>> examine_head(const std::string& path, const std::string& vfs,
                                             std::uint64_t bytes) {
  auto file = RawFile::open(path, vfs, SQLITE_OPEN_MAIN_DB);
  if (!file) return tl::unexpected<Error>(file.error());
  std::array<unsigned char, kDatabaseHeaderBytes> header{};
  if (auto done = file->read(0, header); !done) return tl::unexpected<Error>(done.error());
  if (is_our_header(header)) {
    const bool whole = has_magic(header) && big_endian(header.data() + 68) == kStoreApplicationId;
    return std::optional(whole ? Evidence::ours : Evidence::damaged);
  }
  if (has_magic(header) && bytes >= kDatabaseHeaderBytes) return std::optional(Evidence::foreign);
  return std::optional<Evidence>();
}

Result<std::uint64_t> size_of(const std::string& path, const platform::Disk& disk) {
  const auto info = disk.stat(path);
  if (!info) return tl::unexpected<Error>(info.error());
  return info->has_value() ? (*info)->size_bytes : 0;
}

/// SQLite writes page 1 of a new file under a rollback journal, twice, before there is a WAL. If the power goes in
/// between, whatever stands there is undone by SQLite, which gives a file of no page or of one. A larger one in a
/// journal is somebody else's.
Result<bool> journal_of_a_new_file(const std::string& journal, const std::string& vfs,
                                   const platform::Disk& disk) {
  constexpr std::array<unsigned char, 8> kMagic = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
  constexpr std::size_t kPagesBefore = 16;
  const auto bytes = size_of(journal, disk);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  if (*bytes < kRawPageBytes)
    return false;  // SQLite would throw it away: its head fills a sector, and ours are 4096
  auto file = RawFile::open(journal, vfs, SQLITE_OPEN_MAIN_JOURNAL);
  if (!file) return tl::unexpected<Error>(file.error());
  std::array<unsigned char, 20> header{};
  if (auto done = file->read(0, header); !done) return tl::unexpected<Error>(done.error());
  return std::equal(kMagic.begin(), kMagic.end(), header.begin()) &&
         big_endian(header.data() + kPagesBefore) <= 1;
}

Result<bool> is_there(const std::string& path, const platform::Disk& disk) {
  const auto info = disk.stat(path);
  if (!info) return tl::unexpected<Error>(info.error());
  return info->has_value();
}

Result<void> delete_file(const std::string& path, const std::string& vfs_name, const platform::Disk& disk) {
  const auto there = is_there(path, disk);
  if (!there) return tl::unexpected<Error>(there.error());
  if (!*there) return {};
  sqlite3_vfs* vfs = find_vfs(vfs_name);
  if (vfs == nullptr) return fail(ErrorCode::invalid, "delete " + path, "no VFS of that name");
  const int rc = vfs->xDelete(vfs, path.c_str(), 1);
  if (rc != SQLITE_OK && rc != SQLITE_IOERR_DELETE_NOENT) return sqlite_fail(nullptr, rc, "delete " + path);
  return {};
}

Result<void> delete_scratch(const std::string& path, const std::string& vfs, const platform::Disk& disk) {
  for (const std::string& file : {wal_of(complete_of(path)), wal_of(scratch_of(path)), scratch_of(path)}) {
    if (auto done = delete_file(file, vfs, disk); !done) return done;
  }
  return {};
}

Result<void> rename_if_there(const std::string& from, const std::string& to, const platform::Disk& disk) {
  const auto there = is_there(from, disk);
  if (!there) return tl::unexpected<Error>(there.error());
  return *there ? disk.rename(from, to) : Result<void>();
}

// The first number without a database, and, if there is a WAL still to be set aside, without a WAL: a WAL
// alone is the half of this set-aside that came before a crash.
Result<std::string> name_aside(const std::string& path, const platform::Disk& disk) {
  const auto wal_left = is_there(wal_of(path), disk);
  if (!wal_left) return tl::unexpected<Error>(wal_left.error());
  for (int n = 1; n <= kSetAsideMax; ++n) {
    const std::string name = path + ".damaged-" + std::to_string(n);
    const auto there = is_there(name, disk);
    if (!there) return tl::unexpected<Error>(there.error());
    const auto wal_there = is_there(wal_of(name), disk);
    if (!wal_there) return tl::unexpected<Error>(wal_there.error());
    if (!*there && !(*wal_left && *wal_there)) return name;
  }
  return fail(ErrorCode::invalid, "set aside " + path,
              std::to_string(kSetAsideMax) + " damaged stores are there already; move them away");
}

// Steps 3 and 4; returns where the damaged database is, empty when that had been done before.
Result<std::string> change_places(const std::string& path, const platform::Disk& disk) {
  std::string aside;
  const auto there = is_there(path, disk);
  if (!there) return tl::unexpected<Error>(there.error());
  if (*there) {
    auto name = name_aside(path, disk);
    if (!name) return name;
    aside = std::move(*name);
    auto done = rename_if_there(wal_of(path), wal_of(aside), disk);
    if (done) done = disk.rename(path, aside);
    if (!done) return tl::unexpected<Error>(done.error());
  }
  auto done = rename_if_there(wal_of(complete_of(path)), wal_of(path), disk);
  if (done) done = disk.rename(complete_of(path), path);
  if (!done) return tl::unexpected<Error>(done.error());
  return aside;
}

// All of the new store in its database file, and the connection closed: its WAL may then be renamed apart.
Result<void> settle_down(Connection fresh) {
  const int rc =
      sqlite3_wal_checkpoint_v2(fresh.handle(), "main", SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  if (rc == SQLITE_OK) return {};
  Error error = sqlite_error(fresh.handle(), rc, "move the new store's WAL into it");
  if (error.code == ErrorCode::full) error.code = ErrorCode::disk_full;
  return tl::unexpected<Error>(std::move(error));
}

Result<SalvageReport> make_new(const SalvageSource& source, const MakeStore& make_store,
                               const std::function<Result<void>(Connection&)>& between) {
  auto salvager = Salvager::open(source);
  if (!salvager) return tl::unexpected<Error>(salvager.error());
  auto fresh = make_store(scratch_of(source.path), (*salvager)->summary());
  if (!fresh) return tl::unexpected<Error>(fresh.error());
  auto report = salvage_into(*fresh, **salvager, [&] { return between(*fresh); });
  if (!report) return report;
  if (auto done = settle_down(std::move(*fresh)); !done) return tl::unexpected<Error>(done.error());
  return report;
}

}  // namespace

bool says_damaged(const Error& error) noexcept {
  const int primary = error.native & 0xFF;
  return error.code == ErrorCode::corrupt || primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ||
         error.native == SQLITE_IOERR_DATA || error.native == SQLITE_IOERR_CORRUPTFS;
}

Result<Evidence> examine(const std::string& path, const std::string& vfs, const platform::Disk& disk) {
  const auto there = is_there(path, disk);
  if (!there) return tl::unexpected<Error>(there.error());
  if (!*there) return Evidence::nothing;  // whoever removed it meant it
  const auto bytes = size_of(path, disk);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  if (*bytes > 0) {
    const auto head = examine_head(path, vfs, *bytes);
    if (!head || *head) return head ? Result<Evidence>(**head) : tl::unexpected<Error>(head.error());
  }
  const auto wal_bytes = size_of(wal_of(path), disk);
  if (!wal_bytes) return tl::unexpected<Error>(wal_bytes.error());
  const auto in_wal = newest_page_1(wal_of(path), vfs, *wal_bytes);
  if (!in_wal) return tl::unexpected<Error>(in_wal.error());
  // A power cut while a checkpoint programs page 1 leaves this too, and then the WAL has all of it: SQLite is asked
  // first. But of an empty file it would delete the WAL.
  if (in_wal->has_value()) return *bytes == 0 ? Evidence::damaged : Evidence::ours;
  if (*bytes == 0) return Evidence::nothing;
  const auto being_made = journal_of_a_new_file(journal_of(path), vfs, disk);
  if (!being_made) return tl::unexpected<Error>(being_made.error());
  return *being_made ? Evidence::nothing : Evidence::foreign;
}

Result<bool> finish_set_aside(const std::string& path, const std::string& vfs, const platform::Disk& disk) {
  const auto complete = is_there(complete_of(path), disk);
  if (!complete) return tl::unexpected<Error>(complete.error());
  if (*complete) {
    const auto done = change_places(path, disk);
    if (!done) return tl::unexpected<Error>(done.error());
    return true;
  }
  const auto scratch = is_there(scratch_of(path), disk);
  if (!scratch) return tl::unexpected<Error>(scratch.error());
  if (!*scratch) return false;
  if (auto done = delete_scratch(path, vfs, disk); !done) return tl::unexpected<Error>(done.error());
  return false;
}

Result<SetAside> set_aside_and_salvage(const SalvageSource& source, const platform::Disk& disk,
                                       const MakeStore& make_store,
                                       const std::function<Result<void>(Connection&)>& between) {
  if (auto done = delete_scratch(source.path, source.vfs, disk); !done)
    return tl::unexpected<Error>(done.error());
  auto report = make_new(source, make_store, between);
  if (!report) {
    (void)delete_scratch(source.path, source.vfs, disk);  // else the next opening does it
    return tl::unexpected<Error>(report.error());
  }
  const std::string scratch = scratch_of(source.path);
  const std::string complete = complete_of(source.path);
  auto done = rename_if_there(wal_of(scratch), wal_of(complete), disk);
  if (done) done = disk.rename(scratch, complete);
  if (!done) return tl::unexpected<Error>(done.error());
  auto aside = change_places(source.path, disk);
  if (!aside) return tl::unexpected<Error>(aside.error());
  return SetAside{std::move(*report), std::move(*aside)};
}

}  // namespace holdfast::store
