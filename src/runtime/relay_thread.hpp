// SPDX-License-Identifier: MIT
#pragma once

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

/// The thread that steps a relay. It never waits for the store: both sides leave each other mail.
class RelayThread {
 public:
  /// `setup` has been checked. Everything must outlive this object, and the store must not hold mail for it any more
  /// when it ends: see RelayFleet.
  RelayThread(const relay::RelaySetup& setup, std::unique_ptr<platform::Link> link, RelayDesk& desk,
              StoreThread& store, PlatformView platform);
  ~RelayThread();
  RelayThread(const RelayThread&) = delete;
  RelayThread& operator=(const RelayThread&) = delete;

  void start();
  /// Lets events in flight be acknowledged for at most RelayOptions::drain_timeout, hands the
  /// acknowledgements to the store, drops the connection and ends the thread.
  void begin_stop();
  /// Waits for that, and for Link::drop().
  void join();
  [[nodiscard]] relay::RelayMailbox& mailbox() noexcept { return mailbox_; }
  [[nodiscard]] RelayStatistics statistics() const;
  /// `busy`: limits::kResendRequestsMax wait.
  [[nodiscard]] Result<void> replay(const ReplayRequest& request);
  /// There are requeued events.
  void requeued() { mailbox_.requeued(); }

 private:
  void loop();
  void publish_statistics();

  platform::Clock& clock_;
  platform::Waker waker_;
  relay::RelayMailbox mailbox_;
  std::unique_ptr<platform::Link> link_;
  StoreBacklog backlog_;
  relay::Relay relay_;  // the thread's

  mutable std::mutex mutex_;  // guards the two below
  bool stopping_ = false;
  RelayStatistics statistics_;
  std::thread thread_;
};

}  // namespace holdfast::runtime
