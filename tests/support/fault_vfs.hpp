// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>

namespace holdfast::test_support {

/// The n-th operation of one kind fails, and with `sticky` every later one too. What a failing operation has done
/// follows from its code, as on a real disk:
///
///  write     SQLITE_READONLY: nothing, the file system was remounted read-only. Else the first half is written.
///  read      SQLITE_IOERR_SHORT_READ: the first half is there and the rest is zeros, as when the file ends. Else
///            nothing is read.
///  sync, truncate, open   nothing.
///
/// With `kill` the process dies by SIGKILL at that point instead, a write half done.
struct Fault {
  enum class Operation : std::uint8_t { write, sync, truncate, open, read };
  enum class Where : std::uint8_t { anywhere, database, wal };
  Operation operation = Operation::write;
  int nth = 1;  ///< from 1
  bool sticky = false;
  int code = SQLITE_IOERR_WRITE;
  Where where = Where::anywhere;  ///< only operations on these files are counted and fail
  bool kill = false;
};
/// "write_fails_once_with_778", also as part of a test's name.
[[nodiscard]] std::string to_string(const Fault& fault);
std::ostream& operator<<(std::ostream& out, const Fault& fault);

/// What a sweep goes through, each with every n. A failing write is a short one: half of it is there. A read that ends
/// early is the end of a file, and no fault of a disk; a file that ends early is damage (damaged_store_test).
inline constexpr Fault kSweptFaults[] = {
    {Fault::Operation::write, 1, false, SQLITE_IOERR_WRITE},
    {Fault::Operation::write, 1, true, SQLITE_IOERR_WRITE},
    {Fault::Operation::write, 1, false, SQLITE_FULL},
    {Fault::Operation::write, 1, true, SQLITE_FULL},
    {Fault::Operation::sync, 1, false, SQLITE_IOERR_FSYNC},
    {Fault::Operation::sync, 1, true, SQLITE_IOERR_FSYNC},
    {Fault::Operation::truncate, 1, false, SQLITE_IOERR_TRUNCATE},
    {Fault::Operation::open, 1, false, SQLITE_CANTOPEN},
    {Fault::Operation::open, 1, true, SQLITE_CANTOPEN},
    {Fault::Operation::read, 1, false, SQLITE_IOERR_READ},
    {Fault::Operation::read, 1, true, SQLITE_IOERR_READ},
};

/// SQLite's default VFS, with faults. Registered under name() for as long as it lives. Syncs that do not fail are
/// not passed on: nothing here cuts the power, and a sweep is fast. Shared memory is not offered, and a store that
/// asked for it would not open. Thread-safe.
class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  [[nodiscard]] const std::string& name() const noexcept;
  /// Counts from now.
  void arm(const Fault& fault);
  /// One more fault beside those that are armed, counted on its own.
  void also(const Fault& fault);
  void disarm();
  /// Any of them, since arm().
  [[nodiscard]] bool fired() const noexcept;

  /// What was asked for since reset_counts(), failed operations included.
  struct Count {
    std::uint64_t operations = 0;
    std::uint64_t bytes = 0;  ///< of reads and writes
  };
  [[nodiscard]] Count count(Fault::Operation operation) const noexcept;
  void reset_counts() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::test_support
