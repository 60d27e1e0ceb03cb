// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <holdfast/outbox.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/platform/link.hpp>
#include <memory>
#include <mutex>
#include <thread>

#include "relay/mailbox.hpp"
#include "relay/relay.hpp"
#include "runtime/store_backlog.hpp"
#include "runtime/store_thread.hpp"

namespace holdfast::runtime {

/// The thread that steps the relay. It never waits for the store: both sides leave each other mail.
class RelayThread {
 public:
  /// `setup` has been checked. Everything must outlive this object.
  RelayThread(const relay::RelaySetup& setup, std::unique_ptr<platform::Link> link, StoreThread& store,
              PlatformView platform);
  ~RelayThread();
  RelayThread(const RelayThread&) = delete;
  RelayThread& operator=(const RelayThread&) = delete;

  /// Lets events in flight be acknowledged for at most RelayOptions::drain_timeout, hands the
  /// acknowledgements to the store, drops the connection and ends the thread. Blocks for that, and for
  /// Link::drop().
  void stop();
  [[nodiscard]] RelayStatistics statistics() const;
  /// `busy`: limits::kResendRequestsMax wait.
  [[nodiscard]] Result<void> replay(const ReplayRequest& request);
  /// There are requeued events.
  void requeued() { mailbox_.requeued(); }

 private:
  [[nodiscard]] std::function<void(store::LaneNumber, std::int64_t)> on_commit();
  void loop();
  void publish_statistics();

  platform::Clock& clock_;
  platform::Waker waker_;
  relay::RelayMailbox mailbox_;
  std::unique_ptr<platform::Link> link_;
  StoreThread& store_;
  StoreBacklog backlog_;
  const bool polls_;
  relay::Relay relay_;  // the thread's

  mutable std::mutex mutex_;  // guards the two below
  bool stopping_ = false;
  RelayStatistics statistics_;
  std::thread thread_;
};

}  // namespace holdfast::runtime
