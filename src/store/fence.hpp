// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <holdfast/result.hpp>
#include <vector>

namespace holdfast::store {

/// The fence around closures: an authorizer on the connection. While it is up, transaction control, ATTACH,
/// DETACH, PRAGMA and every table, index, trigger or view named hf_* are denied, and in a read closure all
/// writing too. Our own statements run with the fence down (see FenceGap): SQLite may prepare them again at
/// any step.
///
/// It also finds statements that a closure left behind.
class Fence {
 public:
  enum class Access : std::uint8_t { ours, caller_writes, caller_reads };

  /// Installs the authorizer. The fence must outlive the connection's use and must not move.
  explicit Fence(sqlite3* db);
  ~Fence();
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;

  [[nodiscard]] Access access() const noexcept { return access_; }
  void set_access(Access access) noexcept { access_ = access; }

  /// To be called before a closure: remembers the statements that exist.
  void note_statements();
  /// After a closure: `invalid` if it left a statement behind. The leftover is reset so that it blocks
  /// nothing; it is finalized when the connection closes, because the closure may still hold it.
  [[nodiscard]] Result<void> check_statements();

 private:
  static int authorize(void* self, int action, const char* first, const char* second, const char* database,
                       const char* trigger) noexcept;
  sqlite3* db_;
  Access access_ = Access::ours;
  std::vector<sqlite3_stmt*> known_;
};

/// Takes the fence down for our own statements, for a scope.
class FenceGap {
 public:
  explicit FenceGap(Fence& fence) noexcept : fence_(fence), before_(fence.access()) {
    fence_.set_access(Fence::Access::ours);
  }
  ~FenceGap() { fence_.set_access(before_); }
  FenceGap(const FenceGap&) = delete;
  FenceGap& operator=(const FenceGap&) = delete;

 private:
  Fence& fence_;
  Fence::Access before_;
};

}  // namespace holdfast::store
