// SPDX-License-Identifier: MIT
#include "fault/inbox/failing_vfs.hpp"

#include <new>

namespace holdfast::inbox_tests {
namespace {

struct File {
  sqlite3_file base;
  sqlite3_file* real;  // in the memory behind this struct
  bool is_database;
};

struct Plan {
  int left = 0;  // 0: nothing is planned
  int code = SQLITE_OK;
  bool database_only = false;
  bool failed = false;
};
Plan plan;
sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs failing_vfs;

sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real; }

int next_outcome(sqlite3_file* file) {
  if (plan.database_only && !reinterpret_cast<File*>(file)->is_database) return SQLITE_OK;
  if (plan.left == 0 || --plan.left > 0) return SQLITE_OK;
  plan.failed = true;
  return plan.code;
}

const sqlite3_io_methods kMethods = {
    1,
    [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); },
    [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
      return real(f)->pMethods->xRead(real(f), to, n, at);
    },
    [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
      if (const int rc = next_outcome(f); rc != SQLITE_OK) return rc;
      return real(f)->pMethods->xWrite(real(f), from, n, at);
    },
    [](sqlite3_file* f, sqlite3_int64 size) { return real(f)->pMethods->xTruncate(real(f), size); },
    [](sqlite3_file* f, int flags) {
      if (const int rc = next_outcome(f); rc != SQLITE_OK) return rc == SQLITE_FULL ? SQLITE_IOERR_FSYNC : rc;
      return real(f)->pMethods->xSync(real(f), flags);
    },
    [](sqlite3_file* f, sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); },
    [](sqlite3_file* f, int lock) { return real(f)->pMethods->xLock(real(f), lock); },
    [](sqlite3_file* f, int lock) { return real(f)->pMethods->xUnlock(real(f), lock); },
    [](sqlite3_file* f, int* held) { return real(f)->pMethods->xCheckReservedLock(real(f), held); },
    [](sqlite3_file* f, int op, void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); },
    [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); },
    [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); },
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,  // no shared memory, no mmap: version 1
};

int open_file(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* ours = new (file) File{{nullptr}, nullptr, (flags & SQLITE_OPEN_MAIN_DB) != 0};
  ours->real = reinterpret_cast<sqlite3_file*>(ours + 1);
  const int rc = real_vfs->xOpen(real_vfs, name, ours->real, flags, out_flags);
  if (ours->real->pMethods != nullptr) ours->base.pMethods = &kMethods;
  return rc;
}

}  // namespace

FailingVfs::FailingVfs() {
  plan = Plan{};
  real_vfs = sqlite3_vfs_find(nullptr);
  failing_vfs = *real_vfs;
  failing_vfs.zName = kName;
  failing_vfs.pNext = nullptr;
  failing_vfs.szOsFile = real_vfs->szOsFile + static_cast<int>(sizeof(File));
  failing_vfs.xOpen = open_file;
  sqlite3_vfs_register(&failing_vfs, 0);
}

FailingVfs::~FailingVfs() { sqlite3_vfs_unregister(&failing_vfs); }

void FailingVfs::fail_at(int n, int code) { plan = Plan{n, code, false, false}; }

void FailingVfs::fail_database_at(int n, int code) { plan = Plan{n, code, true, false}; }

bool FailingVfs::has_failed() const { return plan.failed; }

}  // namespace holdfast::inbox_tests
