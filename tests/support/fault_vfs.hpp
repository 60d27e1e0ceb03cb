// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

namespace holdfast::test_support {

/// The n-th operation of one kind fails, and with `sticky` every later one too. A failing write has written the
/// first half of its bytes, a failing sync or truncation has done nothing.
struct Fault {
  enum class Operation : std::uint8_t { write, sync, truncate, open };
  Operation operation = Operation::write;
  int nth = 1;  ///< from 1
  bool sticky = false;
  int code = SQLITE_IOERR_WRITE;
};

/// SQLite's default VFS, with faults. Registered under name() for as long as it lives. Syncs that do not fail are
/// not passed on: nothing here cuts the power, and a sweep is fast. Shared memory is not offered, and a store that
/// asked for it would not open.
class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  [[nodiscard]] const std::string& name() const noexcept;
  /// Counts from now.
  void arm(const Fault& fault);
  void disarm();
  /// Since arm().
  [[nodiscard]] bool fired() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::test_support
