// SPDX-License-Identifier: MIT
#include "unit/store/world.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <holdfast/check.hpp>

namespace holdfast::store::test {

Event event(std::string_view lane, std::string_view data, std::string_view key) {
  return {.lane = lane,
          .key = key,
          .type = "com.example.reading.v1",
          .content_type = "application/json",
          .data = bytes_of(data)};
}

std::string text(const std::vector<std::byte>& data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

Device::Device() { clock.set_wall({UtcTime(std::chrono::hours(24 * 365 * 56)), true}); }

StoreOptions Device::options() const {
  StoreOptions options;
  options.path = path();
  options.device = "device-1";
  options.lanes = {{"alarm", 0}, {"telemetry", 1}};
  options.budget_bytes = 4 * 1024 * 1024;
  options.retention_bytes = 0;
  return options;
}

Result<void> Device::try_open(const StoreOptions& options) {
  auto opened = Store::open(options, platform());
  if (!opened) return tl::unexpected<Error>(opened.error());
  store = std::move(*opened);
  return {};
}

void Device::open() { open(options()); }

void Device::open(const StoreOptions& options) { HOLDFAST_CHECK(try_open(options).has_value()); }

void Device::close() {
  HOLDFAST_CHECK(store->close().has_value());
  store.reset();
}

void Device::reopen() {
  close();
  open();
}

WriteResult Device::write(const WriteBody& body) {
  std::array<WriteJob, 1> jobs{WriteJob{&body, {}}};
  HOLDFAST_CHECK(store->commit_group(jobs) == 1);
  return jobs[0].outcome;
}

EventId Device::add(std::string_view lane, std::string_view data, std::string_view key) {
  const auto receipt = write([&](Transaction& t) -> Result<void> {
    auto id = t.add(event(lane, data, key));
    if (!id) return tl::unexpected<Error>(id.error());
    return {};
  });
  HOLDFAST_CHECK(receipt.has_value() && receipt->events.size() == 1);
  return receipt->events[0];
}

WriteResult Device::put_and_add(std::string_view key, std::string_view value) {
  return write([&](Transaction& t) -> Result<void> {
    if (auto put = t.put(key, bytes_of(value)); !put) return tl::unexpected<Error>(put.error());
    if (auto id = t.add(event("telemetry", value, key)); !id) return tl::unexpected<Error>(id.error());
    return {};
  });
}

std::string Device::state(std::string_view key) {
  std::string value;
  const auto done = store->read([&](const Reader& reader) -> Result<void> {
    const auto entry = reader.get(key);
    if (!entry) return tl::unexpected<Error>(entry.error());
    if (entry->has_value()) value = text((*entry)->value);
    return {};
  });
  HOLDFAST_CHECK(done.has_value());
  return value;
}

std::vector<StateEntry> Device::list(std::string_view prefix, std::string_view after,
                                     std::size_t entries_max) {
  std::vector<StateEntry> entries;
  const auto done = store->read([&](const Reader& reader) -> Result<void> {
    auto listed = reader.list(prefix, after, entries_max);
    if (!listed) return tl::unexpected<Error>(listed.error());
    entries = std::move(*listed);
    return {};
  });
  HOLDFAST_CHECK(done.has_value());
  return entries;
}

Fetched Device::fetch(LaneNumber lane, std::int64_t after_seq, std::size_t events_max,
                      std::size_t bytes_max) {
  auto fetched = store->fetch({lane, after_seq, events_max, bytes_max});
  HOLDFAST_CHECK(fetched.has_value());
  return std::move(*fetched);
}

std::vector<std::int64_t> Device::seqs(LaneNumber lane, std::int64_t after_seq) {
  return seqs_of(fetch(lane, after_seq));
}

void Device::settle(LaneNumber lane, std::int64_t first, std::int64_t last) {
  for (std::int64_t seq = first; seq <= last; ++seq) store->settle(lane, seq);
}

void Device::store_settled() { HOLDFAST_CHECK(store->store_settled(true).has_value()); }

void Device::drain() {
  for (const LaneNumber lane : {kAlarm, kTelemetry}) {
    for (Fetched fetched = fetch(lane); !fetched.events.empty(); fetched = fetch(lane, fetched.end_seq)) {
      for (const StoredEvent& e : fetched.events) store->settle(lane, e.seq);
    }
  }
  const auto records = store->control_records();
  HOLDFAST_CHECK(records.has_value());
  for (const ControlRecord& record : *records) {
    store->settle_control(record.number, std::holds_alternative<GapRecord>(record.record));
  }
  for (auto waiting = store->store_settled(true);; waiting = store->store_settled(true)) {
    HOLDFAST_CHECK(waiting.has_value());
    if (*waiting == 0) break;
  }
}

LaneStatistics Device::lane(std::string_view name) {
  const auto all = store->lane_statistics();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.name == name; });
  HOLDFAST_CHECK(found != all.end());
  return *found;
}

std::vector<std::int64_t> seqs_of(const Fetched& fetched) {
  std::vector<std::int64_t> seqs;
  for (const StoredEvent& e : fetched.events) seqs.push_back(e.seq);
  return seqs;
}

// --- another connection ---

RawDatabase::RawDatabase(const std::string& path) {
  HOLDFAST_CHECK(sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) ==
                 SQLITE_OK);
  run("PRAGMA locking_mode=EXCLUSIVE");
}

RawDatabase::~RawDatabase() { sqlite3_close(db_); }

void RawDatabase::run(const std::string& sql) {
  EXPECT_EQ(run_sql(db_, sql), SQLITE_OK) << sql << ": " << sqlite3_errmsg(db_);
}

std::int64_t RawDatabase::integer(const std::string& sql) {
  const auto rows = rows_of(db_, sql);
  HOLDFAST_CHECK(rows.size() == 1);
  return std::stoll(rows[0]);
}

std::vector<std::string> rows_of(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  int rc = sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr);
  std::vector<std::string> rows;
  if (rc == SQLITE_OK) {
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
      const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
      rows.emplace_back(value == nullptr ? "NULL" : value);
    }
  }
  if (rc != SQLITE_DONE) rows.push_back(std::string("error: ") + sqlite3_errmsg(db));
  sqlite3_finalize(statement);
  return rows;
}

int run_sql(sqlite3* db, const std::string& sql) {
  return sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) & 0xFF;
}

// --- another process ---

ForkedFirst::ForkedFirst(const std::function<std::string()>& body) {
  std::array<int, 2> go{};
  std::array<int, 2> answer{};
  HOLDFAST_CHECK(::pipe(go.data()) == 0 && ::pipe(answer.data()) == 0);
  pid_ = ::fork();
  HOLDFAST_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    ::close(go[1]);
    ::close(answer[0]);
    char byte = 0;
    if (::read(go[0], &byte, 1) == 1) {
      const std::string said = body();
      if (::write(answer[1], said.data(), said.size()) < 0) ::_exit(1);
    }
    ::_exit(0);
  }
  ::close(go[0]);
  ::close(answer[1]);
  to_child_ = go[1];
  from_child_ = answer[0];
}

ForkedFirst::~ForkedFirst() {
  ::close(to_child_);
  ::close(from_child_);
  ::waitpid(pid_, nullptr, 0);
}

std::string ForkedFirst::run() {
  HOLDFAST_CHECK(::write(to_child_, "g", 1) == 1);
  std::string said;
  std::array<char, 512> buffer{};
  for (ssize_t got = 0; (got = ::read(from_child_, buffer.data(), buffer.size())) > 0;) {
    said.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return said;
}

}  // namespace holdfast::store::test
