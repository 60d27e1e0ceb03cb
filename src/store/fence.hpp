// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <holdfast/result.hpp>
#include <vector>

namespace holdfast::store {

/// The fence around closures. While a closure runs:
///
/// 1. Transaction control, ATTACH, DETACH, PRAGMA and every table, index, trigger or view named hf_* are
///    denied, and in a read closure all writing too (an authorizer). Changing sqlite_sequence is denied as
///    well, and with it dropping or renaming a table of the caller's that has AUTOINCREMENT.
/// 2. Nothing can be committed (a commit hook): when SQLite ends the transaction inside a closure, as
///    SQLITE_FULL and OR ROLLBACK do, the closure's next statement would otherwise run and commit on its own.
/// 3. A statement that is left behind is found.
///
/// Our own statements run with the authorizer off (FenceGap): SQLite may prepare them again at any step.
class Fence {
 public:
  enum class Access : std::uint8_t { ours, caller_writes, caller_reads };

  /// Installs the hooks. The fence must end before the connection does and must not move.
  explicit Fence(sqlite3* db);
  ~Fence();
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;

  void enter_closure(Access access);
  /// `invalid` if the closure left a statement behind. The leftover is reset so that it blocks nothing; it is
  /// finalized when the connection closes, because the closure's owner may still hold it.
  [[nodiscard]] Result<void> leave_closure();

 private:
  friend class FenceGap;
  static int authorize(void* self, int action, const char* first, const char* second, const char* database,
                       const char* trigger) noexcept;
  static int on_commit(void* self) noexcept;
  void pass_leftovers();
  sqlite3* db_;
  Access access_ = Access::ours;
  bool in_closure_ = false;
  sqlite3_stmt* newest_ = nullptr;  ///< of our own; a closure's statements come before it in SQLite's list
  std::vector<sqlite3_stmt*> leftovers_;  ///< found after earlier closures, and not finalized by their owners
};

/// Takes the authorizer off for our own statements, for a scope.
class FenceGap {
 public:
  explicit FenceGap(Fence& fence) noexcept : fence_(fence), before_(fence.access_) {
    fence_.access_ = Fence::Access::ours;
  }
  ~FenceGap() { fence_.access_ = before_; }
  FenceGap(const FenceGap&) = delete;
  FenceGap& operator=(const FenceGap&) = delete;

 private:
  Fence& fence_;
  Fence::Access before_;
};

}  // namespace holdfast::store
