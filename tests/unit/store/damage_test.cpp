// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <fstream>

#include "support/temp_dir.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using Seqs = std::vector<std::int64_t>;

/// Three events, of which the second is changed behind the store's back.
struct Damage : ::testing::Test {
  Damage() {
    device.open();
    for (const char* data : {"one", "two", "three"}) ids.push_back(device.add("telemetry", data));
    device.close();
  }

  void damage(const std::string& assignment, std::int64_t seq = 2) {
    RawDatabase(device.path())
        .run("UPDATE hf_lane_2 SET " + assignment + " WHERE seq = " + std::to_string(seq));
  }
  /// The relay's walk over the lane.
  Seqs walk() {
    Seqs seqs;
    for (Fetched f = device.fetch(kTelemetry);; f = device.fetch(kTelemetry, f.end_seq)) {
      for (const std::int64_t seq : seqs_of(f)) seqs.push_back(seq);
      if (!f.more) return seqs;
    }
  }
  void expect_set_aside(std::int64_t seq) {
    device.open();
    Seqs rest = {1, 2, 3};
    std::erase(rest, seq);
    EXPECT_EQ(walk(), rest);
    const auto records = device.store->control_records();
    ASSERT_TRUE(records) << records.error().text();
    const auto& gap = std::get<GapRecord>(records->back().record);
    EXPECT_EQ(gap.reason, "damaged");
    EXPECT_EQ(gap.epoch, ids[0].epoch);
    EXPECT_EQ(gap.first, seq);
    EXPECT_EQ(gap.last, seq);
    EXPECT_EQ(device.lane("telemetry").lost_events_ever, 1);
    for (const std::int64_t good : rest) device.settle(kTelemetry, good, good);
    EXPECT_EQ(device.lane("telemetry").settled_seq, 3);
    EXPECT_EQ(device.add("telemetry").seq, 4);
  }

  Device device;
  std::vector<EventId> ids;
};

TEST_F(Damage, sets_aside_a_row_whose_data_changed) {
  damage("data = x'00776f'");
  expect_set_aside(2);
}

TEST_F(Damage, sets_aside_the_first_row) {
  damage("data = x'00'", 1);
  expect_set_aside(1);
}

TEST_F(Damage, sets_aside_the_last_row) {
  damage("data = x'00'", 3);
  expect_set_aside(3);
}

TEST_F(Damage, sets_aside_a_row_whose_text_is_not_there) {
  damage("topic = 12345");
  expect_set_aside(2);
}

TEST_F(Damage, sets_aside_a_row_of_an_unknown_epoch_and_names_the_likely_one) {
  damage("epoch = 9");
  expect_set_aside(2);
}

TEST_F(Damage, forgets_no_epoch_while_the_oldest_row_names_an_unknown_one) {
  for (int i = 0; i < 3; ++i) {
    device.open();
    device.store->settle_control(device.store->control_records()->back().number, false);
    device.add("alarm");
    device.close();
  }
  damage("epoch = 900", 1);
  expect_set_aside(1);
}

TEST_F(Damage, is_told_by_every_column_that_is_published) {
  for (const char* assignment :
       {"key = 'other'", "type = topic", "content_type = type", "attributes = 'a=b' || char(10)", "ttl_s = 5",
        "crc = crc + 1", "data = x'6f6e6500'"}) {
    Device other;
    other.open();
    other.add("telemetry", "one");
    other.close();
    RawDatabase(other.path()).run(std::string("UPDATE hf_lane_2 SET ") + assignment);
    other.open();
    EXPECT_TRUE(other.seqs(kTelemetry).empty()) << assignment;
    EXPECT_EQ(other.lane("telemetry").lost_events_ever, 1) << assignment;
  }
}

// As when a page that another lane has given back comes again: seq, epoch and checksum fit.
TEST_F(Damage, that_puts_a_row_of_another_lane_in_its_place_is_told_by_the_checksum) {
  device.open();
  for (const char* data : {"uno", "dos", "tres"}) device.add("alarm", data);
  device.close();
  RawDatabase(device.path())
      .run(
          "DELETE FROM hf_lane_2 WHERE seq = 2; INSERT INTO hf_lane_2 SELECT * FROM hf_lane_1 WHERE seq = 2");
  device.open();
  EXPECT_EQ(walk(), (Seqs{1, 3}));
  EXPECT_EQ(device.lane("telemetry").lost_events_ever, 1);
}

// Nothing is wrong with what is stored, and the next write would find no page, for ever.
TEST_F(Damage, of_the_list_of_free_pages_costs_no_room) {
  RawDatabase(device.path()).run("PRAGMA wal_checkpoint(TRUNCATE)");  // page 1 is in it, too
  std::fstream(device.path(), std::ios::binary | std::ios::in | std::ios::out).seekp(32)
      << std::string(8, '\0');
  device.open();
  EXPECT_NE(device.store->statistics().warning.find("set aside"), std::string::npos);
  EXPECT_EQ(walk(), (Seqs{1, 2, 3}));
  EXPECT_EQ(device.add("telemetry", std::string(20'000, 'x')).seq, 4);
}

// A page that is an older one is sound by itself, and the lane is back where it was; the newest epoch knows better.
TEST_F(Damage, of_the_end_of_a_lane_is_told_by_where_the_newest_epoch_began) {
  device.open();
  device.add("telemetry", "four");
  device.close();
  RawDatabase(device.path()).run("DELETE FROM hf_lane_2 WHERE seq > 1");
  device.open();
  EXPECT_NE(device.store->statistics().warning.find("set aside"), std::string::npos);
  EXPECT_EQ(walk(), (Seqs{1}));
  EXPECT_EQ(device.lane("telemetry").lost_events_ever, 2)
      << "two and three: that there was a four is not known";
  EXPECT_EQ(device.add("telemetry").seq, 4);
}

// A key of an inner page is wrong: a walk comes to the row, and a search for it ends in the next leaf. That is so when the
// walk begins some seqs below, which a sparse gap record explains.
TEST_F(Damage, of_the_tree_that_hides_a_damaged_row_from_a_search_is_mended) {
  device.open();
  for (int i = 4; i <= 400; ++i) device.add("telemetry", std::string(200, 'x'));
  device.close();
  const auto pages = rows_of(RawDatabase(device.path()).handle(),
                             "SELECT pageno FROM dbstat WHERE name = 'hf_lane_2' AND pagetype = 'internal'");
  ASSERT_EQ(pages.size(), 1U);
  const std::size_t page = (std::stoul(pages.at(0)) - 1) * 4096;
  std::string file = test_support::read_file(device.path());
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(file[page + at]); };
  // The tenth cell: the number of a leaf, and the highest key in it, in two bytes.
  const std::size_t cell = 256U * byte(12 + 18) + byte(12 + 19);
  const std::int64_t key = 128 * (byte(cell + 4) & 0x7F) + byte(cell + 5);
  ASSERT_GT(byte(cell + 5), 4);
  const auto seq = [&](std::int64_t offset) { return std::to_string(key + offset); };
  RawDatabase(device.path())
      .run("UPDATE hf_lane SET cursor = " + seq(-6) +
           ", lost_events = 5, cursor_bytes = "
           "(SELECT total_bytes FROM hf_lane_2 WHERE seq = " +
           seq(-6) +
           ") WHERE lane = 2; "
           "DELETE FROM hf_lane_2 WHERE seq BETWEEN " +
           seq(-5) + " AND " + seq(-1) +
           "; "
           "INSERT INTO hf_gap (n, epoch, lane, first_seq, last_seq, missing, bytes, reason) "
           "SELECT 1, 1, 2, " +
           seq(-5) + ", " + seq(1) +
           ", 5, 0, 'shed'; "
           "UPDATE hf_lane_2 SET crc = crc + 1 WHERE seq = " +
           seq(0));
  file = test_support::read_file(device.path());
  file[page + cell + 5] = static_cast<char>(byte(cell + 5) - 4);
  std::ofstream(device.path(), std::ios::binary) << file;

  device.open();
  Seqs rest;
  for (std::int64_t left = key + 1; left <= 400; ++left) rest.push_back(left);
  EXPECT_EQ(walk(), rest);
  EXPECT_EQ(device.lane("telemetry").lost_events_ever, 6);
  EXPECT_NE(device.store->statistics().warning.find("set aside"), std::string::npos);
}

/// The index through which a write finds its texts is noise: nothing else looks at it.
struct DamagedIndex : Damage {
  DamagedIndex() {
    const auto pages = rows_of(RawDatabase(device.path()).handle(),
                               "SELECT pageno FROM dbstat WHERE name = 'sqlite_autoindex_hf_text_1'");
    std::fstream file(device.path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp((std::stoll(pages.at(0)) - 1) * 4096);
    file << std::string(4096, '\x5a');
  }
};

TEST_F(DamagedIndex, that_a_write_meets_is_mended_and_the_write_is_there) {
  device.open();
  const EventId id = device.add("telemetry", "four");
  EXPECT_EQ(id.seq, 4);
  EXPECT_NE(device.store->statistics().warning.find("set aside"), std::string::npos);
  EXPECT_EQ(walk(), (Seqs{1, 2, 3, 4}));
}

TEST_F(DamagedIndex, that_a_group_meets_is_mended_once_and_all_of_it_is_there) {
  device.open();
  std::vector<WriteBody> bodies;
  for (int i = 0; i < 3; ++i)
    bodies.emplace_back([](Transaction& t) -> Result<void> {
      const auto added = t.add(event("telemetry", "more"));
      return added ? Result<void>() : tl::unexpected<Error>(added.error());
    });
  std::vector<WriteJob> jobs;
  for (const WriteBody& body : bodies) jobs.push_back({.body = &body});
  for (std::size_t done = 0; done < jobs.size();)
    done += device.store->commit_group(std::span(jobs).subspan(done));
  for (const WriteJob& job : jobs) EXPECT_TRUE(job.outcome) << job.outcome.error().text();
  EXPECT_EQ(walk(), (Seqs{1, 2, 3, 4, 5, 6}));
}

TEST_F(DamagedIndex, is_a_finding_of_the_check) {
  device.open();
  const auto report = device.store->end_check();
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_FALSE(report->findings.empty());
}

TEST_F(Damage, that_only_a_caller_speaks_of_does_not_set_a_sound_store_aside) {
  device.open();
  const auto receipt = device.write([](Transaction&) -> Result<void> {
    return fail(ErrorCode::corrupt, "read a file of mine", "it is damaged", SQLITE_CORRUPT);
  });
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::corrupt);
  EXPECT_EQ(device.store->statistics().warning.find("set aside"), std::string::npos);
}

// A damaged row must not block its lane for want of room where it would be kept.
TEST_F(Damage, of_a_row_that_finds_no_room_in_the_quarantine_is_declared_all_the_same) {
  RawDatabase(device.path())
      .run("WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < " +
           std::to_string(limits::kQuarantineRowsMax) +
           ") INSERT INTO hf_quarantine SELECT 1, seq, 1, 1, 0, '', '', '', '', '', NULL, 0, 0, x'', 153, "
           "'', 1, 0, "
           "0, 0 FROM n");
  damage("data = x'00'");
  device.open();
  EXPECT_EQ(walk(), (Seqs{1, 3}));
  EXPECT_EQ(device.lane("telemetry").lost_events_ever, 1);
}

}  // namespace
}  // namespace holdfast::store::test
