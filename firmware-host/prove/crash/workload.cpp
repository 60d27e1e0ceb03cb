// SPDX-License-Identifier: MIT
#include "prove/crash/workload.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <holdfast/check.hpp>

#include "relay/outgoing.hpp"
#include "store/migrations.hpp"
#include "store/resize.hpp"
#include "store/store.hpp"

namespace holdfast::prove {
namespace {

using platform::sim::SeededEntropy;
using std::chrono::milliseconds;

constexpr std::size_t kActs = 14;
constexpr std::size_t kActsFromNothing = 2;
constexpr std::size_t kStateKeys = 8;
constexpr int kShedWritesMax = 40;
constexpr std::size_t kShedEventBytes = 24'000;
constexpr int kHouseRoundsMax = 20;
constexpr std::size_t kActsMigrated = 5;
constexpr std::uint64_t kLargeBudgetBytes = 2 * kProveBudgetBytes;
constexpr std::uint64_t kMiddleBudgetBytes = kProveBudgetBytes + kProveBudgetBytes / 4;
constexpr int kBackupStepsMax = 100;

// From version i + 2 to i + 1: a store of an older version is one of today's without what was added since.
constexpr std::array<std::string_view, 3> kBack = {
    "DROP TABLE hf_key; ALTER TABLE hf_gap DROP COLUMN acknowledged;"
    "ALTER TABLE hf_lane DROP COLUMN lost_bytes; ALTER TABLE hf_lane DROP COLUMN lost_events_below;"
    "ALTER TABLE hf_lane DROP COLUMN lost_bytes_below; ALTER TABLE hf_lane DROP COLUMN when_full;"
    "ALTER TABLE hf_lane DROP COLUMN guaranteed_bytes; ALTER TABLE hf_lane DROP COLUMN max_bytes;"
    "ALTER TABLE hf_lane DROP COLUMN ttl_s; ALTER TABLE hf_lane DROP COLUMN commit_delay_ms;"
    "ALTER TABLE hf_lane DROP COLUMN paused; ALTER TABLE hf_lane DROP COLUMN retired;"
    "ALTER TABLE hf_store DROP COLUMN budget_bytes; ALTER TABLE hf_store DROP COLUMN growing;"
    "ALTER TABLE hf_store DROP COLUMN clean; ALTER TABLE hf_store DROP COLUMN restored;"
    "ALTER TABLE hf_store DROP COLUMN table_pages",
    "ALTER TABLE hf_quarantine DROP COLUMN requeued",
    "DROP TABLE hf_lease",
};
static_assert(kBack.size() + 1 == store::kSchemaVersion, "a new version of the schema needs a way back here");

/// What a write is to contain.
struct Intent {
  struct Put {
    std::string key;
    std::string value;
    bool erases = false;
  };
  struct Add {
    std::size_t lane = 0;
    std::string key;
    std::string data;
  };
  std::vector<Put> puts;
  std::vector<Add> adds;
  bool fails = false;
};

WriteBody body_of(const Intent& intent) {
  return [&intent](Transaction& t) -> Result<void> {
    for (const Intent::Put& put : intent.puts) {
      if (put.erases) {
        if (auto erased = t.erase(put.key); !erased) return tl::unexpected<Error>(erased.error());
      } else if (auto done = t.put(put.key, bytes_of(put.value)); !done) {
        return tl::unexpected<Error>(done.error());
      }
    }
    for (const Intent::Add& add : intent.adds) {
      const auto id = t.add({.lane = kLaneNames[add.lane],
                             .key = add.key,
                             .type = "dev.holdfast.prove.v1",
                             .content_type = "text/plain",
                             .data = bytes_of(add.data)});
      if (!id) return tl::unexpected<Error>(id.error());
    }
    if (intent.fails) return fail(ErrorCode::denied, "a caller that fails");
    return {};
  };
}

std::size_t lane_of(std::string_view name) {
  return static_cast<std::size_t>(std::find(kLaneNames.begin(), kLaneNames.end(), name) - kLaneNames.begin());
}

ToldWrite told(const Intent& intent, const Receipt& receipt) {
  ToldWrite write;
  for (std::size_t i = 0; i < intent.adds.size(); ++i) {
    const EventId& id = receipt.events.at(i);
    write.events.push_back({lane_of(id.lane), id.seq, id.epoch, digest(bytes_of(intent.adds[i].data))});
  }
  for (const Intent::Put& put : intent.puts) {
    write.state.emplace_back(put.key, put.erases ? std::optional<std::uint64_t>()
                                                 : std::optional<std::uint64_t>(digest(bytes_of(put.value))));
  }
  return write;
}

class Workload {
 public:
  Workload(Rig& rig, const WorkloadPlan& plan)
      : rig_(rig), plan_(plan), dice_(plan.seed), entropy_(~plan.seed) {
    recording_.variation = variation_of(plan.seed);
  }

  Recording run() {
    rig_.disk.mount({});
    if (plan_.life == Life::backed_up) recording_.ledger.budget_bytes = budget_bytes_ = kLargeBudgetBytes;
    if (plan_.life != Life::from_nothing) begin_before();
    rig_.disk.record(recording_.log);
    recording_.ledger.steps.clear();
    open(plan_.life == Life::from_nothing ? Phase::provisioning
         : plan_.life == Life::migrated   ? Phase::migrating
                                          : Phase::opening);
    const std::size_t acts = plan_.life == Life::from_nothing ? kActsFromNothing
                             : plan_.life == Life::migrated   ? kActsMigrated
                                                              : kActs;
    for (std::size_t act = 0; act < acts && store_; ++act) play(act);
    if (store_) close();
    rig_.disk.stop_recording();
    rig_.disk.mount({});
    return std::move(recording_);
  }

 private:
  std::size_t below(std::uint64_t bound) { return static_cast<std::size_t>(dice_.next() % bound); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  std::size_t now() const { return recording_.log.operations.size(); }

  void complain(const std::string& what) { recording_.complaints.push_back(what); }
  template <class T>
  bool expect(const Result<T>& result, const char* what) {
    if (!result) complain(std::string(what) + ": " + result.error().text());
    return result.has_value();
  }

  /// Calls the store, and notes when that was; a call that did nothing to the disk is no step.
  template <class Call>
  Step* step(Phase phase, Call call) {
    Ledger& ledger = recording_.ledger;
    Step step{phase, now(), 0, ledger.ends, ledger.state, {}, true};
    call(step);
    step.end = now();
    for (const ToldWrite& write : step.writes) ledger.committed(write);
    if (step.end == step.begin) return nullptr;
    ledger.steps.push_back(std::move(step));
    return &ledger.steps.back();
  }

  // --- before the recording: everything is at 0 ---

  void begin_before() {
    open(Phase::provisioning);
    if (store_ && plan_.life == Life::migrated) live_before();
    if (store_) expect(store_->close(), "close");
    store_.reset();
    if (plan_.life == Life::migrated) go_back();
  }

  // What an older version could do, too.
  void live_before() {
    may_discard_ = false;
    for (int i = 0; i < 4; ++i) {
      write_group();
      if (one_in(2)) quarantine();
      acknowledge();
    }
    store_settled();
    may_discard_ = true;
  }

  /// Makes it a store of an older version, packed, as those had no room of their own.
  void go_back() {
    auto connection = store::Connection::open({.path = kProvePath,
                                               .vfs = rig_.disk.vfs(),
                                               .create = false,
                                               .application_id = store::kStoreApplicationId});
    if (!expect(connection, "go back")) return;
    const std::size_t version = 1 + below(kBack.size());
    Result<void> done;
    for (std::size_t to = kBack.size(); to >= version && done; --to)
      done = connection->execute(kBack[to - 1]);
    if (done) done = connection->execute("PRAGMA user_version=" + std::to_string(version));
    sqlite3_limit(connection->handle(), SQLITE_LIMIT_ATTACHED, 1);  // VACUUM attaches the copy that it makes
    if (done && version == 1) done = connection->execute("VACUUM");
    int keep_wal = 0;
    (void)sqlite3_file_control(connection->handle(), "main", SQLITE_FCNTL_PERSIST_WAL, &keep_wal);
    expect(done, "go back");
  }

  // --- acts ---

  // No life without a group and an acknowledgement. Shedding once, in the second half: it makes the log long. The rest
  // by chance.
  void play(std::size_t act) {
    if (act == 0) return write_group();
    if (act == 1) return acknowledge();
    if (plan_.life == Life::resized && act == kActs / 3) return resize(kLargeBudgetBytes);
    if (plan_.life == Life::resized && act == kActs - 3)
      return resize(one_in(2) ? kProveBudgetBytes : kMiddleBudgetBytes);
    if (plan_.life == Life::backed_up && act == kActs / 3) return back_up();
    if (act == kActs / 2 && one_in(2)) return shed();
    switch (below(12)) {
      case 0:
      case 1: return write_singly();
      case 2:
      case 3: return write_group();
      case 4:
      case 5: return acknowledge();
      case 6: return answer_records();
      case 7: return quarantine();
      case 8: return keep_house();
      case 9: close(); return open(Phase::opening);
      case 10: kill(); return open(Phase::recovering);
      default: write_singly(); return acknowledge();
    }
  }

  void open(Phase phase) {
    rig_.clock.advance(milliseconds(100));
    step(phase, [&](Step&) {
      auto opened = store::Store::open(options(), rig_.view(entropy_));
      if (expect(opened, "open")) store_ = std::move(*opened);
    });
    if (!store_) return;
    for (const store::LaneRecord& record : store_->lanes())
      numbers_[lane_of(record.options.name)] = record.lane;
    fetched_ = {};
  }

  StoreOptions options() const {
    StoreOptions options = rig_.options(recording_.variation);
    options.budget_bytes = budget_bytes_;
    return options;
  }

  // It may not fit into less: then nothing changes.
  void resize(std::uint64_t budget_bytes) {
    close();
    recording_.ledger.budget_bytes = std::max(recording_.ledger.budget_bytes, budget_bytes);
    StoreOptions wanted = options();
    wanted.budget_bytes = budget_bytes;
    step(Phase::resizing, [&](Step&) {
      const auto done = store::resize(wanted, rig_.view(entropy_));
      if (done) budget_bytes_ = budget_bytes;
      if (!done && done.error().code != ErrorCode::full) complain("resize: " + done.error().text());
    });
    open(Phase::opening);
  }

  void back_up() {
    const std::size_t number = recording_.ledger.backups.size();
    recording_.ledger.backups.push_back({now(), SIZE_MAX, recording_.ledger.ends, {}});
    bool more = false;
    bool done = false;
    step(Phase::backing_up,
         [&](Step&) { more = expect(store_->begin_backup(kProveBackupPath), "begin the backup"); });
    for (int i = 0; i < kBackupStepsMax && more; ++i) {
      step(Phase::backing_up, [&](Step&) {
        const auto stepped = store_->step_backup();
        more = expect(stepped, "back up") && *stepped;
        done = stepped.has_value() && !*stepped;
      });
      if (more) write_singly();
    }
    if (!done) return;
    Ledger::Backup& backup = recording_.ledger.backups[number];
    backup.end = now();
    backup.ends_after = recording_.ledger.ends;
  }

  void close() {
    step(Phase::closing, [&](Step&) {
      expect(store_->close(), "close");
      store_.reset();
    });
  }

  // The process is gone, and nothing of it reaches the disk any more.
  void kill() {
    rig_.disk.set_dead(true);
    store_.reset();
    rig_.disk.set_dead(false);
  }

  void write_singly() {
    for (std::uint64_t left = 1 + below(6); left > 0; --left) {
      commit(Phase::writing, {intent(1 + below(2), 200)});
      checkpoint();
    }
  }

  void write_group() {
    if (pressure() >= Pressure::shed) return write_singly();
    std::vector<Intent> intents;
    for (std::uint64_t left = 2 + below(8); left > 0; --left) {
      intents.push_back(intent(1 + below(3), one_in(6) ? 6'000 : 200));
      intents.back().fails = one_in(6);
    }
    commit(Phase::grouping, std::move(intents));
    checkpoint();
  }

  void shed() {
    for (int i = 0; i < kShedWritesMax && pressure() < Pressure::shed; ++i) write_big(Phase::grouping);
    for (std::uint64_t left = 2 + below(4); left > 0; --left) write_big(Phase::shedding);
    keep_house();
    answer_records();
  }

  void write_big(Phase phase) {
    Intent big = intent(0, 0);
    const std::size_t lane = 1 + below(2);
    big.adds.push_back({lane, sensor(), text(kShedEventBytes)});
    commit(phase, {big});
    checkpoint();
  }

  void checkpoint() {
    step(Phase::checkpointing, [&](Step&) { store_->checkpoint_if_due(); });
  }

  void keep_house() {
    rig_.clock.advance(milliseconds(1000));
    for (int round = 0; round < kHouseRoundsMax; ++round) {
      bool more = false;
      step(Phase::housekeeping, [&](Step&) {
        const auto kept = store_->keep_house();
        more = expect(kept, "keep house") && *kept;
      });
      if (!more) return;
    }
  }

  /// The next events of a lane that has any, as a relay asks for them; none when nothing waits.
  std::vector<store::StoredEvent> fetch_some(std::size_t events_max, std::size_t& lane) {
    const auto first = below(kLanes);
    for (std::size_t i = 0; i < kLanes; ++i) {
      lane = (first + i) % kLanes;
      auto fetched = store_->fetch({numbers_[lane], fetched_[lane], events_max, limits::kFetchBytesMax});
      if (!expect(fetched, "fetch")) return {};
      fetched_[lane] = fetched->end_seq;
      if (!fetched->events.empty()) return std::move(fetched->events);
    }
    return {};
  }

  /// Some of what is pending was acknowledged by the broker, mostly in order.
  void acknowledge() {
    std::size_t lane = 0;
    const auto events = fetch_some(1 + below(12), lane);
    if (!events.empty()) deliver_records();  // a relay sends them first
    for (const store::StoredEvent& event : events) {
      check_fetched(lane, event);
      const bool is_late = one_in(8);  // its answer
      if (!is_late || one_in(2))
        deliver(relay::to_message(event, std::string(kLaneNames[lane]), sender(), rig_.clock.now(),
                                  rig_.clock.wall()));
      if (is_late) continue;
      store_->settle(numbers_[lane], event.seq);
      recording_.ledger.acknowledged.push_back({lane, event.seq, now()});
    }
    if (one_in(3)) return;  // it rides on a later commit
    store_settled();
  }

  void store_settled() {
    bool stored = false;
    step(Phase::acknowledging,
         [&](Step&) { stored = expect(store_->store_settled(true), "store acknowledgements"); });
    if (!stored) return;
    for (const store::Watermark& mark : store_->watermarks()) {
      const auto found = std::find(numbers_.begin(), numbers_.end(), mark.lane);
      const auto lane = static_cast<std::size_t>(found - numbers_.begin());
      recording_.ledger.cursors.push_back({lane, mark.settled_seq, now()});
    }
    checkpoint();
  }

  static relay::Sender sender() { return {"device-1", StoreOptions().topic_prefix, MqttVersion::v5}; }

  /// The broker has it, and with it the consumer.
  void deliver(const Result<MqttMessage>& message) {
    auto event = message ? decode_cloud_event(*message) : tl::unexpected<Error>(message.error());
    if (expect(event, "a message")) recording_.arrivals.push_back({now(), std::move(*event)});
  }
  void deliver_records() {
    const auto records = store_->control_records();
    if (!expect(records, "fetch records")) return;
    for (const store::ControlRecord& record : *records) deliver(relay::to_message(record, sender()));
  }

  // What is handed to the relay was committed, and is what was committed.
  void check_fetched(std::size_t lane, const store::StoredEvent& event) {
    const auto& all = recording_.ledger.events[lane];
    const bool known = event.seq >= 1 && static_cast<std::size_t>(event.seq) <= all.size();
    const ToldEvent fetched{lane, event.seq, event.epoch, digest(event.data)};
    if (!known || !(all[static_cast<std::size_t>(event.seq - 1)] == fetched))
      complain("an event was handed out that was not committed so");
  }

  void answer_records() {
    const auto records = store_->control_records();
    if (!expect(records, "fetch records")) return;
    for (const store::ControlRecord& record : *records) {
      deliver(relay::to_message(record, sender()));
      const auto* gap = std::get_if<GapRecord>(&record.record);
      if (gap != nullptr) recording_.ledger.declared.push_back({*gap, now()});
      store_->settle_control(record.number, gap != nullptr);
    }
    if (records->empty() || one_in(3)) return;
    step(Phase::recording, [&](Step&) { expect(store_->store_settled(true), "store acknowledgements"); });
  }

  void quarantine() {
    std::size_t lane = 0;
    const auto events = fetch_some(1, lane);
    if (events.empty() || (may_discard_ && one_in(4))) return discard();
    const std::int64_t seq = events[0].seq;
    const std::size_t begin = now();
    step(Phase::quarantining, [&](Step&) {
      const store::RefusalNote note{numbers_[lane], seq, 0x99, "refused for good", rig_.clock.wall().utc};
      if (!store_->quarantine(note)) complain("an event could not be quarantined");
    });
    recording_.ledger.quarantined.push_back({lane, seq, begin, now(), SIZE_MAX});
  }

  void discard() {
    if (!may_discard_) return;
    for (auto& event : recording_.ledger.quarantined) {
      if (event.discarded != SIZE_MAX) continue;
      event.discarded = now();
      step(Phase::quarantining,
           [&](Step&) { expect(store_->discard(kLaneNames[event.lane], event.seq, event.seq), "discard"); });
      return;
    }
  }

  // --- writes ---

  Intent intent(std::uint64_t events, std::size_t bytes_max) {
    Intent intent;
    const std::string key = "key/" + std::to_string(below(kStateKeys));
    intent.puts.push_back({key, text(4 + below(60)), one_in(10)});
    for (; events > 0; --events) {
      const std::size_t lane = one_in(4) ? 0 : 1 + below(2);
      intent.adds.push_back({lane, sensor(), text(8 + below(bytes_max))});
    }
    return intent;
  }
  std::string sensor() { return "sensor-" + std::to_string(below(4)); }
  /// Never the same text twice.
  std::string text(std::size_t bytes) {
    std::string text = std::to_string(plan_.seed) + "/" + std::to_string(++texts_) + " ";
    while (text.size() < bytes) text += static_cast<char>('a' + below(26));
    return text;
  }

  void commit(Phase phase, std::vector<Intent> intents) {
    rig_.clock.advance(milliseconds(10));
    std::vector<WriteBody> bodies;
    for (const Intent& one : intents) bodies.push_back(body_of(one));
    std::vector<store::WriteJob> jobs;
    for (const WriteBody& body : bodies) jobs.push_back({.body = &body});
    for (std::size_t done = 0; done < jobs.size();) {
      step(phase, [&](Step& step) {
        const auto group = std::span(jobs).subspan(done);
        const std::size_t ran = run_group(group, step);
        for (std::size_t i = 0; i < ran; ++i) note(intents[done + i], group[i].outcome, step);
        done += ran;
      });
    }
    if (std::exchange(was_full_, false)) keep_house();
  }

  std::size_t run_group(std::span<store::WriteJob> jobs, Step& step) {
    StoreStatistics before;
    StoreStatistics after;
    store_->refresh(before);
    const std::size_t ran = store_->commit_group(jobs);
    store_->refresh(after);
    step.one_commit = after.groups_committed <= before.groups_committed + 1;
    return ran;
  }

  void note(const Intent& intent, const WriteResult& outcome, Step& step) {
    if (outcome && intent.fails) complain("a write whose closure failed succeeded");
    if (outcome) step.writes.push_back(told(intent, *outcome));
    const bool full = !outcome && outcome.error().code == ErrorCode::full;
    was_full_ = was_full_ || full;
    if (!outcome && !intent.fails && !full) complain("write: " + outcome.error().text());
  }

  Pressure pressure() { return store_->statistics().pressure; }

  Rig& rig_;
  WorkloadPlan plan_;
  SeededEntropy dice_;
  SeededEntropy entropy_;
  Recording recording_;
  std::unique_ptr<store::Store> store_;
  std::array<store::LaneNumber, kLanes> numbers_{};
  std::array<std::int64_t, kLanes> fetched_{};
  std::uint64_t budget_bytes_ = kProveBudgetBytes;
  std::uint64_t texts_ = 0;
  bool may_discard_ = true;
  bool was_full_ = false;
};

}  // namespace

Recording record_workload(Rig& rig, const WorkloadPlan& plan) { return Workload(rig, plan).run(); }

}  // namespace holdfast::prove
