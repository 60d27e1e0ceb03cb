// SPDX-License-Identifier: MIT
#include "sim/crash_disk.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <holdfast/event.hpp>
#include <holdfast/platform/sim.hpp>
#include <memory>

namespace holdfast::platform::sim {
namespace {

struct Closer {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};
using Database = std::unique_ptr<sqlite3, Closer>;

Database open(const CrashDisk& disk) {
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
  EXPECT_EQ(sqlite3_open_v2("file:/a.db?psow=0", &db, flags, disk.vfs().c_str()), SQLITE_OK);
  return Database(db);
}

int run(const Database& db, const char* sql) {
  return sqlite3_exec(db.get(), sql, nullptr, nullptr, nullptr);
}

std::string text_of(const ImageFile& file) {
  const auto bytes = file.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr const char* kBegin = "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; CREATE TABLE t (a)";
constexpr const char* kInsert = "INSERT INTO t VALUES (zeroblob(100))";

TEST(ImageFile, copies_what_is_changed_and_leaves_its_base_alone) {
  const std::string text(10'000, 'o');
  const ImageFile untouched(bytes_of(text));
  ImageFile file(bytes_of(text));
  file.write(4'090, bytes_of("abcdefghij"));
  EXPECT_EQ(text_of(file), text.substr(0, 4'090) + "abcdefghij" + text.substr(4'100));
  EXPECT_EQ(text_of(untouched), text);
}

TEST(ImageFile, reads_zeros_where_nothing_was_written) {
  ImageFile file(bytes_of("0123456789"));
  file.resize(4);
  file.write(6, bytes_of("x"));
  EXPECT_EQ(text_of(file), std::string("0123\0\0x", 7));
  file.resize(5'000);
  file.resize(9'000);
  EXPECT_EQ(text_of(file), std::string("0123\0\0x", 7) + std::string(8'993, '\0'));
  std::array<std::byte, 4> into{};
  EXPECT_EQ(file.read(8'998, into), 2U);
}

TEST(CrashDisk, keeps_a_database_and_writes_down_what_was_done) {
  CrashDisk disk;
  DiskLog log;
  disk.record(log);
  {
    const Database db = open(disk);
    ASSERT_EQ(run(db, kBegin), SQLITE_OK);
    ASSERT_EQ(run(db, kInsert), SQLITE_OK);
  }
  {
    const Database db = open(disk);
    ASSERT_EQ(run(db, "PRAGMA locking_mode=EXCLUSIVE"), SQLITE_OK);
    EXPECT_EQ(run(db, kInsert), SQLITE_OK);
  }
  const auto count = [&](DiskAct act, const std::string& name) {
    return std::count_if(log.operations.begin(), log.operations.end(), [&](const DiskOperation& operation) {
      return operation.act == act && log.name_of(operation) == name;
    });
  };
  EXPECT_EQ(count(DiskAct::create, "/a.db"), 1);
  EXPECT_GT(count(DiskAct::write, "/a.db"), 0);
  EXPECT_GT(count(DiskAct::write, "/a.db-wal"), 4);
  EXPECT_GE(count(DiskAct::sync, "/a.db-wal"), 2);
  EXPECT_EQ(count(DiskAct::remove, "/a.db-wal"), 2);  // at each close, since nobody asked to keep it
}

TEST(CrashDisk, the_first_flush_of_a_new_wal_flushes_names_too) {
  CrashDisk disk;
  DiskLog log;
  disk.record(log);
  const Database db = open(disk);
  ASSERT_EQ(run(db, kBegin), SQLITE_OK);
  ASSERT_EQ(run(db, kInsert), SQLITE_OK);
  std::vector<bool> names_too;
  for (const DiskOperation& operation : log.operations) {
    if (operation.act == DiskAct::sync && log.name_of(operation) == "/a.db-wal")
      names_too.push_back(operation.names_too);
  }
  ASSERT_GE(names_too.size(), 2U);
  EXPECT_TRUE(names_too[0]);
  EXPECT_EQ(std::count(names_too.begin(), names_too.end(), true), 1);
}

TEST(CrashDisk, that_is_dead_keeps_what_it_has) {
  CrashDisk disk;
  std::string before;
  {
    const Database db = open(disk);
    ASSERT_EQ(run(db, kBegin), SQLITE_OK);
    before = text_of(*disk.image().at("/a.db-wal"));
    disk.set_dead(true);
    EXPECT_EQ(run(db, kInsert), SQLITE_IOERR);
  }
  EXPECT_EQ(text_of(*disk.image().at("/a.db-wal")), before);
  EXPECT_FALSE(disk.rename("/a.db", "/b.db"));
}

TEST(CrashDisk, with_ignored_flushes_writes_none_down) {
  CrashDisk disk;
  disk.set_ignored_syncs("-wal");
  DiskLog log;
  disk.record(log);
  const Database db = open(disk);
  ASSERT_EQ(run(db, kBegin), SQLITE_OK);
  ASSERT_EQ(run(db, kInsert), SQLITE_OK);
  for (const DiskOperation& operation : log.operations) {
    const bool is_of_wal = log.name_of(operation) == "/a.db-wal";
    EXPECT_FALSE(is_of_wal && operation.act == DiskAct::sync);
  }
}

TEST(CrashDisk, does_the_same_to_the_last_bit_from_the_same_seed) {
  const auto logged = [](std::uint32_t seed) {
    CrashDisk disk;
    DiskLog log;
    disk.record(log);
    seed_sqlite(seed);
    const Database db = open(disk);
    EXPECT_EQ(run(db, kBegin), SQLITE_OK);
    EXPECT_EQ(run(db, kInsert), SQLITE_OK);
    return log.data;
  };
  EXPECT_EQ(logged(7), logged(7));
  EXPECT_NE(logged(7), logged(9));
}

TEST(CrashDisk, tells_sizes_and_renames_like_a_file_system) {
  CrashDisk disk;
  DiskImage image;
  image.emplace("/a", std::make_shared<ImageFile>(bytes_of("0123456789")));
  disk.mount(std::move(image));
  EXPECT_EQ(disk.stat("/a").value()->size_bytes, 10U);
  EXPECT_EQ(disk.stat("/a").value()->allocated_bytes, kDiskBlockBytes);
  EXPECT_FALSE(disk.stat("/b").value());
  ASSERT_TRUE(disk.rename("/a", "/b"));
  EXPECT_TRUE(disk.stat("/b").value());
  EXPECT_FALSE(disk.rename("/a", "/c"));
}

// --- what a power cut takes, when no log is kept ---

int rows_of(const CrashDisk& disk) {
  const Database db = open(disk);
  EXPECT_EQ(run(db, "PRAGMA locking_mode=EXCLUSIVE"), SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db.get(), "SELECT count(*) FROM t", -1, &statement, nullptr) != SQLITE_OK) return -1;
  const int rows = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : -1;
  sqlite3_finalize(statement);
  return rows;
}

/// Ten rows that are flushed and one that is not, if `last`; then the process dies.
void live(CrashDisk& disk, bool last) {
  disk.keep_unsynced();
  Database db = open(disk);
  ASSERT_EQ(run(db, kBegin), SQLITE_OK);
  ASSERT_EQ(run(db, "PRAGMA synchronous=FULL"), SQLITE_OK);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(run(db, kInsert), SQLITE_OK);
  const std::size_t names = disk.unsynced().operations();
  EXPECT_LE(names, 1U);  // that of the journal, which was removed without a flush of the directory
  ASSERT_EQ(run(db, "PRAGMA synchronous=OFF"), SQLITE_OK);
  if (last) {
    ASSERT_EQ(run(db, kInsert), SQLITE_OK);
    EXPECT_GT(disk.unsynced().operations(), names);
  }
  disk.set_dead(true);
  db.reset();
  disk.set_dead(false);
}

TEST(PowerCut, takes_what_was_not_flushed_and_nothing_else) {
  for (const bool last : {false, true}) {
    CrashDisk disk;
    live(disk, last);
    SeededEntropy dice(1);
    disk.cut_power(PowerCut::loses_all, dice);
    EXPECT_EQ(disk.unsynced().operations(), 0U);
    EXPECT_EQ(rows_of(disk), 10);
  }
}

TEST(PowerCut, that_loses_nothing_is_a_kill) {
  CrashDisk disk;
  live(disk, true);
  SeededEntropy dice(1);
  disk.cut_power(PowerCut::loses_nothing, dice);
  EXPECT_EQ(rows_of(disk), 11);
}

TEST(PowerCut, of_every_kind_leaves_a_database_of_before_or_after) {
  for (const PowerCut cut : {PowerCut::loses_some, PowerCut::tears, PowerCut::destroys}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      CrashDisk disk;
      live(disk, true);
      SeededEntropy dice(seed);
      disk.cut_power(cut, dice);
      const int rows = rows_of(disk);
      EXPECT_TRUE(rows == 10 || rows == 11) << rows << " rows, seed " << seed;
    }
  }
}

TEST(PowerCut, brings_back_what_was_truncated_and_removed_without_a_flush) {
  DiskImage image;
  const auto file = std::make_shared<ImageFile>();
  file->write(0, bytes_of("0123456789"));
  image.emplace("/a", file);
  Unsynced unsynced;
  unsynced.note(DiskAct::truncate, file, "/a", 4, 0, false);
  file->resize(4);
  unsynced.note(DiskAct::write, file, "/a", 2, 6, false);
  file->write(2, bytes_of("xxxxxx"));
  unsynced.note(DiskAct::remove, file, "/a", 0, 0, false);
  image.erase("/a");
  SeededEntropy dice(1);
  unsynced.take_back(image, PowerCut::loses_all, dice);
  ASSERT_TRUE(image.contains("/a"));
  EXPECT_EQ(text_of(*image.at("/a")), "0123456789");
}

TEST(Unsynced, stays_small_however_long_the_disk_lives) {
  CrashDisk disk;
  disk.keep_unsynced();
  const Database db = open(disk);
  ASSERT_EQ(run(db, kBegin), SQLITE_OK);
  ASSERT_EQ(run(db, "PRAGMA synchronous=FULL"), SQLITE_OK);
  std::size_t most = 0;
  for (int i = 0; i < 3'000; ++i) {
    ASSERT_EQ(run(db, kInsert), SQLITE_OK);
    most = std::max(most, disk.unsynced().operations());
  }
  EXPECT_LT(most, 100U);
  EXPECT_LT(disk.unsynced().bytes(), 8U * 1024 * 1024);
}

TEST(CrashDisk, dies_by_itself_after_some_operations) {
  CrashDisk disk;
  const Database db = open(disk);
  ASSERT_EQ(run(db, kBegin), SQLITE_OK);
  disk.die_after(100);
  int written = 0;
  while (written < 1'000 && run(db, kInsert) == SQLITE_OK) ++written;
  EXPECT_TRUE(disk.is_dead());
  EXPECT_GT(written, 5);
  EXPECT_LT(written, 100);
}

}  // namespace
}  // namespace holdfast::platform::sim
