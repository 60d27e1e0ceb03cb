// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <holdfast/platform/sim.hpp>

/// The inside of ScriptedBroker: packets as closures in one queue ordered by time.
///
/// Rules:
///   1. What is due is done in order of its due time, and while it is done `time_` is that time. So the
///      history does not depend on how the clock was advanced to now.
///   2. Each direction of a connection is first in, first out, whatever the latency does.
///   3. A connection that is `cut` carries nothing any more, also not what is on its way. Its ends learn of
///      it by events of their own (reset after one latency, keep alive, connect timeout).
///   4. Each end is closed by itself: `open` is the broker's, `client` the client's (null: it has gone).
///   5. One mutex guards everything; it is recursive because a scripted answer may call the broker.
namespace holdfast::platform::sim {

/// The client's end of a connection. Called under the broker's mutex.
class ClientEnd {
 public:
  virtual void on_connack(std::int32_t reason, const ConnectGrant& grant) = 0;
  virtual void on_connect_timeout() = 0;
  virtual void on_puback(LinkToken token, std::uint8_t reason) = 0;
  virtual void on_suback(LinkToken token, std::uint8_t reason) = 0;
  virtual void on_publish(std::uint64_t delivery, const MqttMessage& message) = 0;
  virtual void on_lost(std::int32_t reason, const std::string& detail) = 0;

 protected:
  ~ClientEnd() = default;
};

struct Session;

struct Connection {
  ClientEnd* client = nullptr;
  ConnectRequest request;
  std::shared_ptr<Session> session;  // null until the CONNECT is accepted
  bool open = true;
  bool cut = false;
  Instant up_free;    // nothing sent to the broker arrives before this
  Instant down_free;  // nothing sent to the client arrives before this

  [[nodiscard]] bool is_v5() const noexcept { return request.broker.version == MqttVersion::v5; }
};

struct Session {
  struct Outgoing {
    MqttMessage message;
    Instant since;
    bool begun = false;  // sent at least once: it does not expire any more
  };
  std::string client_id;
  bool kept = false;  // outlives its connection
  Duration expiry{};  // after the connection
  std::set<std::string> filters;
  std::map<std::uint64_t, Outgoing> outgoing;  // not yet acknowledged, by delivery number
  std::shared_ptr<Connection> connection;      // null: away
  Instant away_since;
};

class BrokerCore {
 public:
  /// Holds the mutex, and does what is due before and after the caller's work.
  class Turn {
   public:
    explicit Turn(BrokerCore& core) : core_(core), lock_(core.mutex_) { core_.run_due(); }
    ~Turn() { core_.run_due(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    BrokerCore& core_;
    std::lock_guard<std::recursive_mutex> lock_;
  };

  explicit BrokerCore(VirtualClock& clock);
  ~BrokerCore();
  BrokerCore(const BrokerCore&) = delete;
  BrokerCore& operator=(const BrokerCore&) = delete;

  // What a client sends. Each within a Turn.
  [[nodiscard]] std::shared_ptr<Connection> connect(ClientEnd& client, const ConnectRequest& request);
  void publish(const std::shared_ptr<Connection>& connection, LinkToken token, const MqttMessage& message,
               bool over_quota);
  void subscribe(const std::shared_ptr<Connection>& connection, LinkToken token, const std::string& filter);
  void acknowledge(const std::shared_ptr<Connection>& connection, std::uint64_t delivery);
  void disconnect(const std::shared_ptr<Connection>& connection);

  // What the test does to it. Each within a Turn.
  void set_up(bool up);
  void set_silent(bool silent);
  void forget();
  void set_network(const std::string& client_id, const ClientNetwork& network);
  void kill_connections(std::int32_t reason, const std::string* only_client_id = nullptr);
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] Instant next_event() const;

  // Conditions and history, read and set within a Turn.
  Duration latency = std::chrono::milliseconds(1);
  ConnectGrant grant;
  std::int32_t refuse_connect = 0;
  std::function<std::uint8_t(const MqttMessage&)> answer;
  std::function<std::uint8_t(const std::string&)> subscribe_answer;
  std::size_t lose_acks = 0;
  std::optional<std::size_t> session_messages_max;
  bool keeps_history = true;
  std::uint64_t dropped = 0;
  std::vector<MqttMessage> accepted;
  std::vector<MqttMessage> wills;
  std::vector<Instant> connect_times;

 private:
  using ConnectionPtr = std::shared_ptr<Connection>;
  using SessionPtr = std::shared_ptr<Session>;

  void run_due();
  void schedule(Instant due, std::function<void()> action);
  void to_broker(const ConnectionPtr& connection, std::function<void()> packet);
  void to_client(const ConnectionPtr& connection, std::function<void(ClientEnd&)> packet);

  [[nodiscard]] const ClientNetwork& network_of(const Connection& connection) const;
  [[nodiscard]] Duration travel(const Connection& connection);
  void silence(const ConnectionPtr& connection);
  void take_connect(const ConnectionPtr& connection);
  [[nodiscard]] SessionPtr open_session(const ConnectRequest& request, bool& present);
  void take_publish(const ConnectionPtr& connection, LinkToken token, const MqttMessage& message,
                    bool over_quota);
  void take_subscribe(const ConnectionPtr& connection, LinkToken token, const std::string& filter);
  [[nodiscard]] std::int32_t violation(const Connection& connection, const MqttMessage& message,
                                       bool over_quota) const;

  void cut(const ConnectionPtr& connection, Duration broker_learns, Duration client_learns,
           const std::string& detail);
  void close(const ConnectionPtr& connection, std::int32_t reason);
  void detach(const ConnectionPtr& connection, bool graceful);
  void route(const MqttMessage& message);
  void enqueue(const SessionPtr& session, MqttMessage message);
  void send(const SessionPtr& session, std::uint64_t delivery);
  [[nodiscard]] bool expired(const Session& session) const;
  [[nodiscard]] Duration keep_alive(const Connection& connection) const;

  VirtualClock& clock_;
  std::recursive_mutex mutex_;
  bool running_ = false;
  Instant time_;
  std::uint64_t serial_ = 0;
  std::uint64_t deliveries_ = 0;
  std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> due_;
  bool up_ = true;
  bool silent_ = false;
  std::map<std::string, ClientNetwork> networks_;  // by client id; the others have the default one
  SeededEntropy dice_{0};                          // of packets that are lost
  std::map<std::string, SessionPtr> sessions_;
  std::map<std::string, MqttMessage> retained_;
  std::vector<ConnectionPtr> connections_;  // the broker's end is open; accepted or about to be
  std::shared_ptr<void> on_advance_;        // last: the first to go
};

/// MQTT 5, section 4.7: does `filter` match `topic`?
[[nodiscard]] bool matches(std::string_view filter, std::string_view topic) noexcept;
/// The size of the PUBLISH packet, QoS 1.
[[nodiscard]] std::size_t publish_bytes(const MqttMessage& message, MqttVersion version) noexcept;

[[nodiscard]] std::unique_ptr<Link> make_scripted_link(std::shared_ptr<BrokerCore> core);

}  // namespace holdfast::platform::sim
