// SPDX-License-Identifier: MIT
#include "store/salvage.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <holdfast/check.hpp>

#include "store/migrations.hpp"
#include "store/set_aside.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

constexpr std::size_t kPage = 4096;
using Seqs = std::vector<std::int64_t>;

/// A disk whose n-th rename fails, as if the power had gone.
class DyingDisk final : public platform::Disk {
 public:
  explicit DyingDisk(platform::Disk& disk, int renames) : disk_(disk), left_(renames) {}
  [[nodiscard]] Result<platform::DiskSpace> space(const std::string& path) const override {
    return disk_.space(path);
  }
  [[nodiscard]] Result<platform::FileSystem> file_system(const std::string& path) const override {
    return disk_.file_system(path);
  }
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) const override {
    if (left_-- <= 0) return fail(ErrorCode::io_error, "rename " + from);
    return disk_.rename(from, to);
  }
  [[nodiscard]] Result<std::optional<platform::FileInfo>> stat(const std::string& path) const override {
    return disk_.stat(path);
  }
  [[nodiscard]] Result<void> may_create_beside(const std::string& path) const override {
    return disk_.may_create_beside(path);
  }
  [[nodiscard]] std::optional<std::string> lock_owner(const std::string& path) const override {
    return disk_.lock_owner(path);
  }

 private:
  platform::Disk& disk_;
  mutable int left_;
};

Result<Connection> make_store(const std::string& path, const Salvage& /*salvage*/) {
  auto made =
      Connection::open({.path = path, .vfs = {}, .create = true, .application_id = kStoreApplicationId});
  if (!made) return made;
  if (auto done = made->execute("PRAGMA max_page_count=1024"); !done)
    return tl::unexpected<Error>(done.error());
  if (auto done = migrate(*made); !done) return tl::unexpected<Error>(done.error());
  return made;
}

Result<void> checkpoint(Connection& connection) {
  return connection.execute("PRAGMA wal_checkpoint(RESTART)");
}

std::string data_of(std::int64_t seq) { return "data of " + std::to_string(seq) + std::string(200, 'x'); }

struct Salvaging : ::testing::Test {
  void fill(int events) {
    device.open();
    for (int i = 0; i < events; ++i) {
      const auto seq = static_cast<std::int64_t>(ids.size()) + 1;
      ids.push_back(device.add("telemetry", data_of(seq)));
    }
    device.close();
  }
  [[nodiscard]] std::vector<std::int64_t> pages_of(const std::string& name, const std::string& type) {
    RawDatabase raw(device.path());
    std::vector<std::int64_t> pages;
    for (const std::string& page : rows_of(raw.handle(), "SELECT pageno FROM dbstat WHERE name = '" + name +
                                                             "' AND pagetype = '" + type + "' ORDER BY path"))
      pages.push_back(std::stoll(page));
    return pages;
  }
  void zero_page(std::int64_t number) {
    std::fstream file(device.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(number - 1) * static_cast<std::streamoff>(kPage));
    file.write(std::string(kPage, '\0').data(), kPage);
  }
  [[nodiscard]] SalvageSource source() { return {device.path(), {}, device.options().lanes}; }
  SalvageReport set_aside() {
    auto done = set_aside_and_salvage(source(), device.platform().disk, make_store, checkpoint);
    HOLDFAST_CHECK(done.has_value());
    return done->report;
  }
  std::vector<GapRecord> gaps() {
    std::vector<GapRecord> gaps;
    const auto records = device.store->control_records();
    HOLDFAST_CHECK(records.has_value());
    for (const ControlRecord& record : *records) {
      if (const auto* gap = std::get_if<GapRecord>(&record.record)) gaps.push_back(*gap);
    }
    return gaps;
  }
  /// Each event is fetched as it was written, or in a dense gap record; says how many are not fetched.
  std::int64_t expect_all_accounted() {
    std::map<std::int64_t, StoredEvent> there;
    for (std::int64_t after = 0;;) {
      Fetched fetched = device.fetch(kTelemetry, after);
      for (StoredEvent& event : fetched.events) there.emplace(event.seq, event);
      after = fetched.end_seq;
      if (!fetched.more) break;
    }
    std::int64_t missing = 0;
    for (const EventId& id : ids) {
      const auto found = there.find(id.seq);
      if (found != there.end()) {
        EXPECT_EQ(text(found->second.data), data_of(id.seq));
        EXPECT_EQ(found->second.epoch, id.epoch);
        continue;
      }
      ++missing;
      const auto covers = [&](const GapRecord& gap) {
        return gap.epoch == id.epoch && gap.first <= id.seq && id.seq <= gap.last &&
               gap.lane == "telemetry" && gap.missing == gap.last - gap.first + 1;
      };
      const auto all = gaps();
      EXPECT_EQ(std::count_if(all.begin(), all.end(), covers), 1) << id.seq;
    }
    return missing;
  }

  Device device;
  std::vector<EventId> ids;
};

// --- reading ---

TEST_F(Salvaging, changes_neither_file_and_leaves_none_behind) {
  device.open();
  for (int i = 0; i < 50; ++i) device.add("telemetry", data_of(i));
  const std::string database = test_support::read_file(device.path());
  const std::string wal = test_support::read_file(device.path() + "-wal");
  device.close();
  std::ofstream(device.path(), std::ios::binary) << database;
  std::ofstream(device.path() + "-wal", std::ios::binary) << wal;
  {
    const auto salvager = Salvager::open(source());
    ASSERT_TRUE(salvager) << salvager.error().text();
    EXPECT_EQ((*salvager)->summary().lanes.at(1).rows_saved, 50);
    EXPECT_TRUE((*salvager)->summary().findings.empty());
  }
  EXPECT_EQ(test_support::read_file(device.path()), database);
  EXPECT_EQ(test_support::read_file(device.path() + "-wal"), wal);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(device.dir.path()), {}), 2);
}

TEST_F(Salvaging, says_busy_when_somebody_has_the_store_open) {
  fill(3);
  device.open();
  EXPECT_EQ(outcome(Salvager::open(source())), "busy");
}

TEST_F(Salvaging, reads_around_damaged_pages_and_declares_exactly_what_is_lost) {
  fill(400);
  const auto leaves = pages_of("hf_lane_2", "leaf");
  ASSERT_GT(leaves.size(), 12U);
  for (const std::size_t i :
       {std::size_t{0}, std::size_t{4}, std::size_t{5}, std::size_t{9}, leaves.size() - 2})
    zero_page(leaves[i]);
  const SalvageReport report = set_aside();
  device.open();
  EXPECT_EQ(expect_all_accounted(), report.rows_lost);
  EXPECT_EQ(report.rows_saved + report.rows_lost, 400);
  EXPECT_GT(report.rows_saved, 250);
  EXPECT_EQ(report.gaps_declared, 4);
  EXPECT_EQ(device.add("telemetry").seq, 401);
  device.close();
  // The backlog can be told without counting rows.
  RawDatabase raw(device.path());
  const std::string lane = " FROM hf_lane WHERE lane = 2";
  EXPECT_EQ(raw.integer("SELECT lost_events" + lane), report.rows_lost);
  EXPECT_EQ(raw.integer("SELECT 401 - cursor - (lost_events - lost_events_below)" + lane),
            report.rows_saved + 1);
  EXPECT_EQ(
      raw.integer(
          "SELECT (SELECT max(total_bytes) FROM hf_lane_2) - cursor_bytes - (lost_bytes - lost_bytes_below)" +
          lane),
      raw.integer("SELECT sum(length(data)) FROM hf_lane_2"));
  EXPECT_EQ(raw.integer("SELECT sum(bytes) - (SELECT lost_bytes FROM hf_lane WHERE lane = 2) FROM hf_gap"),
            0);
}

TEST_F(Salvaging, says_where_the_parent_ended_when_the_last_events_cannot_be_proved) {
  fill(400);
  zero_page(pages_of("hf_lane_2", "leaf").back());
  const SalvageReport report = set_aside();
  EXPECT_GT(report.rows_saved, 350);
  EXPECT_EQ(report.rows_lost, 0);
  device.open();
  const EventId next = device.add("telemetry", "after");
  EXPECT_EQ(next.seq, report.rows_saved + 1);
  EXPECT_NE(next.epoch, ids[0].epoch);
}

TEST_F(Salvaging, of_a_lane_whose_root_is_damaged_declares_what_other_tables_prove) {
  fill(300);
  fill(100);
  ASSERT_EQ(pages_of("hf_lane_2", "internal").size(), 1U);
  zero_page(pages_of("hf_lane_2", "internal")[0]);
  const SalvageReport report = set_aside();
  EXPECT_EQ(report.rows_saved, 0);
  EXPECT_EQ(report.rows_lost, 300);  // where the first epoch ended is on record
  device.open();
  EXPECT_EQ(device.add("telemetry", "after").seq, 301);
}

TEST_F(Salvaging, of_a_lane_of_which_nothing_is_left_makes_no_id_a_second_time) {
  fill(400);
  zero_page(pages_of("hf_lane_2", "internal")[0]);
  zero_page(pages_of("hf_epoch_end", "leaf")[0]);
  const SalvageReport report = set_aside();
  EXPECT_EQ(report.rows_saved, 0);
  device.open();
  // Nothing proves that a seq was given, and the new epoch says so.
  EXPECT_EQ(device.add("telemetry").seq, 1);
  EXPECT_NE(device.fetch(kTelemetry).events.at(0).epoch, ids[0].epoch);
}

TEST_F(Salvaging, splits_a_loss_where_an_epoch_began) {
  fill(30);
  fill(30);
  RawDatabase(device.path()).run("UPDATE hf_lane_2 SET crc = crc + 1 WHERE seq BETWEEN 28 AND 33");
  set_aside();
  device.open();
  EXPECT_EQ(expect_all_accounted(), 6);
  ASSERT_EQ(gaps().size(), 2U);
  EXPECT_EQ(gaps()[0].last, 30);
  EXPECT_EQ(gaps()[1].first, 31);
  EXPECT_EQ(gaps()[0].reason, "damaged");
  EXPECT_EQ(gaps()[0].bytes, 3 * static_cast<std::int64_t>(data_of(28).size()));
}

TEST_F(Salvaging, takes_a_text_from_the_index_when_the_table_has_lost_it) {
  fill(20);
  zero_page(pages_of("hf_text", "leaf")[0]);
  EXPECT_EQ(set_aside().rows_saved, 20);
  device.open();
  EXPECT_EQ(expect_all_accounted(), 0);
}

TEST_F(Salvaging, takes_an_epoch_from_the_index_when_the_table_has_lost_it) {
  fill(10);
  fill(10);
  zero_page(pages_of("hf_epoch", "leaf")[0]);
  EXPECT_EQ(set_aside().rows_saved, 20);
  device.open();
  EXPECT_EQ(expect_all_accounted(), 0);
}

TEST_F(Salvaging, lets_a_checksum_tell_which_copy_of_an_epoch_is_right) {
  fill(10);
  RawDatabase(device.path())
      .run(
          "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET rootpage = rootpage WHERE 0; "
          "UPDATE hf_epoch SET acknowledged = 0");
  const auto page = pages_of("hf_epoch", "leaf")[0];
  std::string database = test_support::read_file(device.path());
  std::string bits(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bits[i] = static_cast<char>(ids[0].epoch.bits >> (56 - 8 * i));
  const auto at = database.find(bits, static_cast<std::size_t>(page - 1) * kPage);
  ASSERT_LT(at, static_cast<std::size_t>(page) * kPage);
  database[at + 3] = static_cast<char>(database[at + 3] ^ 4);
  std::ofstream(device.path(), std::ios::binary) << database;
  EXPECT_EQ(set_aside().rows_saved, 10);
  device.open();
  EXPECT_EQ(expect_all_accounted(), 0);
}

TEST_F(Salvaging, names_lanes_by_the_index_and_then_by_the_configuration) {
  fill(10);
  zero_page(pages_of("hf_lane", "leaf")[0]);
  zero_page(pages_of("sqlite_autoindex_hf_lane_1", "leaf")[0]);
  const SalvageReport report = set_aside();
  EXPECT_EQ(report.rows_saved, 10);
  EXPECT_FALSE(report.findings.empty());
  device.open();
  EXPECT_EQ(expect_all_accounted(), 0);
}

TEST_F(Salvaging, does_not_believe_a_cursor_that_the_totals_contradict) {
  fill(30);
  device.open();
  device.settle(kTelemetry, device.seqs(kTelemetry).front(), 10);
  device.store_settled();
  device.close();
  for (const char* cursor : {"20", "3", "5000"}) {
    SCOPED_TRACE(cursor);
    RawDatabase(device.path()).run(std::string("UPDATE hf_lane SET cursor = ") + cursor + " WHERE lane = 2");
    auto connection = make_store(device.path(), {});
    ASSERT_TRUE(connection);
    EXPECT_EQ(outcome(check_structure(*connection)), "corrupt");
  }
  RawDatabase(device.path()).run("UPDATE hf_lane SET cursor = 20 WHERE lane = 2");
  EXPECT_EQ(set_aside().rows_saved, 20);
  device.open();
  EXPECT_EQ(device.seqs(kTelemetry).front(), 11);
  EXPECT_EQ(device.lane("telemetry").settled_seq, 10);
}

TEST_F(Salvaging, keeps_quarantine_state_settled_events_and_gap_numbers) {
  fill(10);
  device.open();
  ASSERT_TRUE(device.put_and_add("key", "value"));
  ids.push_back({});
  EXPECT_EQ(device.seqs(kTelemetry).size(), 11U);
  ASSERT_TRUE(device.store->quarantine({kTelemetry, 5, 0x99, "bad", {}}));
  ASSERT_TRUE(device.store->quarantine({kTelemetry, 7, 0x99, "bad", {}}));
  ASSERT_EQ(device.store->requeue("telemetry", 7, 7).value(), 1U);
  device.settle(kTelemetry, 1, 3);
  device.store_settled();
  device.close();
  std::vector<std::string> before;
  {
    RawDatabase raw(device.path());
    before = rows_of(raw.handle(), "SELECT n FROM hf_gap ORDER BY first_seq");
    ASSERT_EQ(before.size(), 2U);
    raw.run("DELETE FROM hf_gap WHERE first_seq = 7; UPDATE hf_lane_2 SET data = x'00' WHERE seq = 9");
  }
  const SalvageReport report = set_aside();
  EXPECT_EQ(report.quarantined_saved, 2);
  EXPECT_EQ(report.state_entries_saved, 1);
  device.open();
  EXPECT_EQ(device.state("key"), "value");
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{4, 6, 8, 10, 11}));
  EXPECT_EQ(device.lane("telemetry").quarantined_events, 2);
  const auto quarantined = device.store->quarantined("telemetry", 0, 10).value().events;
  ASSERT_EQ(quarantined.size(), 2U);
  EXPECT_FALSE(quarantined[0].requeued);
  EXPECT_TRUE(quarantined[1].requeued) << "an operator has sent it on its way";
  std::set<std::string> numbers;
  for (const GapRecord& gap : gaps()) numbers.insert(gap.id.substr(gap.id.rfind('-')));
  EXPECT_EQ(numbers.size(), 3U);
  EXPECT_TRUE(numbers.contains("-" + before[0]));
  EXPECT_FALSE(numbers.contains("-" + before[1]));  // never again for another record
  EXPECT_EQ(gaps().back().first, 9);
}

TEST_F(Salvaging, keeps_the_quarantine_of_a_store_that_knew_no_requeueing) {
  fill(10);
  device.open();
  EXPECT_EQ(device.seqs(kTelemetry).size(), 10U);
  ASSERT_TRUE(device.store->quarantine({kTelemetry, 5, 0x99, "bad", {}}));
  device.close();
  RawDatabase(device.path()).run("ALTER TABLE hf_quarantine DROP COLUMN requeued; PRAGMA user_version = 2");
  EXPECT_EQ(set_aside().quarantined_saved, 1);
}

TEST_F(Salvaging, gives_no_fencing_token_a_second_time) {
  fill(1);
  RawDatabase(device.path()).run("UPDATE hf_lease SET token = 40 + share");
  set_aside();
  device.open();
  device.store->expect_relays(2, std::chrono::seconds(30));
  const auto grant = device.store->claim_shares({.relay = 1, .keeps = {}});
  ASSERT_TRUE(grant) << grant.error().text();
  EXPECT_GT(grant->lease.token, 47);
}

TEST_F(Salvaging, begins_an_epoch_whose_parent_is_the_newest_that_reads) {
  fill(10);
  set_aside();
  device.open();
  device.add("telemetry");
  const auto records = device.store->control_records();
  ASSERT_TRUE(records);
  std::vector<EpochRecord> epochs;
  for (const ControlRecord& record : *records) {
    if (const auto* epoch = std::get_if<EpochRecord>(&record.record)) epochs.push_back(*epoch);
  }
  ASSERT_EQ(epochs.size(), 2U);
  EXPECT_EQ(epochs[1].parent, ids[0].epoch);
  EXPECT_EQ(epochs[1].parent_ends, (std::vector<LaneEnd>{{"alarm", 0}, {"telemetry", 10}}));
}

// --- the files ---

TEST_F(Salvaging, ends_at_any_crash_with_the_damaged_store_or_the_new_one) {
  fill(100);
  zero_page(pages_of("hf_lane_2", "leaf")[2]);
  const std::string damaged = test_support::read_file(device.path());
  const std::string wal = test_support::read_file(device.path() + "-wal");
  for (int renames = 0; renames <= 6; ++renames) {
    SCOPED_TRACE("after " + std::to_string(renames) + " renames");
    for (const auto& entry : std::filesystem::directory_iterator(device.dir.path()))
      std::filesystem::remove(entry.path());
    std::ofstream(device.path(), std::ios::binary) << damaged;
    std::ofstream(device.path() + "-wal", std::ios::binary) << wal;
    const DyingDisk dying(device.platform().disk, renames);
    const auto crashed = set_aside_and_salvage(source(), dying, make_store, checkpoint);
    EXPECT_EQ(crashed.has_value(), renames == 6);
    const auto finished = finish_set_aside(device.path(), {}, device.platform().disk);
    ASSERT_TRUE(finished) << finished.error().text();
    EXPECT_EQ(*finished, renames >= 2 && renames < 6);
    if (renames < 2) {
      EXPECT_EQ(test_support::read_file(device.path()), damaged);
      EXPECT_EQ(test_support::read_file(device.path() + "-wal"), wal);
      EXPECT_EQ(std::distance(std::filesystem::directory_iterator(device.dir.path()), {}), 2);
      set_aside();
    }
    EXPECT_EQ(test_support::read_file(device.path() + ".damaged-1"), damaged);
    EXPECT_EQ(test_support::read_file(device.path() + ".damaged-1-wal"), wal);
    device.open();
    EXPECT_GT(expect_all_accounted(), 0);
    device.close();
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(device.dir.path()), {}), 4);
  }
}

TEST_F(Salvaging, never_deletes_what_was_set_aside_before) {
  fill(10);
  const std::string first = test_support::read_file(device.path());
  set_aside();
  fill(10);
  const std::string second = test_support::read_file(device.path());
  set_aside();
  EXPECT_EQ(test_support::read_file(device.path() + ".damaged-1"), first);
  EXPECT_EQ(test_support::read_file(device.path() + ".damaged-2"), second);
  device.open();
  EXPECT_EQ(expect_all_accounted(), 0);
}

TEST_F(Salvaging, without_room_for_a_new_store_touches_nothing) {
  fill(10);
  const std::string before = test_support::read_file(device.path());
  const auto no_room = [](const std::string& path, const Salvage& salvage) -> Result<Connection> {
    auto made = make_store(path, salvage);
    if (!made) return made;
    return fail(ErrorCode::disk_full, "allocate the budget");
  };
  const auto refused = set_aside_and_salvage(source(), device.platform().disk, no_room, checkpoint);
  EXPECT_EQ(outcome(refused), "disk_full");
  EXPECT_EQ(test_support::read_file(device.path()), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(device.dir.path()), {}), 2);
}

// A nearly full store may give more than a new one of the same budget has room for.
TEST_F(Salvaging, with_more_events_than_the_new_store_holds_keeps_the_oldest_and_declares_the_others) {
  fill(600);
  const auto make_small = [](const std::string& path, const Salvage& salvage) -> Result<Connection> {
    auto made = make_store(path, salvage);
    if (made && !made->execute("PRAGMA max_page_count=90")) return fail(ErrorCode::invalid, "limit it");
    return made;
  };
  const auto done = set_aside_and_salvage(source(), device.platform().disk, make_small, checkpoint);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_GT(done->report.rows_saved, 100);
  EXPECT_EQ(done->report.rows_saved + done->report.rows_lost, 600);
  device.open();
  EXPECT_EQ(expect_all_accounted(), done->report.rows_lost);
  ASSERT_EQ(gaps().size(), 1U);
  EXPECT_EQ(gaps()[0].reason, "shed");
  EXPECT_EQ(gaps()[0].last, 600);
  EXPECT_EQ(device.lane("telemetry").backlog_events, done->report.rows_saved);
  EXPECT_EQ(device.add("telemetry").seq, 601);
}

TEST_F(Salvaging, knows_its_own_store_from_others_and_from_nothing) {
  const auto seen = [&] { return examine(device.path(), {}, device.platform().disk).value(); };
  EXPECT_EQ(seen(), Evidence::nothing);
  std::ofstream(device.path()).flush();
  EXPECT_EQ(seen(), Evidence::nothing);
  fill(3);
  EXPECT_EQ(seen(), Evidence::ours);
  std::string database = test_support::read_file(device.path());
  std::ofstream(device.path(), std::ios::binary) << std::string(kPage, '\0') << database.substr(kPage);
  EXPECT_EQ(seen(), Evidence::ours);  // a page 1 is in the WAL: SQLite is to say whether it holds
  std::ofstream(device.path(), std::ios::binary | std::ios::trunc).flush();
  EXPECT_EQ(seen(), Evidence::damaged);
  database[70] = static_cast<char>(database[70] ^ 1);
  std::ofstream(device.path(), std::ios::binary) << database;
  EXPECT_EQ(seen(), Evidence::damaged);
  std::filesystem::remove(device.path() + "-wal");
  std::ofstream(device.path(), std::ios::binary) << std::string(3 * kPage, '\0');
  EXPECT_EQ(seen(), Evidence::foreign);
  std::ofstream(device.path(), std::ios::binary) << "a letter";
  EXPECT_EQ(seen(), Evidence::foreign);
  std::filesystem::remove(device.path());
  RawDatabase(device.path()).run("CREATE TABLE t (a)");
  EXPECT_EQ(seen(), Evidence::foreign);
}

// `holdfast prove crash` found that such a store was set aside, and the application's own tables with it.
TEST(PowerCut, that_destroys_page_1_while_a_checkpoint_writes_it_costs_nothing) {
  Device device;
  device.open();
  device.add("telemetry", "one");
  device.drop();  // as it was moved into the database, all of it is still in the WAL
  std::string database = test_support::read_file(device.path());
  database.replace(0, kPage, std::string(kPage, '\xA5'));
  std::ofstream(device.path(), std::ios::binary) << database;
  device.open();
  EXPECT_THAT(device.store->statistics().warning, testing::Not(testing::HasSubstr("set aside")));
  EXPECT_THAT(device.seqs(kTelemetry), testing::ElementsAre(1));
}

/// A rollback journal of a file that had so many pages before, as SQLite begins it.
std::string journal_header(char pages) {
  std::string header("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
  header += std::string(8, '\0') + std::string{0, 0, 0, pages};  // no pages saved; so many before
  header += std::string{0, 0, 0x10, 0, 0, 0, 0x10, 0};           // sectors and pages of 4096
  return header + std::string(kPage - header.size(), '\0');
}

// Found by `holdfast prove crash`, too: it was refused as somebody else's file.
TEST(PowerCut, while_page_1_of_a_new_store_is_written_leaves_nothing_to_clear_away) {
  Device device;
  std::ofstream(device.path(), std::ios::binary) << std::string(kPage, '\xA5');
  std::ofstream(device.path() + "-journal", std::ios::binary) << journal_header(0);
  const auto opened = device.try_open(device.options());
  ASSERT_TRUE(opened) << opened.error().text();
  device.add("telemetry", "one");
  EXPECT_EQ(device.seqs(kTelemetry), Seqs{1});
}

TEST(PowerCut, of_another_program_is_its_own_affair) {
  for (const char pages : {char{2}, char{100}}) {
    Device device;
    const std::string theirs(kPage, '\xA5');
    std::ofstream(device.path(), std::ios::binary) << theirs;
    std::ofstream(device.path() + "-journal", std::ios::binary) << journal_header(pages);
    EXPECT_EQ(outcome(device.try_open(device.options())), "invalid");
    EXPECT_EQ(test_support::read_file(device.path()), theirs);
    EXPECT_EQ(test_support::read_file(device.path() + "-journal"), journal_header(pages));
  }
}

TEST(StructureCheck, is_content_with_whole_stores_and_sees_a_name_whose_index_disagrees) {
  Device device;
  device.open();
  device.add("telemetry", "one");
  device.add("telemetry", "two");
  device.settle(kTelemetry, device.seqs(kTelemetry).front(), 1);
  device.store_settled();
  device.close();
  {
    auto connection = make_store(device.path(), {});
    ASSERT_TRUE(connection);
    EXPECT_EQ(outcome(check_structure(*connection)), "ok");
  }
  const auto page = [&] {
    RawDatabase raw(device.path());
    return static_cast<std::size_t>(raw.integer("SELECT rootpage FROM sqlite_schema WHERE name = 'hf_lane'"));
  }();
  std::string database = test_support::read_file(device.path());
  const auto at = database.find("telemetry", (page - 1) * kPage);
  ASSERT_LT(at, page * kPage);
  database[at] = 'u';
  std::ofstream(device.path(), std::ios::binary) << database;
  auto connection = make_store(device.path(), {});
  ASSERT_TRUE(connection);
  EXPECT_EQ(outcome(check_structure(*connection)), "corrupt");
}

}  // namespace
}  // namespace holdfast::store::test
