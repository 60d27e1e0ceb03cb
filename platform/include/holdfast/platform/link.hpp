// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include <holdfast/mqtt_message.hpp>
#include <holdfast/options.hpp>
#include <holdfast/platform/clock.hpp>
#include <holdfast/result.hpp>

namespace holdfast::platform {

/// Chosen by the user of the link, echoed in the answer. Never reused within one connection.
using LinkToken = std::uint64_t;

inline constexpr std::size_t kLinkPublishesMax = 64;  ///< unanswered publishes of one connection

/// Sent by the broker when the connection ends without a DISCONNECT of ours.
struct Will {
  MqttMessage message;  ///< published with QoS 1
};

struct ConnectRequest {
  BrokerOptions broker;
  bool clean_start = true;                 ///< false: the broker keeps subscriptions and messages (consumer)
  std::chrono::seconds session_expiry{0};  ///< MQTT 5, with clean_start == false
  std::optional<Will> will;
};

/// What the broker granted in its CONNACK. 3.1.1 gives the protocol's own limits.
struct ConnectGrant {
  std::uint16_t receive_maximum = 65'535;
  std::uint32_t packet_bytes_max = 268'435'455;
  std::uint8_t qos_max = 2;
  bool session_present = false;
  std::optional<std::uint16_t> server_keep_alive_s;
  bool keeps_server_keep_alive = false;  ///< if below the request's; false: it takes a new connection
  bool retain_available = true;
  std::uint16_t topic_aliases_max = 0;  ///< the link uses them by itself
};

enum class LinkEventKind : std::uint8_t {
  connected,          ///< `grant` is set
  connect_failed,     ///< `reason`, `detail`; connect() may be called again after drop()
  disconnected,       ///< `reason`, `detail`; every unanswered publish has an unknown outcome: send it again
  acknowledged,       ///< `token`: PUBACK < 0x80
  refused,            ///< `token`, `reason` >= 0x80: the broker will not keep this publish
  subscribed,         ///< `token`
  subscribe_refused,  ///< `token`, `reason`
  withheld,           ///< a receiver withheld a message: this connection receives no more (see Receiver)
};

struct LinkEvent {
  LinkEventKind kind = LinkEventKind::disconnected;
  LinkToken token = 0;
  /// MQTT 5 reason code (>= 0x80), or 0 when the network failed. The CONNACK codes 1 to 5 of 3.1.1 come as
  /// their MQTT 5 names: 0x84, 0x85, 0x88, 0x86, 0x87.
  std::int32_t reason = 0;
  std::string detail;  ///< one line for people, no secret
  ConnectGrant grant;
};

enum class Delivery : std::uint8_t { acknowledge, withhold };

/// Called on the link's own thread for every message that arrives, one at a time; the broker gets its PUBACK
/// after `acknowledge` is returned. It may block for a bounded time (the consumer waits for its commit here).
/// `withhold`: no PUBACK, now or later; the broker delivers again on a later connection, and this one receives
/// no more (`withheld`). paho_cpp cannot take a delivery back: it stops receiving for good then, and the program
/// should end; the session at the broker keeps the message. Must not throw, must not call the link.
using Receiver = std::function<Delivery(const MqttMessage&)>;

/// One MQTT connection at a time to one broker, as a dumb pipe: it keeps nothing, retries nothing, and
/// reconnects only when told to.
///
/// Rules of use: one thread calls everything (the owner); set_waker() and set_receiver() come before the
/// first connect(). What happened arrives as events, in order, through poll(): first `connected` or
/// `connect_failed`, later at most one `disconnected`. Each accepted publish gets exactly one answer, or none
/// when its connection ends first. Events wait in a mailbox that cannot overflow: at most kLinkPublishesMax
/// answers and a handful of others; a publish counts as unanswered until poll() has handed out its answer,
/// and a subscribe counts like a publish. Only drop() may block.
class Link {
 public:
  virtual ~Link() = default;

  /// Rung after every event that is put into the mailbox.
  virtual void set_waker(Waker* waker) = 0;
  virtual void set_receiver(Receiver receiver) = 0;

  /// Begins a connection. `invalid`: bad URL, options or files (or, with paho_cpp, a proxy in the environment),
  /// or the last connection has not been dropped. `denied`: a file that may not be read. `unavailable`: no memory
  /// or thread for it, or (paho_cpp) a receiver of this process has withheld a message.
  [[nodiscard]] virtual Result<void> connect(const ConnectRequest& request) = 0;
  /// Hands over a QoS 1 publish. `unavailable`: not connected; `busy`: kLinkPublishesMax are unanswered;
  /// `invalid`: topic or text that MQTT forbids; `too_large`.
  [[nodiscard]] virtual Result<void> publish(LinkToken token, const MqttMessage& message) = 0;
  /// Subscribes with QoS 1. `unavailable`, `busy`, `invalid` (also without a receiver).
  [[nodiscard]] virtual Result<void> subscribe(LinkToken token, const std::string& filter) = 0;
  /// Moves waiting events into `events`, oldest first, and returns how many.
  [[nodiscard]] virtual std::size_t poll(std::span<LinkEvent> events) = 0;
  /// Ends the connection, whatever its state, sending a DISCONNECT where that is possible. When it returns,
  /// no event of it will come any more (those not polled yet are gone) and no receiver is running. Blocks for
  /// at most about 10 s (Paho), usually 0.2 s.
  virtual void drop() = 0;
};

}  // namespace holdfast::platform
