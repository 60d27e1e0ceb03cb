// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/inbox.hpp>
#include <memory>
#include <optional>

#include "inbox/ledger.hpp"
#include "store/fence.hpp"
#include "store/sqlite.hpp"

namespace holdfast::inbox {

/// The connection that an inbox works on: its own, or the application's. Transactions, the fence around
/// effects, and (its own only) checkpoints.
class Database {
 public:
  /// WAL frames at which a checkpoint is due: 4 MB of WAL. More: fewer checkpoints, a larger file.
  static constexpr int kCheckpointFrames = 1000;
  /// Further frames before a failed checkpoint is tried again.
  static constexpr int kCheckpointRetryFrames = 100;

  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const InboxOptions& options);
  [[nodiscard]] static Result<std::unique_ptr<Database>> attach(sqlite3* db, const InboxOptions& options);

  [[nodiscard]] Ledger& ledger() noexcept { return *ledger_; }
  [[nodiscard]] bool is_own() const noexcept { return own_.has_value(); }
  [[nodiscard]] bool in_transaction() const noexcept { return sqlite3_get_autocommit(db_) == 0; }

  [[nodiscard]] Result<void> begin();
  /// On an error the transaction is rolled back, or its outcome is unknown (README.md, "When COMMIT fails").
  [[nodiscard]] Result<void> commit();
  void roll_back() noexcept;

  /// Runs the effect in the transaction. An error: the transaction may be gone, roll_back() in any case.
  [[nodiscard]] Result<void> run(const Effect& effect, const CloudEvent& event);

  /// Moves the WAL into the database when it has grown enough. False: that failed, and nothing is lost.
  [[nodiscard]] bool checkpoint_when_due();

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() = default;

 private:
  Database() = default;
  [[nodiscard]] Result<void> prepare(const InboxOptions& options);
  [[nodiscard]] bool checkpoint();
  static int note_frames(void* self, sqlite3* db, const char* name, int frames) noexcept;

  std::optional<store::Connection> own_;
  sqlite3* db_ = nullptr;
  // Up for the connection's life when it is our own; the application's is fenced only during an effect.
  std::optional<store::Fence> fence_;
  Statement begin_;
  Statement commit_;
  Statement roll_back_;
  std::unique_ptr<Ledger> ledger_;
  int frames_ = 0;
  int checkpoint_at_ = kCheckpointFrames;
};

}  // namespace holdfast::inbox
