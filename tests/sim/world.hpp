// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <holdfast/inbox.hpp>
#include <holdfast/platform/linux.hpp>
#include <holdfast/platform/sim.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "relay/relay.hpp"
#include "sim/direct_backlog.hpp"
#include "support/temp_dir.hpp"

/// A device, a broker and a backend on one thread in virtual time. Real: the store, the relay, the inbox, SQLite.
/// Simulated: clock, broker, and the loops that the runtime's threads run elsewhere.
///
/// Fault model. A device or backend that crashes stops between two of its steps; what it had committed stays
/// (SQLite's file is real, and no power cut is simulated here), what it had only in memory is gone. The network
/// and the broker fail as ScriptedBroker says.
namespace holdfast::sim_tests {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// What devices and backends need from the world they are in.
struct Surroundings {
  platform::sim::VirtualClock& clock;
  platform::sim::ScriptedBroker& broker;
  PlatformView platform;
  std::string directory;
};

/// The store and the relay of one device, and the loop around them.
class Device {
 public:
  Device(Surroundings around, StoreOptions options, RelayOptions relay_options);

  void boot();       ///< opens the store, begins to relay; aborts when that fails
  void shut_down();  ///< drains, closes
  void crash();
  [[nodiscard]] bool running() const noexcept { return booted_ != nullptr; }

  /// One group of writes, as the store's thread would commit it.
  [[nodiscard]] std::vector<WriteResult> write(const std::vector<WriteBody>& bodies);
  [[nodiscard]] std::string state(std::string_view key);
  [[nodiscard]] std::vector<store::Watermark> watermarks() const;
  [[nodiscard]] RelayStatistics relay_statistics() const { return booted_->relay.statistics(); }

  /// Does what is due; returns when there is more to do. `now` or before: at once.
  [[nodiscard]] Instant step();

 private:
  /// Everything that dies with the process.
  struct Booted {
    Booted(Surroundings around, const StoreOptions& options, const RelayOptions& relay_options);
    std::unique_ptr<store::Store> store;
    platform::Waker waker;
    relay::RelayMailbox mailbox{waker};
    std::unique_ptr<platform::Link> link;
    DirectBacklog backlog;
    relay::Relay relay;
    std::optional<Instant> settle_due;
  };
  void announce();
  void keep_house();

  Surroundings around_;
  StoreOptions options_;
  RelayOptions relay_options_;
  std::unique_ptr<Booted> booted_;
};

/// A consumer: subscribes, applies through an inbox, acknowledges. Reconnects after a second.
class Backend {
 public:
  Backend(Surroundings around, std::string client_id);

  void boot();
  void crash();
  /// The next message's effect is committed, then the process dies before the acknowledgement.
  void crash_after_next_commit() { crash_next_ = true; }
  [[nodiscard]] bool running() const noexcept { return booted_ != nullptr; }
  [[nodiscard]] Inbox& inbox() { return *booted_->inbox; }

  [[nodiscard]] Instant step();

  Effect effect = [](const CloudEvent&, sqlite3*) -> Result<void> { return {}; };
  std::function<void(const CloudEvent&, const ApplyOutcome&)> observer = [](const CloudEvent&,
                                                                            const ApplyOutcome&) {};

 private:
  struct Booted {
    std::unique_ptr<Inbox> inbox;
    platform::Waker waker;
    std::unique_ptr<platform::Link> link;
    bool connecting = false;
    bool dies = false;
    Instant connect_at;
  };
  platform::Delivery receive(const MqttMessage& message);

  Surroundings around_;
  std::string client_id_;
  bool crash_next_ = false;
  std::unique_ptr<Booted> booted_;
};

class World {
 public:
  /// Lanes: alarm (0), telemetry (1), bulk (1).
  explicit World(std::uint64_t seed);

  /// Lets time pass, stepping everybody whenever there is something to do. Aborts when somebody spins.
  void run_for(Duration time);
  /// False when `done` did not come true within `patience`.
  [[nodiscard]] bool run_until(const std::function<bool()>& done, Duration patience);
  /// Everything that was committed is settled.
  [[nodiscard]] bool flushed();

  test_support::TempDir dir;
  platform::sim::VirtualClock clock;
  platform::sim::ScriptedBroker broker{clock};
  platform::sim::SeededEntropy entropy;
  platform::sim::ScriptedHost host;

 private:
  [[nodiscard]] Surroundings around();
  [[nodiscard]] Instant settle_down();
  std::unique_ptr<platform::Disk> disk_ = platform::make_linux_disk();

 public:
  Device device;
  Backend backend;
};

}  // namespace holdfast::sim_tests
