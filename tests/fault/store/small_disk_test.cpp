// SPDX-License-Identifier: MIT
//
// The kit itself: a disk that is said to be full and is not would make every test here worthless.
#include "support/small_disk.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "support/fault_vfs.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using test_support::Fault;
using test_support::SmallDisk;
using Kind = SmallDisk::Kind;

bool writes(const std::string& path, std::size_t bytes) {
  std::ofstream out(path, std::ios::binary);
  out << std::string(bytes, 'x') << std::flush;
  return out.good();
}

struct TheSmallDisk : ::testing::TestWithParam<Kind> {
  test_support::TempDir dir;
  SmallDisk disk{dir.path(), GetParam(), 12 << 20};
};

TEST_P(TheSmallDisk, is_full_to_the_last_byte_until_there_is_room) {
  ASSERT_TRUE(writes(dir / "mine", 10'000));
  EXPECT_GE(test_support::st_blocks_of(dir / "mine") * 512, 10'000U);
  EXPECT_GT(disk.free_bytes(), 4U << 20U);
  disk.fill();
  EXPECT_EQ(disk.free_bytes(), 0U);
  EXPECT_FALSE(writes(dir / "new", 1));
  std::filesystem::remove(dir / "new");
  disk.make_room();
  EXPECT_TRUE(writes(dir / "new", 1 << 20));
}

TEST_P(TheSmallDisk, keeps_about_as_much_as_was_asked_for) {
  disk.fill_but(1 << 20);
  EXPECT_NEAR(static_cast<double>(disk.free_bytes()), 1 << 20, 64 << 10);
  EXPECT_TRUE(writes(dir / "small", 900'000));
  EXPECT_FALSE(writes(dir / "large", 300'000));
}

TEST_P(TheSmallDisk, can_be_read_only_for_a_while) {
  disk.remount(true);
  EXPECT_FALSE(writes(dir / "new", 1));
  disk.remount(false);
  EXPECT_TRUE(writes(dir / "new", 1));
}

INSTANTIATE_TEST_SUITE_P(Kit, TheSmallDisk, ::testing::ValuesIn(test_support::kSmallDiskKinds),
                         [](const auto& disk) { return to_string(disk.param); });

/// A database on the VFS with faults, told to write straight through.
struct TheFaultVfs : ::testing::Test {
  TheFaultVfs() {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    EXPECT_EQ(sqlite3_open_v2((dir / "a.db").c_str(), &db, flags, vfs.name().c_str()), SQLITE_OK);
    EXPECT_EQ(run_sql(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; CREATE TABLE t (a)"),
              SQLITE_OK);
  }
  ~TheFaultVfs() override { sqlite3_close(db); }
  int insert() { return run_sql(db, "INSERT INTO t VALUES (zeroblob(3000))"); }
  int insert_with(const Fault& fault) {
    vfs.arm(fault);
    const int rc = insert();
    EXPECT_TRUE(vfs.fired());
    vfs.disarm();
    return rc;
  }

  test_support::TempDir dir;
  test_support::FaultVfs vfs;
  sqlite3* db = nullptr;
};

TEST_F(TheFaultVfs, fails_with_the_code_that_it_was_told) {
  EXPECT_EQ(insert_with({.operation = Fault::Operation::write, .code = SQLITE_FULL}), SQLITE_FULL);
  EXPECT_EQ(insert_with({.operation = Fault::Operation::write, .code = SQLITE_READONLY}), SQLITE_READONLY);
  EXPECT_EQ(insert(), SQLITE_OK);
  vfs.arm({.operation = Fault::Operation::read, .code = SQLITE_IOERR_READ});
  EXPECT_EQ(run_sql(db, "PRAGMA shrink_memory; SELECT * FROM t"), SQLITE_IOERR);
}

TEST_F(TheFaultVfs, keeps_to_the_files_that_it_was_told) {
  EXPECT_EQ(insert_with({.code = SQLITE_FULL, .where = Fault::Where::wal}), SQLITE_FULL);
  vfs.arm({.sticky = true, .code = SQLITE_FULL, .where = Fault::Where::database});
  EXPECT_EQ(insert(), SQLITE_OK);
  EXPECT_FALSE(vfs.fired());
  EXPECT_EQ(run_sql(db, "PRAGMA wal_checkpoint(RESTART)"), SQLITE_FULL);
}

TEST_F(TheFaultVfs, counts_operations_and_bytes) {
  vfs.reset_counts();
  ASSERT_EQ(insert(), SQLITE_OK);
  const auto written = vfs.count(Fault::Operation::write);
  EXPECT_GE(written.operations, 2U);
  EXPECT_GE(written.bytes, 4096U);
  EXPECT_LT(written.bytes, 5 * 4120U);
  EXPECT_EQ(vfs.count(Fault::Operation::truncate).operations, 0U);
}

TEST_F(TheFaultVfs, kills_in_the_middle_of_a_write) {
  ASSERT_EQ(insert(), SQLITE_OK);
  EXPECT_EXIT(
      {
        vfs.arm({.kill = true});
        (void)insert();
        ::_exit(0);
      },
      ::testing::KilledBySignal(SIGKILL), "");
}

}  // namespace
}  // namespace holdfast::store::test
