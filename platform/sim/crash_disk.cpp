// SPDX-License-Identifier: MIT
#include "sim/crash_disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <holdfast/check.hpp>
#include <unordered_map>

namespace holdfast::platform::sim {
namespace {

constexpr int kPathBytesMax = 512;
constexpr DiskSpace kRoomy{1ULL << 34U, 1ULL << 33U};

}  // namespace

struct CrashDisk::Impl {
  std::string name;
  sqlite3_vfs vfs{};
  DiskImage image;
  DiskLog* log = nullptr;
  std::unordered_map<const ImageFile*, std::uint32_t> numbers;  // of files, in the log
  std::unordered_map<std::string, std::uint32_t> names;         // their index in the log
  std::uint32_t next_number = 0;
  std::string ignored_syncs;
  Unsynced unsynced;
  bool keeps_unsynced = false;
  bool dead = false;
  std::uint64_t dies_after = 0;  // operations; 0: it lives
  int open_files = 0;

  /// Asked before each operation that changes something.
  bool is_dead() {
    if (dies_after > 0 && --dies_after == 0) dead = true;
    return dead;
  }

  std::uint32_t name_index(const std::string& path) {
    const auto [it, is_new] = names.try_emplace(path, static_cast<std::uint32_t>(log->names.size()));
    if (is_new) log->names.push_back(path);
    return it->second;
  }

  void begin_log(DiskLog& to) {
    log = &to;
    to = {};
    numbers.clear();
    names.clear();
    next_number = 0;
    for (const auto& [path, file] : image) {
      numbers[file.get()] = next_number++;
      to.files.push_back({name_index(path), file->bytes()});
    }
  }

  void note(DiskAct act, const std::shared_ptr<ImageFile>& file, const std::string& path,
            std::uint64_t offset = 0, std::span<const std::byte> bytes = {}, bool names_too = false) {
    if (keeps_unsynced) unsynced.note(act, file, path, offset, bytes.size(), names_too);
    if (log == nullptr) return;
    if (act == DiskAct::create) numbers[file.get()] = next_number++;
    log->operations.push_back({act, numbers.at(file.get()), name_index(path), offset, log->data.size(),
                               static_cast<std::uint32_t>(bytes.size()), names_too});
    log->data.insert(log->data.end(), bytes.begin(), bytes.end());
  }
};

namespace {

/// What SQLite allocates for each open file.
template <class Core>
struct OpenFile {
  sqlite3_file ours;
  Core* core;
  std::shared_ptr<ImageFile>* file;  // memory that SQLite allocates has no destructor
  std::string* path;
  bool names_unsynced;  ///< its first flush flushes the directory too
  bool psow;
  int keep_wal;

  static OpenFile* of(sqlite3_file* f) { return reinterpret_cast<OpenFile*>(f); }
};

template <class Core>
int close_file(sqlite3_file* f) {
  auto* open = OpenFile<Core>::of(f);
  --open->core->open_files;
  delete open->file;
  delete open->path;
  f->pMethods = nullptr;
  return SQLITE_OK;
}

template <class Core>
int read_file(sqlite3_file* f, void* to, int bytes, sqlite3_int64 at) {
  auto* open = OpenFile<Core>::of(f);
  const std::span into(static_cast<std::byte*>(to), static_cast<std::size_t>(bytes));
  const std::size_t got = (*open->file)->read(static_cast<std::uint64_t>(at), into);
  return got == into.size() ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

template <class Core>
int write_file(sqlite3_file* f, const void* from, int bytes, sqlite3_int64 at) {
  auto* open = OpenFile<Core>::of(f);
  if (open->core->is_dead()) return SQLITE_IOERR_WRITE;
  const std::span data(static_cast<const std::byte*>(from), static_cast<std::size_t>(bytes));
  const auto offset = static_cast<std::uint64_t>(at);
  open->core->note(DiskAct::write, *open->file, *open->path, offset, data);
  (*open->file)->write(offset, data);
  return SQLITE_OK;
}

template <class Core>
int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  auto* open = OpenFile<Core>::of(f);
  if (open->core->is_dead()) return SQLITE_IOERR_TRUNCATE;
  const auto bytes = static_cast<std::uint64_t>(size);
  open->core->note(DiskAct::truncate, *open->file, *open->path, bytes);
  (*open->file)->resize(bytes);
  return SQLITE_OK;
}

template <class Core>
int sync_file(sqlite3_file* f, int /*flags*/) {
  auto* open = OpenFile<Core>::of(f);
  if (open->core->is_dead()) return SQLITE_IOERR_FSYNC;
  const std::string& ignored = open->core->ignored_syncs;
  if (!ignored.empty() && open->path->ends_with(ignored)) return SQLITE_OK;
  open->core->note(DiskAct::sync, *open->file, *open->path, 0, {},
                   std::exchange(open->names_unsynced, false));
  return SQLITE_OK;
}

template <class Core>
int control_file(sqlite3_file* f, int operation, void* argument) {
  auto* open = OpenFile<Core>::of(f);
  if (operation == SQLITE_FCNTL_MMAP_SIZE) {
    *static_cast<sqlite3_int64*>(argument) = 0;  // there is none, whatever was asked for
    return SQLITE_OK;
  }
  if (operation != SQLITE_FCNTL_PERSIST_WAL && operation != SQLITE_FCNTL_POWERSAFE_OVERWRITE)
    return SQLITE_NOTFOUND;
  auto* value = static_cast<int*>(argument);
  if (operation == SQLITE_FCNTL_PERSIST_WAL) {
    if (*value >= 0) open->keep_wal = *value;
    *value = open->keep_wal;
  } else {
    if (*value >= 0) open->psow = *value != 0;
    *value = open->psow ? 1 : 0;
  }
  return SQLITE_OK;
}

template <class Core>
const sqlite3_io_methods* methods() {
  static const sqlite3_io_methods kMethods = [] {
    sqlite3_io_methods m{};
    m.iVersion = 1;  // no shared memory
    m.xClose = &close_file<Core>;
    m.xRead = &read_file<Core>;
    m.xWrite = &write_file<Core>;
    m.xTruncate = &truncate_file<Core>;
    m.xSync = &sync_file<Core>;
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      *size = static_cast<sqlite3_int64>((*OpenFile<Core>::of(f)->file)->size());
      return SQLITE_OK;
    };
    m.xLock = [](sqlite3_file*, int) { return SQLITE_OK; };
    m.xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; };
    m.xCheckReservedLock = [](sqlite3_file*, int* reserved) {
      *reserved = 0;
      return SQLITE_OK;
    };
    m.xFileControl = &control_file<Core>;
    m.xSectorSize = [](sqlite3_file*) { return static_cast<int>(kDiskBlockBytes); };
    m.xDeviceCharacteristics = [](sqlite3_file* f) {
      return OpenFile<Core>::of(f)->psow ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0;
    };
    return m;
  }();
  return &kMethods;
}

template <class Core>
int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags, int* out_flags) {
  auto* core = static_cast<Core*>(vfs->pAppData);
  auto* open = OpenFile<Core>::of(f);
  f->pMethods = nullptr;                        // a failed open is not closed
  if (name == nullptr) return SQLITE_CANTOPEN;  // temporary files are not to be used
  auto found = core->image.find(std::string_view(name));
  const bool create = (flags & SQLITE_OPEN_CREATE) != 0;
  if (found == core->image.end()) {
    if (!create || core->dead) return SQLITE_CANTOPEN;
    found = core->image.emplace(name, std::make_shared<ImageFile>()).first;
    core->note(DiskAct::create, found->second, found->first);
  }
  const bool is_companion = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  const bool is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  open->core = core;
  open->file = new std::shared_ptr<ImageFile>(found->second);
  open->path = new std::string(name);
  open->names_unsynced = create && is_companion;
  open->psow = !is_database || sqlite3_uri_boolean(name, "psow", 1) != 0;
  open->keep_wal = 0;
  ++core->open_files;
  f->pMethods = methods<Core>();
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

template <class Core>
int delete_file(sqlite3_vfs* vfs, const char* name, int sync_names) {
  auto* core = static_cast<Core*>(vfs->pAppData);
  if (core->is_dead()) return SQLITE_IOERR_DELETE;
  const auto found = core->image.find(std::string_view(name));
  if (found == core->image.end()) return SQLITE_IOERR_DELETE_NOENT;
  core->note(DiskAct::remove, found->second, found->first, 0, {}, sync_names != 0);
  core->image.erase(found);
  return SQLITE_OK;
}

// As SQLite's unix VFS: an empty file does not exist.
template <class Core>
int access_file(sqlite3_vfs* vfs, const char* name, int /*flags*/, int* there) {
  auto* core = static_cast<Core*>(vfs->pAppData);
  const auto found = core->image.find(std::string_view(name));
  *there = found != core->image.end() && found->second->size() > 0 ? 1 : 0;
  return SQLITE_OK;
}

template <class Core>
sqlite3_vfs make_vfs(Core* core) {
  sqlite3_vfs vfs = *sqlite3_vfs_find(nullptr);  // its clock, its randomness, its sleep
  vfs.iVersion = 1;
  vfs.pNext = nullptr;
  vfs.mxPathname = kPathBytesMax;
  vfs.szOsFile = static_cast<int>(sizeof(OpenFile<Core>));
  vfs.zName = core->name.c_str();
  vfs.pAppData = core;
  vfs.xOpen = &open_file<Core>;
  vfs.xDelete = &delete_file<Core>;
  vfs.xAccess = &access_file<Core>;
  vfs.xFullPathname = [](sqlite3_vfs*, const char* name, int bytes, char* full) {
    const std::size_t length = std::strlen(name);
    if (length >= static_cast<std::size_t>(bytes)) return SQLITE_CANTOPEN;
    std::memcpy(full, name, length + 1);
    return SQLITE_OK;
  };
  return vfs;
}

}  // namespace

CrashDisk::CrashDisk() : impl_(std::make_unique<Impl>()) {
  static std::atomic<int> number = 0;
  impl_->name = "holdfast-crash-" + std::to_string(++number);
  HOLDFAST_CHECK(sqlite3_initialize() == SQLITE_OK);
  impl_->vfs = make_vfs(impl_.get());
  HOLDFAST_CHECK(sqlite3_vfs_register(&impl_->vfs, 0) == SQLITE_OK);
}

CrashDisk::~CrashDisk() { sqlite3_vfs_unregister(&impl_->vfs); }

const std::string& CrashDisk::vfs() const noexcept { return impl_->name; }

void CrashDisk::mount(DiskImage image) {
  HOLDFAST_CHECK(impl_->open_files == 0);
  impl_->image = std::move(image);
  impl_->log = nullptr;
  impl_->unsynced.forget();
  impl_->dead = false;
  impl_->dies_after = 0;
}

const DiskImage& CrashDisk::image() const noexcept { return impl_->image; }

void CrashDisk::record(DiskLog& log) { impl_->begin_log(log); }

void CrashDisk::stop_recording() { impl_->log = nullptr; }

void CrashDisk::set_dead(bool dead) {
  impl_->dead = dead;
  impl_->dies_after = 0;
}

void CrashDisk::die_after(std::uint64_t operations) { impl_->dies_after = operations + 1; }

bool CrashDisk::is_dead() const noexcept { return impl_->dead; }

void CrashDisk::keep_unsynced() { impl_->keeps_unsynced = true; }

void CrashDisk::cut_power(PowerCut cut, Entropy& dice) {
  HOLDFAST_CHECK(impl_->open_files == 0 && impl_->keeps_unsynced);
  impl_->unsynced.take_back(impl_->image, cut, dice);
}

const Unsynced& CrashDisk::unsynced() const noexcept { return impl_->unsynced; }

void CrashDisk::set_ignored_syncs(std::string suffix) { impl_->ignored_syncs = std::move(suffix); }

Result<DiskSpace> CrashDisk::space(const std::string&) const { return kRoomy; }

Result<FileSystem> CrashDisk::file_system(const std::string&) const {
  return FileSystem{FileSystemKind::local, "crash disk"};
}

Result<void> CrashDisk::rename(const std::string& from, const std::string& to) const {
  const std::string where = "rename " + from + " to " + to;
  if (impl_->dead) return fail(ErrorCode::io_error, where, "the process is dead");
  auto found = impl_->image.find(from);
  if (found == impl_->image.end() || impl_->image.contains(to))
    return fail(ErrorCode::invalid, where, "there is no such file, or there is one already");
  impl_->note(DiskAct::rename, found->second, to);
  impl_->image.emplace(to, std::move(found->second));
  impl_->image.erase(found);
  return {};
}

Result<std::optional<FileInfo>> CrashDisk::stat(const std::string& path) const {
  const auto found = impl_->image.find(path);
  if (found == impl_->image.end()) return std::optional<FileInfo>();
  const std::uint64_t bytes = found->second->size();
  const std::uint64_t blocks = (bytes + kDiskBlockBytes - 1) / kDiskBlockBytes;
  return FileInfo{bytes, blocks * kDiskBlockBytes, true};
}

Result<void> CrashDisk::may_create_beside(const std::string&) const { return {}; }

std::optional<std::string> CrashDisk::lock_owner(const std::string&) const { return std::nullopt; }

void seed_sqlite(std::uint32_t seed) {
  const auto bits = static_cast<int>(seed & 0x7FFFFFFFU) | 1;  // 0 would mean: not seeded
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, bits, nullptr);
  sqlite3_randomness(0, nullptr);
}

}  // namespace holdfast::platform::sim
