// SPDX-License-Identifier: MIT
#include "support/fault_vfs.hpp"

#include <holdfast/check.hpp>
#include <optional>

namespace holdfast::test_support {

struct FaultVfs::Impl {
  std::string name = "holdfast-fault";
  sqlite3_vfs vfs{};
  sqlite3_vfs* base = nullptr;
  std::optional<Fault> fault;
  int seen = 0;
  bool fired = false;

  /// The code to fail with, or SQLITE_OK.
  int next(Fault::Operation operation) {
    if (!fault || fault->operation != operation) return SQLITE_OK;
    ++seen;
    if (seen < fault->nth || (seen > fault->nth && !fault->sticky)) return SQLITE_OK;
    fired = true;
    return fault->code;
  }
};

namespace {

using Operation = Fault::Operation;

// The base VFS's file lies behind ours, in the memory that SQLite allocates.
template <class Impl>
struct File {
  sqlite3_file ours;
  Impl* impl;
  sqlite3_file* base() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
};

template <class Impl>
const sqlite3_io_methods* methods() {
  using F = File<Impl>;
  static const sqlite3_io_methods kMethods = [] {
    sqlite3_io_methods m{};
    m.iVersion = 1;
    m.xClose = [](sqlite3_file* f) { return F::of(f)->base()->pMethods->xClose(F::of(f)->base()); };
    m.xRead = [](sqlite3_file* f, void* to, int bytes, sqlite3_int64 at) {
      return F::of(f)->base()->pMethods->xRead(F::of(f)->base(), to, bytes, at);
    };
    m.xWrite = [](sqlite3_file* f, const void* from, int bytes, sqlite3_int64 at) {
      sqlite3_file* base = F::of(f)->base();
      const int failure = F::of(f)->impl->next(Operation::write);
      const int rc = base->pMethods->xWrite(base, from, failure == SQLITE_OK ? bytes : bytes / 2, at);
      return failure == SQLITE_OK ? rc : failure;
    };
    m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      const int failure = F::of(f)->impl->next(Operation::truncate);
      return failure != SQLITE_OK ? failure : F::of(f)->base()->pMethods->xTruncate(F::of(f)->base(), size);
    };
    m.xSync = [](sqlite3_file* f, int) { return F::of(f)->impl->next(Operation::sync); };
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

template <class Impl>
int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* impl = static_cast<Impl*>(vfs->pAppData);
  auto* ours = File<Impl>::of(file);
  ours->ours.pMethods = nullptr;  // a failed open is not closed
  ours->impl = impl;
  if (const int failure = impl->next(Operation::open); failure != SQLITE_OK) return failure;
  const int rc = impl->base->xOpen(impl->base, name, ours->base(), flags, out_flags);
  if (rc == SQLITE_OK) ours->ours.pMethods = methods<Impl>();
  return rc;
}

}  // namespace

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
  impl_->fault = fault;
  impl_->seen = 0;
  impl_->fired = false;
}

void FaultVfs::disarm() { impl_->fault.reset(); }

bool FaultVfs::fired() const noexcept { return impl_->fired; }

}  // namespace holdfast::test_support
