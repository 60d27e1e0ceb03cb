// SPDX-License-Identifier: MIT
#include "prove/simulate/hub.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <charconv>
#include <holdfast/check.hpp>

#include "wire/identity.hpp"
#include "wire/records.hpp"

namespace holdfast::prove {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr const char* kMakeTable =
    "CREATE TABLE IF NOT EXISTS effect (source TEXT PRIMARY KEY, n INTEGER NOT NULL, data INTEGER NOT NULL) "
    "WITHOUT ROWID";
// SQLite has no exclusive or.
constexpr const char* kCount =
    "INSERT INTO effect VALUES (?1, 1, ?2) ON CONFLICT (source) DO UPDATE SET n = n + 1, "
    "data = (data | ?2) - (data & ?2)";
constexpr std::string_view kDevicePrefix = "urn:holdfast:device-";

Result<void> sql_error(sqlite3* db, const char* where) {
  return fail(ErrorCode::io_error, where, sqlite3_errmsg(db), sqlite3_extended_errcode(db));
}

Result<void> count_effect(const CloudEvent& event, sqlite3* db) {
  if (sqlite3_exec(db, kMakeTable, nullptr, nullptr, nullptr) != SQLITE_OK) return sql_error(db, kMakeTable);
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, kCount, -1, &statement, nullptr) != SQLITE_OK) return sql_error(db, kCount);
  sqlite3_bind_text(statement, 1, event.source.data(), static_cast<int>(event.source.size()), SQLITE_STATIC);
  sqlite3_bind_int64(statement, 2, static_cast<sqlite3_int64>(digest(event.data)));
  const int rc = sqlite3_step(statement);
  sqlite3_finalize(statement);
  return rc == SQLITE_DONE ? Result<void>() : sql_error(db, kCount);
}

ConsumerOptions consumer_options(const SimulatePlant& plant) {
  ConsumerOptions options;
  options.resend = !plant.no_resend;
  options.broker.url = "mqtt://broker.example";
  options.broker.client_id = "backend";
  options.filters = {"holdfast/#"};
  options.session_expiry = hours(24 * 365);
  return options;
}

InboxOptions inbox_options(const platform::sim::CrashDisk& disk) {
  InboxOptions options;
  options.path = "/inbox.db";
  options.vfs = disk.vfs();
  return options;
}

}  // namespace

std::optional<std::size_t> device_of(const CloudEvent& event) {
  if (!event.source.starts_with(kDevicePrefix)) return std::nullopt;
  std::size_t number = 0;
  const char* begin = event.source.data() + kDevicePrefix.size();
  const auto parsed = std::from_chars(begin, event.source.data() + event.source.size(), number);
  return parsed.ec == std::errc() && number > 0 ? std::optional(number - 1) : std::nullopt;
}

std::optional<EventId> event_id_of(const CloudEvent& event) {
  const auto* sequence = event.attribute("sequence");
  const auto* epoch = event.attribute("epoch");
  if (sequence == nullptr || epoch == nullptr) return std::nullopt;
  const auto parsed = Epoch::parse(*epoch);
  EventId id;
  const auto number = std::from_chars(sequence->data(), sequence->data() + sequence->size(), id.seq);
  if (!parsed || number.ec != std::errc()) return std::nullopt;
  id.epoch = *parsed;
  id.lane = event.source.substr(event.source.rfind('/') + 1);
  return id;
}

Hub::Hub(World& world, std::size_t devices, std::uint64_t seed, SimulatedLedger& ledger,
         SimulatedStory& story, Duration look_period, const SimulatePlant& plant)
    : world_(world),
      ledger_(ledger),
      story_(story),
      devices_(devices),
      begun_(world.clock.now()),
      dice_(seed),
      entropy_(~seed),
      backend_({world.clock, world.broker, {world.clock, disk_, entropy_, host_}}, inbox_options(disk_),
               consumer_options(plant), look_period) {
  disk_.keep_unsynced();
  backend_.effect = [twice = plant.effect_twice](const CloudEvent& event, sqlite3* db) -> Result<void> {
    if (twice && digest(event.data) % 50 == 0) (void)count_effect(event, db);
    return count_effect(event, db);
  };
  backend_.observer = [this](const CloudEvent& event, const ApplyOutcome& outcome) { take(event, outcome); };
  backend_.on_failure = [this](const CloudEvent& event, const Error& error) {
    const auto id = event_id_of(event);
    if (id && error.code == ErrorCode::outcome_unknown) ledger_.perhaps_applied(*id);
    if (!disk_.is_dead()) ledger_.complain("G8: the inbox fails: " + error.text());
  };
}

void Hub::take(const CloudEvent& event, const ApplyOutcome& outcome) {
  ++received_;
  if (outcome.rewind) {
    ++rewinds_;
    story_.note(world_.clock.now() - begun_, device_of(event).value_or(kNobody),
                "the inbox reports: " + *outcome.rewind);
  }
  if (outcome.outcome == Applied::rejected)
    return ledger_.complain("G8: rejected: " + event.id + ": " + outcome.why);
  if (outcome.outcome == Applied::declared) {
    const auto gap = wire::read_gap(event);
    return gap ? ledger_.declared(*gap) : ledger_.complain("a gap record that cannot be read: " + event.id);
  }
  const auto id = event_id_of(event);
  if (!id) return;
  if (outcome.outcome == Applied::applied) ledger_.applied(*id, digest(event.data));
  if (outcome.outcome == Applied::duplicate) ledger_.duplicate(*id);
}

// --- life ---

Instant Hub::step() {
  const Instant now = world_.clock.now();
  if (!backend_.running() && !boot_at_) {  // it has died by itself
    if (disk_.is_dead()) {
      end_process(armed_.value_or(Fall{}));
    } else {
      boot_at_ = now + down_;
    }
  }
  if (boot_at_ && *boot_at_ <= now) boot();
  return boot_at_.value_or(Instant::max());
}

void Hub::boot() {
  boot_at_.reset();
  if (const auto up = backend_.boot(); !up) {
    ledger_.complain("G9: the inbox does not open: " + up.error().text());
    boot_at_ = world_.clock.now() + hours(24);
  }
}

void Hub::disarm() {
  backend_.crash_after_next_commit(false);
  if (!disk_.is_dead()) disk_.set_dead(false);
}

void Hub::boot_now() {
  if (!backend_.running()) boot();
}

void Hub::end_process(const Fall& fall) {
  disk_.set_dead(true);
  if (backend_.running()) backend_.crash();
  disk_.set_dead(false);
  armed_.reset();
  if (fall.cut) disk_.cut_power(*fall.cut, dice_);
  boot_at_ = world_.clock.now() + fall.down;
  called_ = true;
}

void Hub::fall(const Fall& fall) {
  if (backend_.running()) end_process(fall);
}

void Hub::fall_at_work(std::uint64_t operations, const Fall& fall) {
  if (!backend_.running() || disk_.is_dead()) return;
  armed_ = fall;
  disk_.die_after(operations);
}

void Hub::fall_unacknowledged(Duration down) {
  if (!backend_.running()) return;
  down_ = down;
  backend_.crash_after_next_commit();
}

// --- the end ---

bool Hub::is_complete() {
  if (!backend_.running()) return false;
  const auto missing = backend_.inbox().missing();
  return missing && missing->empty();
}

// Reads the application's table inside an effect that is then rolled back.
std::vector<Hub::Effects> Hub::read_effects() {
  std::vector<Effects> all(devices_);
  CloudEvent probe;
  probe.id = EventId{Epoch{1}, "probe", 1}.text();
  probe.source = wire::lane_source("probe", "probe");
  probe.type = "dev.holdfast.simulate.v1";
  probe.attributes = {{"epoch", Epoch{1}.text()}, {"sequence", wire::sequence_text(1)}};
  (void)backend_.inbox().apply(probe, [&](const CloudEvent&, sqlite3* db) -> Result<void> {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, "SELECT source, n, data FROM effect", -1, &statement, nullptr) == SQLITE_OK) {
      while (sqlite3_step(statement) == SQLITE_ROW) {
        CloudEvent row;
        row.source = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
        const std::size_t device = device_of(row).value_or(devices_);
        const std::size_t lane = lane_index(row.source.substr(row.source.rfind('/') + 1));
        if (device < devices_ && lane < kLanes)
          all[device][lane] = {sqlite3_column_int64(statement, 1), sqlite3_column_int64(statement, 2)};
      }
    }
    sqlite3_finalize(statement);
    return fail(ErrorCode::denied, "only looked");
  });
  return all;
}

void Hub::judge(bool broker_lost_data, const std::vector<bool>& may_rewind) {
  if (!backend_.running()) return ledger_.complain("G9: the backend is not up in the end");
  const auto missing = backend_.inbox().missing();
  if (!missing) return ledger_.complain("G9: what is missing cannot be listed: " + missing.error().text());
  for (const MissingRange& range : *missing)
    ledger_.complain("G3: the inbox still misses " + range.source + " " + range.epoch.text() + " " +
                     std::to_string(range.first) + " to " + std::to_string(range.last));
  const auto effects = read_effects();
  for (std::size_t device = 0; device < devices_; ++device) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const auto& found = effects[device][lane];
      if (ledger_.can_be(device, lane, found)) continue;
      const auto& told = ledger_.effects(device)[lane];
      ledger_.complain("G8: " + Board::name(device) + ", " + std::string(kLaneNames[lane]) + ": " +
                       std::to_string(found.count) + " effects are in the backend's table, " +
                       std::to_string(told.count) + " were told" +
                       (told.count == found.count ? ", of other data" : ""));
    }
  }
  judge_rewinds(broker_lost_data, may_rewind);
}

void Hub::judge_rewinds(bool broker_lost_data, const std::vector<bool>& may_rewind) {
  const auto rewinds = backend_.inbox().rewinds();
  if (!rewinds) return ledger_.complain("G9: rewinds cannot be listed: " + rewinds.error().text());
  for (std::size_t device = 0; device < devices_; ++device) {
    const std::string source = "urn:holdfast:" + Board::name(device);
    const auto found = std::find_if(rewinds->begin(), rewinds->end(),
                                    [&](const Rewind& r) { return r.device_source == source; });
    if (broker_lost_data) continue;  // records that say where epochs begin may have been among it
    if (found != rewinds->end() && !may_rewind[device])
      ledger_.complain("G4: a rewind of " + Board::name(device) +
                       " is on record, and there was none: " + found->what);
    if (found == rewinds->end() && ledger_.is_rewound(device))
      ledger_.complain("G3: " + Board::name(device) + " went back in time, and the inbox has not seen it");
  }
}

}  // namespace holdfast::prove
