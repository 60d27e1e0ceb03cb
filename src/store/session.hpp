// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <holdfast/outbox.hpp>
#include <holdfast/result.hpp>
#include <holdfast/statistics.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/epoch_table.hpp"
#include "store/fence.hpp"
#include "store/lane_rows.hpp"
#include "store/lane_table.hpp"
#include "store/loss_table.hpp"
#include "store/settled.hpp"
#include "store/sqlite.hpp"
#include "store/state_table.hpp"
#include "store/stored_event.hpp"
#include "store/text_table.hpp"
#include "store/topic_template.hpp"

namespace holdfast::store {

/// What a fetch gives: unsettled events in order. Everything up to `end_seq` is in `events` or settled.
struct Fetched {
  std::vector<StoredEvent> events;
  std::int64_t end_seq = 0;
  bool more = false;  ///< a fetch after end_seq would give something now; not so at the end of the span
  std::optional<std::int64_t> damaged_seq;  ///< the row after `events` cannot be read as it was written
};

/// How far a lane has come.
struct Watermark {
  LaneNumber lane = 0;
  std::int64_t committed_seq = 0;  ///< durable
  std::int64_t settled_seq = 0;
  std::int64_t backlog_events = 0;
};

/// What is known of a lane in memory only: outlives a session that had to be reopened.
struct LaneMemory {
  LaneNumber lane = 0;
  Settled settled;
  std::int64_t pinned_to = 0;
};

/// One opening of the store's file: the connection, the tables, and what is kept in memory about them. Knows
/// what a transaction may contain; who is grouped with whom is the Store's business. One user at a time, no
/// threads.
///
/// Invariants:
///  1. `durable` of a lane is what the last COMMIT made durable; `head` may be ahead inside a transaction.
///  2. Every rollback, of a savepoint or of all, restores the heads that were marked when it began.
///  3. A row is deleted only when it is settled: purged at or below the cursor, or moved to quarantine with
///     its gap.
///  4. Nothing above durable.last_seq is ever fetched.
class Session {
 public:
  /// `reason` is stored with the epoch: "opened", "reopened". Errors as Outbox::open.
  [[nodiscard]] static Result<std::unique_ptr<Session>> open(const StoreOptions& options,
                                                             PlatformView platform, std::string reason);

  // --- transactions ---
  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<void> savepoint();
  [[nodiscard]] Result<void> release();
  /// Undoes the savepoint; also when SQLite has already ended the whole transaction.
  void roll_back_to_savepoint();
  /// After a failed COMMIT the transaction may be over or not; in_transaction() tells. The caller rolls back.
  [[nodiscard]] Result<void> commit();
  void roll_back();
  [[nodiscard]] Result<void> begin_read();
  void end_read();
  [[nodiscard]] bool in_transaction() const noexcept { return connection_.in_transaction(); }

  // --- inside a transaction ---
  [[nodiscard]] Result<std::int64_t> put(std::string_view key, std::span<const std::byte> value,
                                         std::string_view content_type);
  [[nodiscard]] Result<bool> erase(std::string_view key);
  [[nodiscard]] Result<std::optional<StateEntry>> get(std::string_view key);
  [[nodiscard]] Result<std::vector<StateEntry>> list(std::string_view prefix, std::string_view after,
                                                     std::size_t entries_max);
  [[nodiscard]] Result<EventId> add(const Event& event);
  /// Stores the cursors and acknowledgements that wait, and purges settled rows, at most
  /// limits::kPurgeRowsMax a lane. Comes before the inserts of a commit: at the budget the reverse order
  /// would live-lock.
  [[nodiscard]] Result<void> store_settled();

  // --- for the relay ---
  [[nodiscard]] Result<Fetched> fetch(LaneNumber lane, std::int64_t after_seq, std::size_t events_max,
                                      std::size_t bytes_max);
  [[nodiscard]] Result<std::vector<ControlRecord>> control_records();
  /// The event, which must have been fetched and not released, leaves the backlog. Stored by store_settled().
  void settle(LaneNumber lane, std::int64_t seq);
  void settle_control(std::int64_t row, bool is_gap);
  /// Unpins all fetched rows.
  void release_pins();
  /// In a transaction of the caller: remembers the refusal.
  [[nodiscard]] Result<void> note_failure(const RefusalNote& note);
  /// In a transaction of the caller: moves the event to quarantine and declares the gap with `gap_reason`.
  /// False: the quarantine is full. After the commit call settle().
  [[nodiscard]] Result<bool> quarantine(const RefusalNote& note, std::string_view gap_reason);

  // --- looking ---
  /// Settled events, acknowledged records or purgeable rows wait to be stored: how many.
  [[nodiscard]] std::size_t unstored() const;
  [[nodiscard]] bool has_event(const EventId& id);
  [[nodiscard]] const std::string& device() const noexcept { return device_; }
  [[nodiscard]] std::optional<Epoch> stored_epoch() const;
  /// The stored epoch, or the last one of an earlier opening. Not inside a transaction.
  [[nodiscard]] std::optional<Epoch> newest_epoch() const;
  [[nodiscard]] std::vector<LaneRecord> lanes() const;
  [[nodiscard]] std::vector<Watermark> watermarks() const;
  /// The watermarks and what takes a look into the tables, O(log rows) per lane.
  [[nodiscard]] std::vector<LaneStatistics> lane_statistics();
  [[nodiscard]] std::vector<LaneMemory> memory() const;
  void adopt(const std::vector<LaneMemory>& memory);
  [[nodiscard]] Result<void> restart_wal();
  [[nodiscard]] std::uint64_t wal_pages() const noexcept { return wal_pages_; }
  [[nodiscard]] std::uint64_t rows_purged() const noexcept { return rows_purged_; }
  void add_page_counts(StoreStatistics& statistics);
  [[nodiscard]] Fence& fence() noexcept { return *fence_; }
  [[nodiscard]] sqlite3* handle() const noexcept { return connection_.handle(); }

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() = default;

 private:
  struct Head {
    std::int64_t last_seq = 0;
    std::int64_t total_bytes = 0;
  };
  struct Lane {
    LaneRecord record;  ///< as stored by the last commit
    LaneRows rows;
    Settled settled;
    Head head;
    Head durable;
    std::int64_t low_seq = 1;          ///< no row below it
    std::int64_t pinned_to = 0;        ///< highest seq handed out since the last release
    std::optional<LaneRecord> staged;  ///< `record` once this transaction commits
    std::int64_t staged_low_seq = 1;
  };
  /// What a rollback restores.
  struct Mark {
    std::vector<Head> heads;
    bool epoch_stored = false;
  };

  Session(const StoreOptions& options, PlatformView platform, std::string reason);
  Result<void> open_file();
  Result<void> open_identity();
  Result<void> open_tables();
  Result<void> open_lanes();
  Result<void> prune_epochs();
  Result<void> ensure_epoch();
  Result<void> store_anchor();
  Result<void> store_lane(Lane& lane);
  Result<std::int64_t> likely_epoch(Lane& lane, std::int64_t seq);
  [[nodiscard]] Mark mark() const;
  void restore(const Mark& mark);
  [[nodiscard]] Lane* find(LaneNumber number) noexcept;
  [[nodiscard]] Lane* find(std::string_view name) noexcept;
  [[nodiscard]] std::optional<base::TimeAnchor> trusted_anchor() const;
  [[nodiscard]] bool complete(ReadRow& row) const;
  static int on_wal(void* self, sqlite3* db, const char* schema, int pages) noexcept;

  StoreOptions options_;
  PlatformView platform_;
  std::string reason_;
  std::string device_;
  std::string boot_id_;
  std::uint64_t wal_pages_ = 0;
  std::uint64_t rows_purged_ = 0;

  Connection connection_;
  std::unique_ptr<Fence> fence_;
  TopicTemplate topics_;
  TextTable texts_;
  StateTable state_;
  EpochTable epochs_;
  LaneTable lane_table_;
  LossTable losses_;
  Statement begin_;
  Statement begin_read_;
  Statement savepoint_;
  Statement release_;
  Statement commit_;
  Statement page_counts_;
  std::vector<Lane> lanes_;  ///< in priority order

  Epoch minted_;                        ///< this opening's epoch
  std::optional<NumberedEpoch> epoch_;  ///< the same, once a transaction has stored it
  std::optional<std::int64_t> boot_;    ///< this boot's number, once stored
  bool epoch_durable_ = false;
  Mark transaction_mark_;
  Mark savepoint_mark_;
  std::vector<std::int64_t> acknowledged_epochs_;  ///< waiting to be stored
  std::vector<std::int64_t> acknowledged_gaps_;
  std::size_t staged_epochs_ = 0;  ///< of them, stored once this transaction commits
  std::size_t staged_gaps_ = 0;
  bool anchor_staged_ = false;
};

}  // namespace holdfast::store
