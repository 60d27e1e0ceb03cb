// SPDX-License-Identifier: MIT
#include "sim/world.hpp"

#include <holdfast/check.hpp>

namespace holdfast::sim_tests {
namespace {

StoreOptions device_options(const std::string& directory) {
  StoreOptions options;
  options.path = directory + "/store.db";
  options.device = "device-1";
  options.lanes = {{"alarm", 0}, {"telemetry", 1}, {"bulk", 1}};
  options.budget_bytes = 2 * 1024 * 1024;
  options.checkpoint_pages = 100;
  options.settle_events_max = 64;
  return options;
}

RelayOptions relay_options() {
  RelayOptions options;
  options.broker.url = "mqtt://broker.example";
  return options;
}

InboxOptions inbox_options(const std::string& directory) {
  InboxOptions options;
  options.path = directory + "/inbox.db";
  return options;
}

// It asks for nothing again: whatever is missing in the end was lost.
ConsumerOptions consumer_options() {
  ConsumerOptions options;
  options.broker.url = "mqtt://broker.example";
  options.broker.client_id = "backend";
  options.filters = {"holdfast/#"};
  options.backoff_max = milliseconds(1'000);
  options.resend = false;
  return options;
}

}  // namespace

World::World(std::uint64_t seed)
    : entropy(seed),
      device(around(), device_options(dir.path().string()), relay_options()),
      backend(around(), inbox_options(dir.path().string()), consumer_options()) {
  add(device);
  add(backend);
}

prove::Surroundings World::around() { return {clock, broker, {clock, *disk_, entropy, host}}; }

void World::shut_down_device() {
  device.begin_shut_down();
  HOLDFAST_CHECK(run_until([this] { return !device.running(); }, seconds(10)));
  HOLDFAST_CHECK(!device.close_error());
}

}  // namespace holdfast::sim_tests
