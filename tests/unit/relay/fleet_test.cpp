// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <numeric>
#include <vector>

#include "relay/relay.hpp"
#include "unit/relay/memory_backlog.hpp"

#include <holdfast/platform/sim.hpp>

namespace holdfast::relay::test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kDevices = 1000;
constexpr milliseconds kTick{5};
constexpr milliseconds kCoarseTick{50};

// One device of a fleet. Devices differ in nothing but their entropy.
struct Device {
  Device(std::size_t index, platform::sim::VirtualClock& clock, platform::sim::ScriptedBroker& broker)
      : entropy(index), link(broker.make_link()) {
    link->set_waker(&waker);
    RelayOptions options;
    options.broker.url = "mqtt://broker.example";
    const std::string name = "device-" + std::to_string(index);
    relay = std::make_unique<Relay>(RelaySetup{options, name, "holdfast", {{1, "lane1", 1, 0}}}, *link,
                                    backlog, mailbox, clock, entropy);
  }
  void step(platform::Clock& clock) {
    if (!clock.wait_until(clock.now(), waker) && clock.now() < due) return;
    due = relay->step(clock.now());
    backlog.answer_all();
  }

  platform::Waker waker;
  RelayMailbox mailbox{waker};
  MemoryBacklog backlog{mailbox};
  platform::sim::SeededEntropy entropy;
  std::unique_ptr<platform::Link> link;
  std::unique_ptr<Relay> relay;
  Instant due;
};

struct Fleet {
  Fleet() {
    for (std::size_t i = 0; i < kDevices; ++i) devices.push_back(std::make_unique<Device>(i, clock, broker));
  }
  void run_for(Duration time, Duration tick = kTick) {
    for (const Instant end = clock.now() + time; clock.now() < end; clock.advance(tick)) {
      for (const auto& device : devices) device->step(clock);
    }
  }
  platform::sim::VirtualClock clock;
  platform::sim::ScriptedBroker broker{clock};
  std::vector<std::unique_ptr<Device>> devices;
};

// The most connects in any 100 ms.
std::size_t busiest(std::vector<Instant> times) {
  std::sort(times.begin(), times.end());
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] >= milliseconds(100)) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

TEST(Fleet, a_thousand_relays_that_lose_their_broker_at_once_do_not_come_back_at_once) {
  Fleet fleet;
  fleet.run_for(std::chrono::seconds(1));
  ASSERT_EQ(fleet.broker.connections(), kDevices);
  const auto started = fleet.broker.connect_times();
  EXPECT_LT(busiest(started), kDevices / 3) << "also not when they are powered up together";

  fleet.broker.kill_connections(0);
  fleet.run_for(std::chrono::seconds(1));
  ASSERT_EQ(fleet.broker.connections(), kDevices);
  auto times = fleet.broker.connect_times();
  times.erase(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(started.size()));
  ASSERT_EQ(times.size(), kDevices);
  EXPECT_LT(busiest(times), kDevices / 3);  // even over 500 ms would be a fifth
}

// Attempts to connect in each second after `from`.
std::vector<std::size_t> per_second(const std::vector<Instant>& times, Instant from, std::size_t seconds) {
  std::vector<std::size_t> counts(seconds);
  for (const Instant time : times) {
    const auto second = std::chrono::floor<std::chrono::seconds>(time - from).count();
    if (second >= 0 && static_cast<std::size_t>(second) < seconds) ++counts[static_cast<std::size_t>(second)];
  }
  return counts;
}

// The table of src/relay/README.md.
void print(const std::vector<std::size_t>& counts, std::size_t away_s) {
  std::printf("second after the loss  attempts to connect, a second\n");
  const auto row = [&](std::size_t from, std::size_t to) {
    const auto sum = std::accumulate(counts.begin() + static_cast<std::ptrdiff_t>(from),
                                     counts.begin() + static_cast<std::ptrdiff_t>(to), std::size_t{0});
    const bool away = from < away_s;
    std::printf("%3zu to %3zu             %5zu%s\n", from, to, sum / (to - from),
                away ? "  (no broker)" : "");
  };
  row(0, 1);
  row(1, 2);
  row(2, 5);
  for (std::size_t from = 5; from < 30; from += 5) row(from, from + 5);
  for (std::size_t from = 30; from < counts.size(); from += 10) row(from, from + 10);
}

TEST(Fleet, after_an_outage_it_comes_back_over_a_minute_and_not_in_a_second) {
  constexpr std::size_t kAway = 30;
  constexpr std::size_t kWatched = 100;
  Fleet fleet;
  fleet.run_for(std::chrono::seconds(1));
  ASSERT_EQ(fleet.broker.connections(), kDevices);

  const Instant lost = fleet.clock.now();
  fleet.broker.set_up(false);
  fleet.run_for(std::chrono::seconds(kAway), kCoarseTick);
  fleet.broker.set_up(true);
  fleet.run_for(std::chrono::seconds(61), kCoarseTick);
  EXPECT_EQ(fleet.broker.connections(), kDevices) << "no delay is longer than backoff_max";
  fleet.run_for(std::chrono::seconds(kWatched - kAway - 61), kCoarseTick);

  const auto counts = per_second(fleet.broker.connect_times(), lost, kWatched);
  print(counts, kAway);
  const auto back = counts.begin() + kAway;
  const auto peak = *std::max_element(back, counts.end());
  std::printf("peak after the outage      %5zu\n", peak);
  RecordProperty("peak_connects_per_s_after_the_outage", static_cast<int>(peak));
  EXPECT_LT(peak, kDevices / 12) << "the whole fleet is spread over a minute";
  EXPECT_LT(*std::max_element(counts.begin() + 10, counts.end()), kDevices / 5)
      << "also while there is no broker";
}

}  // namespace
}  // namespace holdfast::relay::test
