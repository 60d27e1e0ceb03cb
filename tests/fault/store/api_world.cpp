// SPDX-License-Identifier: MIT
#include "fault/store/api_world.hpp"

#include <sqlite3.h>

#include <atomic>
#include <fstream>
#include <holdfast/check.hpp>
#include <thread>

#include "unit/store/world.hpp"

namespace holdfast::fault_tests {
namespace {

constexpr std::uint64_t kBudget = 1024 * 1024;

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::vector<LaneOptions> lanes() {
  return {{.name = "alarm", .priority = 0},
          {.name = "telemetry", .priority = 1},
          {.name = "spare", .priority = 2},
          {.name = "old", .priority = 3}};
}

Image make_store() {
  store::test::Device device;
  StoreOptions options = device.options();
  options.lanes = lanes();
  options.budget_bytes = kBudget;
  options.retention_bytes = 128 * 1024;
  device.open(options);
  for (int i = 1; i <= 12; ++i) {
    const std::string value = "telemetry " + std::to_string(i);
    HOLDFAST_CHECK(device.put_and_add("key-" + std::to_string(i % 3), value).has_value());
  }
  for (int i = 1; i <= 3; ++i) {
    device.add("alarm", "alarm " + std::to_string(i));
    device.add("old", "old " + std::to_string(i));
  }
  HOLDFAST_CHECK(device.write([](Transaction& t) -> Result<void> {
    HOLDFAST_CHECK(store::test::run_sql(t.sql(), "CREATE TABLE note (n INTEGER NOT NULL)") == SQLITE_OK);
    return {};
  }));
  const WriteBody asked = [](Transaction& t) -> Result<void> {
    return t.put("asked", bytes_of("once")).map([](std::int64_t) {});
  };
  store::WriteJob job{.body = &asked, .idempotency_key = "asked"};
  device.store->commit_group(std::span(&job, 1));
  HOLDFAST_CHECK(device.seqs(store::test::kTelemetry).size() == 12);
  device.settle(store::test::kTelemetry, 1, 4);
  device.store_settled();
  for (const std::int64_t seq : {5, 6, 7})
    HOLDFAST_CHECK(device.store->quarantine({store::test::kTelemetry, seq, 0x99, "bad", {}}));
  HOLDFAST_CHECK(device.store->requeue("telemetry", 7, 7).has_value());
  device.close();
  return {test_support::read_file(device.path()), test_support::read_file(device.path() + "-wal")};
}

std::string row(std::initializer_list<std::string> words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

void look_at_lane(Outbox& outbox, const LaneStatistics& lane, std::vector<std::string>& lines) {
  lines.push_back(row({"lane", lane.name, "committed", std::to_string(lane.committed_seq), "settled",
                       std::to_string(lane.settled_seq), "backlog", std::to_string(lane.backlog_events),
                       "lost", std::to_string(lane.lost_events_ever), lane.paused ? "paused" : "drained"}));
  const auto page = outbox.events(lane.name, 0, 200);
  lines.push_back(page ? "events:" : "events: " + page.error().text());
  for (std::size_t i = 0; page && i < page->events.size(); ++i) {
    const ArchivedEvent& event = page->events[i];
    if (event.settled) continue;  // kept as long as there is room, and after an I/O error there is none
    lines.push_back(row({"  ", lane.name, std::to_string(event.id.seq), event.key, text_of(event.data)}));
  }
  const auto quarantine = outbox.quarantine(lane.name, 0, 200);
  lines.push_back(quarantine ? "quarantine:" : "quarantine: " + quarantine.error().text());
  for (std::size_t i = 0; quarantine && i < quarantine->events.size(); ++i) {
    const QuarantinedEvent& event = quarantine->events[i];
    lines.push_back(
        row({"  ", lane.name, std::to_string(event.id.seq), event.requeued ? "requeued" : "refused"}));
  }
}

}  // namespace

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const Image& made_store() {
  static const Image made = make_store();
  return made;
}

const Image& larger_store() {
  static const Image larger = [] {
    ApiWorld world(made_store());
    StoreOptions options = world.options();
    options.budget_bytes = 2 * kBudget;
    HOLDFAST_CHECK(resize_store(options, world.platform()).has_value());
    return world.files();
  }();
  return larger;
}

const Image& old_store() {
  static const Image old = {test_support::read_file(HOLDFAST_TEST_STORES "/v1.db"), ""};
  return old;
}

ApiWorld::ApiWorld(const Image& image) {
  clock.set_wall({UtcTime(std::chrono::hours(24 * 365 * 56 + 24)), true});
  if (image.database.empty()) return;
  write_file(path(), image.database);
  if (!image.wal.empty()) write_file(path() + "-wal", image.wal);
}

StoreOptions ApiWorld::options() const {
  StoreOptions options;
  options.path = path();
  options.device = "device-1";
  options.vfs = vfs.name();
  options.retention_bytes = 128 * 1024;
  return options;
}

Result<void> ApiWorld::open(const StoreOptions& options) {
  auto opened = Outbox::open(options, platform());
  if (!opened) return tl::unexpected<Error>(opened.error());
  outbox = std::move(*opened);
  return {};
}

// The outbox's threads work in real time: without a pause virtual time runs away from them.
void ApiWorld::tick() {
  clock.advance(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::microseconds(10));
}

Result<void> ApiWorld::close() {
  if (!outbox) return {};
  std::atomic<bool> closed{false};
  Result<void> done;
  std::thread closing([&] {
    done = outbox->close();
    outbox.reset();
    closed = true;
  });
  while (!closed) tick();
  closing.join();
  return done;
}

Image ApiWorld::files() const {
  return {test_support::read_file(path()), test_support::read_file(path() + "-wal")};
}

bool ApiWorld::run_until(const std::function<bool()>& done) {
  const Instant patience = clock.now() + std::chrono::minutes(10);
  while (!done()) {
    if (clock.now() >= patience) return false;
    tick();
  }
  return true;
}

WriteResult ApiWorld::write(const std::string& key, const std::string& value, const WriteOptions& options) {
  return outbox->write(
      [key, value](Transaction& t) -> Result<void> {
        if (auto put = t.put(key, bytes_of(value)); !put) return tl::unexpected<Error>(put.error());
        return t.add(store::test::event("alarm", value)).map([](const EventId&) {});
      },
      options);
}

std::vector<std::string> ApiWorld::look() {
  std::vector<std::string> lines;
  const auto read = outbox->read([&](const Reader& reader) -> Result<void> {
    for (const std::string& n : store::test::rows_of(
             reader.sql(), "SELECT n FROM note UNION ALL SELECT name FROM sqlite_schema WHERE name = 'mine'"))
      lines.push_back(row({"note", n}));
    return {};
  });
  if (!read) lines.push_back("read: " + read.error().text());
  const auto entries = outbox->list("", "", 1000);
  if (!entries) lines.push_back("list: " + entries.error().text());
  for (std::size_t i = 0; entries && i < entries->size(); ++i) {
    const StateEntry& entry = (*entries)[i];
    lines.push_back(row({"state", entry.key, std::to_string(entry.version), text_of(entry.value)}));
  }
  const Statistics statistics = outbox->statistics();
  lines.push_back(row({"budget", std::to_string(statistics.store.budget_bytes)}));
  for (const LaneStatistics& lane : statistics.lanes) look_at_lane(*outbox, lane, lines);
  return lines;
}

}  // namespace holdfast::fault_tests
