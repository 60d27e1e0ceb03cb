// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <holdfast/outbox.hpp>
#include <holdfast/platform/linux.hpp>
#include <holdfast/platform/sim.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/fault_vfs.hpp"
#include "support/temp_dir.hpp"

/// A device at the level of the public API, on a disk that fails when told to.
namespace holdfast::fault_tests {

/// The files of a store that is closed.
struct Image {
  std::string database;
  std::string wal;
};

/// Made once, without faults. Lanes: alarm (3 events wait), telemetry (4 settled and retained, 3 in quarantine, of them
/// one requeued, 5 wait), spare (nothing), old (3 wait). State key-0 to key-2, a table `note` of the application's, and
/// the idempotency key "asked", which is remembered.
[[nodiscard]] const Image& made_store();
/// The same with a budget of 2 MiB.
[[nodiscard]] const Image& larger_store();
/// A real store of schema version 1 (unit/store/stores).
[[nodiscard]] const Image& old_store();

class ApiWorld {
 public:
  explicit ApiWorld(const Image& image);
  ApiWorld(const ApiWorld&) = delete;
  ApiWorld& operator=(const ApiWorld&) = delete;
  ~ApiWorld() { close(); }

  [[nodiscard]] StoreOptions options() const;
  [[nodiscard]] PlatformView platform() { return {clock, *disk_, entropy, host}; }
  [[nodiscard]] std::string path() const { return dir / "store.db"; }

  [[nodiscard]] Result<void> open() { return open(options()); }
  [[nodiscard]] Result<void> open(const StoreOptions& options);
  /// Ends the outbox; virtual time passes until its relays have ended.
  Result<void> close();
  /// As a process that is killed now leaves them.
  [[nodiscard]] Image files() const;
  /// Lets virtual time pass in small steps until `done`; false when it is not after ten minutes of it.
  [[nodiscard]] bool run_until(const std::function<bool()>& done);

  /// State and an event of the highest lane.
  [[nodiscard]] WriteResult write(const std::string& key, const std::string& value,
                                  const WriteOptions& options = {});
  /// All that an application and an operator can see, a line each: lanes, events, quarantine, state, table, budget.
  /// Without what differs from opening to opening (epochs).
  [[nodiscard]] std::vector<std::string> look();

  test_support::TempDir dir;
  test_support::FaultVfs vfs;
  platform::sim::VirtualClock clock;
  platform::sim::SeededEntropy entropy{1001};  ///< not that of the made store
  platform::sim::ScriptedHost host;
  platform::sim::ScriptedBroker broker{clock};
  std::unique_ptr<Outbox> outbox;

 private:
  void tick();
  std::unique_ptr<platform::Disk> disk_ = platform::make_linux_disk();
};

[[nodiscard]] std::string text_of(const std::vector<std::byte>& bytes);

}  // namespace holdfast::fault_tests
