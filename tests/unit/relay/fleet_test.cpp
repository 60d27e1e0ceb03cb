// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "relay/relay.hpp"
#include "unit/relay/memory_backlog.hpp"

#include <holdfast/platform/sim.hpp>

namespace holdfast::relay::test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kDevices = 1000;
constexpr milliseconds kTick{5};

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
  void run_for(Duration time) {
    for (const Instant end = clock.now() + time; clock.now() < end; clock.advance(kTick)) {
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

}  // namespace
}  // namespace holdfast::relay::test
