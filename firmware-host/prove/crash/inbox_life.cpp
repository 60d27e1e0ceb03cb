// SPDX-License-Identifier: MIT
#include "prove/crash/inbox_life.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <holdfast/inbox.hpp>
#include <memory>

#include "wire/identity.hpp"

namespace holdfast::prove {
namespace {

using platform::sim::SeededEntropy;

constexpr std::size_t kEvents = 40;
constexpr const char* kInboxPath = "/inbox.db";
constexpr Epoch kEpoch{0x0dd};
constexpr const char* kMakeTable = "CREATE TABLE IF NOT EXISTS effect (n INTEGER NOT NULL)";

/// The lanes in turn, each in the order of its seqs.
CloudEvent event_of(std::size_t number) {
  const std::string lane(kLaneNames[number % kLanes]);
  const auto seq = static_cast<std::int64_t>(number / kLanes + 1);
  CloudEvent event;
  event.id = EventId{kEpoch, lane, seq}.text();
  event.source = wire::lane_source("device-1", lane);
  event.type = "dev.holdfast.prove.v1";
  event.attributes = {{"epoch", kEpoch.text()}, {"sequence", wire::sequence_text(seq)}};
  return event;
}

Result<void> run(sqlite3* db, const std::string& sql) {
  const int rc = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
  return rc == SQLITE_OK ? Result<void>() : fail(ErrorCode::io_error, sql, sqlite3_errmsg(db), rc);
}

/// A row per effect, and nothing that would refuse a second one.
Effect effect_of(std::size_t number, bool fails) {
  return [number, fails](const CloudEvent&, sqlite3* db) -> Result<void> {
    auto done = run(db, kMakeTable);
    if (done) done = run(db, "INSERT INTO effect (n) VALUES (" + std::to_string(number) + ")");
    if (done && fails) return fail(ErrorCode::denied, "an effect that fails");
    return done;
  };
}

Result<std::unique_ptr<Inbox>> open(Rig& rig, SeededEntropy& entropy) {
  InboxOptions options;
  options.path = kInboxPath;
  options.vfs = rig.disk.vfs();
  return Inbox::open(options, rig.view(entropy));
}

class InboxLife {
 public:
  InboxLife(Rig& rig, std::uint64_t seed) : rig_(rig), dice_(seed), entropy_(~seed) {}

  InboxRecording run_all() {
    rig_.disk.mount({});
    rig_.disk.record(recording_.log);
    reopen();
    for (std::size_t number = 0; number < kEvents && inbox_; ++number) {
      if (one_in(10)) kill();
      if (one_in(10)) reopen();
      if (one_in(6)) deliver(number, true);
      if (one_in(8) && number + 1 < kEvents) deliver(number + 1, false);  // it overtakes
      deliver(number, false);
      if (one_in(6)) deliver(number / 2, false);  // the broker has it again
    }
    step(Phase::closing, [&] { inbox_.reset(); });
    rig_.disk.stop_recording();
    rig_.disk.mount({});
    return std::move(recording_);
  }

 private:
  bool one_in(std::uint64_t n) { return dice_.next() % n == 0; }
  std::size_t now() const { return recording_.log.operations.size(); }

  template <class Call>
  void step(Phase phase, Call call) {
    const std::size_t begin = now();
    call();
    if (now() > begin) recording_.ledger.steps.push_back({phase, begin, now(), {}, {}, {}, true});
  }
  void reopen() {
    if (inbox_) step(Phase::closing, [&] { inbox_.reset(); });
    step(Phase::opening, [&] {
      auto opened = open(rig_, entropy_);
      if (opened) inbox_ = std::move(*opened);
      if (!opened) recording_.complaints.push_back("open the inbox: " + opened.error().text());
    });
  }
  void kill() {
    rig_.disk.set_dead(true);
    inbox_.reset();
    rig_.disk.set_dead(false);
    reopen();
  }

  void deliver(std::size_t number, bool fails) {
    Delivery delivery{number, now(), 0, false};
    step(Phase::applying, [&] {
      const auto outcome = inbox_->apply(event_of(number), effect_of(number, fails));
      delivery.applied = outcome && outcome->outcome == Applied::applied;
      const bool expected = outcome ? outcome->outcome == Applied::applied || known(number) : fails;
      if (!expected) recording_.complaints.push_back("event " + std::to_string(number) + " was not applied");
    });
    delivery.end = now();
    recording_.deliveries.push_back(delivery);
  }
  bool known(std::size_t number) const {
    return std::any_of(recording_.deliveries.begin(), recording_.deliveries.end(),
                       [&](const Delivery& d) { return d.event == number && d.applied; });
  }

  Rig& rig_;
  SeededEntropy dice_;
  SeededEntropy entropy_;
  InboxRecording recording_;
  std::unique_ptr<Inbox> inbox_;
};

/// Reads the application's table inside an effect that is then rolled back.
std::vector<std::int64_t> count_effects(Inbox& inbox) {
  std::vector<std::int64_t> counts(kEvents + 1);
  CloudEvent probe = event_of(0);
  probe.id = EventId{Epoch{1}, "probe", 1}.text();
  probe.source = wire::lane_source("device-1", "probe");
  probe.attributes = {{"epoch", Epoch{1}.text()}, {"sequence", wire::sequence_text(1)}};
  (void)inbox.apply(probe, [&](const CloudEvent&, sqlite3* db) -> Result<void> {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, "SELECT n FROM effect", -1, &statement, nullptr) == SQLITE_OK) {
      while (sqlite3_step(statement) == SQLITE_ROW)
        ++counts.at(std::min(static_cast<std::size_t>(sqlite3_column_int64(statement, 0)), kEvents));
    }
    sqlite3_finalize(statement);
    return fail(ErrorCode::denied, "only looked");
  });
  return counts;
}

InboxObservation look(Rig& rig, std::unique_ptr<Inbox>& inbox) {
  InboxObservation seen;
  SeededEntropy entropy(1);
  auto opened = open(rig, entropy);
  if (!opened) {
    seen.refused = opened.error().text();
    return seen;
  }
  inbox = std::move(*opened);
  seen.effects = count_effects(*inbox);
  for (std::size_t number = 0; number < kEvents; ++number) {
    const auto outcome = inbox->apply(event_of(number), effect_of(number, false));
    if (!outcome) seen.findings.push_back("apply: " + outcome.error().text());
    const bool was_there = outcome && outcome->outcome == Applied::duplicate;
    if (outcome && was_there != (seen.effects[number] > 0))
      seen.findings.push_back("event " + std::to_string(number) +
                              " is known and its effect is not there, or the reverse");
  }
  seen.in_the_end = count_effects(*inbox);
  const auto missing = inbox->missing();
  if (!missing) seen.findings.push_back("list what is missing: " + missing.error().text());
  if (missing && !missing->empty()) seen.findings.emplace_back("something is missing that was applied");
  return seen;
}

}  // namespace

InboxRecording record_inbox(Rig& rig, std::uint64_t seed) { return InboxLife(rig, seed).run_all(); }

InboxObservation observe_inbox(Rig& rig, platform::sim::DiskImage image) {
  rig.disk.mount(std::move(image));
  std::unique_ptr<Inbox> inbox;
  InboxObservation seen = look(rig, inbox);
  rig.disk.set_dead(true);
  inbox.reset();
  rig.disk.mount({});
  return seen;
}

Verdict judge_inbox(const InboxObservation& seen, const InboxRecording& told, std::size_t point) {
  Verdict verdict;
  if (!seen.refused.empty()) {
    verdict.complaints.push_back("G9: the inbox does not open: " + seen.refused);
    return verdict;
  }
  std::vector<std::int64_t> least(kEvents + 1);
  std::vector<std::int64_t> most(kEvents + 1);
  for (const Delivery& delivery : told.deliveries) {
    if (!delivery.applied || delivery.begin >= point) continue;
    most[delivery.event] = 1;
    if (delivery.end <= point) least[delivery.event] = 1;
    if (delivery.end <= point) continue;
    verdict.any_in_progress = true;
    verdict.writes = seen.effects[delivery.event] > 0 ? 1 : 0;
  }
  for (std::size_t number = 0; number <= kEvents; ++number) {
    const std::int64_t count = seen.effects[number];
    const std::string effect =
        "G8: the effect of event " + std::to_string(number) + " is there " + std::to_string(count) + " times";
    if (count < least[number] || count > most[number]) verdict.complaints.push_back(effect);
    if (seen.in_the_end[number] != (number < kEvents ? 1 : 0))
      verdict.complaints.push_back(effect + ", and after all was delivered again " +
                                   std::to_string(seen.in_the_end[number]) + " times");
  }
  for (const std::string& finding : seen.findings) verdict.complaints.push_back("G8: " + finding);
  return verdict;
}

}  // namespace holdfast::prove
