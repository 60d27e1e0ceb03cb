// SPDX-License-Identifier: MIT
#include "bench/counting_vfs.hpp"

#include <sqlite3.h>

#include <holdfast/check.hpp>

namespace holdfast::bench {

struct CountingVfs::Impl {
  std::string name = "holdfast-counting";
  sqlite3_vfs vfs{};
  sqlite3_vfs* base = nullptr;
  std::uint64_t bytes_written = 0;
  std::uint64_t syncs = 0;
};

namespace {

// The base VFS's file lies behind ours, in the memory that SQLite allocates.
template <class Impl>
struct File {
  sqlite3_file ours;
  Impl* impl;
  sqlite3_file* base() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
};

/// A method that is passed on as it is.
template <class Impl, auto Method, class... Arguments>
int pass(sqlite3_file* file, Arguments... arguments) {
  sqlite3_file* base = File<Impl>::of(file)->base();
  return (base->pMethods->*Method)(base, arguments...);
}

template <class Impl>
int write_counted(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 at) {
  File<Impl>::of(file)->impl->bytes_written += static_cast<std::uint64_t>(bytes);
  return pass<Impl, &sqlite3_io_methods::xWrite>(file, from, bytes, at);
}

template <class Impl>
int sync_counted(sqlite3_file* file, int flags) {
  ++File<Impl>::of(file)->impl->syncs;
  return pass<Impl, &sqlite3_io_methods::xSync>(file, flags);
}

template <class Impl>
const sqlite3_io_methods* methods() {
  using Io = sqlite3_io_methods;
  static const Io kMethods = [] {
    Io m{};
    m.iVersion = 1;
    m.xClose = &pass<Impl, &Io::xClose>;
    m.xRead = &pass<Impl, &Io::xRead, void*, int, sqlite3_int64>;
    m.xWrite = &write_counted<Impl>;
    m.xTruncate = &pass<Impl, &Io::xTruncate, sqlite3_int64>;
    m.xSync = &sync_counted<Impl>;
    m.xFileSize = &pass<Impl, &Io::xFileSize, sqlite3_int64*>;
    m.xLock = &pass<Impl, &Io::xLock, int>;
    m.xUnlock = &pass<Impl, &Io::xUnlock, int>;
    m.xCheckReservedLock = &pass<Impl, &Io::xCheckReservedLock, int*>;
    m.xFileControl = &pass<Impl, &Io::xFileControl, int, void*>;
    m.xSectorSize = &pass<Impl, &Io::xSectorSize>;
    m.xDeviceCharacteristics = &pass<Impl, &Io::xDeviceCharacteristics>;
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
  const int rc = impl->base->xOpen(impl->base, name, ours->base(), flags, out_flags);
  if (rc == SQLITE_OK) ours->ours.pMethods = methods<Impl>();
  return rc;
}

}  // namespace

CountingVfs::CountingVfs() : impl_(std::make_unique<Impl>()) {
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

CountingVfs::~CountingVfs() { sqlite3_vfs_unregister(&impl_->vfs); }

const std::string& CountingVfs::name() const noexcept { return impl_->name; }

std::uint64_t CountingVfs::bytes_written() const noexcept { return impl_->bytes_written; }

std::uint64_t CountingVfs::syncs() const noexcept { return impl_->syncs; }

}  // namespace holdfast::bench
