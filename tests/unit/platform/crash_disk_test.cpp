// SPDX-License-Identifier: MIT
#include "sim/crash_disk.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <holdfast/event.hpp>
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

}  // namespace
}  // namespace holdfast::platform::sim
