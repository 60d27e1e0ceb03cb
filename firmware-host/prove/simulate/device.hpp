// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prove/direct_backlog.hpp"
#include "prove/simulate/world.hpp"
#include "relay/relay.hpp"

namespace holdfast::prove {

/// The store and the relay of one device, and the loop around them. Its MQTT client id is the device's.
class Device final : public Actor {
 public:
  /// The store's thread keeps house every second; a long life of little work may do it more rarely.
  Device(Surroundings around, StoreOptions options, RelayOptions relay_options,
         Duration house_period = std::chrono::seconds(1));

  /// Opens the store, begins to relay. An error: it does not run.
  [[nodiscard]] Result<void> boot();
  /// Drains and closes; when that is done it does not run any more. It may be killed on the way.
  void begin_shut_down();
  /// The process is gone, between two of its steps.
  void crash();
  [[nodiscard]] bool running() const noexcept { return booted_ != nullptr; }
  /// The error with which a shutdown could not close the store.
  [[nodiscard]] const std::optional<Error>& close_error() const noexcept { return close_error_; }

  /// One group of writes, as the store's thread would commit it.
  [[nodiscard]] std::vector<WriteResult> write(const std::vector<WriteBody>& bodies);
  [[nodiscard]] WriteResult write(const WriteBody& body);
  /// Empty: there is none.
  [[nodiscard]] Result<std::string> state(std::string_view key);
  [[nodiscard]] std::vector<store::Watermark> watermarks() const { return booted_->store->watermarks(); }
  /// Everything that was committed is settled, gap and epoch records too.
  [[nodiscard]] bool flushed();
  [[nodiscard]] store::Store& store() { return *booted_->store; }
  [[nodiscard]] RelayStatistics relay_statistics() const { return booted_->relay.statistics(); }

  [[nodiscard]] Instant step() override;
  [[nodiscard]] bool called() override;

 private:
  /// Everything that dies with the process.
  struct Booted {
    Booted(std::unique_ptr<store::Store> opened, const Surroundings& around, const StoreOptions& options,
           const RelayOptions& relay_options);
    std::unique_ptr<store::Store> store;
    platform::Waker waker;
    relay::RelayMailbox mailbox{waker};
    std::unique_ptr<platform::Link> link;
    DirectBacklog backlog;
    relay::Relay relay;
    std::optional<Instant> settle_due;
    Instant chores_due = Instant::min();
    bool draining = false;
  };
  void announce();
  void keep_house();
  void end();

  Surroundings around_;
  StoreOptions options_;
  RelayOptions relay_options_;
  Duration house_period_;
  std::unique_ptr<Booted> booted_;
  std::optional<Error> close_error_;
  bool called_ = false;
};

}  // namespace holdfast::prove
