// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <holdfast/outbox.hpp>
#include <holdfast/result.hpp>
#include <holdfast/statistics.hpp>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "flow/pressure.hpp"
#include "store/leases.hpp"
#include "store/session.hpp"
#include "store/set_aside.hpp"

namespace holdfast::store {

class Backup;

/// A write waiting for its commit.
struct WriteJob {
  const WriteBody* body = nullptr;
  std::string_view idempotency_key = {};
  WriteResult outcome = {};
  /// The outcome is `full`, and room may come: a lane that blocks has refused it.
  bool room_may_come = false;
};

/// The store of one device: group commit on top of a Session, what to do when a commit fails, and who gives way when
/// room is short. Passive: no threads, no waiting but for the disk. One user at a time.
///
/// **A failed COMMIT** is not "nothing happened": its frames may be in the WAL. The store then closes the file,
/// opens it again and looks for the group's events. Only if it cannot look (the opening fails, or the group
/// held no event) the callers get `outcome_unknown`. A second I/O error within kTroubleSpan makes the store
/// degraded: it reads, and refuses writes with `io_error`. While the file cannot be opened at all, everything
/// fails with `io_error`, and opening is tried again at most every kReopenPause.
///
/// **Room** is looked after in the transaction that needs it, in this order: acknowledgements are stored and purged;
/// under pressure the lanes' policies give up a block each (flow::plan_shed); then the callers' closures run.
/// If one finds no room, everything is rolled back, room is made for it where its lane may take it
/// (flow::plan_room), and the group runs again, once; whoever still finds none runs alone, kRoomTries times at most.
/// Each loss is declared in that same transaction.
class Store {
 public:
  static constexpr std::chrono::minutes kTroubleSpan{1};
  static constexpr std::chrono::seconds kReopenPause{5};
  /// Fewer acknowledgements do not ride on a producer's commit: they would dirty pages of their own.
  static constexpr std::size_t kRideEventsMin = 64;
  /// How often a write runs before it is `full`: as it comes, with room made for it, and with a block of room.
  static constexpr int kRoomTries = 3;
  /// Groups that run with savepoints after one in which a caller failed.
  static constexpr int kCarefulGroups = 32;
  /// Blocks that are given up in one transaction, so that it stays within its pages.
  static constexpr std::size_t kShedBlocksMax = 4;

  /// Errors as Outbox::open.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const StoreOptions& options,
                                                           PlatformView platform);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Runs the first jobs in one transaction and makes them durable; returns how many got their outcome (at
  /// least one). A group closes at StoreOptions::group_events_max and Layout::group_bytes. When a job fails, the group
  /// is run again with a savepoint for each; when one ends the whole transaction, the others run again, each alone.
  std::size_t commit_group(std::span<WriteJob> jobs);
  [[nodiscard]] Result<void> read(const ReadBody& body);

  /// Nothing when the lease is not the relay's any more.
  [[nodiscard]] Result<Fetched> fetch(const FetchOrder& order);
  /// The oldest unacknowledged ones, at most limits::kControlRecordsMax. `announce`, on a new connection: also the newest
  /// epoch's, because the broker may have lost it and a consumer that lacks it does not know where the epoch began.
  [[nodiscard]] Result<std::vector<ControlRecord>> control_records(bool announce = false);
  void settle(LaneNumber lane, std::int64_t seq);
  void settle_control(std::int64_t number, bool is_gap);
  void release_pins(std::size_t relay = 0);

  // --- several relays ---
  /// So many from now on; nobody holds anything.
  void expect_relays(std::size_t relays, Duration term);
  /// An error: nothing has changed, and what the relay holds is its own until its term is over.
  [[nodiscard]] Result<ShareGrant> claim_shares(const ShareClaim& claim);
  [[nodiscard]] bool is_current(const ShareLease& lease) const noexcept;
  /// True once after a share was taken or let go of.
  [[nodiscard]] bool take_lease_news() noexcept { return std::exchange(lease_news_, false); }

  /// Remembers a refused attempt, for people; best effort.
  void note_failure(const RefusalNote& note);
  /// True: quarantined, declared and settled. False: not now (full, or an error); the event stays pending.
  [[nodiscard]] bool quarantine(const RefusalNote& note);

  /// Settled events, and why others do not come. Bounded by the constants of replay.hpp.
  [[nodiscard]] Result<ReplayPage> replay(const ReplayQuestion& question);
  /// Events of the quarantine that an operator has sent on their way again.
  [[nodiscard]] Result<Session::Requeued> requeued(const RequeuedPlace& after);
  void settle_requeued(const RequeuedPlace& place);
  /// Best effort: what cannot be stored now is sent once more, and refused once more.
  void refuse_requeued(const RefusalNote& note);

  /// Stores what waits (cursors, acknowledgements, purges) in a commit of its own if settle_events_max are
  /// due, or `force`. Returns what is still waiting.
  [[nodiscard]] Result<std::size_t> store_settled(bool force);
  /// Moves the WAL into the database when it has passed its mark. A failure is counted and tried again.
  void checkpoint_if_due();
  /// One bounded step of what can wait: expiry, shedding while nobody writes, growth, the check after an unclean stop.
  /// True: more waits.
  [[nodiscard]] Result<bool> keep_house();
  /// True once after room was made: a write that was `full` may fit now.
  [[nodiscard]] bool take_room_news();

  // --- for operators ---
  [[nodiscard]] Result<void> set_paused(std::string_view lane, bool paused);
  [[nodiscard]] Result<void> remove_lane(std::string_view lane, LaneRemoval removal);
  [[nodiscard]] Result<EventPage> events(std::string_view lane, std::int64_t after_seq,
                                         std::size_t events_max);
  [[nodiscard]] Result<QuarantinePage> quarantined(std::string_view lane, std::int64_t after_seq,
                                                   std::size_t events_max);
  [[nodiscard]] Result<std::size_t> requeue(std::string_view lane, std::int64_t first_seq,
                                            std::int64_t last_seq);
  [[nodiscard]] Result<std::size_t> discard(std::string_view lane, std::int64_t first_seq,
                                            std::int64_t last_seq);
  /// One at a time. The copy is consistent as of its last step: what is written in between goes into it too.
  [[nodiscard]] Result<void> begin_backup(const std::string& path);
  /// True: more to do.
  [[nodiscard]] Result<bool> step_backup();
  void begin_check();
  /// True: more to do.
  [[nodiscard]] bool check_slice();
  /// SQLite's own check of the structure, and the totals.
  [[nodiscard]] Result<CheckReport> end_check();

  /// Stores what waits and closes the file. The store is of no use afterwards.
  [[nodiscard]] Result<void> close();

  [[nodiscard]] const std::string& device() const noexcept { return device_; }
  /// With the settled cursor of now; in priority order.
  [[nodiscard]] std::vector<LaneRecord> lanes() const;
  [[nodiscard]] std::vector<Watermark> watermarks() const;
  /// True once after gap or epoch records were committed.
  [[nodiscard]] bool take_control_news();
  [[nodiscard]] StoreStatistics statistics();
  /// The numbers that change with every commit, and no others: without a look into the file and without copying
  /// texts.
  void refresh(StoreStatistics& statistics) const;
  [[nodiscard]] std::vector<LaneStatistics> lane_statistics();

 private:
  class Writing;
  /// Rows that are still to be looked at, of one lane.
  struct CheckSpan {
    LaneNumber lane = 0;
    std::int64_t after_seq = 0;
    std::int64_t to_seq = 0;
  };

  Store(const StoreOptions& options, PlatformView platform, std::unique_ptr<Session> session);
  // Group commit.
  [[nodiscard]] std::size_t run_group(std::span<WriteJob> jobs);
  [[nodiscard]] std::size_t run_bare(std::span<WriteJob> jobs);
  [[nodiscard]] bool has_room_in_group() const;
  [[nodiscard]] std::size_t run_jobs(std::span<WriteJob> jobs, bool& intact);
  [[nodiscard]] Result<void> begin_group();
  void run_alone(WriteJob& job);
  void run_the_refused_alone(std::span<WriteJob> jobs);
  [[nodiscard]] Result<void> keep_wal_bounded();
  void checkpoint();
  void run_in_savepoint(WriteJob& job);
  [[nodiscard]] Result<Receipt> run_job(WriteJob& job);
  [[nodiscard]] Result<Receipt> run_body(const WriteBody& body);
  void finish(std::span<WriteJob> jobs);
  void count_committed();
  // A failed COMMIT.
  void resolve_failed_commit(std::span<WriteJob> jobs, const Error& error);
  void count_trouble();
  [[nodiscard]] bool reopen();
  [[nodiscard]] bool open_again();
  [[nodiscard]] bool mend();
  [[nodiscard]] bool mend_if_damaged(const Error& error);
  void mend_for(std::span<WriteJob> jobs);
  void note_set_aside(const std::optional<SetAside>& aside);
  /// False, and no session, when the file could not be opened again.
  [[nodiscard]] bool have_session();
  // Room.
  void look_at_pressure();
  [[nodiscard]] Result<void> relieve();
  [[nodiscard]] Result<std::uint64_t> give_up(std::span<const flow::ShedStep> steps);
  [[nodiscard]] Result<bool> make_room(std::span<const Wanted> wanted);
  [[nodiscard]] bool settled_is_worth_a_ride() const;

  [[nodiscard]] Result<bool> give_up_event(const RefusalNote& note, std::string_view gap_reason, bool keep);
  [[nodiscard]] bool give_up_damaged(const RefusalNote& note);
  [[nodiscard]] Result<bool> keep_house_once();
  [[nodiscard]] Result<std::size_t> change_quarantine(
      const char* where, std::string_view lane,
      const std::function<Result<std::size_t>(std::size_t)>& change);
  [[nodiscard]] Result<std::int64_t> store_leases(std::size_t relay,
                                                  const flow::LeaseBoard::Decision& decision);
  [[nodiscard]] Result<bool> relieve_alone();
  [[nodiscard]] Result<void> probe_medium();
  [[nodiscard]] Result<bool> check_rows();
  template <class Body>
  [[nodiscard]] Result<void> transact(Body body);

  StoreOptions options_;
  PlatformView platform_;
  std::string device_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Backup> backup_;
  std::vector<LaneMemory> memory_;  ///< of the last session, for the next one
  StoreStatistics counters_;
  flow::PressureGauge gauge_;
  bool trouble_news_ = false;  ///< an I/O error since the last look
  bool commit_news_ = false;   ///< a commit since the last look
  std::optional<Instant> last_trouble_;
  std::optional<Instant> last_mending_;
  bool damaged_ = false;   ///< the next opening is to set the file aside
  std::string set_aside_;  ///< what was, for people
  Instant last_opening_;
  std::size_t group_events_ = 0;  ///< of the transaction being built
  std::size_t group_bytes_ = 0;
  std::uint64_t purged_before_ = 0;  ///< by sessions before this one
  std::uint64_t written_before_ = 0;
  std::vector<CheckSpan> check_;
  int careful_groups_ = 0;
  bool running_again_ = false;  ///< after SQLITE_FULL at COMMIT, once
  bool epoch_known_ = false;
  bool closed_ = false;
  bool room_news_ = false;
  std::optional<Leases> leases_;  ///< of several relays
  bool lease_news_ = false;
  bool control_left_ = false;  ///< the last control_records() was cut short
  bool control_news_ = true;   ///< at open there may be some from before
};

/// Of a COMMIT. The frames of one that failed may be in the WAL until the next one overwrites them: killed before, the
/// next opening finds it done.
[[nodiscard]] tl::unexpected<Error> commit_failed(Error error);

// A transaction of our own. What it changed in memory is undone with it.
template <class Body>
Result<void> Store::transact(Body body) {
  if (auto fits = keep_wal_bounded(); !fits) return fits;
  if (auto begun = session_->begin(); !begun) return begun;
  Result<void> done = body();
  if (done) {
    done = session_->commit();
    if (!done) done = commit_failed(std::move(done.error()));
  }
  if (!done) session_->roll_back();
  return done;
}

}  // namespace holdfast::store
