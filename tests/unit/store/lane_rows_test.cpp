// SPDX-License-Identifier: MIT
#include "store/lane_rows.hpp"

#include <gtest/gtest.h>

#include <holdfast/check.hpp>
#include <holdfast/limits.hpp>

#include "store/migrations.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

constexpr std::int64_t kBlockRows = 500;

struct Rows : ::testing::Test {
  Rows() {
    const auto done = [&] {
      auto opened =
          Connection::open({.path = dir / "rows.db", .vfs = {}, .application_id = kStoreApplicationId});
      if (!opened) return false;
      connection = std::move(*opened);
      return migrate(connection).has_value() && LaneRows::create(connection, 1).has_value();
    }();
    HOLDFAST_CHECK(done);
    rows.emplace(std::move(*LaneRows::open(connection, 1)));
    texts.emplace(std::move(*TextTable::open(connection)));
  }

  void append(std::int64_t seq, std::string_view data, std::int64_t epoch = 1) {
    const Event e = event("alarm", data);
    append(seq, e, epoch);
  }
  void append(std::int64_t seq, const Event& e, std::int64_t epoch = 1) {
    total_bytes += static_cast<std::int64_t>(e.data.size());
    const NewRow row{.seq = seq,
                     .epoch_number = epoch,
                     .epoch = {42},
                     .committed = {3, Instant(Duration(seq * 1000))},
                     .topic = "holdfast/device-1/alarm/sensor",
                     .total_bytes = total_bytes,
                     .event = &e};
    ASSERT_TRUE(rows->append(row, *texts));
  }
  void append_many(std::int64_t from, std::int64_t to, std::string_view data) {
    ASSERT_TRUE(connection.execute("BEGIN"));
    for (std::int64_t seq = from; seq <= to; ++seq) append(seq, data);
    ASSERT_TRUE(connection.execute("COMMIT"));
  }
  std::vector<RawRow> block(std::int64_t after, std::size_t rows_max, std::size_t bytes_max = 1 << 20) {
    auto read = rows->read_block(after, rows_max, bytes_max);
    EXPECT_TRUE(read);
    return read ? std::move(*read) : std::vector<RawRow>();
  }
  std::vector<std::int64_t> seqs(std::int64_t after, std::size_t rows_max, std::size_t bytes_max) {
    std::vector<std::int64_t> found;
    for (const RawRow& row : block(after, rows_max, bytes_max)) found.push_back(row.seq);
    return found;
  }
  /// All columns of all rows, as SQL literals.
  std::vector<std::string> stored() {
    return rows_of(
        connection.handle(),
        "SELECT quote(seq) || quote(epoch) || quote(boot) || "
        "quote(since_boot_ns) || quote(key) || quote(type) || quote(topic) || quote(content_type) || "
        "quote(attributes) || quote(ttl_s) || quote(total_bytes) || quote(crc) || quote(data) "
        "FROM hf_lane_1 ORDER BY seq");
  }
  std::int64_t pragma(const std::string& name) { return *connection.query_integer("PRAGMA " + name); }

  holdfast::test_support::TempDir dir;
  Connection connection;
  std::optional<LaneRows> rows;
  std::optional<TextTable> texts;
  std::int64_t total_bytes = 0;
};

TEST_F(Rows, read_a_block_up_to_its_rows_and_bytes) {
  for (const std::int64_t seq : {1, 2, 4, 5}) append(seq, std::string(100, 'x'));  // and the key: 106 bytes
  EXPECT_EQ(seqs(0, 10, 1000), (std::vector<std::int64_t>{1, 2, 4, 5}));
  EXPECT_EQ(seqs(1, 2, 1000), (std::vector<std::int64_t>{2, 4}));
  EXPECT_EQ(seqs(0, 10, 212), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(seqs(0, 10, 211), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(seqs(0, 10, 1), (std::vector<std::int64_t>{1}));  // one at least, or nobody would get on
  EXPECT_TRUE(seqs(5, 10, 1000).empty());
}

TEST_F(Rows, come_back_as_they_were) {
  const std::vector<Attribute> attributes = {{"traceparent", "00-1"}};
  Event rich = event("alarm", "with attributes");
  rich.attributes = attributes;
  rich.ttl = std::chrono::seconds(60);
  append(1, "first");
  append(2, rich);
  append(3, "third");
  texts.reset();
  ASSERT_TRUE(connection.execute("UPDATE hf_lane_1 SET topic = 'too many topics' WHERE seq = 1"));
  const auto before = block(0, 10);
  ASSERT_EQ(before.size(), 3U);
  EXPECT_EQ(std::get<std::string>(before[0].topic), "too many topics");
  EXPECT_TRUE(std::holds_alternative<std::int64_t>(before[1].topic));
  EXPECT_EQ(before[1].ttl_s, 60);
  EXPECT_EQ(before[1].attributes, "traceparent=00-1\n");
  EXPECT_EQ(before[2].total_bytes, total_bytes);
  const auto whole = stored();

  ASSERT_TRUE(rows->erase(1, 3));
  EXPECT_TRUE(block(0, 10).empty());
  for (const RawRow& row : before) ASSERT_TRUE(rows->put_back(row));
  EXPECT_EQ(block(0, 10), before);
  EXPECT_EQ(stored(), whole);
  EXPECT_EQ(outcome(rows->put_back(before[0])), "invalid");  // it is there already
}

// What compaction is for: a lane that keeps every second event really gives pages back. Deleting the others
// one by one does not: every leaf stays half full, and SQLite merges leaves only below a third.
TEST_F(Rows, free_their_pages_when_a_block_is_put_back_in_part) {
  append_many(1, 5 * kBlockRows, std::string(150, 'x'));
  const std::int64_t block_pages = (pragma("page_count") - pragma("freelist_count")) / 5;
  const auto freed_by = [&](std::int64_t first, auto thin) {
    const std::int64_t before = pragma("freelist_count");
    EXPECT_TRUE(connection.execute("BEGIN"));
    const auto read = block(first - 1, kBlockRows);
    EXPECT_EQ(read.size(), static_cast<std::size_t>(kBlockRows));
    thin(read);
    EXPECT_TRUE(connection.execute("COMMIT"));
    return pragma("freelist_count") - before;
  };
  const auto put_back_half = [&](const std::vector<RawRow>& read) {
    EXPECT_TRUE(rows->erase(read.front().seq, read.back().seq));
    for (const RawRow& row : read) EXPECT_TRUE(row.seq % 2 != 0 || rows->put_back(row));
  };
  const auto erase_half = [&](const std::vector<RawRow>& read) {
    for (const RawRow& row : read) EXPECT_TRUE(row.seq % 2 == 0 || rows->erase(row.seq, row.seq));
  };
  std::int64_t freed = 0;
  for (const std::int64_t n : {0, 1, 2}) freed += freed_by(n * kBlockRows + 1, put_back_half);
  EXPECT_GE(freed * 100,
            3 * block_pages * 35);  // measured: 10 to 12 of 27 pages; half of them, less what splits cost
  EXPECT_LT(freed_by(3 * kBlockRows + 1, erase_half), 2);
  EXPECT_EQ(rows_of(connection.handle(), "PRAGMA integrity_check"), (std::vector<std::string>{"ok"}));
}

TEST_F(Rows, tell_how_far_a_range_of_bytes_goes) {
  for (const std::int64_t seq : {1, 2, 4, 5}) append(seq, "0123456789");
  const auto seq_at = [&](std::int64_t from, std::int64_t to, std::int64_t bytes) {
    const auto found = rows->seq_at_bytes(from, to, bytes);
    EXPECT_TRUE(found);
    return found.value_or(std::nullopt);
  };
  EXPECT_EQ(seq_at(1, 5, 100), 5);
  EXPECT_EQ(seq_at(1, 5, 39), 4);
  EXPECT_EQ(seq_at(1, 5, 30), 4);
  EXPECT_EQ(seq_at(1, 3, 30), 2);
  EXPECT_EQ(seq_at(2, 5, 10), std::nullopt);
  EXPECT_EQ(seq_at(6, 9, 100), std::nullopt);
}

TEST_F(Rows, are_told_apart_by_epoch) {
  append(1, "a", 7);
  append(2, "bb", 7);
  append(5, "ccc", 7);
  append(6, "dddd", 8);
  append(7, "e", 7);  // not what a store writes; the runs follow the rows all the same
  const auto runs = rows->epoch_runs(2, 7);
  ASSERT_TRUE(runs);
  EXPECT_EQ(*runs, (std::vector<EpochRun>{{7, 2, 5, 2, 5}, {8, 6, 6, 1, 4}, {7, 7, 7, 1, 1}}));
  EXPECT_TRUE(rows->epoch_runs(3, 4)->empty());
}

TEST_F(Rows, are_looked_at_in_bounded_numbers) {
  const auto rows_max = static_cast<std::int64_t>(limits::kPurgeRowsMax);
  append_many(1, rows_max + 1, "x");
  EXPECT_EQ(*rows->seq_at_bytes(1, rows_max + 1, 1 << 20), rows_max);
  EXPECT_EQ(rows->epoch_runs(1, rows_max + 1)->back().last_seq, rows_max);
}

}  // namespace
}  // namespace holdfast::store::test
