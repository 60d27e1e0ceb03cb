// SPDX-License-Identifier: MIT
//
// An inbox and any messages: events, gap and epoch records of two devices, two lanes and four epochs, in any order, with
// foreign ones and effects that fail between them. A small memory of its own knows what was applied:
//
//  1. the effect of an id is committed once, and never again, also after the inbox was opened again;
//  2. what was not applied is never called a duplicate;
//  3. what was applied is not missing; and of a lane of which one epoch is known and nobody declared anything, what is
//     missing is exactly the rest between the lowest and the highest seq.
#include <sqlite3.h>

#include <holdfast/check.hpp>
#include <holdfast/inbox.hpp>
#include <holdfast/platform/sim.hpp>
#include <map>
#include <set>

#include "fuzz/input.hpp"
#include "wire/identity.hpp"
#include "wire/records.hpp"

namespace holdfast {
namespace {

constexpr std::array<const char*, 2> kDevices = {"dev1", "dev2"};
constexpr std::array<const char*, 2> kLanes = {"telemetry", "alarm"};
constexpr std::array<std::uint64_t, 4> kEpochs = {0x11, 0x22, 0x33, 0x44};

struct Stream {
  std::string device;
  std::string lane;
  Epoch epoch;
  [[nodiscard]] auto key() const { return std::make_pair(wire::lane_source(device, lane), epoch.bits); }
};

class Life {
 public:
  explicit Life(fuzz::Bytes input) : in_(input) {
    HOLDFAST_CHECK(sqlite3_open(":memory:", &db_) == SQLITE_OK);
    run("CREATE TABLE effect (id TEXT NOT NULL, source TEXT NOT NULL)");
    options_.intervals_max = 12;
    options_.sources_max = 3;
    open();
  }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;
  ~Life() {
    inbox_.reset();
    sqlite3_close(db_);
  }

  void run_all() {
    constexpr int kStepsMax = 200;
    for (int i = 0; i < kStepsMax && !in_.empty(); ++i) step();
    check_missing();
    open();
    for (const auto& [id, event] : applied_) HOLDFAST_CHECK(deliver(event, false) == Applied::duplicate);
    check_missing();
    HOLDFAST_CHECK(count("SELECT count(*) FROM effect") == static_cast<std::int64_t>(applied_.size()));
    HOLDFAST_CHECK(count("SELECT count(*) FROM (SELECT DISTINCT id, source FROM effect)") ==
                   static_cast<std::int64_t>(applied_.size()));
  }

 private:
  void open() {
    inbox_.reset();
    auto opened = Inbox::attach(db_, options_, {clock_, disk_, entropy_, host_});
    HOLDFAST_CHECK(opened.has_value());
    inbox_ = std::move(*opened);
  }

  void step() {
    const std::uint8_t what = in_.byte();
    switch (what % 8) {
      case 0: return declare();
      case 1: return announce();
      case 2: return (void)deliver(foreign(), (what & 8U) != 0);
      case 3: return raw();
      case 4: return what >= 128 ? check_missing() : open();
      default: {
        const Stream of = stream();
        return (void)deliver(event(of, seq()), (what & 8U) != 0);
      }
    }
  }

  Stream stream() {
    const std::uint8_t b = in_.byte();
    return {kDevices[b & 1U], kLanes[(b >> 1U) & 1U], Epoch{kEpochs[(b >> 2U) & 3U]}};
  }
  /// Mostly small, so that they meet.
  std::int64_t seq() {
    const std::uint8_t b = in_.byte();
    if (b < 240) return b % 60 + 1;
    return static_cast<std::int64_t>(in_.number(8) >> 1U);
  }

  static CloudEvent event(const Stream& of, std::int64_t seq) {
    CloudEvent event;
    event.id = EventId{of.epoch, of.lane, seq}.text();
    event.source = wire::lane_source(of.device, of.lane);
    event.type = "com.example.reading.v1";
    event.attributes = {{"epoch", of.epoch.text()}, {"sequence", wire::sequence_text(seq)}};
    return event;
  }
  CloudEvent foreign() {
    CloudEvent event;
    event.id = "foreign-" + std::to_string(in_.byte() % 8);
    event.source = "urn:test:" + std::to_string(in_.byte() % 2);
    event.type = "com.example.other";
    return event;
  }

  void declare() {
    const Stream of = stream();
    GapRecord gap;
    gap.id = of.epoch.text() + '-' + of.lane + "-gap-" + std::to_string(in_.byte());
    gap.epoch = of.epoch;
    gap.lane = of.lane;
    gap.first = std::max<std::int64_t>(seq(), 1);
    gap.last = std::max(gap.first, seq());
    const std::int64_t all = gap.last - gap.first + 1;  // both are at least 1
    gap.missing =
        std::max<std::int64_t>(1, in_.byte() % 2 == 0 ? all : std::min<std::int64_t>(all, in_.byte()));
    gap.reason = "shed";
    const auto outcome = tell(wire::gap_event(gap, of.device));
    if (outcome != Applied::rejected) declared_.insert(of.key());
    HOLDFAST_CHECK(outcome == Applied::declared || outcome == Applied::rejected);
  }

  void announce() {
    const Stream of = stream();
    EpochRecord record;
    record.epoch = of.epoch;
    record.reason = "opened";
    const std::uint8_t parent = in_.byte();
    if (parent % 5 < kEpochs.size() && kEpochs[parent % 5] != of.epoch.bits) {
      record.parent = Epoch{kEpochs[parent % 5]};
      if ((parent & 64U) != 0) record.parent_ends.push_back({kLanes[0], seq()});
      if ((parent & 128U) != 0) record.parent_ends.push_back({kLanes[1], seq()});
    }
    const auto outcome = tell(wire::epoch_event(record, of.device));
    HOLDFAST_CHECK(outcome == Applied::announced || outcome == Applied::rejected);
    told_ends_ = told_ends_ || outcome == Applied::announced;
  }

  /// Any attributes on an event that says it is ours.
  void raw() {
    CloudEvent event;
    event.source = in_.byte() % 2 == 0 ? "urn:holdfast:dev1/telemetry" : in_.text();
    event.id = in_.text();
    event.type = in_.byte() % 3 == 0 ? std::string(kGapType) : "t";
    event.attributes = {{"epoch", in_.text()}, {"sequence", in_.text()}};
    const auto data = in_.bytes();
    event.data.assign(data.begin(), data.end());
    deliver(event, false);
  }

  Applied tell(const CloudEvent& event) {
    const auto outcome = inbox_->apply(event, [](const CloudEvent&, sqlite3*) -> Result<void> {
      return fail(ErrorCode::invalid, "effect", "a record has none");
    });
    HOLDFAST_CHECK(outcome.has_value());
    return outcome->outcome;
  }

  Applied deliver(const CloudEvent& event, bool fails) {
    bool ran = false;
    const auto outcome = inbox_->apply(event, [&](const CloudEvent& applied, sqlite3* db) -> Result<void> {
      ran = true;
      note(db, applied);
      if (fails) return fail(ErrorCode::unavailable, "effect", "not today");
      return {};
    });
    const auto key = std::make_pair(event.source, event.id);
    const bool known = applied_.contains(key);
    if (!outcome) {
      HOLDFAST_CHECK(fails && ran && !known && outcome.error().code == ErrorCode::unavailable);
      return Applied::rejected;
    }
    HOLDFAST_CHECK(ran == (outcome->outcome == Applied::applied));
    HOLDFAST_CHECK(!ran || (!fails && !known));
    HOLDFAST_CHECK(outcome->outcome != Applied::duplicate || known);
    if (ran) remember(key, event);
    return outcome->outcome;
  }

  void remember(const std::pair<std::string, std::string>& key, const CloudEvent& event) {
    applied_.emplace(key, event);
    const auto position = wire::stream_position(event);
    if (!position || !*position) return;
    seqs_[{event.source, (*position)->epoch.bits}].insert((*position)->seq);
  }

  void check_missing() {
    const auto missing = inbox_->missing();
    HOLDFAST_CHECK(missing.has_value());
    std::map<std::pair<std::string, std::uint64_t>, std::int64_t> counts;
    for (const MissingRange& range : *missing) {
      HOLDFAST_CHECK(1 <= range.first && range.first <= range.last && range.count >= 1);
      HOLDFAST_CHECK(range.count <= range.last - range.first + 1);
      HOLDFAST_CHECK(range.unknown_seqs || range.count == range.last - range.first + 1);
      const auto key = std::make_pair(range.source, range.epoch.bits);
      counts[key] += range.count;
      const auto& seqs = seqs_[key];
      const auto found = seqs.lower_bound(range.first);
      HOLDFAST_CHECK(range.unknown_seqs || found == seqs.end() || *found > range.last);
    }
    if (told_ends_ || !rewinds().empty()) return;
    for (const auto& [key, seqs] : seqs_) {
      if (seqs.empty() || declared_.contains(key) || epochs_of(key.first) > 1) continue;
      const std::int64_t all = *seqs.rbegin() - *seqs.begin() + 1;
      HOLDFAST_CHECK(counts[key] == all - static_cast<std::int64_t>(seqs.size()));
    }
  }
  std::vector<Rewind> rewinds() {
    auto rewinds = inbox_->rewinds();
    HOLDFAST_CHECK(rewinds.has_value());
    return std::move(*rewinds);
  }
  [[nodiscard]] std::size_t epochs_of(const std::string& source) const {
    std::set<std::uint64_t> epochs;
    for (const auto& [key, seqs] : seqs_) {
      if (key.first == source) epochs.insert(key.second);
    }
    for (const auto& [name, epoch] : declared_) {
      if (name == source) epochs.insert(epoch);
    }
    return epochs.size();
  }

  static void note(sqlite3* db, const CloudEvent& event) {
    sqlite3_stmt* statement = nullptr;
    HOLDFAST_CHECK(sqlite3_prepare_v2(db, "INSERT INTO effect VALUES (?1, ?2)", -1, &statement, nullptr) ==
                   SQLITE_OK);
    const auto bind = [&](int at, const std::string& text) {
      sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    };
    bind(1, event.id);
    bind(2, event.source);
    HOLDFAST_CHECK(sqlite3_step(statement) == SQLITE_DONE);
    sqlite3_finalize(statement);
  }
  void run(const char* sql) {
    HOLDFAST_CHECK(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  std::int64_t count(const char* sql) {
    std::int64_t value = -1;
    const auto take = [](void* to, int, char** columns, char**) {
      *static_cast<std::int64_t*>(to) = std::atoll(columns[0]);
      return 0;
    };
    HOLDFAST_CHECK(sqlite3_exec(db_, sql, take, &value, nullptr) == SQLITE_OK);
    return value;
  }

  fuzz::Input in_;
  platform::sim::VirtualClock clock_;
  platform::sim::ScriptedDisk disk_;
  platform::sim::SeededEntropy entropy_{1};
  platform::sim::ScriptedHost host_;
  InboxOptions options_;
  sqlite3* db_ = nullptr;
  std::unique_ptr<Inbox> inbox_;
  std::map<std::pair<std::string, std::string>, CloudEvent> applied_;  ///< by source and id
  std::map<std::pair<std::string, std::uint64_t>, std::set<std::int64_t>> seqs_;
  std::set<std::pair<std::string, std::uint64_t>> declared_;
  bool told_ends_ = false;
};

}  // namespace

HOLDFAST_FUZZ_TARGET(inbox) { Life(input).run_all(); }

}  // namespace holdfast
