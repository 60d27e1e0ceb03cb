// SPDX-License-Identifier: MIT
//
// What a process knows of its store when the file under it turns out to have less: a mending saves less than was committed,
// or the files are older ones. No seq is given a second time, what is lost is declared, and answers of the broker that are
// still under way settle what they are about and nothing else.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <holdfast/check.hpp>

#include "support/fault_vfs.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using test_support::Fault;
using test_support::FaultVfs;

constexpr std::streamoff kPage = 4096;
constexpr int kEvents = 400;

struct Reopened : ::testing::Test {
  ~Reopened() override {
    vfs.disarm();
    device.drop();
  }

  [[nodiscard]] StoreOptions options() const {
    StoreOptions options = device.options();
    options.vfs = vfs.name();
    // After an I/O error only the highest lane is served: that of these tests.
    options.lanes[0].priority = 1;
    options.lanes[1].priority = 0;
    return options;
  }
  void fill() {
    device.open(options());
    for (int i = 1; i <= kEvents; ++i)
      device.add("telemetry", "data of " + std::to_string(i) + std::string(200, 'x'));
    epoch = device.store->statistics().epoch.value();
    device.close();
  }
  [[nodiscard]] std::int64_t last_page_of(const std::string& name) {
    const auto pages =
        rows_of(RawDatabase(device.path()).handle(),
                "SELECT pageno FROM dbstat WHERE name = '" + name + "' AND pagetype = 'leaf' ORDER BY path");
    return std::stoll(pages.back());
  }
  /// Behind the back of whoever has it open.
  void spoil(std::int64_t page) {
    std::fstream file(device.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((page - 1) * kPage);
    file << std::string(kPage, '\x5a');
  }
  /// A write that looks for a text of its own, and so meets a damaged index of texts.
  EventId add_and_mend() {
    const auto receipt = device.write([&](Transaction& t) -> Result<void> {
      Event added = event("telemetry", "after");
      added.type = "one that no event had before";
      const auto id = t.add(added);
      return id ? Result<void>() : tl::unexpected<Error>(id.error());
    });
    EXPECT_EQ(outcome(receipt), "ok");
    EXPECT_NE(device.store->statistics().warning.find("set aside"), std::string::npos);
    return receipt ? receipt->events.at(0) : EventId{};
  }
  /// All of it is with a relay from now on.
  void hand_out() {
    std::int64_t to = 0;
    for (Fetched fetched = device.fetch(kTelemetry);; fetched = device.fetch(kTelemetry, to)) {
      to = fetched.end_seq;
      if (!fetched.more) break;
    }
    ASSERT_EQ(to, kEvents);
  }
  [[nodiscard]] std::vector<ControlRecord> records() {
    auto records = device.store->control_records();
    HOLDFAST_CHECK(records.has_value());
    return std::move(*records);
  }
  [[nodiscard]] std::vector<GapRecord> gaps() {
    std::vector<GapRecord> gaps;
    for (const ControlRecord& record : records()) {
      if (const auto* gap = std::get_if<GapRecord>(&record.record)) gaps.push_back(*gap);
    }
    return gaps;
  }
  /// Of the lane's end, in the epoch it was committed in.
  void expect_the_end_declared() {
    ASSERT_EQ(gaps().size(), 1U);
    const GapRecord gap = gaps()[0];
    EXPECT_EQ(gap.epoch, epoch);
    EXPECT_EQ(gap.lane, "telemetry");
    EXPECT_EQ(gap.last, kEvents);
    EXPECT_LT(gap.first, kEvents);
    EXPECT_EQ(gap.missing, gap.last - gap.first + 1);
    EXPECT_EQ(gap.reason, "damaged");
    EXPECT_EQ(device.lane("telemetry").lost_events_ever, gap.missing);
  }

  Device device;
  FaultVfs vfs;
  Epoch epoch;
};

/// A mending that does not get the end of the lane.
struct Mended : Reopened {
  Mended() {
    fill();
    const std::int64_t tail = last_page_of("hf_lane_2");
    spoil(last_page_of("sqlite_autoindex_hf_text_1"));  // what the next write meets
    device.open(options());
    hand_out();
    spoil(tail);
    next = add_and_mend();
  }
  EventId next;
};

TEST_F(Mended, gives_no_seq_twice_and_declares_what_it_did_not_get) {
  EXPECT_EQ(next.seq, kEvents + 1);
  EXPECT_NE(next.epoch, epoch);
  expect_the_end_declared();
}

TEST_F(Mended, settles_what_an_acknowledgement_under_way_is_about_and_no_other_event) {
  device.settle(kTelemetry, 1, kEvents);
  EXPECT_EQ(device.lane("telemetry").settled_seq, kEvents);
  EXPECT_EQ(device.seqs(kTelemetry), std::vector<std::int64_t>{kEvents + 1});
  device.store_settled();
  device.close();
  device.open(options());
  EXPECT_EQ(device.seqs(kTelemetry), std::vector<std::int64_t>{kEvents + 1});
}

TEST_F(Mended, judges_no_event_for_a_refusal_of_one_that_is_gone) {
  EXPECT_FALSE(device.store->quarantine({kTelemetry, kEvents, 0x99, "bad", {}}));
  EXPECT_EQ(device.seqs(kTelemetry, kEvents), std::vector<std::int64_t>{kEvents + 1});
}

// What a lane is called is known, too, where the file does not say it and the order of the options says another.
TEST_F(Reopened, keeps_its_lanes_when_the_table_of_lanes_does_not_read) {
  fill();
  const std::int64_t lanes = last_page_of("hf_lane");
  const std::int64_t names = last_page_of("sqlite_autoindex_hf_lane_1");
  spoil(last_page_of("sqlite_autoindex_hf_text_1"));
  StoreOptions turned = options();
  std::swap(turned.lanes[0], turned.lanes[1]);
  device.open(turned);
  hand_out();
  spoil(lanes);
  spoil(names);
  EXPECT_EQ(add_and_mend().seq, kEvents + 1);
  EXPECT_TRUE(gaps().empty());
}

// The number of an epoch that does not read is free again, and its record may be under way.
TEST_F(Reopened, takes_the_record_of_an_epoch_that_is_gone_for_no_other) {
  fill();
  const std::int64_t epochs = last_page_of("hf_epoch");
  const std::int64_t ids = last_page_of("sqlite_autoindex_hf_epoch_1");
  spoil(last_page_of("sqlite_autoindex_hf_text_1"));
  device.open(options());
  const auto under_way = records();
  ASSERT_EQ(under_way.size(), 1U);
  spoil(epochs);
  spoil(ids);
  const EventId next = add_and_mend();
  EXPECT_EQ(next.seq, kEvents + 1);
  device.store->settle_control(under_way[0].number, false);
  device.store_settled();
  ASSERT_EQ(records().size(), 1U);
  EXPECT_EQ(std::get<EpochRecord>(records()[0].record).epoch, next.epoch);
}

// Somebody restores an older copy while the daemon runs, and the disk hiccups.
TEST_F(Reopened, takes_older_files_in_its_place_for_damaged_ones) {
  fill();
  const std::string database = test_support::read_file(device.path());
  const std::string wal = test_support::read_file(device.path() + "-wal");
  device.open(options());
  for (int i = 0; i < 10; ++i) device.add("telemetry", "newer");
  ASSERT_EQ(device.fetch(kTelemetry, kEvents).end_seq, kEvents + 10);
  const auto told = device.write([&](Transaction& t) -> Result<void> {
    if (auto added = t.add(event("telemetry", "last")); !added) return tl::unexpected<Error>(added.error());
    for (const auto& [end, bytes] : {std::pair{"", &database}, std::pair{"-wal", &wal}}) {
      std::ofstream(device.path() + ".older", std::ios::binary) << *bytes;
      std::filesystem::rename(device.path() + ".older", device.path() + end);
    }
    vfs.arm({.code = SQLITE_IOERR_WRITE, .where = Fault::Where::wal});
    return {};
  });
  EXPECT_FALSE(told);
  vfs.disarm();
  EXPECT_NE(device.store->statistics().warning.find("set aside"), std::string::npos);
  const EventId next = device.add("telemetry", "after");
  EXPECT_GT(next.seq, kEvents + 10);
  ASSERT_EQ(gaps().size(), 1U);
  EXPECT_EQ(gaps()[0].first, kEvents + 1);
  EXPECT_EQ(gaps()[0].last, kEvents + 10);
  device.store->settle(kTelemetry, kEvents + 1);  // was under way
  EXPECT_EQ(device.seqs(kTelemetry, kEvents), std::vector<std::int64_t>{next.seq});
}

}  // namespace
}  // namespace holdfast::store::test
