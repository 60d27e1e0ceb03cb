// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

namespace holdfast::inbox_tests {

/// An SQLite VFS over the default one in which the n-th write or sync fails, once, with a chosen code. Reads
/// are never touched. One at a time.
class FailingVfs {
 public:
  FailingVfs();
  ~FailingVfs();
  FailingVfs(const FailingVfs&) = delete;
  FailingVfs& operator=(const FailingVfs&) = delete;

  static constexpr const char* kName = "failing";
  /// The n-th operation from now on (1: the next one) returns `code`; a failing write does nothing, a failing
  /// sync is not carried out.
  void fail_at(int n, int code);
  /// The same, counting only what touches the database file itself: in WAL mode, checkpoints.
  void fail_database_at(int n, int code);
  [[nodiscard]] bool has_failed() const;
};

}  // namespace holdfast::inbox_tests
