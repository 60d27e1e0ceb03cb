// SPDX-License-Identifier: MIT
#include "fault/store/damaged_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <holdfast/check.hpp>

#include "store/migrations.hpp"

namespace holdfast::store::test {
namespace {

constexpr std::uint64_t kPagesMax = 4ULL * 1024 * 1024 / 4096;

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Small, middling, and with an overflow page or two.
std::string data_of(LaneNumber lane, std::int64_t seq) {
  const std::size_t size = seq % 29 == 0 ? 9000 : seq % 7 == 0 ? 900 : 60;
  std::string data = "lane " + std::to_string(lane) + " seq " + std::to_string(seq) + ' ';
  while (data.size() < size)
    data += static_cast<char>('a' + (data.size() + static_cast<std::size_t>(seq)) % 26);
  return data;
}

Result<void> checkpoint(Connection& connection) {
  const int rc =
      sqlite3_wal_checkpoint_v2(connection.handle(), "main", SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  return rc == SQLITE_OK ? Result<void>() : sqlite_fail(connection.handle(), rc, "checkpoint");
}

Result<Connection> make_store(const std::string& path, const std::string& device) {
  auto made =
      Connection::open({.path = path, .vfs = {}, .create = true, .application_id = kStoreApplicationId});
  if (!made) return made;
  if (auto limit = made->query_integer("PRAGMA max_page_count=" + std::to_string(kPagesMax)); !limit)
    return tl::unexpected<Error>(limit.error());
  if (auto done = migrate(*made); !done) return tl::unexpected<Error>(done.error());
  auto done = made->execute("INSERT INTO hf_store (id, device) SELECT 1, '" + device + "'");
  if (!done) return tl::unexpected<Error>(done.error());
  return made;
}

}  // namespace

DamagedWorld::DamagedWorld() {
  device.open();
  fill(1);
  device.settle(kTelemetry, device.seqs(kTelemetry).front(), 40);
  for (auto& event : std::span(committed[kTelemetry]).first(40)) event.settled = true;
  device.store_settled();
  device.reopen();
  fill(2);
  HOLDFAST_CHECK(device.seqs(kTelemetry).size() > 60);
  for (const std::int64_t seq : {50, 51, 70}) {
    HOLDFAST_CHECK(device.store->quarantine({kTelemetry, seq, 0x99, "payload format invalid", {}}));
  }
  device.host.boot = "boot-2";
  device.reopen();
  fill(3);
  device.reopen();
  fill(4);
  crashed_ = look();
  device.close();
  closed_ = look();
}

void DamagedWorld::add(LaneNumber lane, std::string key, std::string data) {
  const EventId id = device.add(lane == kAlarm ? "alarm" : "telemetry", data, key);
  committed[lane].push_back({id, std::move(key), std::move(data)});
  HOLDFAST_CHECK(static_cast<std::int64_t>(committed[lane].size()) == id.seq);
}

void DamagedWorld::fill(int round) {
  for (int i = 0; i < 60; ++i) {
    const auto next = static_cast<std::int64_t>(committed[kTelemetry].size()) + 1;
    add(kTelemetry, "sensor-" + std::to_string(i % 9), data_of(kTelemetry, next));
    if (i % 6 == 0)
      add(kAlarm, "alarm", data_of(kAlarm, static_cast<std::int64_t>(committed[kAlarm].size()) + 1));
    const auto put = device.write([&](Transaction& t) -> Result<void> {
      const auto done = t.put("state-" + std::to_string(i), bytes_of("round " + std::to_string(round)));
      return done ? Result<void>() : tl::unexpected<Error>(done.error());
    });
    HOLDFAST_CHECK(put.has_value());
  }
}

Image DamagedWorld::look() const {
  return {test_support::read_file(device.path()), test_support::read_file(device.path() + "-wal")};
}

void DamagedWorld::put(const Image& image) {
  device.store.reset();
  set_asides_.clear();
  for (const auto& entry : std::filesystem::directory_iterator(device.dir.path()))
    std::filesystem::remove(entry.path());
  write_file(device.path(), image.database);
  write_file(device.path() + "-wal", image.wal);
}

std::size_t DamagedWorld::unsettled() const {
  std::size_t count = 0;
  for (const auto& [lane, events] : committed) {
    for (const KnownEvent& event : events) count += event.settled ? 0 : 1;
  }
  return count;
}

// --- what the hook does ---

Result<void> DamagedWorld::set_aside() {
  device.store.reset();
  const StoreOptions options = device.options();
  auto done = set_aside_and_salvage(
      {options.path, {}, options.lanes}, device.platform().disk,
      [&](const std::string& path, const Salvage& salvage) {
        return make_store(path, salvage.device.empty() ? options.device : salvage.device);
      },
      checkpoint);
  if (!done) return tl::unexpected<Error>(done.error());
  set_asides_.push_back(std::move(*done));
  return {};
}

Result<void> DamagedWorld::open_once() {
  {
    auto connection = Connection::open(
        {.path = device.path(), .vfs = {}, .create = true, .application_id = kStoreApplicationId});
    if (!connection) return tl::unexpected<Error>(connection.error());
    auto done = migrate(*connection);
    if (done) done = check_structure(*connection);
    if (!done) return done;
  }
  return device.try_open(device.options());
}

Result<void> DamagedWorld::open() {
  device.store.reset();
  auto& disk = device.platform().disk;
  const auto finished = finish_set_aside(device.path(), {}, disk);
  if (!finished) return tl::unexpected<Error>(finished.error());
  const auto evidence = examine(device.path(), {}, disk);
  if (!evidence) return tl::unexpected<Error>(evidence.error());
  if (*evidence == Evidence::foreign) return fail(ErrorCode::invalid, "open", "not a Holdfast store");
  if (*evidence == Evidence::damaged) {
    if (auto done = set_aside(); !done) return done;
  }
  auto done = open_once();
  if (!done && set_asides_.empty() && *evidence == Evidence::ours && says_damaged(done.error())) {
    if (auto aside = set_aside(); !aside) return aside;
    done = open_once();
  }
  return done;
}

// Seqs are dense: one that is neither there nor settled nor declared is damage.
Result<void> DamagedWorld::expect_dense(const Events& events, const std::vector<ControlRecord>& records) {
  for (const Watermark& mark : device.store->watermarks()) {
    const auto lanes = device.store->lanes();
    const auto lane =
        std::find_if(lanes.begin(), lanes.end(), [&](const auto& l) { return l.lane == mark.lane; });
    for (std::int64_t seq = mark.settled_seq + 1; seq <= mark.committed_seq; ++seq) {
      const auto covers = [&](const ControlRecord& record) {
        const auto* gap = std::get_if<GapRecord>(&record.record);
        return gap != nullptr && gap->lane == lane->options.name && gap->first <= seq && seq <= gap->last;
      };
      const auto rows = events.find(mark.lane);
      if (rows != events.end() && rows->second.contains(seq)) continue;
      if (std::any_of(records.begin(), records.end(), covers)) continue;
      return fail(ErrorCode::corrupt, "fetch", "seq " + std::to_string(seq) + " is not there");
    }
  }
  return {};
}

// --- what became of the events ---

Result<DamagedWorld::Events> DamagedWorld::walk() {
  Events all;
  for (const LaneRecord& lane : device.store->lanes()) {
    for (std::int64_t after = 0;;) {
      auto fetched = device.store->fetch({lane.lane, after, 256, 1024 * 1024});
      if (!fetched) return tl::unexpected<Error>(fetched.error());
      for (StoredEvent& event : fetched->events) {
        // A page that is linked in a circle gives its rows for ever.
        if (event.seq <= after) return fail(ErrorCode::corrupt, "fetch", "seqs do not rise");
        after = event.seq;
        all[lane.lane].emplace(event.seq, std::move(event));
      }
      if (fetched->end_seq < after) return fail(ErrorCode::corrupt, "fetch", "seqs do not rise");
      after = fetched->end_seq;
      if (!fetched->more) break;
    }
  }
  const auto records = device.store->control_records();
  if (!records) return tl::unexpected<Error>(records.error());
  if (auto done = expect_dense(all, *records); !done) return tl::unexpected<Error>(done.error());
  const auto read = device.store->read([](const Reader& reader) -> Result<void> {
    const auto entries = reader.list("", "", 1000);
    return entries ? Result<void>() : tl::unexpected<Error>(entries.error());
  });
  if (!read) return tl::unexpected<Error>(read.error());
  return all;
}

// Looks at everything and adds an event, whose commit stores the epoch, and with it where the one before ended.
Result<DamagedWorld::Events> DamagedWorld::use(EventId& new_id) {
  auto events = walk();
  if (!events) return events;
  const auto receipt = device.write([](Transaction& t) -> Result<void> {
    const auto id = t.add(event("alarm", "after"));
    return id ? Result<void>() : tl::unexpected<Error>(id.error());
  });
  if (!receipt) return tl::unexpected<Error>(receipt.error());
  new_id = receipt->events.at(0);
  return events;
}

Fate DamagedWorld::fate() {
  Fate fate;
  EventId new_id;
  auto opened = open();
  auto events = opened ? use(new_id) : tl::unexpected<Error>(opened.error());
  if (opened && !events && says_damaged(events.error()) && set_asides_.empty()) {
    opened = set_aside();
    if (opened) opened = open_once();
    events = opened ? use(new_id) : tl::unexpected<Error>(opened.error());
  }
  if (!events) {
    fate.error = events.error().text();
    device.store.reset();
    return fate;
  }
  device.close();
  RawDatabase raw(device.path());
  // A page that nothing looked at may still be damaged, unless the store is a new one.
  if (!set_asides_.empty()) {
    EXPECT_EQ(rows_of(raw.handle(), "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
  }
  const auto integer = [&](const std::string& sql) {
    const auto rows = rows_of(raw.handle(), sql);
    return rows.empty() || rows[0] == "NULL" ? std::int64_t{0} : std::stoll(rows[0]);
  };
  for (const auto& [lane, all] : committed) {
    const std::string name = lane == kAlarm ? "alarm" : "telemetry";
    const std::int64_t end = integer("SELECT last_seq FROM hf_epoch_end WHERE lane_name = '" + name +
                                     "' AND n = (SELECT max(n) FROM hf_epoch)");
    for (const KnownEvent& event : all) {
      EXPECT_NE(event.id.text(), new_id.text());
      const std::string at = " WHERE lane = " + std::to_string(lane) + " AND ";
      const std::string seq = std::to_string(event.id.seq);
      const auto found = (*events)[lane].find(event.id.seq);
      if (found != (*events)[lane].end()) {
        EXPECT_EQ(text(found->second.data), event.data) << event.id.text();
        EXPECT_EQ(found->second.key, event.key);
        EXPECT_EQ(found->second.epoch, event.id.epoch) << event.id.text();
        ++fate.fetched;
      } else if (event.settled) {
        continue;
      } else if (integer("SELECT count(*) FROM hf_quarantine" + at + "seq = " + seq) > 0) {
        ++fate.quarantined;
      } else if (integer("SELECT count(*) FROM hf_gap" + at + "first_seq <= " + seq +
                         " AND last_seq >= " + seq) > 0) {
        ++fate.declared;
      } else if (event.id.seq > end) {
        ++fate.beyond_end;
      } else {
        ADD_FAILURE() << event.id.text() << " was lost silently";
      }
    }
    for (const auto& [seq, stored] : (*events)[lane])
      EXPECT_LE(seq, static_cast<std::int64_t>(all.size())) << "made up: " << text(stored.data);
  }
  return fate;
}

}  // namespace holdfast::store::test
