// SPDX-License-Identifier: MIT
//
// G4, as the consumer sees it: whatever happens to a store, no message id names two payloads, and a store that went
// back in time is reported.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <holdfast/check.hpp>
#include <map>
#include <random>

#include "fault/store/consumer.hpp"

namespace holdfast::store::test {
namespace {

using std::chrono::hours;
using testing::IsEmpty;
using testing::SizeIs;

// --- files, handled as an operator does ---

void shell(const std::string& command) { HOLDFAST_CHECK(std::system(command.c_str()) == 0); }

/// By another process: to open and close a live store's file in this one would lose its locks.
void copy_files(const std::filesystem::path& from, const std::filesystem::path& to) {
  shell("cp -a '" + from.string() + "/.' '" + to.string() + "'");
}

void wipe(const std::filesystem::path& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    std::filesystem::remove_all(entry.path());
  }
}

struct Copies : Identity {
  void bring_back(const holdfast::test_support::TempDir& copy) {
    wipe(device.dir.path());
    copy_files(copy.path(), device.dir.path());
  }
};

/// The same lanes and seqs, other epochs.
void expect_same_places(const std::vector<EventId>& one, const std::vector<EventId>& other) {
  ASSERT_EQ(one.size(), other.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].lane, other[i].lane);
    EXPECT_EQ(one[i].seq, other[i].seq);
    EXPECT_NE(one[i].epoch, other[i].epoch);
  }
}

// The check itself: a check that cannot fail proves nothing.
TEST_F(Identity, two_payloads_under_one_id_would_be_seen) {
  device.open();
  write(device, 1);
  publish(device, consumer, Answer::lost);
  publish(device, consumer);
  EXPECT_THAT(consumer.faults, IsEmpty()) << "a redelivery is no second payload";
  CloudEvent forged = consumer.deliveries.back();
  forged.data[0] = std::byte{'['};
  consumer.receive(forged);
  EXPECT_THAT(consumer.faults, SizeIs(1));
}

TEST_F(Identity, an_ordinary_life_shows_no_rewind) {
  for (int opening = 0; opening < 4; ++opening) {
    device.open();
    write(device, 2);
    publish(device, consumer, opening % 2 == 0 ? Answer::lost : Answer::acknowledged);
    write(device, 2);
    opening == 1 ? device.drop() : device.close();
  }
  device.open();
  publish(device, consumer);
  expect_all_arrived_once();
  EXPECT_THAT(consumer.rewinds(), IsEmpty());
  EXPECT_THAT(consumer.missing(), IsEmpty());
}

// --- an old copy ---

TEST_F(Copies, a_copy_of_the_stopped_store_that_is_brought_back_reuses_no_id) {
  const holdfast::test_support::TempDir copy;
  device.open();
  write(device, 3);
  publish(device, consumer);
  device.close();
  copy_files(device.dir.path(), copy.path());
  device.open();
  const auto lost = write(device, 3);
  publish(device, consumer);
  EXPECT_THAT(consumer.rewinds(), IsEmpty());
  device.close();

  bring_back(copy);
  device.open();
  expect_same_places(write(device, 3), lost);
  publish(device, consumer);
  expect_all_arrived_once();
  EXPECT_THAT(consumer.rewinds(), SizeIs(1));
}

TEST_F(Copies, a_copy_of_the_running_store_that_is_brought_back_reuses_no_id) {
  const holdfast::test_support::TempDir copy;
  device.open();
  write(device, 3);
  publish(device, consumer);
  copy_files(device.dir.path(), copy.path());
  const auto lost = write(device, 3);  // of the epoch that is in the copy
  publish(device, consumer);
  device.drop();

  bring_back(copy);
  device.open();
  expect_same_places(write(device, 3), lost);
  publish(device, consumer);
  expect_all_arrived_once();
  EXPECT_THAT(consumer.rewinds(), SizeIs(1));
}

TEST_F(Copies, what_the_old_copy_still_had_to_send_is_a_redelivery) {
  const holdfast::test_support::TempDir copy;
  device.open();
  write(device, 3);
  device.close();
  copy_files(device.dir.path(), copy.path());
  device.open();
  publish(device, consumer);
  device.close();

  bring_back(copy);
  device.open();
  publish(device, consumer);
  expect_all_arrived_once();
  EXPECT_THAT(consumer.rewinds(), IsEmpty()) << "nothing was written that the copy does not have";
}

TEST_F(Copies, the_same_copy_brought_back_again_and_again_reuses_no_id) {
  const holdfast::test_support::TempDir copy;
  device.open();
  write(device, 2);
  publish(device, consumer);
  device.close();
  copy_files(device.dir.path(), copy.path());
  constexpr int kTimes = 5;
  for (int time = 0; time < kTimes; ++time) {
    bring_back(copy);
    device.open();
    write(device, 2);
    publish(device, consumer);
    device.drop();
  }
  expect_all_arrived_once();
  EXPECT_THAT(consumer.rewinds(), SizeIs(kTimes - 1)) << "the first one continues what the consumer knows";
}

// --- a clone ---

struct Clone : Identity {
  /// The image of the device's card in a second device. Its random source and its hardware are its own.
  void make_twin() {
    copy_files(device.dir.path(), twin.dir.path());
    twin.entropy = platform::sim::SeededEntropy(0xC10E);
    twin.host.hardware = "fedcba9876543210";
    twin.host.boot = "boot-of-the-twin";
  }
  Device twin;
};

TEST_F(Clone, two_devices_on_one_image_never_send_the_same_id) {
  device.open();
  write(device, 3);
  publish(device, consumer);
  device.close();
  make_twin();
  device.open();
  twin.open();
  for (int round = 0; round < 3; ++round) {
    expect_same_places(write(device, 2), write(twin, 2));
    publish(device, consumer);
    publish(twin, consumer);
  }
  expect_all_arrived_once();
  EXPECT_THAT(consumer.rewinds(), SizeIs(1));
}

TEST_F(Clone, an_image_without_events_gives_each_device_a_first_epoch_of_its_own) {
  device.open();
  device.close();
  make_twin();
  device.open();
  twin.open();
  expect_same_places(write(device, 2), write(twin, 2));
  publish(device, consumer);
  publish(twin, consumer);
  expect_all_arrived_once();
  EXPECT_THAT(consumer.rewinds(), SizeIs(1));
}

TEST_F(Clone, a_card_that_moves_to_another_board_goes_on_without_a_break) {
  device.open();
  write(device, 3);
  publish(device, consumer, Answer::lost);
  device.close();
  make_twin();
  twin.open();
  write(twin, 3);
  publish(twin, consumer);
  expect_all_arrived_once();
  EXPECT_THAT(consumer.rewinds(), IsEmpty());
  EXPECT_THAT(consumer.missing(), IsEmpty());
}

// --- a wipe ---

TEST_F(Identity, a_store_that_was_wiped_begins_at_1_and_reuses_no_id) {
  device.open();
  const auto before = write(device, 3);
  publish(device, consumer);
  device.close();
  wipe(device.dir.path());
  device.open();
  expect_same_places(write(device, 3), before);
  publish(device, consumer);
  expect_all_arrived_once();
  EXPECT_THAT(consumer.rewinds(), SizeIs(1));
}

// --- all of it, in any order ---

TEST_F(Copies, no_order_of_misfortunes_reuses_an_id) {
  std::mt19937 random(20'260'213);
  const auto one_of = [&](unsigned n) { return random() % n; };
  const holdfast::test_support::TempDir copy;
  bool have_copy = false;
  StoreOptions options = device.options();
  options.budget_bytes = 1024 * 1024;  // it is made anew again and again
  device.open(options);
  for (int step = 0; step < 300; ++step) {
    switch (one_of(10)) {
      case 0: device.close(); break;
      case 1: device.drop(); break;
      case 2:
        wipe(copy.path());
        copy_files(device.dir.path(), copy.path());
        have_copy = true;
        break;
      case 3:
        device.drop();
        if (have_copy) bring_back(copy);
        break;
      case 4:
        device.drop();
        if (one_of(5) == 0) wipe(device.dir.path());
        break;
      case 5: device.clock.set_wall({UtcTime(hours(24 * one_of(40'000))), one_of(2) == 0}); break;
      case 6: publish(device, consumer, Answer::lost); break;
      case 7: publish(device, consumer); break;
      default: write(device, static_cast<int>(one_of(4))); break;
    }
    if (device.store == nullptr) device.open(options);
  }
  publish(device, consumer);
  EXPECT_THAT(consumer.faults, IsEmpty());
  EXPECT_GT(consumer.applied(), 100U);
  EXPECT_GT(consumer.rewinds().size(), 5U);
}

// --- kill -9 ---

struct Report {
  std::array<char, 96> id{};
  std::array<char, 32> data{};
};

/// Device and consumer die together, wherever each of them is. The child's consumer is its own: no connection
/// crosses the fork.
[[noreturn]] void live_until_killed(Device& device, const StoreOptions& options, const std::string& consumer,
                                    std::uint64_t cycle, int reports) {
  device.open(options);
  Consumer backend(consumer, device.platform());
  for (int n = 1;; ++n) {
    Report report;
    const std::string data = std::to_string(cycle) + '.' + std::to_string(n);
    const std::string id = device.add(n % 4 == 0 ? "alarm" : "telemetry", data).text();
    HOLDFAST_CHECK(id.copy(report.id.data(), report.id.size() - 1) == id.size());
    HOLDFAST_CHECK(data.copy(report.data.data(), report.data.size() - 1) == data.size());
    HOLDFAST_CHECK(::write(reports, &report, sizeof report) == sizeof report);
    if (n % 3 == 0) publish(device, backend, n % 2 == 0 ? Answer::lost : Answer::acknowledged);
    HOLDFAST_CHECK(backend.faults.empty());
    device.store->checkpoint_if_due();
  }
}

struct KilledLife : Identity {
  /// Runs a child for a random time and kills it; adds what it reported as committed.
  void run_and_kill(std::uint64_t cycle) {
    std::array<int, 2> pipe{};
    HOLDFAST_CHECK(::pipe(pipe.data()) == 0);
    const pid_t child = ::fork();
    HOLDFAST_CHECK(child >= 0);
    if (child == 0) {
      ::close(pipe[0]);
      live_until_killed(device, options, consumer_dir / "killed.db", cycle, pipe[1]);
    }
    ::close(pipe[1]);
    for (auto left = random() % 40; left > 0 && take_report(pipe[0]); --left) {
    }
    // Somewhere in the next commits; not a sleep, which would wake on a scheduler's tick.
    volatile std::uint32_t spun = 0;
    for (auto left = random() % 400'000; left > 0; --left) spun = spun + 1;
    ::kill(child, SIGKILL);
    while (take_report(pipe[0])) {
    }
    ::close(pipe[0]);
    int status = 0;
    HOLDFAST_CHECK(::waitpid(child, &status, 0) == child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child found a fault itself";
  }
  bool take_report(int from) {
    Report report;
    if (::read(from, &report, sizeof report) != sizeof report) return false;
    EXPECT_TRUE(committed.try_emplace(report.id.data(), report.data.data()).second)
        << report.id.data() << " names two events";
    return true;
  }

  StoreOptions options = [this] {
    StoreOptions small = device.options();
    small.checkpoint_pages = 30;
    return small;
  }();
  std::mt19937 random{20'240'301};
  std::map<std::string, std::string> committed;  // data by id
};

TEST_F(KilledLife, at_any_moment_reuses_no_id_and_shows_no_rewind) {
  for (std::uint64_t cycle = 1; cycle <= 25; ++cycle) {
    SCOPED_TRACE("cycle " + std::to_string(cycle));
    device.entropy = platform::sim::SeededEntropy(cycle * 2);  // the child's; it must not be ours
    run_and_kill(cycle);
    device.entropy = platform::sim::SeededEntropy(cycle * 2 + 1);
    Consumer backend(consumer_dir / "killed.db", device.platform());
    device.open(options);
    const EventId own = device.add("alarm", "own." + std::to_string(cycle));
    committed.emplace(own.text(), "own." + std::to_string(cycle));
    publish(device, backend, cycle % 2 == 0 ? Answer::lost : Answer::acknowledged);
    device.drop();
    EXPECT_THAT(backend.faults, IsEmpty());
    EXPECT_THAT(backend.rewinds(), IsEmpty());
    EXPECT_THAT(backend.missing(), IsEmpty());
    for (const auto& [id, data] : committed) ASSERT_EQ(backend.data_of(id).value_or("nothing"), data) << id;
  }
  EXPECT_GT(committed.size(), 300U);
}

}  // namespace
}  // namespace holdfast::store::test
