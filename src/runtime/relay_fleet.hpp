// SPDX-License-Identifier: MIT
#pragma once

#include <holdfast/outbox.hpp>
#include <holdfast/platform/link.hpp>
#include <memory>
#include <vector>

#include "runtime/relay_desk.hpp"
#include "runtime/relay_thread.hpp"
#include "runtime/store_thread.hpp"

namespace holdfast::runtime {

/// The relays of an outbox: a thread and a link each, one desk at the store.
class RelayFleet {
 public:
  /// One relay for each link. `setup` has been checked. Everything must outlive this object.
  RelayFleet(relay::RelaySetup setup, std::vector<std::unique_ptr<platform::Link>> links, StoreThread& store,
             PlatformView platform);
  ~RelayFleet();
  RelayFleet(const RelayFleet&) = delete;
  RelayFleet& operator=(const RelayFleet&) = delete;

  /// Ends all threads at the same time: see RelayThread::begin_stop(). Blocks.
  void stop();
  /// Of each relay.
  [[nodiscard]] std::vector<RelayStatistics> statistics() const;
  /// `busy`: limits::kResendRequestsMax wait.
  [[nodiscard]] Result<void> replay(const ReplayRequest& request) { return relays_.front()->replay(request); }
  /// There are requeued events.
  void requeued() { relays_.front()->requeued(); }

 private:
  StoreThread& store_;
  RelayDesk desk_;
  std::vector<std::unique_ptr<RelayThread>> relays_;
  bool stopped_ = false;
};

/// Sums, the state of the relay that is best off, the alarms of all, the last word of the first that has one.
[[nodiscard]] RelayStatistics all_together(const std::vector<RelayStatistics>& relays);

}  // namespace holdfast::runtime
