// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <holdfast/limits.hpp>
#include <holdfast/outbox.hpp>
#include <holdfast/result.hpp>
#include <holdfast/statistics.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flow/pressure.hpp"
#include "flow/shedding.hpp"
#include "store/epoch_table.hpp"
#include "store/fence.hpp"
#include "store/fetch_order.hpp"
#include "store/key_table.hpp"
#include "store/lane_rows.hpp"
#include "store/lane_table.hpp"
#include "store/layout.hpp"
#include "store/lease_table.hpp"
#include "store/loss_table.hpp"
#include "store/pins.hpp"
#include "store/quarantine_table.hpp"
#include "store/replay.hpp"
#include "store/settled.hpp"
#include "store/sqlite.hpp"
#include "store/state_table.hpp"
#include "store/store_table.hpp"
#include "store/stored_event.hpp"
#include "store/text_table.hpp"
#include "store/topic_template.hpp"

namespace holdfast::store {

/// What a fetch gives: unsettled events in order. Everything up to `end_seq` is in `events` or settled.
struct Fetched {
  std::vector<StoredEvent> events;
  std::int64_t end_seq = 0;
  bool more = false;  ///< a fetch after end_seq would give something now; not so at the end of the span
  bool at_span_end = false;                 ///< what follows is too far above the cursor now
  std::optional<std::int64_t> damaged_seq;  ///< the row after `events` cannot be read as it was written
  std::optional<Hole> vanished;             ///< these rows after `events` are not there, and nothing says why
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
  KnownLane known;
  Settled settled;
  std::int64_t lost_events_below = 0;  ///< when `settled` was made
  std::int64_t lost_bytes_below = 0;
  Pins pins;
  std::uint64_t rejected_events = 0;
  std::uint64_t shed_events = 0;
};

/// Pages of the database.
struct Room {
  std::uint64_t pages = 0;  ///< in the file
  std::uint64_t free = 0;   ///< of them, on the free-list
  std::uint64_t limit = 0;  ///< max_page_count
  [[nodiscard]] std::uint64_t used() const noexcept {
    return pages - std::min(free, pages);
  }  // damage may lie
  [[nodiscard]] std::uint64_t left() const noexcept { return free + (limit - std::min(pages, limit)); }
};

/// What a slice of a check has found.
struct CheckedRows {
  std::uint64_t rows = 0;
  std::int64_t end_seq = 0;                 ///< the next slice begins after it
  std::optional<std::int64_t> damaged_seq;  ///< it ended here: this row does not read as it was written
};

/// Room that a write of a lane was refused for.
struct Wanted {
  std::size_t lane = 0;  ///< index in loads()
  std::uint64_t bytes = 0;
};

/// One opening of the store's file: the connection, the tables, and what is kept in memory about them. Knows
/// what a transaction may contain; who is grouped with whom, and when something is given up, is the Store's business.
/// One user at a time, no threads.
///
/// Invariants:
///  1. `durable` of a lane is what the last COMMIT made durable; `head` may be ahead inside a transaction.
///  2. Every rollback, of a savepoint or of all, restores what was marked when it began.
///  3. A row above the cursor is deleted only together with a gap record that declares it: moved to quarantine, shed,
///     expired. So a row that is missing there without one is damage.
///  4. Nothing above durable.last_seq is ever fetched.
///  5. Events, state and callers' tables leave the reserve's pages free; acknowledgements, purges, sheds, gap records
///     and quarantine may use them.
///  6. A transaction dirties at most layout().group_pages pages.
class Session {
 public:
  /// `reason` is stored with the epoch: "opened", "reopened". Errors as Outbox::open.
  [[nodiscard]] static Result<std::unique_ptr<Session>> open(const StoreOptions& options,
                                                             PlatformView platform, std::string reason);

  /// Makes a store with its whole budget and no lane, and returns it open: for a salvage to fill. It has a device in
  /// `options`, or is `invalid`.
  [[nodiscard]] static Result<Connection> make_empty(const StoreOptions& options, PlatformView platform);

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
  [[nodiscard]] Result<std::optional<Receipt>> first_answer(std::string_view idempotency_key);
  [[nodiscard]] Result<void> remember_answer(std::string_view idempotency_key, const Receipt& receipt);
  /// Stores the cursors and acknowledgements that wait, and purges settled rows beyond the retention, at most
  /// limits::kPurgeRowsMax. Comes before the inserts of a commit: at the budget the reverse order would
  /// live-lock.
  [[nodiscard]] Result<void> store_settled();

  // --- room ---
  [[nodiscard]] const Layout& layout() const noexcept { return layout_; }
  /// As of this moment of the transaction. Two PRAGMAs, a microsecond.
  [[nodiscard]] Result<Room> room();
  /// Pages that rows, state and callers' tables take, estimated from their bytes. Quarantine and records come on top.
  [[nodiscard]] std::uint64_t accounted_pages() const noexcept;
  /// Pages that retained rows take, estimated from their bytes.
  [[nodiscard]] std::uint64_t retained_pages() const noexcept;
  /// Every lane's load, in priority order, for the decisions of flow.
  [[nodiscard]] std::vector<flow::LaneLoad> loads() const;
  /// What the lanes could hold together in bytes of event data, at the present size of events.
  [[nodiscard]] std::uint64_t event_capacity() const noexcept;
  /// What a group may do from now on: the disk state, and whether pages are so short that each closure is counted.
  void set_pressure(Pressure pressure, bool tight) noexcept;
  /// Begins the count of what one closure takes.
  void enter_closure() noexcept;
  /// The caller is about to use SQL of its own.
  void watch_callers_sql();
  /// Whether what the closure took may stay: `full` (reserve or quota), `too_large` (overflowed() is then true, and the
  /// whole transaction must be rolled back).
  [[nodiscard]] Result<void> check_closure();
  [[nodiscard]] bool overflowed() const noexcept { return overflowed_; }
  /// Room that closures were refused for since begin(), by lane, and forgets it.
  [[nodiscard]] std::vector<Wanted> take_wanted();
  /// Whether the present closure was refused room by a lane that blocks: it may be tried again.
  [[nodiscard]] bool refused_by_blocking() const noexcept;
  /// The refusals since begin() are final.
  void count_refused() noexcept;
  /// In a transaction: lets the lane's policy free about `bytes` from the oldest block of its backlog, and declares the
  /// loss. Returns the data bytes given up; 0 when it has nothing to give.
  [[nodiscard]] Result<std::uint64_t> shed(std::size_t lane_index, std::uint64_t bytes);
  /// The same without asking the policy: drops the oldest block for `reason`.
  [[nodiscard]] Result<std::uint64_t> drop_oldest(std::size_t lane_index, std::uint64_t bytes,
                                                  std::string_view reason);
  /// Whether the oldest event of a lane has outlived its ttl: the lane's index.
  [[nodiscard]] std::optional<std::size_t> lane_to_expire();
  /// In a transaction: drops events of that lane that have outlived its ttl.
  [[nodiscard]] Result<std::uint64_t> expire(std::size_t lane_index);
  /// Footprint::growing: allocates one more step, if the file system has more than min_free_bytes left.
  [[nodiscard]] Result<bool> grow();

  // --- lanes that come and go ---
  /// In a transaction.
  [[nodiscard]] Result<void> set_paused(std::string_view lane, bool paused);
  [[nodiscard]] std::optional<std::size_t> index_of(std::string_view lane) const noexcept;
  [[nodiscard]] bool in_flight(std::size_t lane_index) const noexcept;
  /// In a transaction: deletes settled rows of the lane, a block; false when none are left.
  [[nodiscard]] Result<bool> purge_block(std::size_t lane_index);
  /// Retires a lane that has neither backlog nor rows. Not in a transaction.
  [[nodiscard]] Result<void> retire(std::size_t lane_index);

  // --- for the relay ---
  [[nodiscard]] Result<Fetched> fetch(const FetchOrder& order);
  /// `announce`: also the newest epoch's, if it was acknowledged before.
  [[nodiscard]] Result<std::vector<ControlRecord>> control_records(bool announce);
  /// The event leaves the backlog: it was fetched, and not dropped since. Stored by store_settled().
  void settle(LaneNumber lane, std::int64_t seq);
  /// Fetched and not released, settled, or of a lane that is gone.
  [[nodiscard]] bool is_pinned(LaneNumber lane, std::int64_t seq) const noexcept;
  void settle_control(std::int64_t number, bool is_gap);
  /// Unpins all rows that this relay has fetched.
  void release_pins(std::size_t relay);
  /// In a transaction of the caller: the shares are the relay's. Returns the highest token.
  [[nodiscard]] Result<std::int64_t> take_shares(std::size_t relay, ShareSet shares);
  /// In a transaction of the caller: they are nobody's.
  [[nodiscard]] Result<void> let_go_of_shares(ShareSet shares);
  /// In a transaction of the caller: remembers the refusal.
  [[nodiscard]] Result<void> note_failure(const RefusalNote& note);
  /// In a transaction of the caller: moves the event to quarantine and declares the gap with `gap_reason`.
  /// False: the quarantine is full. Without `keep` the event is gone, and the gap record alone is left of it.
  [[nodiscard]] Result<bool> quarantine(const RefusalNote& note, std::string_view gap_reason, bool keep);
  /// In a transaction of the caller: declares that rows of a lane are not there any more.
  [[nodiscard]] Result<void> declare_vanished(LaneNumber lane, const Hole& hole);

  // --- sent again: session_replay.cpp ---
  /// Marked rows of the quarantine, in the order of lanes and seqs.
  struct Requeued {
    std::vector<StoredEvent> events;
    std::vector<RequeuedPlace> unfit;  ///< these do not read as they were written, and cannot be sent
    RequeuedPlace end;                 ///< ask after it next time
    bool more = false;
  };
  [[nodiscard]] Result<ReplayPage> replay(const ReplayQuestion& question);
  [[nodiscard]] Result<Requeued> requeued(const RequeuedPlace& after);
  /// The broker has acknowledged it: it leaves the quarantine with the next store_settled().
  void settle_requeued(const RequeuedPlace& place);
  /// In a transaction of the caller: the event stays in quarantine.
  [[nodiscard]] Result<void> refuse_requeued(const RefusalNote& note);
  [[nodiscard]] Result<QuarantinePage> quarantined(std::size_t lane_index, std::int64_t after_seq,
                                                   std::size_t events_max);
  /// In a transaction of the caller: a block of them. Returns how many; 0: none are left.
  [[nodiscard]] Result<std::size_t> requeue(std::size_t lane_index, std::int64_t first_seq,
                                            std::int64_t last_seq);
  /// In a transaction of the caller: a block of them. Returns how many; 0: none are left.
  [[nodiscard]] Result<std::size_t> discard(std::size_t lane_index, std::int64_t first_seq,
                                            std::int64_t last_seq);

  // --- looking ---
  /// Settled events, acknowledged records or purgeable rows wait to be stored: how many.
  [[nodiscard]] std::size_t unstored() const;
  /// The clock is trusted, and this boot's events have no anchor yet. Once per boot.
  [[nodiscard]] bool anchor_due() const;
  [[nodiscard]] bool has_event(const EventId& id);
  [[nodiscard]] const std::string& device() const noexcept { return record_.device; }
  [[nodiscard]] const StoreRecord& record() const noexcept { return record_; }
  [[nodiscard]] std::optional<Epoch> stored_epoch() const;
  /// The stored epoch, or the last one of an earlier opening. Not inside a transaction.
  [[nodiscard]] std::optional<Epoch> newest_epoch() const;
  /// With the settled cursor of now; in priority order.
  [[nodiscard]] std::vector<LaneRecord> lanes() const;
  [[nodiscard]] std::vector<Watermark> watermarks() const;
  /// The watermarks and what takes a look into the tables, O(log rows) per lane.
  [[nodiscard]] std::vector<LaneStatistics> lane_statistics();
  /// Committed events of a lane, settled ones too; a row that does not read as written is left out.
  [[nodiscard]] Result<EventPage> events(std::size_t lane_index, std::int64_t after_seq,
                                         std::size_t events_max);
  /// Looks at the checksums of unsettled rows, at most limits::kCheckRowsMax and limits::kPurgeBytesMax.
  [[nodiscard]] Result<CheckedRows> check_rows(LaneNumber lane, std::int64_t after_seq, std::int64_t to_seq);
  /// SQLite's own check; its findings, at most 100. Blocks for reading the whole file.
  [[nodiscard]] Result<std::vector<std::string>> check_structure();
  [[nodiscard]] std::vector<LaneMemory> memory() const;
  /// Its file has what the memory knows of, or declares it: see KnownBefore.
  void adopt(const std::vector<LaneMemory>& memory);
  [[nodiscard]] Result<void> restart_wal();
  [[nodiscard]] std::uint64_t wal_pages() const noexcept { return wal_pages_; }
  [[nodiscard]] std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  [[nodiscard]] std::uint64_t rows_purged() const noexcept { return rows_purged_; }
  void add_figures(StoreStatistics& statistics);
  [[nodiscard]] Fence& fence() noexcept { return *fence_; }
  [[nodiscard]] sqlite3* handle() const noexcept { return connection_.handle(); }
  /// Whether the opening before this one did not end by close().
  [[nodiscard]] bool was_unclean() const noexcept { return was_unclean_; }
  /// In a transaction: writes what is there already, so that the commit is a commit.
  [[nodiscard]] Result<void> touch() { return store_table_.set_table_pages(table_pages_); }
  /// In a transaction, the last one: this opening ends by close().
  [[nodiscard]] Result<void> mark_clean();

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

 private:
  struct Head {
    std::int64_t last_seq = 0;
    std::int64_t total_bytes = 0;
  };
  struct Hull {
    std::int64_t first = 0;
    std::int64_t last = 0;
  };
  struct Lane {
    LaneRecord record;  ///< as stored by the last commit
    LaneRows rows;
    Settled settled;
    std::int64_t lost_events_below = 0;  ///< when `settled` was made; what it has passed since comes on top
    std::int64_t lost_bytes_below = 0;
    Head head;
    Head durable;
    std::int64_t low_seq = 1;          ///< no row below it
    std::int64_t low_bytes = 0;        ///< running total below low_seq
    Pins pins;                         ///< what was handed out since the last release
    std::optional<LaneRecord> staged;  ///< `record` once this transaction commits
    std::int64_t staged_low_seq = 1;
    std::int64_t staged_low_bytes = 0;
    std::vector<Hole> staged_holes;  ///< settled once this transaction commits
    std::vector<Hull> hulls;         ///< of sparse gaps: rows inside them may be missing
    std::vector<Hull> staged_hulls;
    std::int64_t compacted_to = 0;  ///< keep_latest found nothing to drop up to here
    std::uint64_t rejected_events = 0;
    std::uint64_t shed_events = 0;
    std::uint64_t staged_shed_events = 0;

    [[nodiscard]] std::int64_t events_below() const noexcept {
      return lost_events_below + settled.hole_seqs_passed();
    }
    [[nodiscard]] std::int64_t bytes_below() const noexcept {
      return lost_bytes_below + settled.hole_bytes_passed();
    }
    [[nodiscard]] const LaneRecord& latest() const noexcept { return staged ? *staged : record; }
  };
  /// What a rollback restores.
  struct Mark {
    std::array<Head, limits::kLanesMax> heads{};
    bool epoch_stored = false;
    std::int64_t state_bytes = 0;
    std::int64_t table_pages = 0;
  };

  Session(const StoreOptions& options, PlatformView platform, std::string reason);
  // Opening, in this order.
  Result<void> check_file_system();
  Result<void> open_file();
  Result<void> open_record();
  Result<void> check_budget();
  Result<void> allocate();
  Result<void> open_tables();
  [[nodiscard]] std::int64_t state_quota() const noexcept;
  Result<void> open_lanes();
  Result<Lane> open_lane(LaneRecord record);
  Result<void> settle_declared(Lane& lane);
  Result<void> drop_retired(const std::vector<LaneRecord>& records);
  Result<void> prune_epochs();

  Result<void> mark_unclean();
  Result<void> ensure_epoch();
  [[nodiscard]] std::string opening_reason() const;
  Result<void> store_anchor();
  Result<void> store_lane(Lane& lane);
  Result<void> store_records();
  Result<void> store_requeued();
  class Explainer;
  [[nodiscard]] bool passes(const ReplayQuestion& question, const StoredEvent& event) const;
  Result<void> scan_settled(Lane& lane, const ReplayQuestion& question, std::int64_t last, ReplayPage& page,
                            const std::function<void(std::int64_t, std::int64_t)>& absent);
  Result<std::int64_t> likely_epoch(Lane& lane, std::int64_t seq);
  Result<void> declare_loss(Lane& lane, const GapRow& gap);
  void mark(Mark& mark) const;
  void restore(const Mark& mark);
  [[nodiscard]] Lane* find(LaneNumber number) noexcept;
  [[nodiscard]] Lane* find(std::string_view name) noexcept;
  [[nodiscard]] const LaneRecord* find_record(LaneNumber number) const noexcept;
  [[nodiscard]] std::optional<base::TimeAnchor> trusted_anchor() const;
  [[nodiscard]] bool complete(ReadRow& row) const;
  [[nodiscard]] Result<void> announce_newest(std::vector<ControlRecord>& records);
  [[nodiscard]] Result<std::optional<Hole>> explain(Lane& lane, std::int64_t from, std::int64_t to);

  // Room.
  [[nodiscard]] flow::LaneLoad load_of(const Lane& lane, std::size_t index) const noexcept;
  [[nodiscard]] Result<void> let_in(Lane& lane, std::uint64_t event_bytes);
  void want(const Lane& lane, std::uint64_t bytes);
  [[nodiscard]] tl::unexpected<Error> no_room(std::string hint);
  [[nodiscard]] std::uint64_t dirty_pages() const noexcept;
  [[nodiscard]] Result<void> check_tables(const Room& room);
  [[nodiscard]] Result<std::uint64_t> used_pages();
  [[nodiscard]] std::uint64_t retained_bytes() const noexcept;
  [[nodiscard]] std::uint64_t retained_bytes(const Lane& lane) const noexcept;
  [[nodiscard]] std::uint64_t retention_limit() const noexcept;
  [[nodiscard]] Result<void> purge_retained();
  [[nodiscard]] Result<bool> purge_lane(Lane& lane, std::size_t rows_max);
  [[nodiscard]] bool is_over_age(Lane& lane);
  [[nodiscard]] std::int64_t first_droppable(const Lane& lane) const noexcept;
  [[nodiscard]] std::uint64_t worth_dropping(const Lane& lane, std::uint64_t bytes) const noexcept;
  [[nodiscard]] std::int64_t staged_first(const Lane& lane) const noexcept;
  [[nodiscard]] Result<std::uint64_t> drop_rows(Lane& lane, std::int64_t first, std::int64_t last,
                                                std::string_view reason);
  [[nodiscard]] Result<std::uint64_t> compact(Lane& lane);
  [[nodiscard]] Result<std::uint64_t> rewrite(Lane& lane, const std::vector<RawRow>& block,
                                              const std::vector<bool>& stays);
  [[nodiscard]] std::size_t block_rows() const noexcept;
  static int on_wal(void* self, sqlite3* db, const char* schema, int pages) noexcept;
  static int on_progress(void* self) noexcept;

  /// Our own statements inside a closure: the authorizer is off, and what pages they take is not the caller's.
  class OwnWork;

  StoreOptions options_;
  PlatformView platform_;
  std::string reason_;
  StoreRecord record_;
  Layout layout_;
  std::uint64_t page_limit_ = 0;
  std::string boot_id_;
  std::string file_system_;
  std::string warning_;
  std::uint64_t wal_pages_ = 0;
  std::uint64_t bytes_written_ = 0;
  std::uint64_t rows_purged_ = 0;

  Connection connection_;
  std::unique_ptr<Fence> fence_;
  TopicTemplate topics_;
  StoreTable store_table_;
  std::string topic_;  ///< of the event being added: a buffer that is used again
  TextTable texts_;
  StateTable state_;
  EpochTable epochs_;
  LaneTable lane_table_;
  LossTable losses_;
  QuarantineTable quarantine_;
  LeaseTable leases_;
  KeyTable keys_;
  Statement begin_;
  Statement begin_read_;
  Statement savepoint_;
  Statement release_;
  Statement commit_;
  Statement page_count_;
  Statement freelist_count_;
  std::vector<Lane> lanes_;          ///< in priority order
  std::vector<LaneRecord> retired_;  ///< known by their gaps and their last seq only

  Epoch minted_;                        ///< this opening's epoch
  std::optional<NumberedEpoch> epoch_;  ///< the same, once a transaction has stored it
  std::optional<std::int64_t> boot_;    ///< this boot's number, once stored
  bool epoch_durable_ = false;
  bool was_unclean_ = false;
  bool marked_unclean_ = false;  ///< this opening has stored that it writes
  Mark transaction_mark_;
  Mark savepoint_mark_;
  std::vector<std::int64_t> acknowledged_epochs_;  ///< as_integer() of each; waiting to be stored
  std::optional<std::int64_t> announced_again_;    ///< likewise, an acknowledged one, on a new connection
  std::vector<std::int64_t> acknowledged_gaps_;
  std::vector<RequeuedPlace> acknowledged_requeued_;
  std::size_t staged_requeued_ = 0;
  std::size_t staged_epochs_ = 0;  ///< of them, stored once this transaction commits
  std::size_t staged_gaps_ = 0;
  bool anchor_staged_ = false;
  bool unclean_staged_ = false;

  Pressure pressure_ = Pressure::normal;
  bool tight_ = false;
  bool overflowed_ = false;
  bool callers_sql_ = false;            ///< the closure has asked for the connection
  std::uint64_t pages_at_sql_ = 0;      ///< used when it did
  std::uint64_t own_pages_ = 0;         ///< taken by our own statements since; modulo 2^64
  std::vector<std::size_t> job_lanes_;  ///< that the closure has added to
  std::vector<std::size_t> refused_;    ///< lanes of refused events since begin(), an entry each
  std::size_t refused_before_ = 0;      ///< entries of earlier closures
  std::vector<Wanted> wanted_;
  std::array<std::uint64_t, limits::kLanesMax>
      paid_{};                    ///< bytes that lanes gave up in this transaction, and may use
  std::int64_t table_pages_ = 0;  ///< as of this moment of the transaction
};

}  // namespace holdfast::store
