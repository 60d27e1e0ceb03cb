// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>
#include <sys/types.h>

#include <functional>
#include <holdfast/platform/linux.hpp>
#include <holdfast/platform/sim.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.hpp"
#include "support/temp_dir.hpp"

namespace holdfast::store::test {

/// "ok", or the name of the error's code.
template <class T>
[[nodiscard]] std::string outcome(const Result<T>& result) {
  return result ? "ok" : std::string(to_string(result.error().code));
}

[[nodiscard]] Event event(std::string_view lane, std::string_view data, std::string_view key = "sensor");
[[nodiscard]] std::string text(const std::vector<std::byte>& data);

/// A device with one store in a directory of its own. Lanes: alarm (1), telemetry (2).
class Device {
 public:
  Device();

  [[nodiscard]] StoreOptions options() const;
  [[nodiscard]] PlatformView platform() { return {clock, *disk_, entropy, host}; }
  [[nodiscard]] std::string path() const { return dir / "store.db"; }

  [[nodiscard]] Result<void> try_open(const StoreOptions& options);
  void open();  ///< aborts when it fails
  void open(const StoreOptions& options);
  void close();
  /// Ends without storing what is only in memory.
  void drop() { store.reset(); }
  void reopen();

  [[nodiscard]] WriteResult write(const WriteBody& body);
  /// One event in a write of its own; aborts when it fails.
  EventId add(std::string_view lane, std::string_view data = "{}", std::string_view key = "sensor");
  /// Puts `value` under `key` and adds an event with the same bytes.
  [[nodiscard]] WriteResult put_and_add(std::string_view key, std::string_view value);
  [[nodiscard]] std::string state(std::string_view key);  ///< "" when there is none
  [[nodiscard]] std::vector<StateEntry> list(std::string_view prefix, std::string_view after = {},
                                             std::size_t entries_max = 100);

  [[nodiscard]] Fetched fetch(LaneNumber lane, std::int64_t after_seq = 0, std::size_t events_max = 256,
                              std::size_t bytes_max = 1024 * 1024);
  [[nodiscard]] std::vector<std::int64_t> seqs(LaneNumber lane, std::int64_t after_seq = 0);
  void settle(LaneNumber lane, std::int64_t first, std::int64_t last);
  void store_settled();
  /// Acknowledges all events and records, and purges.
  void drain();
  [[nodiscard]] LaneStatistics lane(std::string_view name);

  holdfast::test_support::TempDir dir;
  platform::sim::VirtualClock clock;
  platform::sim::SeededEntropy entropy{1};
  platform::sim::ScriptedHost host;
  std::unique_ptr<Store> store;

 private:
  std::unique_ptr<platform::Disk> disk_ = platform::make_linux_disk();
};

inline constexpr LaneNumber kAlarm = 1;
inline constexpr LaneNumber kTelemetry = 2;

[[nodiscard]] std::vector<std::int64_t> seqs_of(const Fetched& fetched);

/// A second connection to a store that is closed, with nothing denied: for looking, and for doing damage.
class RawDatabase {
 public:
  explicit RawDatabase(const std::string& path);
  ~RawDatabase();
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;
  void run(const std::string& sql);
  [[nodiscard]] std::int64_t integer(const std::string& sql);
  [[nodiscard]] sqlite3* handle() const noexcept { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

/// First column of all rows, as text; "error: ..." when it does not run.
[[nodiscard]] std::vector<std::string> rows_of(sqlite3* db, const std::string& sql);
/// SQLITE_OK or what refused it.
[[nodiscard]] int run_sql(sqlite3* db, const std::string& sql);

/// A process forked before anything is opened: SQLite's connections and locks do not survive a fork.
class ForkedFirst {
 public:
  explicit ForkedFirst(const std::function<std::string()>& body);
  ~ForkedFirst();
  ForkedFirst(const ForkedFirst&) = delete;
  ForkedFirst& operator=(const ForkedFirst&) = delete;
  /// Lets the body run, and returns what it said.
  [[nodiscard]] std::string run();

 private:
  pid_t pid_ = -1;
  int to_child_ = -1;
  int from_child_ = -1;
};

}  // namespace holdfast::store::test
