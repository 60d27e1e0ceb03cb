// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <holdfast/inbox.hpp>
#include <holdfast/platform/sim.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/temp_dir.hpp"
#include "wire/identity.hpp"
#include "wire/records.hpp"

/// What the inbox's tests share: an inbox in its own file or in an application's database, and the messages
/// of a device.
namespace holdfast::inbox_tests {

inline constexpr Epoch kE1{0x1111}, kE2{0x2222}, kE3{0x3333}, kE4{0x4444}, kE5{0x5555};
inline constexpr const char* kDevice = "urn:holdfast:dev1";
inline constexpr const char* kSource = "urn:holdfast:dev1/telemetry";

inline CloudEvent event_of(Epoch epoch, std::int64_t seq, const std::string& lane = "telemetry",
                           const std::string& device = "dev1") {
  CloudEvent event;
  event.id = EventId{epoch, lane, seq}.text();
  event.source = wire::lane_source(device, lane);
  event.type = "com.example.reading.v1";
  event.attributes = {{"epoch", epoch.text()}, {"sequence", wire::sequence_text(seq)}};
  return event;
}

inline CloudEvent foreign_event(std::string source, std::string id) {
  CloudEvent event;
  event.id = std::move(id);
  event.source = std::move(source);
  event.type = "com.example.other";
  return event;
}

/// `missing` 0: all of first..last.
inline CloudEvent gap_of(Epoch epoch, std::int64_t first, std::int64_t last, std::int64_t missing = 0,
                         const std::string& reason = "shed") {
  GapRecord gap;
  gap.id = epoch.text() + "-telemetry-gap-1";
  gap.epoch = epoch;
  gap.lane = "telemetry";
  gap.first = first;
  gap.last = last;
  gap.missing = missing == 0 ? last - first + 1 : missing;
  gap.reason = reason;
  return wire::gap_event(gap, "dev1");
}

inline CloudEvent epoch_of(Epoch epoch, std::optional<Epoch> parent, std::vector<LaneEnd> ends = {}) {
  return wire::epoch_event({epoch, parent, std::move(ends), parent ? "opened" : "created"}, "dev1");
}

enum class Home { own_file, attached };

inline std::string name_of_home(const ::testing::TestParamInfo<Home>& info) {
  return info.param == Home::own_file ? "own_file" : "attached";
}

class World {
 public:
  explicit World(Home home) : home_(home) { options.path = dir / "inbox.db"; }
  ~World() { close(); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  PlatformView platform() { return {clock, disk_, entropy_, host_}; }

  Inbox& inbox() {
    if (inbox_ == nullptr) open();
    return *inbox_;
  }
  void close() {
    inbox_.reset();
    if (db != nullptr) {
      EXPECT_EQ(sqlite3_close(db), SQLITE_OK);
    }
    db = nullptr;
  }

  /// Applies with an effect that notes (id) in the application's table.
  Result<ApplyOutcome> apply(const CloudEvent& event) {
    return inbox().apply(event, [](const CloudEvent& applied, sqlite3* sql) { return note(applied, sql); });
  }
  Applied outcome_of(const CloudEvent& event) {
    const auto outcome = apply(event);
    if (!outcome) ADD_FAILURE() << outcome.error().text();
    return outcome ? outcome->outcome : Applied::rejected;
  }
  std::optional<std::string> rewind_of(const CloudEvent& event) {
    const auto outcome = apply(event);
    EXPECT_TRUE(outcome) << outcome.error().text();
    return outcome->rewind;
  }

  static Result<void> note(const CloudEvent& event, sqlite3* sql) {
    const std::string text = "INSERT INTO effect (id) VALUES ('" + event.id + "')";
    return run(sql, text);
  }
  static Result<void> run(sqlite3* sql, const std::string& text) {
    const int rc = sqlite3_exec(sql, text.c_str(), nullptr, nullptr, nullptr);
    if (rc == SQLITE_OK) return {};
    return fail(rc == SQLITE_FULL ? ErrorCode::full : ErrorCode::denied, text, sqlite3_errmsg(sql), rc);
  }

  /// The first column of the first row, read inside an effect that is then rolled back.
  std::int64_t query(const std::string& text) {
    std::int64_t value = -1;
    const Effect look = [&](const CloudEvent&, sqlite3* sql) -> Result<void> {
      sqlite3_stmt* statement = nullptr;
      if (sqlite3_prepare_v2(sql, text.c_str(), -1, &statement, nullptr) != SQLITE_OK)
        return fail(ErrorCode::invalid, text, sqlite3_errmsg(sql));
      if (sqlite3_step(statement) == SQLITE_ROW) value = sqlite3_column_int64(statement, 0);
      sqlite3_finalize(statement);
      return fail(ErrorCode::unavailable, "look only");
    };
    const auto looked = inbox().apply(foreign_event("urn:test", "look"), look);
    EXPECT_EQ(looked.error().code, ErrorCode::unavailable) << looked.error().text();
    return value;
  }
  std::int64_t effects() { return query("SELECT count(*) FROM effect"); }
  std::int64_t effects_of(const CloudEvent& event) {
    return query("SELECT count(*) FROM effect WHERE id = '" + event.id + "'");
  }

  std::vector<MissingRange> missing() {
    auto ranges = inbox().missing();
    EXPECT_TRUE(ranges) << ranges.error().text();
    return *ranges;
  }
  /// "epoch:first-last" per range, "(count)" behind a sparse one.
  std::string missing_text() {
    std::string text;
    for (const MissingRange& range : missing()) {
      text += (text.empty() ? "" : " ") + range.epoch.text().substr(12) + ':' + std::to_string(range.first) +
              '-' + std::to_string(range.last);
      if (range.unknown_seqs) text += '(' + std::to_string(range.count) + ')';
    }
    return text;
  }

  test_support::TempDir dir;
  platform::sim::VirtualClock clock;
  InboxOptions options;
  sqlite3* db = nullptr;  ///< the application's connection, when attached

 private:
  void open() {
    auto opened = home_ == Home::own_file ? Inbox::open(options, platform()) : attach();
    ASSERT_TRUE(opened) << opened.error().text();
    inbox_ = std::move(*opened);
    const auto made =
        inbox_->apply(foreign_event("urn:test", "make tables"), [](const CloudEvent&, sqlite3* sql) {
          return run(sql, "CREATE TABLE IF NOT EXISTS effect (id TEXT NOT NULL)");
        });
    ASSERT_TRUE(made) << made.error().text();
  }
  Result<std::unique_ptr<Inbox>> attach() {
    const std::string path = dir / "application.db";
    EXPECT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    EXPECT_TRUE(run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"));  // its own choice
    return Inbox::attach(db, options, platform());
  }

  Home home_;
  platform::sim::SeededEntropy entropy_{1};
  platform::sim::ScriptedHost host_;
  platform::sim::ScriptedDisk disk_;
  std::unique_ptr<Inbox> inbox_;
};

/// Runs a case with both homes.
class InboxTest : public ::testing::TestWithParam<Home> {
 protected:
  World world{GetParam()};
  Applied apply(const CloudEvent& event) { return world.outcome_of(event); }
  void apply_all(Epoch epoch, std::int64_t first, std::int64_t last) {
    for (std::int64_t seq = first; seq <= last; ++seq)
      EXPECT_EQ(apply(event_of(epoch, seq)), Applied::applied);
  }
};

}  // namespace holdfast::inbox_tests
