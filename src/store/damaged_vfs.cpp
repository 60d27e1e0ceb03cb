// SPDX-License-Identifier: MIT
#include "store/damaged_vfs.hpp"

#include <algorithm>
#include <cstring>

#include "store/migrations.hpp"
#include "store/sqlite.hpp"

namespace holdfast::store {
namespace {

constexpr std::size_t kPageTypeAt = kDatabaseHeaderBytes;  // of page 1: behind the file's header
constexpr unsigned char kInnerPage = 5;
constexpr unsigned char kLeafPage = 13;

void put_big_endian(unsigned char* into, std::uint32_t value) noexcept {
  for (int i = 0; i < 4; ++i) into[i] = static_cast<unsigned char>(value >> (24 - 8 * i));
}

// What is the same in every store, and the number of pages, which SQLite otherwise compares with the file.
void repair_header(RawPage& page, std::uint64_t file_bytes, bool has_wal) {
  constexpr std::array<unsigned char, 24> kHead = {'S',  'Q', 'L', 'i', 't', 'e', ' ', 'f',
                                                   'o',  'r', 'm', 'a', 't', ' ', '3', 0,
                                                   0x10, 0,   2,   2,   0,   64,  32,  32};
  std::copy(kHead.begin(), kHead.end(), page.begin());
  // Without a WAL the format of before is read: SQLite would make one otherwise.
  page[18] = page[19] = has_wal ? 2 : 1;
  put_big_endian(&page[28],
                 static_cast<std::uint32_t>(std::max<std::uint64_t>(1, file_bytes / kRawPageBytes)));
  std::copy_n(page.begin() + 24, 4, page.begin() + 92);  // the number of pages is valid for this change
  put_big_endian(&page[44], 4);                          // schema format
  put_big_endian(&page[52], 0);                          // no auto-vacuum
  put_big_endian(&page[56], 1);                          // UTF-8
  put_big_endian(&page[60], static_cast<std::uint32_t>(kSchemaVersion));
  put_big_endian(&page[64], 0);
  put_big_endian(&page[68], static_cast<std::uint32_t>(kStoreApplicationId));
  std::fill(page.begin() + 72, page.begin() + 92, static_cast<unsigned char>(0));
}

bool is_table_page(const RawPage& page) noexcept {
  const unsigned cells = page[kPageTypeAt + 3] * 256U + page[kPageTypeAt + 4];
  return (page[kPageTypeAt] == kInnerPage || page[kPageTypeAt] == kLeafPage) && cells > 0 &&
         cells < kRawPageBytes / 4;
}

}  // namespace

// SQLite's file, followed in memory by that of the VFS below.
struct DamagedVfs::File {
  sqlite3_file base;
  const DamagedVfs* vfs;
  bool is_database;
  sqlite3_file* below() noexcept { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static File& of(sqlite3_file* file) noexcept { return *reinterpret_cast<File*>(file); }

  static int close(sqlite3_file* file) {
    sqlite3_file* below = of(file).below();
    return below->pMethods == nullptr ? SQLITE_OK : below->pMethods->xClose(below);
  }
  static int read(sqlite3_file* file, void* into, int bytes, sqlite3_int64 offset) {
    File& self = of(file);
    const int rc = self.below()->pMethods->xRead(self.below(), into, bytes, offset);
    if (!self.is_database || !self.vfs->page_1_ || offset >= static_cast<sqlite3_int64>(kRawPageBytes))
      return rc;
    const auto shown =
        std::min(static_cast<std::size_t>(bytes), kRawPageBytes - static_cast<std::size_t>(offset));
    std::memcpy(into, self.vfs->page_1_->data() + offset, shown);
    return shown == static_cast<std::size_t>(bytes) ? SQLITE_OK : rc;
  }
  static int write(sqlite3_file*, const void*, int, sqlite3_int64) { return SQLITE_READONLY; }
  static int truncate(sqlite3_file*, sqlite3_int64) { return SQLITE_READONLY; }
  static int sync(sqlite3_file*, int) { return SQLITE_OK; }
  static int size(sqlite3_file* file, sqlite3_int64* bytes) {
    File& self = of(file);
    const int rc = self.below()->pMethods->xFileSize(self.below(), bytes);
    if (self.is_database && self.vfs->page_1_)
      *bytes = std::max(*bytes, static_cast<sqlite3_int64>(kRawPageBytes));
    return rc;
  }
  static int lock(sqlite3_file* file, int level) {
    return of(file).below()->pMethods->xLock(of(file).below(), level);
  }
  static int unlock(sqlite3_file* file, int level) {
    return of(file).below()->pMethods->xUnlock(of(file).below(), level);
  }
  static int reserved(sqlite3_file* file, int* result) {
    return of(file).below()->pMethods->xCheckReservedLock(of(file).below(), result);
  }
  static int control(sqlite3_file* file, int operation, void* argument) {
    return of(file).below()->pMethods->xFileControl(of(file).below(), operation, argument);
  }
  static int sector(sqlite3_file* file) { return of(file).below()->pMethods->xSectorSize(of(file).below()); }
  static int device(sqlite3_file* file) {
    return of(file).below()->pMethods->xDeviceCharacteristics(of(file).below());
  }
};

DamagedVfs::DamagedVfs(sqlite3_vfs* base, std::string path) : base_(base) {
  // Many may be there at a time, each for a store of its own.
  name_ = "holdfast-damaged-" + std::move(path);
  vfs_.iVersion = 1;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + base->szOsFile;
  vfs_.mxPathname = base->mxPathname;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = &DamagedVfs::open_file;
  vfs_.xDelete = [](sqlite3_vfs*, const char*, int) { return SQLITE_READONLY; };
  vfs_.xAccess = [](sqlite3_vfs* vfs, const char* name, int flags, int* result) {
    sqlite3_vfs* below = static_cast<DamagedVfs*>(vfs->pAppData)->base_;
    return below->xAccess(below, name, flags, result);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* vfs, const char* name, int bytes, char* out) {
    sqlite3_vfs* below = static_cast<DamagedVfs*>(vfs->pAppData)->base_;
    return below->xFullPathname(below, name, bytes, out);
  };
  vfs_.xRandomness = [](sqlite3_vfs* vfs, int bytes, char* out) {
    sqlite3_vfs* below = static_cast<DamagedVfs*>(vfs->pAppData)->base_;
    return below->xRandomness(below, bytes, out);
  };
  vfs_.xSleep = [](sqlite3_vfs* vfs, int microseconds) {
    sqlite3_vfs* below = static_cast<DamagedVfs*>(vfs->pAppData)->base_;
    return below->xSleep(below, microseconds);
  };
  vfs_.xCurrentTime = [](sqlite3_vfs* vfs, double* now) {
    sqlite3_vfs* below = static_cast<DamagedVfs*>(vfs->pAppData)->base_;
    return below->xCurrentTime(below, now);
  };
  vfs_.xGetLastError = [](sqlite3_vfs* vfs, int bytes, char* out) {
    sqlite3_vfs* below = static_cast<DamagedVfs*>(vfs->pAppData)->base_;
    return below->xGetLastError(below, bytes, out);
  };
}

DamagedVfs::~DamagedVfs() { sqlite3_vfs_unregister(&vfs_); }

int DamagedVfs::open_file(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags,
                          int* out_flags) {
  static constexpr sqlite3_io_methods kMethods = {1,
                                                  &File::close,
                                                  &File::read,
                                                  &File::write,
                                                  &File::truncate,
                                                  &File::sync,
                                                  &File::size,
                                                  &File::lock,
                                                  &File::unlock,
                                                  &File::reserved,
                                                  &File::control,
                                                  &File::sector,
                                                  &File::device,
                                                  nullptr,
                                                  nullptr,
                                                  nullptr,
                                                  nullptr,
                                                  nullptr,
                                                  nullptr};
  auto* self = static_cast<DamagedVfs*>(vfs->pAppData);
  File& opened = File::of(file);
  opened.base.pMethods = nullptr;
  opened.vfs = self;
  opened.is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  // Opened to write, because a lock that keeps writers out needs that; nothing is made that is not there.
  const int rc =
      self->base_->xOpen(self->base_, name, opened.below(), flags & ~SQLITE_OPEN_CREATE, out_flags);
  if (opened.below()->pMethods != nullptr) opened.base.pMethods = &kMethods;
  return rc;
}

Result<std::unique_ptr<DamagedVfs>> DamagedVfs::open(const std::string& path, const std::string& vfs) {
  sqlite3_vfs* base = find_vfs(vfs);
  if (base == nullptr) return fail(ErrorCode::invalid, "open " + path, "no VFS of that name");
  std::unique_ptr<DamagedVfs> damaged(new DamagedVfs(base, path));
  if (auto done = damaged->choose_page_1(path, vfs); !done) return tl::unexpected<Error>(done.error());
  const int rc = sqlite3_vfs_register(&damaged->vfs_, 0);
  if (rc != SQLITE_OK) return sqlite_fail(nullptr, rc, "register a VFS");
  return damaged;
}

Result<void> DamagedVfs::choose_page_1(const std::string& path, const std::string& vfs) {
  auto file = RawFile::open(path, vfs, SQLITE_OPEN_MAIN_DB);
  if (!file) return tl::unexpected<Error>(file.error());
  const auto bytes = file->size();
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  RawPage page{};
  if (auto done = file->read(0, page); !done) return done;
  auto wal = RawFile::open(path + "-wal", vfs, SQLITE_OPEN_WAL);
  const auto wal_bytes = wal ? wal->size() : Result<std::uint64_t>(0);
  if (!wal_bytes) return tl::unexpected<Error>(wal_bytes.error());
  if (is_table_page(page)) {
    page_1_ = page;
    repair_header(*page_1_, *bytes, wal.has_value());
    // The format and the number of pages may be out of date without damage.
    const bool whole = std::equal(page.begin(), page.begin() + 18, page_1_->begin()) && is_our_header(page);
    if (!whole) finding_ = "the head of the file is damaged; its constant parts were put in";
    return {};
  }
  auto newest = newest_page_1(path + "-wal", vfs, *wal_bytes);
  if (!newest) return tl::unexpected<Error>(newest.error());
  if (!newest->has_value()) return {};
  page_1_ = **newest;
  repair_header(*page_1_, *bytes, true);
  finding_ = "the first page is damaged; the newest one in the WAL stands in";
  return {};
}

}  // namespace holdfast::store
