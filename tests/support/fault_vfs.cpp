// SPDX-License-Identifier: MIT
#include "support/fault_vfs.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>

#include <holdfast/check.hpp>

namespace holdfast::test_support {

using Operation = Fault::Operation;
using Where = Fault::Where;

struct FaultVfs::Impl {
  std::string name = "holdfast-fault";
  sqlite3_vfs vfs{};
  sqlite3_vfs* base = nullptr;
  struct Armed {
    Fault fault;
    int seen = 0;
  };
  mutable std::mutex mutex;  // guards the following
  std::vector<Armed> armed;
  bool fired = false;
  std::array<Count, 5> counts{};  // by Operation

  /// The fault that this operation meets, or none.
  std::optional<Fault> next(Operation operation, Where file, int bytes = 0) {
    const std::lock_guard lock(mutex);
    Count& count = counts.at(static_cast<std::size_t>(operation));
    ++count.operations;
    count.bytes += static_cast<std::uint64_t>(bytes);
    std::optional<Fault> met;
    for (Armed& a : armed) {
      if (a.fault.operation != operation) continue;
      if (a.fault.where != Where::anywhere && a.fault.where != file) continue;
      ++a.seen;
      if (a.seen == a.fault.nth || (a.seen > a.fault.nth && a.fault.sticky)) met = a.fault;
    }
    fired = fired || met.has_value();
    return met;
  }
};

namespace {

/// The last moment of a process that is to be killed.
void die_if_told(const Fault& fault) {
  if (fault.kill) ::kill(::getpid(), SIGKILL);
}

// The base VFS's file lies behind ours, in the memory that SQLite allocates.
template <class Impl>
struct File {
  sqlite3_file ours;
  Impl* impl;
  Where where;
  sqlite3_file* base() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
};

template <class Impl>
int read_file(sqlite3_file* f, void* to, int bytes, sqlite3_int64 at) {
  auto* ours = File<Impl>::of(f);
  const auto fault = ours->impl->next(Operation::read, ours->where, bytes);
  if (!fault) return ours->base()->pMethods->xRead(ours->base(), to, bytes, at);
  die_if_told(*fault);
  if (fault->code == SQLITE_IOERR_SHORT_READ) {
    const int half = bytes / 2;
    (void)ours->base()->pMethods->xRead(ours->base(), to, half, at);
    std::memset(static_cast<char*>(to) + half, 0, static_cast<std::size_t>(bytes - half));
  }
  return fault->code;
}

template <class Impl>
int write_file(sqlite3_file* f, const void* from, int bytes, sqlite3_int64 at) {
  auto* ours = File<Impl>::of(f);
  const auto fault = ours->impl->next(Operation::write, ours->where, bytes);
  if (!fault) return ours->base()->pMethods->xWrite(ours->base(), from, bytes, at);
  if (fault->code != SQLITE_READONLY) (void)ours->base()->pMethods->xWrite(ours->base(), from, bytes / 2, at);
  die_if_told(*fault);
  return fault->code;
}

template <class Impl>
int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  auto* ours = File<Impl>::of(f);
  const auto fault = ours->impl->next(Operation::truncate, ours->where);
  if (!fault) return ours->base()->pMethods->xTruncate(ours->base(), size);
  die_if_told(*fault);
  return fault->code;
}

template <class Impl>
int sync_file(sqlite3_file* f, int /*flags*/) {
  auto* ours = File<Impl>::of(f);
  const auto fault = ours->impl->next(Operation::sync, ours->where);
  if (!fault) return SQLITE_OK;
  die_if_told(*fault);
  return fault->code;
}

template <class Impl>
const sqlite3_io_methods* methods() {
  using F = File<Impl>;
  static const sqlite3_io_methods kMethods = [] {
    sqlite3_io_methods m{};
    m.iVersion = 1;
    m.xClose = [](sqlite3_file* f) { return F::of(f)->base()->pMethods->xClose(F::of(f)->base()); };
    m.xRead = &read_file<Impl>;
    m.xWrite = &write_file<Impl>;
    m.xTruncate = &truncate_file<Impl>;
    m.xSync = &sync_file<Impl>;
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return F::of(f)->base()->pMethods->xFileSize(F::of(f)->base(), size);
    };
    m.xLock = [](sqlite3_file* f, int level) {
      return F::of(f)->base()->pMethods->xLock(F::of(f)->base(), level);
    };
    m.xUnlock = [](sqlite3_file* f, int level) {
      return F::of(f)->base()->pMethods->xUnlock(F::of(f)->base(), level);
    };
    m.xCheckReservedLock = [](sqlite3_file* f, int* reserved) {
      return F::of(f)->base()->pMethods->xCheckReservedLock(F::of(f)->base(), reserved);
    };
    m.xFileControl = [](sqlite3_file* f, int operation, void* argument) {
      return F::of(f)->base()->pMethods->xFileControl(F::of(f)->base(), operation, argument);
    };
    m.xSectorSize = [](sqlite3_file* f) { return F::of(f)->base()->pMethods->xSectorSize(F::of(f)->base()); };
    m.xDeviceCharacteristics = [](sqlite3_file* f) {
      return F::of(f)->base()->pMethods->xDeviceCharacteristics(F::of(f)->base());
    };
    return m;
  }();
  return &kMethods;
}

Where where_of(const char* name) {
  constexpr std::string_view kEnd = "-wal";
  return name != nullptr && std::string_view(name).ends_with(kEnd) ? Where::wal : Where::database;
}

template <class Impl>
int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* impl = static_cast<Impl*>(vfs->pAppData);
  auto* ours = File<Impl>::of(file);
  ours->ours.pMethods = nullptr;  // a failed open is not closed
  ours->impl = impl;
  ours->where = where_of(name);
  if (const auto fault = impl->next(Operation::open, ours->where)) {
    die_if_told(*fault);
    return fault->code;
  }
  const int rc = impl->base->xOpen(impl->base, name, ours->base(), flags, out_flags);
  if (rc == SQLITE_OK) ours->ours.pMethods = methods<Impl>();
  return rc;
}

}  // namespace

std::string to_string(const Fault& fault) {
  constexpr std::array kOperations = {"write", "sync", "truncate", "open", "read"};
  constexpr std::array kWhere = {"", "_of_database", "_of_wal"};
  return std::string(kOperations.at(static_cast<std::size_t>(fault.operation))) +
         kWhere.at(static_cast<std::size_t>(fault.where)) + (fault.kill ? "_kills" : "_fails") +
         (fault.sticky ? "_for_good" : "_once") + "_with_" + std::to_string(fault.code);
}

std::ostream& operator<<(std::ostream& out, const Fault& fault) { return out << to_string(fault); }

FaultVfs::FaultVfs() : impl_(std::make_unique<Impl>()) {
  impl_->base = sqlite3_vfs_find(nullptr);
  HOLDFAST_CHECK(impl_->base != nullptr);
  impl_->vfs = *impl_->base;  // what is not replaced runs on the base VFS's own data
  impl_->vfs.iVersion = 1;
  impl_->vfs.pNext = nullptr;
  impl_->vfs.zName = impl_->name.c_str();
  impl_->vfs.szOsFile = static_cast<int>(sizeof(File<Impl>)) + impl_->base->szOsFile;
  impl_->vfs.pAppData = impl_.get();
  impl_->vfs.xOpen = &open_file<Impl>;
  HOLDFAST_CHECK(sqlite3_vfs_register(&impl_->vfs, 0) == SQLITE_OK);
}

FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(&impl_->vfs); }

const std::string& FaultVfs::name() const noexcept { return impl_->name; }

void FaultVfs::arm(const Fault& fault) {
  const std::lock_guard lock(impl_->mutex);
  impl_->armed.clear();
  impl_->armed.push_back({fault});
  impl_->fired = false;
}

void FaultVfs::also(const Fault& fault) {
  const std::lock_guard lock(impl_->mutex);
  impl_->armed.push_back({fault});
}

void FaultVfs::disarm() {
  const std::lock_guard lock(impl_->mutex);
  impl_->armed.clear();
}

bool FaultVfs::fired() const noexcept {
  const std::lock_guard lock(impl_->mutex);
  return impl_->fired;
}

FaultVfs::Count FaultVfs::count(Fault::Operation operation) const noexcept {
  const std::lock_guard lock(impl_->mutex);
  return impl_->counts[static_cast<std::size_t>(operation)];
}

void FaultVfs::reset_counts() noexcept {
  const std::lock_guard lock(impl_->mutex);
  impl_->counts = {};
}

}  // namespace holdfast::test_support
