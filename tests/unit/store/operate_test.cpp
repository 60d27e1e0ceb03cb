// SPDX-License-Identifier: MIT
//
// What operators do to a store: lanes that come, pause and go, another budget, backups, idempotency keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "store/resize.hpp"
#include "unit/store/world.hpp"

namespace holdfast::store::test {
namespace {

using Seqs = std::vector<std::int64_t>;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Operated : ::testing::Test {
  Operated() { device.open(); }

  void settle_all(LaneNumber lane) {
    for (Fetched f = device.fetch(lane); !f.events.empty(); f = device.fetch(lane, f.end_seq)) {
      for (const StoredEvent& e : f.events) device.store->settle(lane, e.seq);
    }
    device.store_settled();
  }
  std::vector<GapRecord> gaps() {
    std::vector<GapRecord> found;
    const auto records = device.store->control_records();
    EXPECT_TRUE(records);
    for (const ControlRecord& record : records.value()) {
      if (const auto* gap = std::get_if<GapRecord>(&record.record)) found.push_back(*gap);
    }
    return found;
  }

  Device device;
};

// --- lanes ---

TEST_F(Operated, a_paused_lane_takes_events_and_hands_none_out_until_it_is_resumed) {
  device.add("telemetry");
  ASSERT_EQ(outcome(device.store->set_paused("telemetry", true)), "ok");
  device.add("telemetry");
  EXPECT_THAT(device.seqs(kTelemetry), IsEmpty());
  device.drop();
  device.open();
  EXPECT_TRUE(device.lane("telemetry").paused);
  EXPECT_THAT(device.seqs(kTelemetry), IsEmpty());
  ASSERT_EQ(outcome(device.store->set_paused("telemetry", false)), "ok");
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{1, 2}));
  EXPECT_EQ(outcome(device.store->set_paused("nothing", true)), "invalid");
}

TEST_F(Operated, a_lane_is_removed_only_when_it_is_settled) {
  device.add("telemetry");
  EXPECT_EQ(outcome(device.store->remove_lane("telemetry", LaneRemoval::when_settled)), "busy");
  settle_all(kTelemetry);
  ASSERT_EQ(outcome(device.store->remove_lane("telemetry", LaneRemoval::when_settled)), "ok");
  EXPECT_THAT(device.store->lanes(), SizeIs(1));
  EXPECT_EQ(outcome(device.store->remove_lane("telemetry", LaneRemoval::when_settled)), "invalid");
  EXPECT_EQ(outcome(device.store->remove_lane("alarm", LaneRemoval::when_settled)),
            "invalid");                                     // the last one
  EXPECT_THAT(device.fetch(kTelemetry).events, IsEmpty());  // a relay may still ask
  device.store->settle(kTelemetry, 1);
  EXPECT_EQ(outcome(device.put_and_add("k", "v")), "invalid");
}

TEST_F(Operated, a_lane_that_comes_back_goes_on_where_it_ended) {
  device.add("telemetry");
  device.add("telemetry");
  settle_all(kTelemetry);
  ASSERT_EQ(outcome(device.store->remove_lane("telemetry", LaneRemoval::when_settled)), "ok");
  StoreOptions only_alarm = device.options();
  only_alarm.lanes = {{.name = "alarm", .priority = 0}};
  device.close();
  device.open(only_alarm);
  EXPECT_THAT(device.store->lanes(), SizeIs(1));
  device.close();
  device.open();
  EXPECT_EQ(device.add("telemetry").seq, 3);
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{3}));
}

TEST_F(Operated, a_lane_is_removed_with_its_backlog_when_the_loss_is_declared) {
  for (int i = 0; i < 1200; ++i) device.add("telemetry", "1234567890");
  (void)device.fetch(kTelemetry, 0, 10);
  EXPECT_EQ(outcome(device.store->remove_lane("telemetry", LaneRemoval::declare_loss)), "busy");  // in flight
  device.store->release_pins();
  ASSERT_EQ(outcome(device.store->remove_lane("telemetry", LaneRemoval::declare_loss)), "ok");
  ASSERT_THAT(gaps(), SizeIs(1));
  EXPECT_EQ(gaps()[0].lane, "telemetry");
  EXPECT_EQ(gaps()[0].reason, "removed");
  EXPECT_EQ(gaps()[0].missing, 1200);
  EXPECT_EQ(gaps()[0].bytes, 12'000);
  device.close();
  StoreOptions only_alarm = device.options();
  only_alarm.lanes = {{.name = "alarm", .priority = 0}};
  device.open(only_alarm);
  EXPECT_THAT(gaps(), SizeIs(1));  // its name is remembered
  device.close();
  device.open();
  EXPECT_EQ(device.add("telemetry").seq, 1201);
}

TEST_F(Operated, settings_of_a_lane_are_remembered_for_openings_that_name_none) {
  device.close();
  StoreOptions options = device.options();
  options.lanes = {{.name = "telemetry",
                    .priority = 3,
                    .when_full = WhenFull::thin,
                    .guaranteed_bytes = 1000,
                    .max_bytes = 9000,
                    .ttl = std::chrono::seconds(77),
                    .commit_delay = std::chrono::milliseconds(5)}};
  device.open(options);
  device.close();
  options.lanes.clear();
  device.open(options);
  const auto lanes = device.store->lanes();
  const auto lane = std::find_if(lanes.begin(), lanes.end(),
                                 [](const LaneRecord& r) { return r.options.name == "telemetry"; });
  ASSERT_NE(lane, lanes.end());
  EXPECT_EQ(lane->options.priority, 3);
  EXPECT_EQ(lane->options.when_full, WhenFull::thin);
  EXPECT_EQ(lane->options.guaranteed_bytes, 1000U);
  EXPECT_EQ(lane->options.max_bytes, 9000U);
  EXPECT_EQ(lane->options.ttl, std::chrono::seconds(77));
  EXPECT_EQ(lane->options.commit_delay, std::chrono::milliseconds(5));
}

// --- idempotency ---

TEST_F(Operated, a_write_that_is_asked_again_with_its_key_gets_the_first_answer) {
  int ran = 0;
  const WriteBody body = [&](Transaction& t) -> Result<void> {
    ++ran;
    for (const char* lane : {"alarm", "telemetry", "telemetry"}) EXPECT_TRUE(t.add(event(lane, "1")));
    return {};
  };
  const auto ask = [&](std::string_view key) {
    WriteJob job{.body = &body, .idempotency_key = key};
    EXPECT_EQ(device.store->commit_group(std::span(&job, 1)), 1U);
    return job.outcome;
  };
  const auto first = ask("order-7");
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->repeated);
  for (int opening = 0; opening < 2; ++opening) {
    const auto again = ask("order-7");
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->repeated);
    EXPECT_EQ(again->events, first->events);
    device.drop();
    device.open();
  }
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(device.lane("telemetry").committed_seq, 2);
  EXPECT_EQ(ask("order-8")->events.at(1).seq, 3);
}

TEST_F(Operated, a_key_of_a_write_that_failed_is_not_remembered) {
  bool fails = true;
  const WriteBody body = [&](Transaction& t) -> Result<void> {
    EXPECT_TRUE(t.add(event("telemetry", "1")));
    return fails ? fail(ErrorCode::unavailable, "test") : Result<void>();
  };
  for (const char* expected : {"unavailable", "ok"}) {
    WriteJob job{.body = &body, .idempotency_key = "k"};
    EXPECT_EQ(device.store->commit_group(std::span(&job, 1)), 1U);
    EXPECT_EQ(outcome(job.outcome), expected);
    fails = false;
  }
  EXPECT_EQ(device.lane("telemetry").committed_seq, 1);
}

TEST_F(Operated, keys_are_bounded_and_the_oldest_goes) {
  const WriteBody body = [](Transaction& t) -> Result<void> {
    EXPECT_TRUE(t.put("k", bytes_of("v")));
    return {};
  };
  const auto most = static_cast<int>(limits::kIdempotencyKeysMax);
  std::vector<std::string> keys;
  for (int i = 0; i < most + 1; ++i) keys.push_back("key-" + std::to_string(i));
  for (std::size_t done = 0; done < keys.size();) {
    std::vector<WriteJob> jobs;
    for (std::size_t i = done; i < std::min(done + 200, keys.size()); ++i) {
      jobs.push_back({.body = &body, .idempotency_key = keys[i]});
    }
    done += device.store->commit_group(jobs);
  }
  for (const auto& [key, repeated] : {std::pair{keys.front(), false}, std::pair{keys.back(), true}}) {
    WriteJob job{.body = &body, .idempotency_key = key};
    ASSERT_EQ(device.store->commit_group(std::span(&job, 1)), 1U);
    EXPECT_EQ(job.outcome->repeated, repeated) << key;
  }
}

// --- budget ---

TEST_F(Operated, a_budget_is_the_stores_and_changes_by_command_only) {
  device.close();
  StoreOptions options = device.options();
  options.budget_bytes = 8 * 1024 * 1024;
  EXPECT_EQ(outcome(device.try_open(options)), "invalid");
  options.budget_bytes = 0;
  device.open(options);
  EXPECT_EQ(device.store->statistics().budget_bytes, 4U * 1024 * 1024);
}

TEST_F(Operated, a_store_grows_and_shrinks_with_everything_in_it) {
  for (int i = 0; i < 50; ++i) device.add("telemetry", std::string(4000, 'x'));
  ASSERT_TRUE(device.put_and_add("k", "v"));
  device.close();
  for (const std::uint64_t mebibytes : {16U, 2U, 3U}) {
    StoreOptions options = device.options();
    options.budget_bytes = mebibytes * 1024 * 1024;
    std::uint64_t told = 0;
    options.on_provisioning = [&](const ProvisioningProgress& p) { told = p.done_bytes; };
    const auto resized = resize(options, device.platform());
    ASSERT_TRUE(resized) << mebibytes << resized.error().text();
    EXPECT_GT(told, 0U);
    const auto bytes =
        std::filesystem::file_size(device.path()) + std::filesystem::file_size(device.path() + "-wal");
    EXPECT_LE(bytes, options.budget_bytes);
    EXPECT_GT(bytes, options.budget_bytes * 98 / 100);
    options.on_provisioning = {};
    device.open(options);
    EXPECT_EQ(device.lane("telemetry").backlog_events, 51);
    EXPECT_EQ(device.state("k"), "v");
    EXPECT_EQ(device.seqs(kTelemetry).size(), 51U);
    device.close();
  }
}

TEST_F(Operated, a_budget_that_the_backlog_does_not_fit_is_refused) {
  for (int i = 0; i < 400; ++i) device.add("telemetry", std::string(4000, 'x'));
  device.close();
  StoreOptions options = device.options();
  options.budget_bytes = 1024 * 1024;
  const auto done = resize(options, device.platform());
  ASSERT_EQ(outcome(done), "full");
  EXPECT_THAT(done.error().hint, ::testing::HasSubstr("needs about"));
  device.open();
  EXPECT_EQ(device.lane("telemetry").backlog_events, 400);
}

/// The real disk, on which nobody has a byte left.
class NoRoom final : public platform::Disk {
 public:
  [[nodiscard]] Result<platform::DiskSpace> space(const std::string& /*path*/) const override {
    return platform::DiskSpace{1U << 30U, 0};
  }
  [[nodiscard]] Result<std::optional<platform::FileInfo>> stat(const std::string& path) const override {
    return disk_->stat(path);
  }
  [[nodiscard]] Result<void> may_create_beside(const std::string& path) const override {
    return disk_->may_create_beside(path);
  }
  [[nodiscard]] std::optional<std::string> lock_owner(const std::string& path) const override {
    return disk_->lock_owner(path);
  }
  [[nodiscard]] Result<platform::FileSystem> file_system(const std::string& path) const override {
    return disk_->file_system(path);
  }
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) const override {
    return disk_->rename(from, to);
  }

 private:
  std::unique_ptr<platform::Disk> disk_ = platform::make_linux_disk();
};

// The file may end up a few pages short of its share; that must not look like room that is still wanted.
TEST(Budget, of_any_size_opens_again_on_a_disk_without_room) {
  NoRoom no_room;
  for (std::uint64_t pages = 256; pages < 300; ++pages) {
    Device device;
    StoreOptions options = device.options();
    options.budget_bytes = pages * 4096;
    device.open(options);
    device.add("telemetry");
    device.close();
    const PlatformView view{device.clock, no_room, device.entropy, device.host};
    const auto opened = Store::open(options, view);
    ASSERT_TRUE(opened) << pages << ' ' << opened.error().text();
  }
}

// --- backup ---

TEST_F(Operated, a_backup_of_a_live_store_is_whole_and_begins_a_new_epoch) {
  for (int i = 0; i < 100; ++i) device.add("telemetry", std::string(2000, 'x'));
  const std::string copy = device.dir / "copy.db";
  ASSERT_EQ(outcome(device.store->begin_backup(copy)), "ok");
  EXPECT_EQ(outcome(device.store->begin_backup(device.dir / "other.db")), "busy");
  int steps = 0;
  for (bool more = true; more; ++steps) {
    const auto stepped = device.store->step_backup();
    ASSERT_TRUE(stepped) << stepped.error().text();
    more = *stepped;
    if (more) device.add("telemetry", "while it runs");
  }
  EXPECT_GT(steps, 2);
  const std::int64_t in_copy = 100 + steps - 1;
  const EventId after = device.add("telemetry", "not in the copy");
  EXPECT_EQ(outcome(device.store->begin_backup(copy)), "invalid");  // it exists
  device.close();

  StoreOptions options = device.options();
  options.path = copy;
  device.open(options);
  EXPECT_EQ(device.lane("telemetry").committed_seq, in_copy);
  EXPECT_EQ(device.seqs(kTelemetry).size(), static_cast<std::size_t>(in_copy));
  const EventId restored = device.add("telemetry", "another");
  EXPECT_EQ(restored.seq, after.seq);
  EXPECT_NE(restored.epoch, after.epoch);
  const auto records = device.store->control_records().value();
  EXPECT_EQ(std::get<EpochRecord>(records.back().record).reason, "restored");
  device.close();
  device.open(options);
  device.add("telemetry");
  EXPECT_EQ(std::get<EpochRecord>(device.store->control_records()->back().record).reason, "opened");
}

/// A backup, opened in place of the store that it was made of.
struct Restored : Operated {
  void restore() {
    options = device.options();
    options.path = device.dir / "copy.db";
    ASSERT_EQ(outcome(device.store->begin_backup(options.path)), "ok");
    while (device.store->step_backup().value()) continue;
    device.close();
    device.open(options);
  }
  std::string reason_of_the_next_epoch() {
    device.add("telemetry");
    return std::get<EpochRecord>(device.store->control_records()->back().record).reason;
  }
  StoreOptions options;
};

TEST_F(Restored, says_so_though_other_things_were_written_first) {
  device.add("telemetry");
  restore();
  device.store->settle(kTelemetry, device.fetch(kTelemetry).events.at(0).seq);
  ASSERT_TRUE(device.store->store_settled(true));
  device.store.reset();  // the process died before an event was written
  device.open(options);
  EXPECT_EQ(reason_of_the_next_epoch(), "restored");
}

TEST_F(Restored, says_so_though_it_has_no_events) {
  restore();
  EXPECT_EQ(reason_of_the_next_epoch(), "restored");
}

TEST_F(Operated, an_epoch_on_other_hardware_says_so) {
  device.add("telemetry");
  device.close();
  device.host.hardware = "fedcba9876543210";
  device.open();
  device.add("telemetry");
  EXPECT_EQ(std::get<EpochRecord>(device.store->control_records()->back().record).reason, "moved");
}

// --- checks ---

TEST_F(Operated, rows_are_checked_in_slices_after_an_unclean_stop_and_not_after_a_clean_one) {
  for (int i = 0; i < 1200; ++i) device.add("telemetry", "data");
  device.drop();
  RawDatabase(device.path()).run("UPDATE hf_lane_2 SET data = x'00' WHERE seq = 700");
  device.open();
  EXPECT_TRUE(device.store->statistics().check_running);
  int slices = 0;
  while (device.store->keep_house().value()) ++slices;
  EXPECT_GE(slices, 2);
  EXPECT_EQ(device.store->statistics().rows_checked, 1200U);
  EXPECT_EQ(device.store->statistics().rows_damaged, 1U);
  ASSERT_THAT(gaps(), SizeIs(1));
  EXPECT_EQ(gaps()[0].reason, "damaged");
  EXPECT_EQ(gaps()[0].first, 700);
  device.close();
  device.open();
  EXPECT_FALSE(device.store->statistics().check_running);
}

TEST_F(Operated, a_row_that_is_gone_without_a_record_is_declared) {
  for (int i = 0; i < 10; ++i) device.add("telemetry", "data");
  device.close();
  RawDatabase(device.path()).run("DELETE FROM hf_lane_2 WHERE seq IN (4, 5)");
  device.open();
  EXPECT_EQ(device.seqs(kTelemetry), (Seqs{1, 2, 3, 6, 7, 8, 9, 10}));
  ASSERT_THAT(gaps(), SizeIs(1));
  EXPECT_EQ(gaps()[0].reason, "damaged");
  EXPECT_EQ(gaps()[0].first, 4);
  EXPECT_EQ(gaps()[0].last, 5);
  EXPECT_EQ(gaps()[0].bytes, 8);
  for (const std::int64_t seq : {1, 2, 3}) device.store->settle(kTelemetry, seq);
  EXPECT_EQ(device.lane("telemetry").settled_seq, 5);  // and the hole does not stall the lane
}

// --- growing ---

TEST(Growing, takes_steps_while_others_have_room) {
  Device device;
  StoreOptions options = device.options();
  options.footprint = Footprint::growing;
  options.growth_bytes = 256 * 1024;
  options.min_free_bytes = 0;
  device.open(options);
  const std::uint64_t at_first = device.store->statistics().database_bytes;
  EXPECT_LT(at_first, 1024U * 1024);
  std::size_t stored = 0;
  for (int i = 0; i < 600; ++i) {
    const std::string data(4000, 'x');
    stored += device.write([&](Transaction& t) -> Result<void> {
      const auto id = t.add(event("telemetry", data));
      return id ? Result<void>() : tl::unexpected<Error>(id.error());
    })
                  ? 1U
                  : 0U;
    while (device.store->keep_house().value()) {
    }
  }
  const StoreStatistics grown = device.store->statistics();
  EXPECT_TRUE(grown.growing);
  EXPECT_GT(grown.database_bytes, at_first + 512 * 1024);
  EXPECT_LE(grown.database_bytes + std::filesystem::file_size(device.path() + "-wal"), options.budget_bytes);
  EXPECT_GT(stored, 300U);
  device.drop();
  device.open(options);
  EXPECT_EQ(device.store->statistics().database_bytes, grown.database_bytes);
  EXPECT_EQ(device.lane("telemetry").backlog_events, static_cast<std::int64_t>(stored));
}

TEST(Growing, stops_where_min_free_would_be_touched) {
  Device device;
  StoreOptions options = device.options();
  options.footprint = Footprint::growing;
  options.growth_bytes = 256 * 1024;
  options.min_free_bytes = 1ULL << 50U;  // nobody has a pebibyte
  device.open(options);
  const std::uint64_t at_first = device.store->statistics().database_bytes;
  const std::string data(4000, 'x');
  const auto add = [&] {
    return outcome(device.write([&](Transaction& t) -> Result<void> {
      const auto id = t.add(event("telemetry", data));
      return id ? Result<void>() : tl::unexpected<Error>(id.error());
    }));
  };
  std::int64_t stored = 0;
  while (add() == "ok") {
    ++stored;
    while (device.store->keep_house().value()) {
    }
  }
  EXPECT_EQ(add(), "full");
  EXPECT_EQ(device.store->statistics().database_bytes, at_first);
  EXPECT_GT(stored, 10);
  EXPECT_EQ(device.seqs(kTelemetry).size(), static_cast<std::size_t>(stored));
}

}  // namespace
}  // namespace holdfast::store::test
