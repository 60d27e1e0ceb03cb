// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/event.hpp>
#include <holdfast/options.hpp>
#include <holdfast/result.hpp>
#include <holdfast/statistics.hpp>
#include <holdfast/time.hpp>

struct sqlite3;

namespace holdfast {

namespace platform {
class Clock;
class Disk;
class Entropy;
class Host;
class Link;
}  // namespace platform

/// The services an outbox needs; they must outlive it. platform::LinuxPlatform::view() makes one.
struct PlatformView {
  platform::Clock& clock;
  platform::Disk& disk;
  platform::Entropy& entropy;
  platform::Host& host;
};

/// One value of the application's state.
struct StateEntry {
  std::string key;
  std::string content_type;
  std::int64_t version = 0;  ///< 1 at the first put, +1 per put; starts again after an erase
  std::vector<std::byte> value;
};

/// A read inside or outside a write. Lives only during the closure that receives it.
class Reader {
 public:
  virtual ~Reader() = default;
  [[nodiscard]] virtual Result<std::optional<StateEntry>> get(std::string_view key) const = 0;
  /// Entries whose key begins with `prefix` and is greater than `after`, in bytewise order of keys, at most
  /// `entries_max` (bounded by limits::kListEntriesMax).
  [[nodiscard]] virtual Result<std::vector<StateEntry>> list(std::string_view prefix, std::string_view after,
                                                             std::size_t entries_max) const = 0;
  /// The caller's own SQL, on the connection that holds the transaction. Transaction control, ATTACH, PRAGMA
  /// and tables named hf_* are denied. Statements must be finalized before the closure returns.
  [[nodiscard]] virtual sqlite3* sql() const = 0;
};

/// One write: all of it or nothing. Lives only during the closure that receives it.
class Transaction : public Reader {
 public:
  /// Inserts or replaces a state value and returns its new version. `invalid`, `too_large`, `full`.
  virtual Result<std::int64_t> put(std::string_view key, std::span<const std::byte> value,
                                   std::string_view content_type = "application/octet-stream") = 0;
  /// True when there was something to erase.
  virtual Result<bool> erase(std::string_view key) = 0;
  /// Appends an event to its lane. The id is final once the write has succeeded, and void if it has not.
  /// `invalid` (unknown lane, bad text, topic with wildcards), `too_large`, `full`.
  virtual Result<EventId> add(const Event& event) = 0;
};

/// What a successful write stored, in the order of the add() calls.
struct Receipt {
  std::vector<EventId> events;
  bool repeated = false;  ///< the idempotency key was known: nothing was stored now, this is the first answer
};

/// How one write is treated.
struct WriteOptions {
  /// The lane whose commit_delay this write may wait for company. Empty: it does not wait.
  std::string_view lane = {};
  /// Asked again with the same key, the first success is answered again and the closure does not run. 1 to 64
  /// bytes of UTF-8; the newest limits::kIdempotencyKeysMax are remembered. Empty: none.
  std::string_view idempotency_key = {};
  /// How long it may wait for room: in the queue of writes, and in a lane that blocks. Default: not at all.
  Instant deadline = Instant::min();
};

/// A committed event, as read back for replay or export.
struct ArchivedEvent {
  EventId id;
  std::string key;
  std::string type;
  std::string content_type;
  std::string topic;
  std::vector<Attribute> attributes;
  std::optional<UtcTime> time;  ///< absent: the clock of its boot was never trusted
  bool settled = false;
  std::vector<std::byte> data;
};

/// Part of a lane's events, in order.
struct EventPage {
  std::vector<ArchivedEvent> events;
  std::int64_t end_seq = 0;  ///< ask after it next time
  bool more = false;
};

/// What remove_lane() does with a backlog.
enum class LaneRemoval : std::uint8_t {
  when_settled = 0,  ///< refuse as long as events wait
  declare_loss = 1,  ///< give them up; gap records with reason `removed` say so
};

/// An event that the broker refused for good. It was declared lost when it came here.
struct QuarantinedEvent {
  EventId id;
  std::string key;
  std::string type;
  std::string topic;
  std::size_t data_bytes = 0;
  std::int32_t reason = 0;  ///< MQTT reason code
  std::string detail;
  std::int64_t attempts = 0;
  UtcTime first_attempt;  ///< by the wall clock of then, trusted or not
  UtcTime last_attempt;
  bool requeued = false;  ///< on its way to the broker again
};

struct QuarantinePage {
  std::vector<QuarantinedEvent> events;  ///< ascending seq
  std::int64_t end_seq = 0;              ///< ask after it next time
  bool more = false;
};

/// Settled events of one lane that are to be sent again, with the same ids.
struct ReplayRequest {
  std::string lane;
  std::int64_t first_seq = 1;
  std::int64_t last_seq = INT64_MAX;
  std::string key = {};                ///< only events of this key; empty: all
  std::optional<UtcTime> from = {};    ///< only events of known time, not before
  std::optional<UtcTime> before = {};  ///< ... and before
};

/// What a check of the whole store found.
struct CheckReport {
  std::uint64_t rows_checked = 0;
  std::uint64_t rows_damaged = 0;     ///< set aside and declared
  std::vector<std::string> findings;  ///< SQLite's own, at most 100; empty: the file is sound
};

/// A write. It may run more than once (a group that has to be split is run again), and must have no effect
/// outside its transaction. It runs on whichever thread uses the store (the caller's own, or the store's), must not block, and must not call the outbox. An
/// error it returns rolls the write back and becomes the write's result. An exception is `invalid`.
using WriteBody = std::function<Result<void>(Transaction&)>;
using ReadBody = std::function<Result<void>(const Reader&)>;

using WriteResult = Result<Receipt>;
/// Called once, on the thread that made the commit, when the outcome is known. Must not block and must not throw.
using WriteCallback = std::function<void(const WriteResult&)>;

/// A write on its way. Copies refer to the same write.
class Ticket {
 public:
  class State;
  explicit Ticket(std::shared_ptr<State> state);
  /// True once the outcome is known.
  [[nodiscard]] bool done() const;
  /// Waits for the outcome. `unavailable` when the deadline passes first: the write is still on its way.
  [[nodiscard]] WriteResult wait(Instant deadline = Instant::max()) const;

 private:
  std::shared_ptr<State> state_;
};

/// The outbox of one device: one store, one relay. Every member function may be called from any thread, but
/// not from inside a closure or callback (that is `invalid`).
class Outbox {
 public:
  /// Opens or creates the store. On return everything committed before is readable, also after kill -9 or a
  /// power cut. Blocks for recovery (milliseconds). `busy`: another process holds the store, and the hint
  /// names it. `denied`, `disk_full`, `io_error`, `corrupt`, `schema_newer`, `invalid`.
  [[nodiscard]] static Result<std::unique_ptr<Outbox>> open(const StoreOptions& options,
                                                            PlatformView platform);

  /// Starts draining to a broker over `link`. Events wait until it is called. Returns at once: a broker that
  /// is away is no error, and statistics() says how it goes. `invalid`: bad options, or a relay runs already.
  [[nodiscard]] Result<void> start_relay(const RelayOptions& options, std::unique_ptr<platform::Link> link);
  /// Starts one relay thread for each link, 1 to limits::kRelaysMax: more events in flight on a long round trip than one
  /// connection may have. Lanes, and the keys of lanes that are `spread`, are divided among them; each event
  /// goes through one of them, and one that is stuck loses its part to the others. The client ids are the option's, and
  /// that with "-2", "-3", ... Rates are divided too. The first relay alone says the presence and takes
  /// commands.
  [[nodiscard]] Result<void> start_relays(const RelayOptions& options,
                                          std::vector<std::unique_ptr<platform::Link>> links);

  /// Runs `body` in a transaction and waits until it is durable. Success: all of it survives power loss, and
  /// the relay will deliver its events. Any error but `outcome_unknown`: nothing was stored. `full` (budget or
  /// quota, after `deadline` for lanes that block), `busy` (more than limits::kQueuedWritesMax writes wait),
  /// `too_large`, `invalid`, `disk_full`, `io_error`, `unavailable` (closed), or the error that `body`
  /// returned. Blocks for the group's commit. A caller that finds the store idle commits on its own thread.
  [[nodiscard]] WriteResult write(WriteBody body, const WriteOptions& options = {});

  /// The same without waiting, but for `deadline` when the queue is full. `busy` and `unavailable` are
  /// reported here, every other outcome by the ticket and, if given, the callback. A ticket may be dropped:
  /// the write goes on.
  [[nodiscard]] Result<Ticket> write_async(WriteBody body, WriteCallback callback = {},
                                           const WriteOptions& options = {});

  /// Runs `body` on a consistent view; writing is denied. Waits for the store like a write.
  [[nodiscard]] Result<void> read(ReadBody body);
  [[nodiscard]] Result<std::optional<StateEntry>> get(std::string_view key);
  [[nodiscard]] Result<std::vector<StateEntry>> list(std::string_view prefix, std::string_view after = {},
                                                     std::size_t entries_max = 100);

  /// Waits until every event committed before the call is settled (acknowledged by the broker, or declared in
  /// a gap record). `unavailable` when the deadline passes first; nothing is lost by that.
  [[nodiscard]] Result<void> flush(Instant deadline);

  /// A paused lane takes events and is not drained, also by later openings, until it is resumed. `invalid`: no
  /// such lane. Durable on return.
  [[nodiscard]] Result<void> pause(std::string_view lane);
  [[nodiscard]] Result<void> resume(std::string_view lane);

  /// Takes the lane out of the store and frees its room. Its sequence is remembered: a lane that is added
  /// again under the same name goes on where it ended. `invalid`: no such lane, or the last one. `busy`: events
  /// wait, or are in flight. Durable on return.
  [[nodiscard]] Result<void> remove_lane(std::string_view lane, LaneRemoval removal);

  /// The committed events of a lane above `after_seq`, settled ones that are retained included; at most
  /// `events_max` (limits::kFetchEventsMax) and limits::kFetchBytesMax.
  [[nodiscard]] Result<EventPage> events(std::string_view lane, std::int64_t after_seq,
                                         std::size_t events_max = 100);

  /// The quarantined events of a lane above `after_seq`, at most limits::kQuarantinePageMax.
  [[nodiscard]] Result<QuarantinePage> quarantine(std::string_view lane, std::int64_t after_seq,
                                                  std::size_t events_max = 100);
  /// Sends them again with their old ids; each leaves the quarantine when the broker has acknowledged it, and stays
  /// when it refuses again. Returns how many. Durable on return.
  [[nodiscard]] Result<std::size_t> requeue(std::string_view lane, std::int64_t first_seq,
                                            std::int64_t last_seq);
  /// Gives them up for good; that they are lost was declared when they came. Returns how many. Durable on return.
  [[nodiscard]] Result<std::size_t> discard(std::string_view lane, std::int64_t first_seq,
                                            std::int64_t last_seq);
  /// Has the relay send settled events again, beside the backlog and after it. What is no longer retained is told to
  /// the consumer by a gap record with reason `not_retained`. Forgotten at close(). `busy`: limits::kResendRequestsMax
  /// wait; `unavailable`: no relay runs.
  [[nodiscard]] Result<void> replay(const ReplayRequest& request);

  /// Writes a consistent copy to `path`, which must not exist, while writes go on. Opened for writing, the
  /// copy begins a new epoch with reason `restored`. Blocks for it. `disk_full`, `io_error`, `invalid`.
  [[nodiscard]] Result<void> backup(const std::string& path);

  /// Checks the checksum of every event that waits, while writes go on between the slices, and then the file's
  /// structure; blocks for it. Damaged rows are set aside and declared.
  [[nodiscard]] Result<CheckReport> check();

  /// Lag, backlog, losses, refusals, relay and store state. Never blocks on the disk or the network.
  [[nodiscard]] Statistics statistics() const;

  /// Refuses new writes, completes the ones that are waiting, lets events in flight be acknowledged for at
  /// most RelayOptions::drain_timeout, stores the acknowledgements, and closes the store. What is not
  /// acknowledged stays in the store. Idempotent; the destructor does the same and drops the result.
  Result<void> close();

  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  ~Outbox();

 private:
  class Impl;
  explicit Outbox(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What start_relay() would refuse on a store that is opened with these options, as far as it can be known before: a
/// program may ask before it makes one. `store.device` is set; without `store.lanes` the relay's lanes are not looked at.
/// `invalid`: as start_relay().
[[nodiscard]] Result<void> check_relay(const StoreOptions& store, const RelayOptions& relay);

/// Gives the store at `options.path`, which nobody has open, another budget: `options.budget_bytes`. `full`: the
/// backlog, state and tables do not fit into a smaller one; the hint says how much they take. `disk_full`: the file
/// system has no room for a larger one, or for the copy that shrinking makes. Progress by `options.on_provisioning`.
/// Interrupted at any moment, the store opens with the old or the new budget. Other errors as Outbox::open.
[[nodiscard]] Result<void> resize_store(const StoreOptions& options, PlatformView platform);

}  // namespace holdfast
