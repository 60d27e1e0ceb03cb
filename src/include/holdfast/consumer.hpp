// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/inbox.hpp>
#include <holdfast/options.hpp>
#include <holdfast/result.hpp>
#include <holdfast/statistics.hpp>

namespace holdfast {

struct ConsumerOptions {
  BrokerOptions broker;  ///< client_id is required: it names the session that the broker keeps
  /// MQTT topic filters, QoS 1. At least one.
  std::vector<std::string> filters;
  /// How long the broker keeps the session of a consumer that is away. Default 7 days.
  std::chrono::seconds session_expiry{7 * 24 * 3600};
  /// How long one message may wait for its commit before its acknowledgement is withheld for good.
  std::chrono::milliseconds commit_timeout{30'000};
  std::chrono::milliseconds backoff_min{500};
  std::chrono::milliseconds backoff_max{60'000};
  /// Ask a device again for what is missing, on its command topic. Off: holes are only listed (Inbox::missing).
  bool resend = true;
  /// The RelayOptions::command_secret of the devices. Empty: requests carry no MAC.
  std::string resend_secret;
  /// How long a range must have been missing; what is only out of order comes by itself. Default 30 s.
  std::chrono::milliseconds resend_after{30'000};
  /// Least time between two requests to one device, doubling up to an hour while they bring nothing. Default 30 s.
  std::chrono::milliseconds resend_interval{30'000};
  /// The topic prefix of devices that none of their topics has told yet.
  std::string resend_prefix = "holdfast";
};

struct ConsumerStatistics {
  RelayState state = RelayState::stopped;
  std::uint64_t received = 0;
  std::uint64_t undecodable = 0;  ///< no CloudEvent: counted, acknowledged, reported to the observer
  std::uint64_t connects = 0;
  std::uint64_t disconnects = 0;
  std::int32_t last_reason = 0;  ///< of the last failed connect or disconnect: MQTT 5 reason code, 0: network
  std::string last_error;        ///< one line, no secret
  std::uint64_t resend_requests = 0;  ///< published
  std::uint64_t resend_refused = 0;   ///< of them, by the broker
  InboxStatistics inbox;
};

/// Told about each message after its commit, on the consumer's thread. `event` is null when it was
/// undecodable; then outcome.why says why.
using ConsumerObserver = std::function<void(const CloudEvent* event, const ApplyOutcome& outcome)>;

/// Subscribes, applies through an inbox, and lets the broker's message be acknowledged only after the commit.
class Consumer {
 public:
  /// Starts at once, in a thread of its own. The inbox must not be used by anyone else meanwhile.
  [[nodiscard]] static Result<std::unique_ptr<Consumer>> start(const ConsumerOptions& options,
                                                               std::unique_ptr<platform::Link> link,
                                                               std::unique_ptr<Inbox> inbox, Effect effect,
                                                               ConsumerObserver observer,
                                                               PlatformView platform);
  [[nodiscard]] ConsumerStatistics statistics() const;
  /// Set when it cannot go on: the inbox failed for longer than commit_timeout. The unacknowledged message
  /// stays with the broker; the program should report this and end.
  [[nodiscard]] std::optional<Error> failure() const;
  /// Disconnects, keeping the session at the broker. Bounded by Link::drop(). Idempotent. Called by the
  /// effect or the observer it only begins: the message is finished, and another stop() or the destructor
  /// waits.
  void stop();

  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;
  ~Consumer();

 private:
  class Impl;
  explicit Consumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast
