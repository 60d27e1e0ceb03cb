// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <holdfast/outbox.hpp>
#include <holdfast/platform/linux.hpp>
#include <holdfast/platform/sim.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "support/temp_dir.hpp"

namespace holdfast::runtime_tests {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// "ok", or the name of the error's code.
template <class T>
[[nodiscard]] std::string outcome(const Result<T>& result) {
  return result ? "ok" : std::string(to_string(result.error().code));
}

[[nodiscard]] Event event(std::string_view lane, std::string_view data = "{}",
                          std::string_view key = "sensor");
/// A write of one event.
[[nodiscard]] WriteBody adding(std::string lane = "telemetry");
[[nodiscard]] std::string text(const StateEntry& entry);

/// The same, and says on which thread the closure ran.
[[nodiscard]] WriteBody adding_on(std::thread::id& where);

/// A door that is shut until it is opened for good. Its users wait without a deadline: the test's own time-out is
/// the bound.
class Door {
 public:
  void open();
  void pass();

 private:
  std::mutex mutex_;
  std::condition_variable bell_;
  bool open_ = false;
};

/// A device: an outbox with real threads over a real store, in virtual time. Lanes: alarm (0), telemetry (1).
class World {
 public:
  using Change = std::function<void(StoreOptions&)>;
  explicit World(Change change = {}) : change_(std::move(change)) { open(); }
  ~World() { close(); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void open();  ///< aborts when it fails
  /// Waits for what is in flight, in virtual time.
  void close();
  [[nodiscard]] StoreOptions options() const;
  [[nodiscard]] PlatformView platform() { return {clock, *disk_, entropy, host}; }
  /// Starts a relay to `broker`. Time has to be advanced for it to do anything.
  void start_relay(RelayOptions options = {});
  /// Until the rounds that have begun are over: the store's thread has seen everything that was asked before.
  void settle_down();
  /// Lets virtual time pass in small steps until `done`; aborts after an hour of it.
  void run_until(const std::function<bool()>& done);

  /// Occupies the store's thread until `door` is opened; returns when it is occupied.
  [[nodiscard]] Ticket block(Door& door) const;

  test_support::TempDir dir;
  platform::sim::VirtualClock clock;
  platform::sim::SeededEntropy entropy{1};
  platform::sim::ScriptedHost host;
  platform::sim::ScriptedBroker broker{clock};
  std::unique_ptr<Outbox> outbox;

 private:
  void tick();

  Change change_;
  std::unique_ptr<platform::Disk> disk_ = platform::make_linux_disk();
};

}  // namespace holdfast::runtime_tests
